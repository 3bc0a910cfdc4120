//! Hours and days of a time zone, as arithmetic on instants.

use chrono::{Offset, TimeZone, Utc};
use chrono_tz::Tz;

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;

/// The zone's rules end here: chrono-tz knows no change after 2100.
const LAST: i64 = 4_133_980_800_000;

/// A zone's offsets from UTC: finding one takes less than asking chrono-tz, and
/// MongoDB computes with the same ones, so that a server's older rules make no
/// difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offsets {
    /// From when on (milliseconds since the epoch), and how many milliseconds
    /// local time is ahead of UTC. The first holds for all times before, too.
    pub(crate) changes: Vec<(i64, i64)>,
}

impl Offsets {
    /// Those since 1970.
    pub(crate) fn of(timezone: Tz) -> Self {
        Self::between(timezone, 0, LAST)
    }

    /// Those from one time to another, and for two days around them: a day may
    /// be left out, and the next one still begins there.
    pub(crate) fn between(timezone: Tz, from: i64, to: i64) -> Self {
        let offset = |time: i64| {
            let utc = Utc.timestamp_millis_opt(time).single().unwrap_or_default();
            i64::from(
                timezone
                    .offset_from_utc_datetime(&utc.naive_utc())
                    .fix()
                    .local_minus_utc(),
            ) * 1_000
        };
        let (from, to) = (from.max(0) - 2 * DAY, (to + 2 * DAY).min(LAST));
        let mut changes = vec![(from, offset(from))];
        // No zone changed twice within half a day and ended as it was.
        for day in (from..to).step_by(DAY as usize / 2) {
            let mut from = day;
            while offset(from) != offset(day + DAY / 2) {
                // The first instant with another offset than `from`'s.
                let (mut same, mut other) = (from, day + DAY / 2);
                while other - same > 1_000 {
                    let middle = same + (other - same) / 2_000 * 1_000;
                    if offset(middle) == offset(from) {
                        same = middle;
                    } else {
                        other = middle;
                    }
                }
                changes.push((other, offset(other)));
                from = other;
            }
        }
        Self { changes }
    }

    /// Milliseconds since 1 January 1970 on local clocks.
    pub(crate) fn local(&self, time: i64) -> i64 {
        time + self.at(time)
    }

    fn at(&self, time: i64) -> i64 {
        let after = self.changes.partition_point(|&(from, _)| from <= time);
        self.changes[after.saturating_sub(1)].1
    }

    /// Whether clocks go back between these times, so that some local times
    /// come twice.
    pub(crate) fn go_back(&self, from: i64, to: i64) -> bool {
        self.changes.windows(2).any(|pair| {
            let ((_, before), (change, after)) = (pair[0], pair[1]);
            after < before && (from..to).contains(&change)
        })
    }

    /// When the local hour of this time began, without a change of the clocks
    /// in it. When the clocks go back, the hour that comes twice is two.
    pub(crate) fn hour(&self, time: i64) -> i64 {
        time - self.local(time).rem_euclid(HOUR)
    }

    /// The number of the local day of this time; 0 is 1 January 1970.
    pub(crate) fn day(&self, time: i64) -> i64 {
        self.local(time).div_euclid(DAY)
    }

    /// The instant at which clocks show this local time (milliseconds since
    /// 1970 on the clock): the first of two, and where the clocks skip it, the
    /// moment when they do.
    pub(crate) fn instant(&self, local: i64) -> i64 {
        // No clock is a day ahead or behind, so changes before that don't count.
        let past = self
            .changes
            .partition_point(|&(from, _)| from <= local - DAY);
        for index in past.saturating_sub(1)..self.changes.len() {
            let (from, offset) = self.changes[index];
            let from = if index == 0 { i64::MIN } else { from };
            let end = self.changes.get(index + 1);
            let instant = from.max(local - offset);
            if end.is_none_or(|&(end, _)| instant < end) {
                return instant;
            }
        }
        local
    }

    /// The first instant of a local day: midnight, or later where the clocks
    /// go forward then. A day that the zone left out begins with the next one.
    pub(crate) fn day_start(&self, day: i64) -> i64 {
        self.instant(day * DAY)
    }
}

/// [`Offsets::day_start`] of one day.
pub(crate) fn day_start(timezone: Tz, day: i64) -> i64 {
    Offsets::between(timezone, day * DAY, day * DAY).day_start(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONES: [&str; 8] = [
        "US/Eastern",
        "Asia/Baghdad",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/Sao_Paulo",
        "America/Havana",
        "Pacific/Apia",
        "UTC",
    ];

    /// The table must say what chrono-tz says, at every hour of a century.
    #[test]
    fn offsets_are_the_zones() {
        for zone in ZONES {
            let zone: Tz = zone.parse().unwrap();
            let offsets = Offsets::of(zone);
            for time in (0..LAST).step_by(HOUR as usize / 2 - 1_000) {
                let utc = Utc.timestamp_millis_opt(time).unwrap().naive_utc();
                let expected = zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
                assert_eq!(
                    offsets.at(time),
                    i64::from(expected) * 1_000,
                    "{zone} {time}"
                );
            }
        }
    }

    /// Clocks that change at midnight make days that begin at 1:00, or twice.
    #[test]
    fn days_begin_at_their_first_instant() {
        for zone in ZONES {
            let offsets = Offsets::of(zone.parse().unwrap());
            for time in (1_200_000_000_000..1_600_000_000_000).step_by(7 * HOUR as usize) {
                let day = offsets.day(time);
                let start = offsets.day_start(day);
                assert!(start <= time && time - start < 2 * DAY, "{zone} {time}");
                assert_eq!(offsets.day(start), day, "{zone} {time}");
                assert_ne!(offsets.day(start - 1), day, "{zone} {time}");
                assert_eq!(day_start(zone.parse().unwrap(), day), start);
            }
        }
    }

    #[test]
    fn a_day_without_midnight_starts_later() {
        let day = |date: &str| {
            let date: chrono::NaiveDate = date.parse().unwrap();
            date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp() * 1_000 / DAY
        };
        // Lebanon's clocks went from 00:00 to 01:00 on 30 March 2025.
        let start = day_start(Tz::Asia__Beirut, day("2025-03-30"));
        let local = Tz::Asia__Beirut.timestamp_millis_opt(start).unwrap();
        assert_eq!(local.to_rfc3339(), "2025-03-30T01:00:00+03:00");
        // Samoa had no 30 December 2011.
        let start = day_start(Tz::Pacific__Apia, day("2011-12-30"));
        assert_eq!(start, day_start(Tz::Pacific__Apia, day("2011-12-31")));
    }

    /// A part of the table must say what the whole one does.
    #[test]
    fn offsets_between_are_those_since_1970() {
        for zone in ZONES {
            let zone: Tz = zone.parse().unwrap();
            let all = Offsets::of(zone);
            for from in (0..LAST).step_by(400 * DAY as usize) {
                let some = Offsets::between(zone, from, from + 30 * DAY);
                for time in (from..from + 30 * DAY).step_by(HOUR as usize / 2) {
                    assert_eq!(some.local(time), all.local(time), "{zone} {time}");
                }
            }
        }
    }
}
