//! Series → [`Figure`].
//!
//! Times are those of the configured zone, counts start at zero, and lines
//! break where windows are missing. However many windows there are, of each
//! column of pixels the first, lowest, highest and last value are drawn.
//!
//! A figure takes the activity, then the names where it shows members, then the
//! period where it can be by the hour, day, week or month:
//! `growth(&activity, &names, WEEK)`. Those that need no more of a period than its
//! sums also take, in the activity's place, what [`Pull::every`] merged: see
//! [`ByPeriod`].
//!
//! [`Pull::every`]: crate::Pull::every

mod awake;
pub(crate) mod axis;
mod busyness;
mod by_period;
pub(crate) mod chart;
mod concentration;
mod conversation;
pub(crate) mod csv;
pub(crate) mod figure;
pub(crate) mod labels;
mod lags;
mod newcomers;
mod own;
mod people;
mod presence;
mod rate;
mod study;
mod summary;
pub(crate) mod svg;
mod trust;
mod unusual;
mod year;

pub use awake::{reach, weekly_online, weekly_rhythm};
pub use busyness::busyness;
pub use by_period::ByPeriod;
pub use concentration::concentration;
pub use conversation::{
    WhichMember, channel_shares, member, member_hours, member_shares, messages_by_member,
};
pub use figure::Figure;
pub use lags::lags;
pub use newcomers::newcomers;
pub use own::{OverTime, Value, bars, drawing, histogram, line, scatter};
pub use presence::{growth, joins, members, stickiness};
pub use rate::rate;
pub use study::{
    cumulative_messages, message_rate, message_volume, online_members, smoothed_cumulative,
};
pub use summary::{summary, summary_so_far};
pub use svg::Canvas;
pub use trust::coverage;
pub use unusual::unusual;
pub use year::{calendar, messages_by_period, online_members_by_period, rolling};
