//! Pure functions: [`Activity`](crate::Activity) → series, totals, tables.

mod daily;
mod gaps;
mod members;
mod messages;
mod shown_members;
mod smoothed;
mod weekly;

pub use daily::{Day, daily_messages};
pub use gaps::{Gap, coverage, gaps, median_interval};
pub(crate) use gaps::{last_is_running, longer_than};
pub use members::{MemberTotal, messages_by_member};
pub use messages::cumulative_messages;
pub use shown_members::{ShownMember, ShownMembers, shown_members};
pub(crate) use smoothed::MINUTES_PER_DAY;
pub use smoothed::{Smoothed, smoothed};
pub use weekly::{WeekHour, weekly_rhythm};
