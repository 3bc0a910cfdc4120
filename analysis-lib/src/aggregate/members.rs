use crate::{Activity, MemberId};
use activity_data::Provenance;

/// What one member sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MemberTotal {
    /// The member's Discord id.
    pub id: MemberId,
    /// Messages in all windows.
    pub messages: u64,
    pub(crate) provenance: Provenance,
}

/// Messages by member, the most first; members with as many in order of their
/// id. Members without a message in these windows are left out.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let totals = aggregate::messages_by_member(&Activity::sample()?);
/// assert!(totals[0].messages >= totals[1].messages);
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn messages_by_member(activity: &Activity) -> Vec<MemberTotal> {
    let mut messages = vec![0; activity.members().len()];
    let windows = activity.windows();
    for (&member, &sent) in windows.sender.iter().zip(&windows.sent) {
        messages[member as usize] += u64::from(sent);
    }
    let totals = activity.members().iter().zip(messages);
    let total = |(&id, messages)| MemberTotal {
        id,
        messages,
        provenance: activity.provenance(),
    };
    let mut totals: Vec<MemberTotal> = totals.map(total).collect();
    totals.retain(|total| total.messages > 0);
    totals.sort_unstable_by_key(|total| (std::cmp::Reverse(total.messages), total.id));
    totals
}
