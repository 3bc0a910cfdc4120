//! Hours, days, weeks and months of a time zone, as arithmetic on instants.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use super::Zone;

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

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    /// Hours with changes of clocks by an hour, by half an hour, at midnight, and
    /// not at all; with a day left out (Apia), and with clocks that go back over
    /// a day's beginning (St_Johns, until 2011).
    const CHANGING: [&str; 8] = [
        "US/Eastern",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Asia/Kolkata",
        "Pacific/Apia",
        "Asia/Beirut",
        "America/St_Johns",
        "Asia/Pyongyang",
    ];

    fn zone(name: &str) -> Zone {
        Zone::built_in(name, None).unwrap()
    }

    fn utc(text: &str) -> i64 {
        let time = chrono::DateTime::parse_from_rfc3339(text);
        time.unwrap().timestamp_millis()
    }

    /// The starts of the periods from one time to another, as clocks show them.
    fn starts(name: &str, period: Period, from: &str, to: &str) -> Vec<String> {
        let zone = zone(name);
        let (mut start, to) = (zone.begin(period, utc(from)), utc(to));
        let mut starts = Vec::new();
        while start < to {
            let local = zone.timestamp_millis_opt(start).unwrap();
            starts.push(local.format("%-d %b %H:%M %Z").to_string());
            start = zone.end(period, start);
        }
        starts
    }

    /// No time is in two periods or in none, whichever of its times is asked for.
    #[test]
    fn periods_tile_time() {
        for name in CHANGING {
            let zone = zone(name);
            for period in [Period::Hour, Period::Day, Period::Week, Period::Month] {
                let place = |time: i64| format!("{period} of {name} at {time}");
                let mut start = zone.begin(period, utc("2006-01-01T00:00:00Z"));
                let longest = match period {
                    Period::Hour => HOUR_LENGTH,
                    Period::Day => 25 * HOUR_LENGTH,
                    Period::Week => 7 * DAY_LENGTH + HOUR_LENGTH,
                    Period::Month => 31 * DAY_LENGTH + HOUR_LENGTH,
                };
                while start < utc("2028-01-01T00:00:00Z") {
                    let end = zone.end(period, start);
                    assert!(start < end && end - start <= longest, "{}", place(start));
                    for time in [start, start + (end - start) / 3, end - 1] {
                        assert_eq!(zone.begin(period, time), start, "{}", place(time));
                        assert_eq!(zone.end(period, time), end, "{}", place(time));
                    }
                    start = end;
                }
            }
        }
    }

    /// A period begins where clocks say that it does, but for what they skip.
    #[test]
    fn periods_begin_with_their_first_hour_and_day() {
        let mut odd = Vec::new();
        for name in CHANGING {
            let zone = zone(name);
            for period in [Period::Day, Period::Week, Period::Month] {
                let mut start = zone.begin(period, utc("2011-12-01T00:00:00Z"));
                while start < utc("2028-01-01T00:00:00Z") {
                    let local = zone.timestamp_millis_opt(start).unwrap();
                    let round = match period {
                        Period::Hour | Period::Day => true,
                        Period::Week => local.weekday() == chrono::Weekday::Mon,
                        Period::Month => local.day() == 1,
                    };
                    if !round || local.time() != chrono::NaiveTime::MIN {
                        odd.push(local.format("%a %-d %b %Y %H:%M").to_string());
                    }
                    start = zone.end(period, start);
                }
            }
            // Clocks that skip midnight, where they do.
            odd.dedup();
            assert!(
                odd.iter()
                    .all(|time| time.ends_with(" 01:00") && time.starts_with("Sun")),
                "{name}: {odd:?}"
            );
        }
        assert!(
            odd.iter().any(|time| time == "Sun 30 Mar 2025 01:00"),
            "{odd:?}"
        );
    }

    #[test]
    fn hours_are_those_of_clocks_around_changes() {
        // 01:00 comes twice.
        assert_eq!(
            starts(
                "US/Eastern",
                Period::Hour,
                "2026-11-01T04:30:00Z",
                "2026-11-01T07:30:00Z"
            ),
            [
                "1 Nov 00:00 EDT",
                "1 Nov 01:00 EDT",
                "1 Nov 01:00 EST",
                "1 Nov 02:00 EST"
            ]
        );
        assert_eq!(
            starts(
                "US/Eastern",
                Period::Hour,
                "2026-03-08T06:59:00Z",
                "2026-03-08T08:30:00Z"
            ),
            ["8 Mar 01:00 EST", "8 Mar 03:00 EDT", "8 Mar 04:00 EDT"]
        );
        // Clocks change by half an hour at 02:00, which divides an hour.
        assert_eq!(
            starts(
                "Australia/Lord_Howe",
                Period::Hour,
                "2026-04-04T14:10:00Z",
                "2026-04-04T16:00:00Z"
            ),
            ["5 Apr 01:00 +11", "5 Apr 01:30 +1030", "5 Apr 02:00 +1030"]
        );
        assert_eq!(
            starts(
                "Australia/Lord_Howe",
                Period::Hour,
                "2026-10-03T15:00:00Z",
                "2026-10-03T17:00:00Z"
            ),
            ["4 Oct 01:00 +1030", "4 Oct 02:30 +11", "4 Oct 03:00 +11"]
        );
    }

    #[test]
    fn a_day_that_the_zone_left_out_has_no_period() {
        let days = starts(
            "Pacific/Apia",
            Period::Day,
            "2011-12-29T12:00:00Z",
            "2012-01-01T00:00:00Z",
        );
        assert_eq!(
            days,
            ["29 Dec 00:00 -10", "31 Dec 00:00 +14", "1 Jan 00:00 +14"]
        );
        let week = starts(
            "Pacific/Apia",
            Period::Week,
            "2011-12-31T12:00:00Z",
            "2012-01-02T00:00:00Z",
        );
        assert_eq!(week, ["26 Dec 00:00 -10", "2 Jan 00:00 +14"]);
        let zone = zone("Pacific/Apia");
        let monday = utc("2011-12-26T10:00:00Z");
        assert_eq!(zone.end(Period::Week, monday) - monday, 6 * DAY_LENGTH);
    }

    #[test]
    fn months_have_their_lengths() {
        let zone = zone("Asia/Kolkata");
        let mut start = zone.begin(Period::Month, utc("2024-01-15T00:00:00Z"));
        let lengths = std::iter::repeat_with(|| {
            let end = zone.end(Period::Month, start);
            (end - std::mem::replace(&mut start, end)) / DAY_LENGTH
        });
        let lengths: Vec<i64> = lengths.take(12).collect();
        assert_eq!(lengths, [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
    }

    #[test]
    fn local_times_are_found_again() {
        for name in CHANGING {
            let zone = zone(name);
            for time in
                (utc("2006-01-01T00:00:00Z")..utc("2028-01-01T00:00:00Z")).step_by(29 * 60_000 * 60)
            {
                let instant = zone.instant(zone.local(time));
                assert!(
                    instant <= time && zone.local(instant) == zone.local(time),
                    "{name} {time}"
                );
            }
        }
        // New York skips 02:30 and shows 01:30 twice.
        let eastern = zone("US/Eastern");
        assert_eq!(
            eastern.instant(utc("2026-03-08T02:30:00Z")),
            utc("2026-03-08T07:00:00Z")
        );
        assert_eq!(
            eastern.instant(utc("2026-11-01T01:30:00Z")),
            utc("2026-11-01T05:30:00Z")
        );
    }

    #[test]
    fn clocks_that_go_back_are_noticed() {
        let zone = zone("US/Eastern");
        let change = utc("2026-11-01T06:00:00Z");
        assert!(zone.go_back(change, change + 1));
        assert!(!zone.go_back(change - HOUR_LENGTH, change));
        assert!(!zone.go_back(change + 1, change + HOUR_LENGTH));
        let forward = utc("2026-03-08T07:00:00Z");
        assert!(!zone.go_back(forward - HOUR_LENGTH, forward + HOUR_LENGTH));
    }
}
