//! Pure functions: [`Activity`](crate::Activity) → series, totals, tables.

mod busyness;
mod chance;
mod channels;
mod compare;
mod concentration;
mod gaps;
mod growth;
mod hours;
mod lags;
mod member_hours;
mod members;
mod messages;
mod quality;
mod rate;
mod reach;
mod rolling;
mod row;
mod seen;
mod shown_members;
mod smoothed;
mod stickiness;
mod unusual;
mod weekly;

pub use busyness::{Busyness, busyness};
pub use channels::{ChannelTotal, messages_by_channel};
pub use compare::{Change, Comparison, compare};
pub use concentration::{Concentration, concentration};
pub(crate) use gaps::last_is_running;
pub use gaps::{Gap, coverage, gaps, usual_length};
pub(crate) use growth::growth_over;
pub use growth::{Growth, growth};
pub use lags::{Lag, MOST_LAG, lags};
pub(crate) use member_hours::hours_by_member;
pub use members::{MemberTotal, messages_by_member};
pub use messages::cumulative_messages;
pub use quality::{Quality, quality};
pub use rate::{Rate, rate};
pub use reach::{Reach, reach};
pub use rolling::rolling;
pub use seen::{Seen, seen};
pub(crate) use shown_members::without_bots;
pub use shown_members::{ShownMember, ShownMembers, shown_members};
pub(crate) use smoothed::MINUTES_PER_DAY;
pub use smoothed::{Smoothed, smoothed};
pub(crate) use stickiness::stickiness_over;
pub use stickiness::{Stickiness, stickiness};
pub use unusual::{Event, Stretch, Unusual, unusual};
pub use weekly::{WeekHour, weekly_rhythm};

#[cfg(test)]
mod simulation;
