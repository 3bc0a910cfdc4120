//! SVG as text: shapes, texts, tooltips, the card, colours.

mod card;
mod element;
mod escape;
mod page;
mod paths;
mod style;
mod tooltip;

pub(crate) use card::{AXIS_NAME, Content, Key, card};
pub(crate) use element::{Anchor, Area, TEXT_LIMIT, text};
pub(crate) use escape::escape;
pub(crate) use page::Page;
pub use paths::Canvas;
pub(crate) use paths::{Look, Paths};
pub(crate) use style::*;
pub(crate) use tooltip::Tooltip;
