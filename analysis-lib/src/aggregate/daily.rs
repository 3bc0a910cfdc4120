use super::median_interval;
use crate::Activity;
use crate::calendar::{DAY, Offsets};

/// One calendar day of the configured zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// Its first instant, in milliseconds since the epoch (UTC).
    pub start: i64,
    /// The next day's first instant, in milliseconds since the epoch (UTC):
    /// 23 or 25 hours later where clocks change.
    pub end: i64,
    /// Messages in the day's windows.
    pub messages: u64,
    /// The share of expected windows that were recorded, from 0 to 1.
    pub coverage: f64,
    /// Whether the windows reach the day's end.
    pub over: bool,
}

/// Message volume by calendar day of the configured zone, from the first
/// window's day to the last one's, days without a window included.
///
/// A window counts for the day that its middle falls into; it is taken to be
/// as long as the [median interval](median_interval), but at most a day.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let days = aggregate::daily_messages(&Activity::sample()?);
/// // The sample's first outage is a night.
/// assert!(days.iter().any(|day| day.coverage < 0.9));
/// # Ok::<(), analysis_lib::Error>(())
/// ```
pub fn daily_messages(activity: &Activity) -> Vec<Day> {
    // Of windows longer than a day no part is known to be another day's.
    let usual = median_interval(activity).unwrap_or(0).min(DAY);
    let times = activity.times();
    let (first, last) = (times[0], times[times.len() - 1]);
    let offsets = Offsets::between(activity.origin().timezone(), first, last);
    // (days since 1970, messages, windows), of days with windows.
    let mut sums: Vec<(i64, u64, i64)> = Vec::new();
    let mut before = None;
    for (&time, &messages) in times.iter().zip(activity.message_volume()) {
        let day = offsets.day(time - usual / 2);
        // In an hour that comes twice local time runs back; a day doesn't.
        if sums.last().is_none_or(|last| last.0 < day) {
            sums.push((day, 0, 0));
        }
        let sum = sums.last_mut().expect("one was pushed");
        sum.1 += u64::from(messages);
        sum.2 += i64::from(before != Some(time));
        before = Some(time);
    }
    let mut days = Vec::new();
    let mut with_windows = sums.iter().peekable();
    let (Some(&(first_day, ..)), Some(&(last_day, ..))) = (sums.first(), sums.last()) else {
        return days;
    };
    for day in first_day..=last_day {
        let sum = with_windows.next_if(|sum| sum.0 == day);
        let (start, end) = (offsets.day_start(day), offsets.day_start(day + 1));
        if start == end {
            // The zone left this day out.
            continue;
        }
        let (messages, windows) = sum.map_or((0, 0), |&(_, messages, windows)| (messages, windows));
        days.push(Day {
            start,
            end,
            messages,
            coverage: ((windows * usual) as f64 / (end - start) as f64).min(1.0),
            over: last.saturating_add(usual / 2) >= end,
        });
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Activity {
        crate::source::sample::activity(chrono_tz::US::Eastern).unwrap()
    }

    #[test]
    fn days_are_as_long_as_local_clocks_make_them() {
        let days = daily_messages(&sample());
        let hours: Vec<i64> = days
            .iter()
            .map(|day| (day.end - day.start) / 3_600_000)
            .collect();
        // 8 March 2026 in US/Eastern.
        assert_eq!(hours.iter().position(|&hours| hours == 23), Some(27));
        assert_eq!(hours.iter().filter(|&&hours| hours == 24).count(), 56);
        assert!(days.windows(2).all(|pair| pair[0].end == pair[1].start));
    }

    #[test]
    fn no_message_is_lost() {
        let activity = sample();
        let days = daily_messages(&activity);
        let all: u64 = activity
            .message_volume()
            .iter()
            .copied()
            .map(u64::from)
            .sum();
        assert_eq!(days.iter().map(|day| day.messages).sum::<u64>(), all);
    }

    #[test]
    fn a_day_that_is_not_over_says_so() {
        let activity = sample().last_hours(30);
        let days = daily_messages(&activity);
        let whole: Vec<(bool, bool)> = days
            .iter()
            .map(|day| (day.coverage > 0.99, day.over))
            .collect();
        // Saturday evening, the whole of Sunday, an hour of Monday.
        assert_eq!(whole, [(false, true), (true, true), (false, false)]);
    }
}
