//! The common look: sizes, colours, and how wide text is.
//!
//! Colours are from the palette of Okabe and Ito, which colour-blind readers
//! tell apart. Everything stands on a white card, so that a figure reads the
//! same on a light page, a dark one and on paper.

use std::fmt;

use plotters::style::Color;
use plotters_backend::BackendColor;

use activity_data::text::is_mark;

/// Width of every figure, in pixels.
pub(crate) const WIDTH: f64 = 860.0;
/// Space between the card's edge and what stands on it, in pixels.
pub(crate) const MARGIN: f64 = 20.0;

/// Sizes of type, in pixels.
pub(crate) const TITLE_SIZE: f64 = 17.0;
pub(crate) const LABEL_SIZE: f64 = 12.0;
pub(crate) const CAPTION_SIZE: f64 = 11.0;

/// First the family that PNG files are drawn with, then the one that is as wide.
pub(crate) const FONTS: &str = "'DejaVu Sans',Verdana,Geneva,sans-serif";

/// Red, green and blue; shown as SVG writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour(pub(crate) (u8, u8, u8));

impl Colour {
    /// The colour mixed with another, of which there is this share, from 0 to 1.
    pub(crate) fn mixed(self, other: Self, share: f64) -> Self {
        let mix =
            |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        let ((red, green, blue), other) = (self.0, other.0);
        Self((mix(red, other.0), mix(green, other.1), mix(blue, other.2)))
    }
}

/// A colour as SVG writes it: `rgb(0xd55e00)`.
pub(super) const fn rgb(hex: u32) -> Colour {
    let [_, red, green, blue] = hex.to_be_bytes();
    Colour((red, green, blue))
}

/// Shapes are filled with it, or have a stroke so many tenths of a pixel wide.
impl Color for Colour {
    fn to_backend_color(&self) -> BackendColor {
        let (rgb, alpha) = (self.0, 1.0);
        BackendColor { alpha, rgb }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (red, green, blue) = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Text, from the title to the caption: at least 5:1 against the card.
pub(crate) const INK: Colour = rgb(0x1f2328);
pub(crate) const SOFT_INK: Colour = rgb(0x57606a);
pub(crate) const WHITE: Colour = rgb(0xffffff);
pub(crate) const CARD_EDGE: Colour = rgb(0xd8dee4);

pub(crate) const BLUE: Colour = rgb(0x0072b2);
/// The blue of values that are known in part.
pub(crate) const PALE_BLUE: Colour = rgb(0x9cc8e3);
/// The blue of an area behind a blue line.
pub(crate) const BRIGHT_BLUE: Colour = rgb(0xcfe4f2);
pub(crate) const ORANGE: Colour = rgb(0xe69f00);
pub(crate) const SKY: Colour = rgb(0x56b4e9);
pub(crate) const YELLOW: Colour = rgb(0xf0e442);
pub(crate) const GREY: Colour = rgb(0x9aa1a9);
pub(crate) const LIGHT_GREY: Colour = rgb(0xcfd3d8);
/// The colour of what isn't complete.
pub(crate) const VERMILLION: Colour = rgb(0xd55e00);
/// Colours of what is pointed out beside the blue.
pub(crate) const GREEN: Colour = rgb(0x009e73);
pub(crate) const PALE_GREEN: Colour = rgb(0xd3ece3);
pub(crate) const PURPLE: Colour = rgb(0xcc79a7);
pub(crate) const AXIS: Colour = rgb(0x8c959f);

/// Advance widths of DejaVu Sans from space to tilde, in hundredths of an em.
#[rustfmt::skip]
const ADVANCES: [u8; 95] = [
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79,
    60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63,
    63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
];
/// Bold is at most this much wider.
pub(crate) const BOLD: f64 = 1.12;

/// How wide a text is at this size, in pixels: measured for ASCII, and for the
/// rest a guess on the wide side.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size / 100.0
}

/// How wide a text in the size of labels is, in pixels.
pub(crate) fn label_width(text: &str) -> f64 {
    width(text, LABEL_SIZE)
}

fn advance(c: char) -> f64 {
    match c {
        ' '..='~' => f64::from(ADVANCES[c as usize - ' ' as usize]),
        _ if is_mark(c) => 0.0,
        // Hangul, Chinese and Japanese, full-width forms; then emoji.
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => 100.0,
        '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}' => 100.0,
        '\u{1f000}'..='\u{3ffff}' => 130.0,
        '…' | '—' => 100.0,
        '\u{2000}'..='\u{206f}' => 60.0,
        '\u{2190}'..='\u{2bff}' | '\u{fdfd}' | '\u{12000}'..='\u{123ff}' => 110.0,
        _ => 70.0,
    }
}

/// The text, or as much of its beginning as is no wider than `limit` pixels,
/// with an ellipsis.
pub(crate) fn shorten(text: &str, size: f64, limit: f64) -> String {
    if width(text, size) <= limit {
        return text.to_owned();
    }
    let mut left = limit * 100.0 / size - 100.0;
    let mut short: String = text
        .chars()
        .take_while(|&c| {
            left -= advance(c);
            left >= 0.0
        })
        .collect();
    // A joiner at the end would have nothing to join.
    short.truncate(short.trim_end_matches([' ', '\u{200d}']).len());
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fits_after_it_is_cut() {
        for text in [
            "a name that is rather long",
            "名前名前名前名前",
            "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦",
            "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}",
        ] {
            for limit in [20.0, 40.0, 80.0] {
                let short = shorten(text, 12.0, limit);
                assert!(width(&short, 12.0) <= limit, "{short} in {limit}");
            }
            assert_eq!(shorten(text, 12.0, 1e3), text);
        }
    }
}
