//! Pull, aggregate and plot a Discord server's activity, from a notebook.

#![doc(test(attr(deny(warnings))))]

mod activity;
mod calendar;
mod error;
mod format;
mod names;
mod origin;
mod periods;
mod program;
mod pull;
mod replace;
mod settings;
mod snapshot;
mod source;

pub mod aggregate;
pub mod plot;
pub mod spline;

pub use activity::{Activity, Skipped};
pub use error::{Error, Result};
pub use names::{Names, refresh_names};
pub use origin::{Origin, Source};
pub use periods::{DAY, HOUR, Periods};
pub use plot::Figure;
pub use pull::{Pull, PullPeriods, pull, pull_fresh};
pub use spline::SmoothingSpline;

#[cfg(feature = "mongodb")]
#[doc(hidden)]
pub use source::mongodb::main as pull_program;
