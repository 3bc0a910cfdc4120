use crate::Activity;

/// A stretch in which no window was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last window's end before the gap, in milliseconds since the epoch (UTC).
    pub from: i64,
    /// The first window's end after it, in milliseconds since the epoch (UTC).
    pub to: i64,
}

/// The usual time from one window's end to the next: the median of all, in
/// milliseconds (the upper one of an even number). Windows that end at the same
/// moment count once. `None` if all do.
pub fn median_interval(activity: &Activity) -> Option<i64> {
    median(activity.times())
}

fn median(times: &[i64]) -> Option<i64> {
    let mut intervals: Vec<i64> = times
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|&interval| interval > 0)
        .collect();
    let middle = intervals.len() / 2;
    (!intervals.is_empty()).then(|| *intervals.select_nth_unstable(middle).1)
}

/// Gaps: where one window's end follows the last by more than twice the
/// [median interval](median_interval).
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// // The sample has two outages.
/// assert_eq!(aggregate::gaps(&Activity::sample()?).len(), 2);
/// # Ok::<(), analysis_lib::Error>(())
/// ```
pub fn gaps(activity: &Activity) -> Vec<Gap> {
    let limit = median_interval(activity).unwrap_or(0).saturating_mul(2);
    longer_than(activity.times(), limit)
}

/// The stretches from one time to the next that are longer than this.
pub(crate) fn longer_than(times: &[i64], limit: i64) -> Vec<Gap> {
    let pairs = times.windows(2).filter(|pair| pair[1] - pair[0] > limit);
    pairs
        .map(|pair| Gap {
            from: pair[0],
            to: pair[1],
        })
        .collect()
}

/// Coverage: the share of expected windows that were recorded, from 0 to 1.
///
/// Expected is one window a [median interval](median_interval) from the first
/// window's end to the last one's; a stretch up to twice that long counts as
/// one window, a [gap](gaps) as all that it is long enough for.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let coverage = aggregate::coverage(&Activity::sample()?);
/// assert!((coverage - 0.99).abs() < 0.005, "{coverage}");
/// # Ok::<(), analysis_lib::Error>(())
/// ```
pub fn coverage(activity: &Activity) -> f64 {
    let Some(usual) = median_interval(activity) else {
        return 1.0;
    };
    let missed: i64 = gaps(activity)
        .iter()
        // Half up: a gap of 2.5 windows' length has lost two of three.
        .map(|gap| (gap.to - gap.from + usual / 2) / usual - 1)
        .sum();
    let recorded = activity.len() as f64;
    recorded / (recorded + missed as f64)
}

/// Whether the last window isn't over: it ends after `now`, in milliseconds
/// since the epoch (UTC), or it is shorter than half the median interval.
pub(crate) fn last_is_running(activity: &Activity, now: i64) -> bool {
    let times = activity.times();
    let (last, before) = (times.len() - 1, times.len().saturating_sub(2));
    let length = times[last] - times[before];
    times[last] > now
        || median_interval(activity).is_some_and(|usual| length < usual / 2 && length > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::Windows;

    #[test]
    fn windows_that_end_together_are_no_interval() {
        assert_eq!(median(&[0]), None);
        assert_eq!(median(&[5, 5, 5]), None);
        assert_eq!(median(&[0, 0, 0, 0, 10, 20, 60]), Some(10));
    }

    #[test]
    fn a_short_or_future_last_window_is_running() {
        let activity = Activity::sample().unwrap();
        let last = activity.len() - 1;
        let end = activity.times()[last];
        assert!(!last_is_running(&activity, end));
        assert!(last_is_running(&activity, end - 1));
        let mut windows = Windows::clone(&activity.windows);
        windows.times[last] = windows.times[last - 1] + 200_000;
        let activity = Activity::new(activity.origin().clone(), windows, Vec::new()).unwrap();
        assert!(last_is_running(&activity, end));
        assert!(!last_is_running(&activity.last_hours(0), end));
    }
}
