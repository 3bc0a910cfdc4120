//! What windows are merged into: hours, days, weeks and months.

use std::fmt;

/// An hour in milliseconds.
pub const HOUR_LENGTH: i64 = 3_600_000;
/// A day of 24 hours in milliseconds.
pub const DAY_LENGTH: i64 = 24 * HOUR_LENGTH;

/// An hour, day, week or month of a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// An hour of local clocks. Where clocks go back, the hour that comes twice
    /// is two; a change within an hour divides it.
    Hour,
    /// A day, from its first instant: midnight, or later where clocks skip that.
    Day,
    /// A week, from Monday.
    Week,
    /// A calendar month.
    Month,
}

/// An hour: [`Period::Hour`].
pub const HOUR: Period = Period::Hour;
/// A day: [`Period::Day`].
pub const DAY: Period = Period::Day;
/// A week from Monday: [`Period::Week`].
pub const WEEK: Period = Period::Week;
/// A month: [`Period::Month`].
pub const MONTH: Period = Period::Month;

impl Period {
    /// The period that is shown so.
    pub fn named(name: &str) -> Option<Self> {
        [HOUR, DAY, WEEK, MONTH]
            .into_iter()
            .find(|period| period.to_string() == name)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        })
    }
}
