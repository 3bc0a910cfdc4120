//! Pure functions: [`Activity`](crate::Activity) → series, totals, tables.

mod busyness;
mod chance;
mod compare;
mod gaps;
mod hours;
mod lags;
mod members;
mod messages;
mod quality;
mod rate;
mod rolling;
mod shown_members;
mod smoothed;
mod unusual;
mod weekly;

pub use crate::data::Gap;
pub use busyness::{Busyness, busyness};
pub use compare::{Change, Comparison, compare};
pub(crate) use gaps::last_is_running;
pub use gaps::{coverage, gaps, median_interval};
pub use lags::{Lag, MOST_LAG, lags};
pub use members::{MemberTotal, messages_by_member};
pub use messages::cumulative_messages;
pub use quality::{Quality, quality};
pub use rate::{Rate, rate};
pub use rolling::rolling;
pub(crate) use shown_members::without_bots;
pub use shown_members::{ShownMember, ShownMembers, shown_members};
pub(crate) use smoothed::MINUTES_PER_DAY;
pub use smoothed::{Smoothed, smoothed};
pub use unusual::{Event, Stretch, Unusual, unusual};
pub use weekly::{WeekHour, weekly_rhythm};

#[cfg(test)]
mod simulated;
