//! Windows, periods and results one by one, as a loop, a filter or a table takes them.

use std::fmt;

use chrono::DateTime;

use super::{Activity, ChannelId, MemberId, Origin, Periods, Provenance, Zone};
use crate::Held;
use crate::text::csv_field;

/// What stands in a [`Row`].
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Milliseconds since the epoch (UTC).
    Time(i64),
    /// The id of a member or a channel, and which of both.
    Id(&'static str, u64),
    /// A number, shown with this many decimal places; `None` where there is none.
    Number(Option<f64>, usize),
    /// Whether it is so.
    Truth(bool),
    /// From one number to another.
    Range(Option<[f64; 2]>),
}

impl Value {
    /// The names of its columns in CSV, and what stands there.
    pub fn csv(&self, name: &str, origin: &Origin) -> (String, String) {
        let plain = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        match self {
            Self::Time(time) => {
                let names = format!("{name}_local,{name}_utc");
                (names, origin.timezone.iso(*time))
            }
            Self::Id(of, id) => (format!("{of}_{name}"), csv_field(&id.to_string())),
            Self::Number(value, _) => (name.to_owned(), plain(*value)),
            Self::Truth(is_so) => (name.to_owned(), is_so.to_string()),
            Self::Range(range) => {
                let [low, high] = [0, 1].map(|side| plain(range.map(|range| range[side])));
                (format!("{name}_low,{name}_high"), format!("{low},{high}"))
            }
        }
    }
}

/// One of several results: a `Vec` of them is a table when it is a cell's last value.
pub trait Row: Clone + Send + Sync + 'static {
    /// What the rows are, as a table's title.
    const TITLE: &'static str;

    /// What they were computed from.
    fn provenance(&self) -> Provenance;

    /// All fields by name, in order; of each row the same ones.
    fn fields(&self) -> Vec<(&'static str, Value)>;
}

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
    pub(crate) index: usize,
}

/// One of the [`Periods`]: an hour, day, week or month.
#[derive(Clone, PartialEq)]
pub struct PeriodRow {
    periods: Held<Periods>,
    index: usize,
}

/// A number of a row's: its name, value and decimal places, and whether any row has it.
type Own = (&'static str, Option<f64>, usize, bool);

/// What windows and periods have alike, and how to go through all of them.
macro_rules! row {
    ($row:ident of $all:ident in $field:ident, $count:ty, $title:literal, $volume:ident) => {
        impl $row {
            /// When it began, on local clocks.
            pub fn begin(&self) -> DateTime<Zone> {
                self.$field.origin().local(self.$field.begins()[self.index])
            }

            /// When it ended, on local clocks.
            pub fn end(&self) -> DateTime<Zone> {
                self.$field.origin().local(self.$field.ends()[self.index])
            }

            /// Messages in it.
            pub fn messages(&self) -> $count {
                self.$field.$volume()[self.index]
            }

            /// Who sent messages in it, and how many.
            pub fn members(&self) -> std::vec::IntoIter<(MemberId, $count)> {
                let (members, senders) = (self.$field.members(), self.$field.senders(self.index));
                let pairs = senders.map(|(member, sent)| (members[member], sent));
                pairs.collect::<Vec<_>>().into_iter()
            }
        }

        impl Row for $row {
            const TITLE: &'static str = $title;

            fn provenance(&self) -> Provenance {
                Provenance::of(self.$field.origin())
            }

            fn fields(&self) -> Vec<(&'static str, Value)> {
                let begin = Value::Time(self.$field.begins()[self.index]);
                let end = Value::Time(self.$field.ends()[self.index]);
                let [messages, members] = [self.messages() as f64, self.members().count() as f64];
                let mut fields = vec![("begin", begin), ("end", end)];
                // Columns that no row fills aren't there.
                let own = self.own().into_iter().filter(|(.., is_filled)| *is_filled);
                fields.extend(own.map(|(name, own, places, _)| (name, Value::Number(own, places))));
                fields.push(("messages", Value::Number(Some(messages), 0)));
                fields.push(("members", Value::Number(Some(members), 0)));
                fields
            }
        }

        /// When it began, and its messages.
        impl fmt::Debug for $row {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let begin = self.$field.origin().show(self.$field.begins()[self.index]);
                let name = stringify!($row);
                write!(f, "{name}({begin}: {} messages)", self.messages())
            }
        }

        impl $all {
            /// One by one, in order: an iterator that a cell's variable can hold.
            pub fn iter(&self) -> std::vec::IntoIter<$row> {
                let all = Held::new(self.clone());
                let row = |index| $row {
                    $field: all.clone(),
                    index,
                };
                (0..self.len()).map(row).collect::<Vec<_>>().into_iter()
            }
        }

        impl IntoIterator for &$all {
            type Item = $row;
            type IntoIter = std::vec::IntoIter<$row>;

            fn into_iter(self) -> Self::IntoIter {
                self.iter()
            }
        }
    };
}

row!(Window of Activity in activity, u32, "Windows", message_volume);
row!(PeriodRow of Periods in periods, u64, "Periods", messages);

impl Window {
    /// Its middle on local clocks, which says the hour, day, week and month it is of.
    pub fn middle(&self) -> DateTime<Zone> {
        let middle = self.activity.middle(self.index);
        self.activity.origin().local(middle)
    }

    /// How long it is, in minutes.
    pub fn minutes(&self) -> f64 {
        let (begin, end) = (self.activity.begins(), self.activity.ends());
        (end[self.index] - begin[self.index]) as f64 / 60_000.0
    }

    /// Members online at its end. `None`: not known.
    pub fn online(&self) -> Option<u32> {
        self.activity.online_members()[self.index]
    }

    /// Human members of the server at its end. `None`: the document doesn't say.
    pub fn member_count(&self) -> Option<u32> {
        let count = self.activity.windows().member_count.get(self.index);
        count?.first().copied()
    }

    /// Who joined the server in it. `None`: the document doesn't say.
    pub fn joined(&self) -> Option<&[MemberId]> {
        self.activity.joined(self.index)
    }

    /// Who left it. `None`: the document doesn't say.
    pub fn left(&self) -> Option<&[MemberId]> {
        self.activity.left(self.index)
    }

    /// Where messages were sent in it, and how many. `None`: the document doesn't say.
    pub fn channels(&self) -> Option<std::vec::IntoIter<(ChannelId, u32)>> {
        let channels = self.activity.channels();
        let sent = self.activity.by_channel(self.index)?;
        let pairs = sent.map(|(channel, sent)| (channels[channel], sent));
        Some(pairs.collect::<Vec<_>>().into_iter())
    }

    fn own(&self) -> [Own; 5] {
        let all = self.activity.windows();
        let says_count = !all.member_count.is_empty();
        let says_joins = !all.joined.is_empty() || !all.left.is_empty();
        let count = self.member_count().map(f64::from);
        let lists = [self.joined(), self.left()];
        let [joined, left] = lists.map(|ids| ids.map(|ids| ids.len() as f64));
        [
            ("minutes", Some(self.minutes()), 2, true),
            ("online_members", self.online().map(f64::from), 0, true),
            ("member_count", count, 0, says_count),
            ("joined", joined, 0, says_joins),
            ("left", left, 0, says_joins),
        ]
    }
}

impl PeriodRow {
    /// The share of it that was recorded, from 0 to 1.
    pub fn coverage(&self) -> f64 {
        self.periods.coverage()[self.index]
    }

    /// Online members: the mean over its windows in which they are known; no number
    /// where they are in none.
    pub fn online_mean(&self) -> f64 {
        self.periods.online_mean()[self.index]
    }

    /// Human members of the server, as its last window that says it has them.
    pub fn member_count(&self) -> Option<u32> {
        self.periods.member_count()[self.index]
    }

    /// How often somebody joined the server. `None`: no window says it.
    pub fn joined(&self) -> Option<u64> {
        self.if_known(self.periods.joined())
    }

    /// How often somebody left it. `None`: no window says it.
    pub fn left(&self) -> Option<u64> {
        self.if_known(self.periods.left())
    }

    fn if_known(&self, counts: &[u64]) -> Option<u64> {
        (self.periods.joins_known()[self.index] > 0).then(|| counts[self.index])
    }

    /// Where messages were sent in it, and how many.
    pub fn channels(&self) -> std::vec::IntoIter<(ChannelId, u64)> {
        let (channels, sent) = (self.periods.channels(), self.periods.by_channel(self.index));
        let pairs = sent.map(|(channel, sent)| (channels[channel], sent));
        pairs.collect::<Vec<_>>().into_iter()
    }

    fn own(&self) -> [Own; 5] {
        let online = Some(self.online_mean()).filter(|mean| mean.is_finite());
        let says_count = self.periods.member_count().iter().any(Option::is_some);
        let says_joins = self.periods.joins_known().iter().any(|&known| known > 0);
        let count = self.member_count().map(f64::from);
        let times = [self.joined(), self.left()];
        let [joined, left] = times.map(|times| times.map(|times| times as f64));
        [
            ("coverage", Some(self.coverage()), 3, true),
            ("online_mean", online, 1, true),
            ("member_count", count, 0, says_count),
            ("joined", joined, 0, says_joins),
            ("left", left, 0, says_joins),
        ]
    }
}
