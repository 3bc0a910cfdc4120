use activity_data::{Activity, Provenance};

/// A stretch in which nothing was recorded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// When the last window before the gap ended, in milliseconds since the epoch (UTC).
    pub begin: i64,
    /// When the first window after the gap began, in milliseconds since the epoch (UTC).
    pub end: i64,
    /// Whether documents of that time are there, and were left out.
    pub left_out: bool,
    pub(crate) provenance: Provenance,
}

/// Gaps: stretches in which nothing was recorded, in order.
///
/// A gap lies between two windows where the time from one's end to the other's
/// is clearly longer than two windows, by those around it; where a document says
/// when its window began, wherever that is after the end of the window before.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// // The sample has an outage of a day and one of two hours.
/// assert_eq!(aggregate::gaps(&Activity::sample()?).len(), 2);
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn gaps(activity: &Activity) -> Vec<Gap> {
    let gap = |gap: &activity_data::Gap| Gap {
        begin: gap.begin,
        end: gap.end,
        left_out: gap.kind == activity_data::GapKind::LeftOut,
        provenance: activity.provenance(),
    };
    activity.gaps().iter().map(gap).collect()
}

/// The usual length of a window: the median, in milliseconds (the upper one of an
/// even number). `None` for windows that all end at the same moment.
pub fn usual_length(activity: &Activity) -> Option<i64> {
    activity.usual_length()
}

/// Coverage: the share of the time from the first window's begin to the last
/// one's end that was recorded, from 0 to 1.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let coverage = aggregate::coverage(&Activity::sample()?);
/// assert!((coverage - 0.99).abs() < 0.005, "{coverage}");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn coverage(activity: &Activity) -> f64 {
    let length = |gap: &activity_data::Gap| gap.end - gap.begin;
    let (begin, end) = activity.span();
    let lost = activity.gaps().iter().map(length).sum::<i64>();
    match end - begin - activity.unseen().iter().map(length).sum::<i64>() {
        ..=0 => 1.0,
        all => 1.0 - lost as f64 / all as f64,
    }
}

/// Whether the last window isn't over: it ends after `now`, in milliseconds
/// since the epoch (UTC), or it is shorter than half the window before it.
pub(crate) fn last_is_running(activity: &Activity, now: i64) -> bool {
    let length = |index: usize| activity.ends()[index] - activity.begins()[index];
    let last = activity.len() - 1;
    let usual = activity.usual_length().unwrap_or(0);
    let is_short = length(last) > 0 && last > 0 && length(last) < usual.min(length(last - 1)) / 2;
    is_short || activity.ends()[last] > now
}

#[cfg(test)]
mod tests {
    use super::*;
    use activity_data::Windows;

    #[test]
    fn a_short_or_future_last_window_is_running() {
        let activity = Activity::sample().unwrap();
        let last = activity.len() - 1;
        let end = activity.ends()[last];
        assert!(!last_is_running(&activity, end));
        assert!(last_is_running(&activity, end - 1));
        let mut windows = Windows::take(activity.windows(), 0..=last);
        windows.ends[last] = windows.ends[last - 1] + 200_000;
        let activity = Activity::new(activity.origin().clone(), windows, Vec::new()).unwrap();
        assert!(last_is_running(&activity, end));
        assert!(!last_is_running(&activity.last_hours(0), end));
    }
}
