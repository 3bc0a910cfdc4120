//! Pure functions: [`Activity`](crate::Activity) → series, totals, tables.

mod gaps;
mod members;
mod messages;
mod quality;
mod rate;
mod rolling;
mod shown_members;
mod smoothed;
mod weekly;

pub use crate::data::Gap;
pub(crate) use gaps::last_is_running;
pub use gaps::{coverage, gaps, median_interval};
pub use members::{MemberTotal, messages_by_member};
pub use messages::cumulative_messages;
pub use quality::{Quality, quality};
pub use rate::{Rate, rate};
pub use rolling::rolling;
pub(crate) use shown_members::without_bots;
pub use shown_members::{ShownMember, ShownMembers, shown_members};
pub(crate) use smoothed::MINUTES_PER_DAY;
pub use smoothed::{Smoothed, smoothed};
pub use weekly::{WeekHour, weekly_rhythm};
