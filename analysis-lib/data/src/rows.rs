//! Windows and periods one by one, as a loop or a filter takes them.

use std::fmt;
use std::ops::Range;

use chrono::DateTime;

use super::{Activity, MemberId, Periods, Zone};
use crate::Held;

/// A window of an activity.
///
/// It is a handle and an index, and keeps the activity that it is of: what
/// [`Activity::iter`] gives can be collected and kept.
///
/// ```
/// use activity_data::Activity;
/// use activity_data::rows::Window;
/// use chrono::Timelike;
///
/// let activity = Activity::sample()?;
/// let night: Vec<Window> = activity.iter().filter(|window| window.end().hour() < 6).collect();
/// assert!(night.iter().all(|window| window.minutes() > 0.0));
/// # Ok::<(), activity_data::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Window {
    activity: Held<Activity>,
    index: usize,
}

impl Window {
    fn of(activity: &Held<Activity>, index: usize) -> Self {
        let activity = activity.clone();
        Self { activity, index }
    }

    /// The activity that this is a window of.
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Its place among the activity's windows, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// When it began, on local clocks.
    pub fn begin(&self) -> DateTime<Zone> {
        let begin = self.activity.begins()[self.index];
        self.activity.origin().local(begin)
    }

    /// When it ended, on local clocks.
    pub fn end(&self) -> DateTime<Zone> {
        let end = self.activity.ends()[self.index];
        self.activity.origin().local(end)
    }

    /// How long it is, in minutes.
    pub fn minutes(&self) -> f64 {
        let (begin, end) = (self.activity.begins(), self.activity.ends());
        (end[self.index] - begin[self.index]) as f64 / 60_000.0
    }

    /// Members online at its end. `None`: not known.
    pub fn online(&self) -> Option<u32> {
        Some(self.activity.online_members()[self.index])
    }

    /// Messages in it.
    pub fn messages(&self) -> u32 {
        self.activity.message_volume()[self.index]
    }

    /// Who sent messages in it, and how many.
    pub fn members(&self) -> impl Iterator<Item = (MemberId, u32)> + '_ {
        let members = self.activity.members();
        let senders = self.activity.senders(self.index);
        senders.map(|(member, sent)| (members[member], sent))
    }
}

/// `Window(2026-03-01 14:20 EST, 10 min: 12 messages)`.
impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = self.activity.begins()[self.index];
        write!(
            f,
            "Window({}, {} min: {} messages)",
            self.activity.origin().show(begin),
            (self.minutes() * 10.0).round() / 10.0,
            self.messages()
        )
    }
}

/// One of the [`Periods`]: an hour, day, week or month.
#[derive(Clone, PartialEq)]
pub struct PeriodRow {
    periods: Held<Periods>,
    index: usize,
}

impl PeriodRow {
    /// The periods that this is one of.
    pub fn periods(&self) -> &Periods {
        &self.periods
    }

    /// Its place among the periods, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// When it began, on local clocks.
    pub fn begin(&self) -> DateTime<Zone> {
        let begin = self.periods.begins()[self.index];
        self.periods.origin().local(begin)
    }

    /// When it ended, on local clocks: the first instant of the next.
    pub fn end(&self) -> DateTime<Zone> {
        let end = self.periods.ends()[self.index];
        self.periods.origin().local(end)
    }

    /// The share of it that was recorded, from 0 to 1.
    pub fn coverage(&self) -> f64 {
        self.periods.coverage()[self.index]
    }

    /// Messages in it.
    pub fn messages(&self) -> u64 {
        self.periods.messages()[self.index]
    }

    /// Online members: the mean over its windows.
    pub fn online_mean(&self) -> f64 {
        self.periods.online_mean()[self.index]
    }

    /// Who sent messages in it, and how many.
    pub fn members(&self) -> impl Iterator<Item = (MemberId, u64)> + '_ {
        let members = self.periods.members();
        let senders = self.periods.senders(self.index);
        senders.map(|(member, sent)| (members[member], sent))
    }
}

/// `PeriodRow(day from 2026-03-01 00:00 EST: 412 messages)`.
impl fmt::Debug for PeriodRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = self.periods.begins()[self.index];
        write!(
            f,
            "PeriodRow({} from {}: {} messages)",
            self.periods.period(),
            self.periods.origin().show(begin),
            self.messages()
        )
    }
}

/// The windows of an activity, in order of their ends.
#[derive(Clone)]
pub struct WindowIter(Held<Activity>, Range<usize>);

/// Periods, in order.
#[derive(Clone)]
pub struct PeriodIter(Held<Periods>, Range<usize>);

/// What goes through the rows of `$of` in both directions.
macro_rules! iterates {
    ($iter:ident over $row:ident of $of:ident, $make:expr) => {
        impl $iter {
            fn row(&self, index: usize) -> $row {
                $make(&self.0, index)
            }
        }

        impl Iterator for $iter {
            type Item = $row;

            fn next(&mut self) -> Option<$row> {
                self.1.next().map(|index| self.row(index))
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                self.1.size_hint()
            }

            fn nth(&mut self, n: usize) -> Option<$row> {
                self.1.nth(n).map(|index| self.row(index))
            }
        }

        impl DoubleEndedIterator for $iter {
            fn next_back(&mut self) -> Option<$row> {
                self.1.next_back().map(|index| self.row(index))
            }
        }

        impl ExactSizeIterator for $iter {}

        impl $of {
            /// One by one, in order.
            pub fn iter(&self) -> $iter {
                $iter(Held::new(self.clone()), 0..self.len())
            }
        }

        impl IntoIterator for &$of {
            type Item = $row;
            type IntoIter = $iter;

            fn into_iter(self) -> $iter {
                self.iter()
            }
        }
    };
}

iterates!(WindowIter over Window of Activity, Window::of);
iterates!(PeriodIter over PeriodRow of Periods, |periods: &Held<Periods>, index| PeriodRow {
    periods: periods.clone(),
    index,
});
