//! Charts: what each draws in the frame that all have.

pub(crate) mod bars;
pub(crate) mod curve;
mod frame;
pub(crate) mod heat;
pub(crate) mod line;
pub(crate) mod lorenz;
pub(crate) mod members;
pub(crate) mod nothing;
pub(crate) mod series;
pub(crate) mod stacked;
mod thin;
pub(crate) mod week;
