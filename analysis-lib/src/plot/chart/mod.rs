//! Charts: what each draws in the frame that all have.

mod band;
mod bars;
mod calendar;
mod frame;
mod heat;
mod line;
mod members;
mod series;
mod shades;
mod thin;

pub(crate) use band::{Band, Point, fill, stroke};
pub(crate) use bars::{Bars, Layer, MOST};
pub(crate) use calendar::calendar;
pub(crate) use frame::{Frame, TOP, range_of};
pub(crate) use heat::{HOURS, heat};
pub(crate) use line::{Line, Mark, Overlay};
pub(crate) use members::{Bar, bars, messages_by_member};
pub(crate) use series::{Series, extremes};
pub(crate) use shades::Shades;
