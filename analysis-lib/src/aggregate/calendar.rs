//! Local days and hours.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Tells local times of many ascending times quickly: between two changes of
/// clocks the offset stays.
pub(super) struct LocalClock {
    zone: Tz,
    /// Where `offset` is known to hold.
    known: std::ops::Range<i64>,
    offset: i64,
}

impl LocalClock {
    pub(super) fn new(zone: Tz) -> Self {
        Self {
            zone,
            known: 0..0,
            offset: 0,
        }
    }

    /// Milliseconds since 1 January 1970 on local clocks.
    pub(super) fn local(&mut self, time: i64) -> i64 {
        if self.known.contains(&time) {
            return time + self.offset;
        }
        // No zone changes its clocks there and back within six hours.
        let start = time.div_euclid(6 * HOUR) * 6 * HOUR;
        let (offset, later) = (self.offset(start), self.offset(start + 6 * HOUR));
        if offset != later {
            return time + self.offset(time);
        }
        self.offset = offset;
        self.known = start..start + 6 * HOUR;
        time + offset
    }

    fn offset(&self, time: i64) -> i64 {
        let utc = DateTime::from_timestamp_millis(time).unwrap_or_default();
        let offset = self.zone.offset_from_utc_datetime(&utc.naive_utc());
        i64::from(offset.fix().local_minus_utc()) * 1000
    }
}

/// The date, this many days after 1 January 1970.
pub(super) fn date(day: i64) -> Option<NaiveDate> {
    DateTime::from_timestamp_millis(day.checked_mul(DAY)?).map(|time| time.date_naive())
}

/// A local day's first instant, in milliseconds since the epoch (UTC): midnight,
/// or where clocks skip that, the moment they go on from. None of a day that
/// the zone left out altogether.
pub(crate) fn day_start(zone: Tz, date: NaiveDate) -> Option<i64> {
    // No change of clocks is at an odd quarter of an hour.
    (0..96).find_map(|quarter| {
        let time = NaiveTime::from_hms_opt(quarter / 4, quarter % 4 * 15, 0)?;
        match zone.from_local_datetime(&date.and_time(time)) {
            LocalResult::None => None,
            LocalResult::Single(first) | LocalResult::Ambiguous(first, _) => {
                Some(first.timestamp_millis())
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quick way must give what chrono gives, around every change of clocks.
    #[test]
    fn local_times_are_chronos() {
        for zone in [
            Tz::US__Eastern,
            Tz::Europe__London,
            Tz::Asia__Kolkata,
            Tz::Australia__Lord_Howe,
        ] {
            let mut clock = LocalClock::new(zone);
            // The year 2026 in steps of 13 minutes and a bit.
            for time in (1_767_225_600_000..1_798_761_600_000).step_by(800_003) {
                let utc = DateTime::from_timestamp_millis(time).unwrap();
                let local = utc
                    .with_timezone(&zone)
                    .naive_local()
                    .and_utc()
                    .timestamp_millis();
                assert_eq!(clock.local(time), local, "{zone} {utc}");
            }
        }
    }

    #[test]
    fn a_day_without_midnight_starts_later() {
        // Lebanon's clocks went from 00:00 to 01:00 on 30 March 2025.
        let date = NaiveDate::from_ymd_opt(2025, 3, 30).unwrap();
        let start = day_start(Tz::Asia__Beirut, date).unwrap();
        let local = Tz::Asia__Beirut.timestamp_millis_opt(start).unwrap();
        assert_eq!(local.to_rfc3339(), "2025-03-30T01:00:00+03:00");
        // Samoa had no 30 December 2011.
        let date = NaiveDate::from_ymd_opt(2011, 12, 30).unwrap();
        assert_eq!(day_start(Tz::Pacific__Apia, date), None);
    }
}
