//! Pull, aggregate and plot a Discord server's activity, from a notebook.
//!
//! # The tour
//!
//! Data flows one way:
//!
//! 1. **Source**: MongoDB, a file or the sample. [`pull`] reads the configured
//!    one; [`Pull`] a span of it, or hours and days merged as they come;
//!    [`Activity::open`] a file; [`Activity::sample`] data that is made up.
//! 2. **[`Activity`]**: the windows in columns, in order of time. Its method
//!    [`every`](Activity::every) merges them into [`Periods`]: hours, days, weeks
//!    or months.
//! 3. **[`aggregate`]**: pure functions to series, totals and tables.
//! 4. **[`plot`]**: series to a [`Figure`], which shows itself and saves itself;
//!    **[`table`]**: to a [`Table`], which does too.
//!
//! ```
//! use analysis_lib::{Activity, Names, aggregate, plot};
//!
//! let everything = Activity::sample()?; // or pull()?
//! let half_a_day = everything.last_hours(13);
//! let fit = aggregate::smoothed(&half_a_day)?;
//! let names = Names::load(&half_a_day)?;
//! for figure in [
//!     plot::online_members(&half_a_day),
//!     plot::message_rate(&fit),
//!     plot::messages_by_member(&half_a_day, &names),
//! ] {
//!     assert!(figure.svg().contains("made up"));
//! }
//! # Ok::<(), analysis_lib::error::Error>(())
//! ```
//!
//! An [`Error`] is a sentence that says what failed, on what, and what to do.
//! Settings come from the environment and from `.env`; `.env.example` explains
//! each.
//!
//! # What a crate costs
//!
//! The notebook's kernel runs rust-analyzer over every crate that a cell can
//! reach, and links each cell against all of them. So what speaks to a network
//! or is heavy stands in packages of its own, small programs that the library
//! starts: `pull` (MongoDB), `names` (Discord) and `png`; and `record` and
//! `history`, which run by themselves. What cells and programs share is the package `activity-data`.
//!
//! Measured with `make bench` on 25 November 2026 on 2 cores, the seconds that
//! each dependency adds to the 1.2 s that an empty crate takes until a cell has
//! a variable, in a new kernel with everything compiled. Less than 0.1 s is
//! within what one run differs from the next:
//!
//! | dependency | crates | seconds | what for |
//! |---|---|---|---|
//! | chrono-tz | 6 | 0.7 | every time that is shown |
//! | plotters | 3 | 0.4 | figures, with all series, elements and colours; without its `ttf`, images and date axes |
//! | serde_json | 5 | 0.3 | `mongoexport`'s files and names |
//! | chrono | 2 | 0.2 | as chrono-tz, and reading times |
//! | splines | 1 | 0.1 | curves for others to go on with |
//! | plotters-backend | 1 | 0.0 | part of plotters: the figures' own SVG |
//! | tz-rs | 1 | 0.0 to 0.2, measured under load | the system's rules of time zones |
//! | *kept out:* mongodb | 178 | 8.6 | |
//! | *kept out:* plotters with dates and every series | 6 | 0.5 | |
//! | *kept out:* chrono with its default features | 3 | 0.4 | |
//! | *kept out:* serde with derive, which brings `syn` | 7 | 0.4 | |
//!
//! Crates that they share count in each row. Each cell pays too: Cargo takes
//! 0.04 s to look at all of them, of which half is plotters' (it names web-sys,
//! whose index has 5 MB, though only for WebAssembly), and 0.02 s with an empty
//! crate. All of it takes about a minute to compile, once: `notebooks/kernel.py`
//! lets a kernel take over what the last one compiled, and read it while it
//! starts.

#![doc(test(attr(deny(warnings))))]

mod names;
mod post;
mod program;
mod pull;

pub mod aggregate;
pub mod error {
    //! What can go wrong. Not in the crate's root, so that a cell that imports
    //! everything keeps its own `Result`.

    pub use activity_data::{Error, Result};
}
pub mod plot;
pub mod spline;
pub mod table;

pub use activity_data::rows::{PeriodRow, Window};
pub use activity_data::{
    Activity, ChannelId, DAY, Event, HOUR, LeftOut, MONTH, MemberId, Origin, Period, Periods,
    Source, WEEK, Zone, ZoneOffset,
};
use activity_data::{Error, Result};
pub use chrono::{Datelike, Timelike, Weekday};
pub use names::{Names, refresh_names};
pub use plot::Figure;
pub use plotters;
pub use pull::{Pull, PullPeriods, pull, pull_fresh};
pub use spline::SmoothingSpline;
pub use table::{ShownAsTable, Table};
