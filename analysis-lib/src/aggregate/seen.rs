use std::collections::HashMap;

use super::messages_by_member;
use crate::MemberId;
use activity_data::{Activity, DAY, Provenance};

/// When one member wrote.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The member's Discord id.
    pub id: MemberId,
    /// Messages in all windows.
    pub messages: u64,
    /// The middle of the first window with a message of the member, in
    /// milliseconds since the epoch (UTC).
    pub first: i64,
    /// The middle of the last such window.
    pub last: i64,
    /// Local days with a message of the member.
    pub days: u64,
    /// Local days from the day of `last` to the day of the last window of all; 0
    /// for who wrote on that day.
    pub days_ago: i64,
    pub(crate) provenance: Provenance,
}

/// When each member wrote first and last, and on how many days, in the order of
/// [`messages_by_member`].
///
/// A message was sent some time in its window; the window's middle, which also
/// says the day that the window belongs to, is at most half a window off. Days
/// since the last message are counted to the data's last window, not to now.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let seen = aggregate::seen(&Activity::sample()?);
/// assert!(seen.iter().all(|member| member.first <= member.last));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn seen(activity: &Activity) -> Vec<Seen> {
    let days = activity.every(DAY);
    let zone = activity.origin().timezone();
    let newest = zone.day(days.begins()[days.len() - 1]);
    let count = activity.members().len();
    let (mut first, mut last) = (vec![i64::MAX; count], vec![i64::MIN; count]);
    for window in 0..activity.len() {
        let middle = activity.middle(window);
        for (member, _) in activity.senders(window) {
            first[member] = first[member].min(middle);
            last[member] = last[member].max(middle);
        }
    }
    let mut on_days = HashMap::<MemberId, u64>::new();
    for (member, _) in (0..days.len()).flat_map(|day| days.senders(day)) {
        *on_days.entry(days.members()[member]).or_default() += 1;
    }
    let index: HashMap<MemberId, usize> = activity.members().iter().copied().zip(0..).collect();
    let seen = messages_by_member(activity).into_iter().map(|total| {
        let member = index[&total.id];
        Seen {
            id: total.id,
            messages: total.messages,
            first: first[member],
            last: last[member],
            days: on_days[&total.id],
            days_ago: newest - zone.day(last[member]),
            provenance: total.provenance,
        }
    });
    seen.collect()
}
