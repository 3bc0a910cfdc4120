//! What charts are drawn on.

use super::element::Area;
use super::style::*;

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
    /// Where something was recorded, but not what is shown.
    pub(crate) unknown: Colour,
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
    area: Area::at((MARGIN, 72.0), WIDTH - 2.0 * MARGIN, 266.0),
    ground: WHITE,
    ink: INK,
    soft_ink: SOFT_INK,
    axis: AXIS,
    grid: rgb(0xe4e7eb),
    gap: rgb(0xf0eee9),
    gap_edge: rgb(0xc9c4b8),
    unknown: rgb(0xf3f6fa),
    own: BLUE,
    part: PALE_BLUE,
    others: GREY,
    shades: [rgb(0xecf3f8), rgb(0x4a9bcb), rgb(0x063b63)],
};

/// Discord's dark theme.
pub(crate) const DARK: Theme = Theme {
    ground: rgb(0x2b2d31),
    ink: rgb(0xf2f3f5),
    soft_ink: rgb(0xb5bac1),
    axis: rgb(0x80848e),
    grid: rgb(0x3f4147),
    gap: rgb(0x383a40),
    gap_edge: rgb(0x50535b),
    unknown: rgb(0x31343c),
    own: SKY,
    part: rgb(0x3d6f8f),
    others: rgb(0x80848e),
    shades: [rgb(0x323d4a), rgb(0x2f8fcc), rgb(0xe6f5ff)],
    ..LIGHT
};
