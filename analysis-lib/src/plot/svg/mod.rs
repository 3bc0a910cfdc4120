//! SVG as text: shapes, texts, tooltips, the card, colours.

mod card;
mod element;
mod paths;
mod style;
mod theme;
mod tooltip;

pub(crate) use card::{Key, Sheet, Words, card, sheet, source};
pub(crate) use element::{Area, TEXT_LIMIT, bold_text, escape, small_text, text};
pub use paths::Canvas;
pub(crate) use paths::Shapes;
pub(crate) use plotters::style::Color;
pub(crate) use plotters_backend::text_anchor::HPos as Anchor;
pub(crate) use style::*;
pub(crate) use theme::{DARK, LIGHT, Theme};
pub(crate) use tooltip::Tooltip;
