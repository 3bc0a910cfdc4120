//! Pull, aggregate and plot a Discord server's activity, from a notebook.

#![doc(test(attr(deny(warnings))))]

mod error;

pub mod spline;

pub use error::{Error, Result};
pub use spline::SmoothingSpline;
