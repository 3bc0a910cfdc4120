use crate::data::{Activity, DAY_LENGTH, HOUR, HOUR_LENGTH, WHOLE};

/// An hour of local clocks that was recorded from begin to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct WholeHour {
    /// When it began, in milliseconds since the epoch (UTC).
    pub(super) start: i64,
    /// Hour of the local week, from 0 for Monday 00:00 to 167.
    pub(super) of_week: usize,
    pub(super) messages: u64,
    /// Mean online members.
    pub(super) online: f64,
}

/// The whole hours, in order. Parts of an hour in which clocks change are none.
pub(super) fn whole_hours(activity: &Activity) -> Vec<WholeHour> {
    if !are_within_hours(activity) {
        return Vec::new();
    }
    let zone = activity.origin().timezone();
    // Who sent what isn't asked for, and takes the longest to merge.
    let hours = activity.without(|_| true).every(HOUR);
    let whole = (0..hours.len()).filter(|&i| {
        hours.coverage()[i] >= WHOLE && hours.ends()[i] - hours.starts()[i] == HOUR_LENGTH
    });
    whole
        .map(|i| {
            let start = hours.starts()[i];
            // 1 January 1970 was a Thursday.
            let hour = (zone.local(start) + 3 * DAY_LENGTH).div_euclid(HOUR_LENGTH);
            WholeHour {
                start,
                of_week: hour.rem_euclid(168) as usize,
                messages: hours.messages()[i],
                online: hours.online_mean()[i],
            }
        })
        .collect()
}

/// Whether windows are short enough to say what an hour brought: of longer ones,
/// some hours have none though all was recorded.
pub(super) fn are_within_hours(activity: &Activity) -> bool {
    activity.usual_length().unwrap_or(0) <= HOUR_LENGTH + HOUR_LENGTH / 10
}
