use activity_data::{Activity, HOUR, HOUR_LENGTH, WHOLE};

/// An hour of local clocks that was recorded from begin to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct WholeHour {
    /// When it began, in milliseconds since the epoch (UTC).
    pub(super) start: i64,
    /// Hour of the local week, from 0 for Monday 00:00 to 167.
    pub(super) of_week: usize,
    pub(super) messages: u64,
    /// Mean online members; no number where they aren't known.
    pub(super) online: f64,
}

/// The whole hours, in order. Parts of an hour in which clocks change are none.
pub(super) fn whole_hours(activity: &Activity) -> Vec<WholeHour> {
    if !are_within_hours(activity) {
        return Vec::new();
    }
    let zone = activity.origin().timezone();
    let hours = activity.totals(HOUR);
    let whole = (0..hours.len()).filter(|&i| {
        hours.coverage()[i] >= WHOLE && hours.ends()[i] - hours.begins()[i] == HOUR_LENGTH
    });
    whole
        .map(|i| {
            let start = hours.begins()[i];
            WholeHour {
                start,
                of_week: zone.hour_of_week(start),
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
