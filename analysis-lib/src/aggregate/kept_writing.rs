use super::Survival;
use activity_data::{Activity, DAY_LENGTH};

/// So much recorded time without a message is an end.
const PAUSE: i64 = 28 * DAY_LENGTH;

/// How long members keep writing: from a member's first message to the last one
/// before 28 days of recorded time without one.
///
/// Times are windows' ends, and their days are 24 hours by the clock, gaps included;
/// only the 28 days are recorded time, the windows between two messages. Who wrote
/// once stayed 0 days, so the share may begin below 1. An end can't be seen in the
/// record's last 28 recorded days: who has none is known of until they begin, and who
/// wrote first after that isn't in the curve. Nor is who wrote in the record's first
/// 28 recorded days, and may have written before.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let wrote = aggregate::kept_writing(&Activity::sample()?);
/// assert!(wrote.share.is_sorted_by(|one, next| one >= next));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn kept_writing(activity: &Activity) -> Survival {
    let (ends, recorded) = (activity.ends(), recorded(activity));
    let all = recorded[recorded.len() - 1];
    let ends_are_seen = recorded.partition_point(|&own| own + PAUSE <= all);
    let Some(last_seen) = ends_are_seen.checked_sub(1) else {
        return Survival::default();
    };
    // Of each member the windows of the first message and of the last before a pause,
    // and whether that has come.
    let mut spells: Vec<Option<(usize, usize, bool)>> = vec![None; activity.members().len()];
    for window in 0..activity.len() {
        for (member, _) in activity.senders(window) {
            let (_, last, is_over) = spells[member].get_or_insert((window, window, false));
            *is_over |= *last < window && recorded[window - 1] - recorded[*last] >= PAUSE;
            if !*is_over {
                *last = window;
            }
        }
    }
    let is_in =
        |&(first, _, _): &(usize, usize, bool)| recorded[first] > PAUSE && first <= last_seen;
    let spells = spells.into_iter().flatten().filter(is_in);
    let times = spells.map(|(first, last, _)| {
        // A pause after any window up to `last_seen` has been seen to its end.
        (ends[last.min(last_seen)] - ends[first], last <= last_seen)
    });
    Survival::of(times.collect())
}

/// The time that was recorded up to each window's end, in milliseconds.
fn recorded(activity: &Activity) -> Vec<i64> {
    let (mut sum, mut before) = (0, i64::MIN);
    let windows = activity.begins().iter().zip(activity.ends());
    let recorded = windows.map(|(&begin, &end)| {
        sum += end - begin.max(before);
        before = end;
        sum
    });
    recorded.collect()
}
