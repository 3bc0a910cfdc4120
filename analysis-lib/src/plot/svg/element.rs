//! Texts and places.

use plotters_backend::text_anchor::HPos as Anchor;

use super::style::{BOLD, CAPTION_SIZE, Colour, shorten};
use activity_data::text::clean;

/// As many characters of one text go into a figure.
pub(crate) const TEXT_LIMIT: usize = 300;

/// A rectangle in pixels from the card's top left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Area {
    /// From its top left corner on, so wide and high.
    pub(crate) const fn at((left, top): (f64, f64), width: f64, height: f64) -> Self {
        Self {
            left,
            top,
            right: left + width,
            bottom: top + height,
        }
    }

    /// As high, between these places.
    pub(crate) fn between(self, left: f64, right: f64) -> Self {
        Self {
            left,
            right,
            ..self
        }
    }

    /// Two opposite corners, `inset` pixels inside.
    pub(crate) fn corners(&self, inset: f64) -> [(f64, f64); 2] {
        let (left, top) = (self.left + inset, self.top + inset);
        [(left, top), (self.right - inset, self.bottom - inset)]
    }

    pub(crate) fn middle(&self) -> (f64, f64) {
        let [(left, top), (right, bottom)] = self.corners(0.0);
        ((left + right) / 2.0, (top + bottom) / 2.0)
    }
}

/// A text in the size of labels.
pub(crate) fn text(at: (f64, f64), anchor: Anchor, ink: Colour, text: &str) -> String {
    let look = format!("{} fill=\"{ink}\"", self::anchor(anchor));
    text_element(at, &look, text) + "\n"
}

/// The attribute for which end of a text stands at its place; that is the left one
/// where nothing is said.
pub(super) fn anchor(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::Left => "",
        Anchor::Center => " text-anchor=\"middle\"",
        Anchor::Right => " text-anchor=\"end\"",
    }
}

/// A text in the size of captions.
pub(crate) fn small_text(at: (f64, f64), ink: Colour, text: &str) -> String {
    let look = format!(" font-size=\"{CAPTION_SIZE}\" fill=\"{ink}\"");
    text_element(at, &look, text) + "\n"
}

/// A text in bold, as much of it as is no wider than `limit` pixels.
pub(crate) fn bold_text(at: (f64, f64), size: f64, ink: Colour, limit: f64, text: &str) -> String {
    let look = format!(" font-size=\"{size}\" font-weight=\"bold\" fill=\"{ink}\"");
    text_element(at, &look, &shorten(text, size * BOLD, limit))
}

/// A text at its place, made harmless.
pub(crate) fn text_element((x, y): (f64, f64), look: &str, text: &str) -> String {
    let text = clean(text, TEXT_LIMIT);
    // Text that may run from right to left keeps its place: its line begins at
    // the left, whatever letters it has.
    let is_plain = |c: char| c < '\u{590}' || ('\u{2000}'..'\u{2070}').contains(&c);
    let direction = if text.chars().all(is_plain) {
        ""
    } else {
        " direction=\"ltr\" unicode-bidi=\"isolate\""
    };
    let (x, y, text) = (short(x), short(y), escape(&text));
    format!("<text x=\"{x}\" y=\"{y}\"{look}{direction}>{text}</text>")
}

/// A coordinate, to a tenth of a pixel.
pub(crate) fn short(value: f64) -> f64 {
    // Adding zero makes a negative zero positive.
    let rounded = (value * 10.0).round() / 10.0 + 0.0;
    if rounded.is_finite() { rounded } else { 0.0 }
}

/// The text as XML and HTML content or attribute value.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = text.replace('&', "&amp;");
    for (c, entity) in [
        ('<', "&lt;"),
        ('>', "&gt;"),
        ('"', "&quot;"),
        ('\'', "&#39;"),
    ] {
        escaped = escaped.replace(c, entity);
    }
    // The kernel cuts a cell's output at lines that begin with this.
    escaped.replace("EVCXR_", "EVCXR&#95;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(
            escape("<script>'\"&]]></script>"),
            "&lt;script&gt;&#39;&quot;&amp;]]&gt;&lt;/script&gt;"
        );
        assert!(!escape("EVCXR_END_CONTENT").contains("EVCXR_END_CONTENT"));
    }
}
