//! Charts: what each draws in the frame that all have.

pub(crate) mod band;
pub(crate) mod bars;
pub(crate) mod calendar;
pub(crate) mod curve;
pub(crate) mod frame;
pub(crate) mod heat;
pub(crate) mod line;
pub(crate) mod members;
pub(crate) mod nothing;
pub(crate) mod series;
pub(crate) mod shades;
mod thin;
pub(crate) mod week;
