//! A time zone: its offsets from UTC, what local clocks show, and when its hours,
//! days, weeks and months begin.

use std::fmt;
use std::sync::Arc;

use chrono::{
    DateTime, Datelike, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset,
    TimeZone, Timelike,
};

use super::{DAY_LENGTH, Error, HOUR_LENGTH, Period, Result};

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

    /// A time as CSV has it, on local clocks and in UTC, with milliseconds where it
    /// has any: `2026-03-01T14:30:00-05:00,2026-03-01T19:30:00+00:00`.
    pub fn iso(&self, time: i64) -> String {
        let local = self.date_time(time);
        let format = match local.nanosecond() {
            0 => "%Y-%m-%dT%H:%M:%S%:z",
            _ => "%Y-%m-%dT%H:%M:%S%.3f%:z",
        };
        format!("{},{}", local.format(format), local.to_utc().format(format))
    }

    /// A time as people write it: `2026-03-01`, `2026-03-01 14:30` and
    /// `2026-03-01T14:30:00` on local clocks, or `2026-03-01T14:30:00Z`. In
    /// milliseconds since the epoch (UTC).
    ///
    /// # Errors
    ///
    /// It is written in another way.
    pub fn read(&self, text: &str) -> Result<i64> {
        let text = text.trim();
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(time.timestamp_millis());
        }
        let date = NaiveDate::parse_from_str(text, "%F").map(|date| date.and_time(NaiveTime::MIN));
        let mut forms = ["%F %R", "%F %T", "%FT%R", "%FT%T"].into_iter();
        let time = |form| NaiveDateTime::parse_from_str(text, form).ok();
        match date.ok().or_else(|| forms.find_map(time)) {
            Some(local) => Ok(self.instant(local.and_utc().timestamp_millis())),
            None => Err(Error::new(format!(
                "{text:?} is not a time; write 2026-03-01, 2026-03-01 14:30 or 2026-03-01T14:30:00Z"
            ))),
        }
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

/// Times are milliseconds since the epoch. Each lies in one hour, day, week and
/// month: `begin(period, time) <= time < end(period, time)`, and a period's end
/// is the next one's start.
impl Zone {
    /// Milliseconds since 1 January 1970 on local clocks.
    pub fn local(&self, time: i64) -> i64 {
        time + self.offset(time)
    }

    /// Whether clocks go back between these times, so that some local times
    /// come twice.
    pub fn go_back(&self, from: i64, to: i64) -> bool {
        let offsets = self.offsets(from - 1, to);
        offsets.windows(2).any(|pair| pair[1].1 < pair[0].1)
    }

    /// The instant at which clocks show this local time (milliseconds since
    /// 1970 on the clock): the first of two, and where the clocks skip it, the
    /// moment when they do.
    pub fn instant(&self, local: i64) -> i64 {
        self.offsets_around(local)
            .map(|(from, end, offset)| (from.max(local - offset), end))
            .find(|(instant, end)| instant < end)
            .map_or(local, |(instant, _)| instant)
    }

    /// The number of the local day of this time; 0 is 1 January 1970.
    pub fn day(&self, time: i64) -> i64 {
        let day = self.local(time).div_euclid(DAY_LENGTH);
        // A day that has begun goes on where clocks go back over its midnight:
        // in Newfoundland until 2011, from 00:01 to 23:01 of the day before.
        day + i64::from(self.day_begin(day + 1) <= time)
    }

    /// The hour of the local week, from 0 for Monday 00:00 to 167.
    pub fn hour_of_week(&self, time: i64) -> usize {
        // 1 January 1970 was a Thursday.
        let hour = (self.local(time) + 3 * DAY_LENGTH).div_euclid(HOUR_LENGTH);
        hour.rem_euclid(168) as usize
    }

    /// The first instant of a local day: midnight, or later where the clocks
    /// go forward then. A day that the zone left out begins with the next one.
    pub fn day_begin(&self, day: i64) -> i64 {
        self.instant(day * DAY_LENGTH)
    }

    /// The first instant of the period that a time lies in.
    pub fn begin(&self, period: Period, time: i64) -> i64 {
        if period == Period::Hour {
            let (from, offset) = self.offsets(time, time)[0];
            return from.max(time - (time + offset).rem_euclid(HOUR_LENGTH));
        }
        self.day_begin(first_day(period, self.day(time)))
    }

    /// The first instant of the period after the one that a time lies in.
    pub fn end(&self, period: Period, time: i64) -> i64 {
        let longest = match period {
            Period::Hour => {
                let end = time + HOUR_LENGTH - self.local(time).rem_euclid(HOUR_LENGTH);
                // The clocks may change before.
                return self.offsets(time, end).get(1).map_or(end, |next| next.0);
            }
            Period::Day => 1,
            Period::Week => 7,
            Period::Month => 31,
        };
        // The longest month's length after a month's first day is in the next month.
        let next = first_day(period, self.day(time)) + longest;
        self.day_begin(first_day(period, next))
    }
}

/// The number of the first day of the period that a day lies in.
fn first_day(period: Period, day: i64) -> i64 {
    match period {
        Period::Hour | Period::Day => day,
        // Day 4 was a Monday.
        Period::Week => day - (day - 4).rem_euclid(7),
        Period::Month => {
            let date = i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days);
            day - date.map_or(0, |date| i64::from(date.day0()))
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

#[cfg(test)]
mod tests;
