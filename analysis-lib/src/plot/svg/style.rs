//! The common look: sizes, colours, and how wide text is.
//!
//! Colours are from the palette of Okabe and Ito, which colour-blind readers
//! tell apart. Everything stands on a white card, so that a figure reads the
//! same on a light page, a dark one and on paper.

use std::fmt;

use super::element::Area;
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
pub(crate) struct Colour(pub(crate) u8, pub(crate) u8, pub(crate) u8);

impl Colour {
    /// The colour mixed with another, of which there is this share, from 0 to 1.
    pub(crate) fn mixed(self, other: Self, share: f64) -> Self {
        let mix =
            |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Self(
            mix(self.0, other.0),
            mix(self.1, other.1),
            mix(self.2, other.2),
        )
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// Text, from the title to the caption: at least 5:1 against the card.
pub(crate) const INK: Colour = Colour(0x1f, 0x23, 0x28);
pub(crate) const SOFT_INK: Colour = Colour(0x57, 0x60, 0x6a);
pub(crate) const WHITE: Colour = Colour(0xff, 0xff, 0xff);
pub(crate) const CARD_EDGE: Colour = Colour(0xd8, 0xde, 0xe4);

pub(crate) const BLUE: Colour = Colour(0x00, 0x72, 0xb2);
/// The blue of values that are known in part.
pub(crate) const PALE_BLUE: Colour = Colour(0x9c, 0xc8, 0xe3);
/// The blue of an area behind a blue line.
pub(crate) const BRIGHT_BLUE: Colour = Colour(0xcf, 0xe4, 0xf2);
pub(crate) const ORANGE: Colour = Colour(0xe6, 0x9f, 0x00);
pub(crate) const SKY: Colour = Colour(0x56, 0xb4, 0xe9);
pub(crate) const YELLOW: Colour = Colour(0xf0, 0xe4, 0x42);
pub(crate) const GREY: Colour = Colour(0x9a, 0xa1, 0xa9);
pub(crate) const LIGHT_GREY: Colour = Colour(0xcf, 0xd3, 0xd8);
/// The colour of what isn't complete.
pub(crate) const VERMILLION: Colour = Colour(0xd5, 0x5e, 0x00);
/// Colours of what is pointed out beside the blue.
pub(crate) const GREEN: Colour = Colour(0x00, 0x9e, 0x73);
pub(crate) const PALE_GREEN: Colour = Colour(0xd3, 0xec, 0xe3);
pub(crate) const PURPLE: Colour = Colour(0xcc, 0x79, 0xa7);
pub(crate) const GRID: Colour = Colour(0xe4, 0xe7, 0xeb);
pub(crate) const AXIS: Colour = Colour(0x8c, 0x95, 0x9f);
pub(crate) const GAP: Colour = Colour(0xf0, 0xee, 0xe9);
pub(crate) const GAP_EDGE: Colour = Colour(0xc9, 0xc4, 0xb8);

/// What charts are drawn on: their room, the ground and the inks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    /// The room of a chart and its labels, in pixels.
    pub(crate) area: Area,
    pub(crate) ground: Colour,
    pub(crate) ink: Colour,
    pub(crate) soft_ink: Colour,
    pub(crate) axis: Colour,
    pub(crate) grid: Colour,
    pub(crate) gap: Colour,
    pub(crate) gap_edge: Colour,
    /// What has a value, what has one that is known in part, and several together.
    pub(crate) own: Colour,
    pub(crate) part: Colour,
    pub(crate) others: Colour,
    /// From the least to the most: equal steps look equal, and colour-blind
    /// readers and black-and-white printers keep the order.
    pub(crate) shades: [Colour; 3],
}

impl Theme {
    /// Whether there is room for less than half a card's chart.
    pub(crate) fn is_narrow(&self) -> bool {
        self.area.right - self.area.left < WIDTH / 2.0
    }
}

/// The white card.
pub(crate) const LIGHT: Theme = Theme {
    area: Area {
        left: MARGIN,
        top: 72.0,
        right: WIDTH - MARGIN,
        bottom: 338.0,
    },
    ground: WHITE,
    ink: INK,
    soft_ink: SOFT_INK,
    axis: AXIS,
    grid: GRID,
    gap: GAP,
    gap_edge: GAP_EDGE,
    own: BLUE,
    part: PALE_BLUE,
    others: GREY,
    shades: [
        Colour(0xec, 0xf3, 0xf8),
        Colour(0x4a, 0x9b, 0xcb),
        Colour(0x06, 0x3b, 0x63),
    ],
};

/// Discord's dark theme.
pub(crate) const DARK: Theme = Theme {
    ground: Colour(0x2b, 0x2d, 0x31),
    ink: Colour(0xf2, 0xf3, 0xf5),
    soft_ink: Colour(0xb5, 0xba, 0xc1),
    axis: Colour(0x80, 0x84, 0x8e),
    grid: Colour(0x3f, 0x41, 0x47),
    gap: Colour(0x38, 0x3a, 0x40),
    gap_edge: Colour(0x50, 0x53, 0x5b),
    own: SKY,
    part: Colour(0x3d, 0x6f, 0x8f),
    others: Colour(0x80, 0x84, 0x8e),
    shades: [
        Colour(0x32, 0x3d, 0x4a),
        Colour(0x2f, 0x8f, 0xcc),
        Colour(0xe6, 0xf5, 0xff),
    ],
    ..LIGHT
};

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
