//! Times as people and programs write them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Timelike};

use super::{Error, Result, Zone};

impl Zone {
    /// A time as CSV has it, on local clocks and in UTC, with milliseconds where it
    /// has any: `2026-03-01T14:30:00-05:00,2026-03-01T19:30:00+00:00`.
    pub fn iso(&self, time: i64) -> String {
        let utc = DateTime::from_timestamp_millis(time).unwrap_or_default();
        let format = match utc.nanosecond() {
            0 => "%Y-%m-%dT%H:%M:%S%:z",
            _ => "%Y-%m-%dT%H:%M:%S%.3f%:z",
        };
        let local = self.from_utc_datetime(&utc.naive_utc());
        format!("{},{}", local.format(format), utc.format(format))
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
        let local = NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .and_then(|date| date.and_hms_opt(0, 0, 0))
            .or_else(|| {
                [
                    "%Y-%m-%d %H:%M",
                    "%Y-%m-%d %H:%M:%S",
                    "%Y-%m-%dT%H:%M",
                    "%Y-%m-%dT%H:%M:%S",
                ]
                .iter()
                .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            })
            .ok_or_else(|| {
                Error::new(format!(
                    "{text:?} is not a time; write 2026-03-01, 2026-03-01 14:30 or 2026-03-01T14:30:00Z"
                ))
            })?;
        Ok(self.instant(local.and_utc().timestamp_millis()))
    }
}
