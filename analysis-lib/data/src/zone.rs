//! A time zone: its offsets from UTC, and what local clocks show.

use std::fmt;
use std::sync::Arc;

use chrono::{
    DateTime, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone,
};

/// From when on (seconds since the epoch), how many seconds local time is ahead
/// of UTC, and the abbreviation.
pub(crate) type Change = (i64, i32, String);

/// A time zone by its IANA name.
///
/// Its rules come from the system's tz database, which is updated with the
/// system. Where there is none, or where it can't be used, chrono-tz's built-in
/// rules stand in. Rules are followed from 1970 to 2100: the first offset holds
/// for all times before, and the last for all after.
///
/// ```
/// use activity_data::Zone;
/// use chrono::TimeZone;
///
/// let zone = Zone::named("Asia/Kolkata", None).unwrap();
/// let noon = zone.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap();
/// assert_eq!(noon.format("%H:%M %Z, %:z").to_string(), "12:00 IST, +05:30");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(Arc<Rules>);

#[derive(PartialEq, Eq)]
struct Rules {
    name: String,
    /// From when on (milliseconds since the epoch), and how many milliseconds
    /// local time is ahead of UTC. The first holds from `i64::MIN` on.
    offsets: Vec<(i64, i64)>,
    /// As above, with the abbreviation that clocks show, such as EST.
    abbreviations: Vec<(i64, String)>,
    note: Option<String>,
}

impl Zone {
    /// `changes` are in order of time, and begin in 1970 or before.
    pub fn new(
        name: &str,
        changes: impl IntoIterator<Item = Change>,
        note: Option<String>,
    ) -> Self {
        fn push<T: PartialEq>(list: &mut Vec<(i64, T)>, second: i64, value: T) {
            if second <= 0 {
                *list = vec![(i64::MIN, value)];
            } else if list.last().is_none_or(|last| last.1 != value) {
                list.push((second.saturating_mul(1_000), value));
            }
        }
        let (mut offsets, mut abbreviations) = (Vec::new(), Vec::new());
        for (second, offset, abbreviation) in changes {
            push(&mut offsets, second, i64::from(offset) * 1_000);
            push(&mut abbreviations, second, abbreviation);
        }
        Self(Arc::new(Rules {
            name: name.to_owned(),
            offsets,
            abbreviations,
            note,
        }))
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// That the rules are chrono-tz's and why, in a sentence without its full
    /// stop. `None` if they are the system's.
    pub fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// From when on (milliseconds since the epoch), and how many milliseconds
    /// local time is ahead of UTC: every offset that holds from one time to
    /// another, at least one. The first holds at `from` already.
    pub fn offsets(&self, from: i64, to: i64) -> &[(i64, i64)] {
        let offsets = &self.0.offsets;
        let end = offsets.partition_point(|&(start, _)| start < to);
        let first = index_at(offsets, from);
        &offsets[first..end.max(first + 1)]
    }

    /// How many milliseconds local time is ahead of UTC.
    pub fn offset(&self, time: i64) -> i64 {
        self.0.offsets[index_at(&self.0.offsets, time)].1
    }

    /// A time, given in milliseconds since the epoch (UTC), in this zone.
    ///
    /// Times that chrono can't hold become its first or last instant: sources
    /// refuse them, so none reaches a figure.
    pub fn date_time(&self, time: i64) -> DateTime<Self> {
        let utc = DateTime::from_timestamp_millis(time).unwrap_or(if time < 0 {
            DateTime::<chrono::Utc>::MIN_UTC
        } else {
            DateTime::<chrono::Utc>::MAX_UTC
        });
        self.from_utc_datetime(&utc.naive_utc())
    }

    /// The offsets that may hold where clocks show this local time (milliseconds
    /// since 1970 on the clock): from when on, until when, and the offset.
    pub fn offsets_around(&self, local: i64) -> impl Iterator<Item = (i64, i64, i64)> {
        // No clock is a day ahead or behind.
        let near = self.offsets(local - 86_400_000, local + 86_400_000);
        let ends = near[1..].iter().map(|&(end, _)| end).chain([i64::MAX]);
        let spans = near.iter().zip(ends);
        spans.map(|(&(from, offset), end)| (from, end, offset))
    }

    fn zone_offset(&self, time: i64) -> ZoneOffset {
        ZoneOffset {
            zone: self.clone(),
            seconds: (self.offset(time) / 1_000) as i32,
            abbreviation: index_at(&self.0.abbreviations, time),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({self})")
    }
}

/// A [`Zone`]'s offset from UTC at some time; shown as the abbreviation that
/// clocks have then, such as EST.
#[derive(Clone, PartialEq, Eq)]
pub struct ZoneOffset {
    zone: Zone,
    seconds: i32,
    abbreviation: usize,
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        FixedOffset::east_opt(self.seconds).expect("offsets are below a day")
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.zone.0.abbreviations[self.abbreviation].1)
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone.clone()
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        self.zone_offset(utc.and_utc().timestamp_millis())
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<ZoneOffset> {
        let local = local.and_utc().timestamp_millis();
        let mut instants = self
            .offsets_around(local)
            .filter(|&(from, end, offset)| (from..end).contains(&(local - offset)))
            .map(|(_, _, offset)| self.zone_offset(local - offset));
        match (instants.next(), instants.next()) {
            (Some(first), Some(second)) => LocalResult::Ambiguous(first, second),
            (Some(only), None) => LocalResult::Single(only),
            (None, _) => LocalResult::None,
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<ZoneOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }
}

/// The index of what holds at a time.
fn index_at<T>(list: &[(i64, T)], time: i64) -> usize {
    list.partition_point(|(from, _)| *from <= time)
        .saturating_sub(1)
}

#[cfg(test)]
impl Zone {
    /// Whether two zones have the same rules, whatever their names and notes.
    pub(crate) fn has_rules_of(&self, other: &Self) -> bool {
        self.0.offsets == other.0.offsets && self.0.abbreviations == other.0.abbreviations
    }

    pub(crate) fn abbreviations(&self) -> &[(i64, String)] {
        &self.0.abbreviations
    }
}
