use std::cmp::Reverse;

use crate::{Activity, MemberId, Names};
use activity_data::Provenance;
use activity_data::text::counted;

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
    totals.sort_unstable_by_key(|total| (Reverse(total.messages), total.id));
    totals
}

/// A member as figures and tables show it, or all hidden members together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownMember {
    /// What to show: see [`Names::show`]. For hidden members `hidden (3 members)`.
    pub name: String,
    /// The member's Discord id; `None` for hidden members.
    pub id: Option<MemberId>,
    /// Messages in all windows.
    pub messages: u64,
}

/// Messages by member, as they may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownMembers {
    /// The most messages first; those with as many in order of their id, hidden
    /// members before them.
    pub members: Vec<ShownMember>,
    /// How many bots are left out, with `HIDE_BOTS=yes`.
    pub bots: usize,
    /// Messages of the bots that are left out.
    pub bot_messages: u64,
}

/// [`messages_by_member`], with names, and without those who are not to be
/// shown.
///
/// All members of `HIDDEN_MEMBERS` are one entry without a name, and with
/// `HIDE_BOTS=yes` bots are left out and counted: the messages of all entries
/// and `bot_messages` together are those of all members.
///
/// ```
/// use analysis_lib::{Activity, Names, aggregate};
///
/// let activity = Activity::sample()?;
/// let shown = aggregate::shown_members(&activity, &Names::load(&activity)?);
/// assert_eq!(shown.members[0].name, "Aster");
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn shown_members(activity: &Activity, names: &Names) -> ShownMembers {
    let is_bot = |own: &MemberTotal| names.hides_bots() && names.is_bot(own.id);
    let is_hidden = |own: &MemberTotal| names.is_hidden(own.id);
    let totals = messages_by_member(activity).into_iter();
    let (bots, people): (Vec<_>, Vec<_>) = totals.partition(is_bot);
    let (hidden, known): (Vec<_>, Vec<_>) = people.into_iter().partition(is_hidden);
    let sum = |own: &[MemberTotal]| own.iter().map(|total| total.messages).sum();
    let shown = known.iter().map(|total| ShownMember {
        name: names.show(total.id),
        id: Some(total.id),
        messages: total.messages,
    });
    let together = (!hidden.is_empty()).then(|| ShownMember {
        name: format!("hidden ({})", counted(hidden.len(), "member")),
        id: None,
        messages: sum(&hidden),
    });
    let mut members: Vec<ShownMember> = shown.chain(together).collect();
    members.sort_by_key(|member| (Reverse(member.messages), member.id));
    ShownMembers {
        members,
        bots: bots.len(),
        bot_messages: sum(&bots),
    }
}

/// The activity that figures and tables of members look at: with `HIDE_BOTS=yes`
/// without what bots sent. Hidden members count, but are not to be named.
pub(crate) fn without_bots(activity: &Activity, names: &Names) -> Activity {
    activity.without(|id| names.hides_bots() && names.is_bot(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(shown: &ShownMembers) -> u64 {
        let members = shown.members.iter().map(|member| member.messages);
        members.sum::<u64>() + shown.bot_messages
    }

    #[test]
    fn totals_stay_right_whoever_is_hidden() {
        let activity = Activity::sample().unwrap();
        let totals = messages_by_member(&activity);
        let all = totals.iter().map(|total| total.messages).sum::<u64>();
        let ids: Vec<MemberId> = totals.iter().map(|total| total.id).collect();

        let everyone = shown_members(&activity, &Names::test([], [], false));
        assert_eq!(everyone.members.len(), ids.len());
        assert_eq!(total(&everyone), all);

        let names = Names::test([ids[3], ids[4]], [ids[0], ids[4]], true);
        let shown = shown_members(&activity, &names);
        // Two bots are left out, and the one other hidden member is an entry.
        assert_eq!(shown.bots, 2);
        assert_eq!(shown.bot_messages, totals[3].messages + totals[4].messages);
        assert_eq!(shown.members.len(), ids.len() - 2);
        assert_eq!(shown.members[0].name, "hidden (1 member)");
        assert_eq!(shown.members[0].id, None);
        assert_eq!(shown.members[0].messages, totals[0].messages);
        assert_eq!(total(&shown), all);
    }

    #[test]
    fn hidden_members_are_one_entry_without_a_name() {
        let activity = Activity::sample().unwrap();
        let totals = messages_by_member(&activity);
        let names = Names::test([], [totals[5].id, totals[6].id, 7.into()], false);
        let shown = shown_members(&activity, &names);
        let hidden: Vec<_> = shown.members.iter().filter(|m| m.id.is_none()).collect();
        assert_eq!(hidden.len(), 1);
        assert_eq!(hidden[0].name, "hidden (2 members)");
        assert_eq!(hidden[0].messages, totals[5].messages + totals[6].messages);
        assert!(
            shown
                .members
                .is_sorted_by_key(|member| Reverse(member.messages))
        );
    }

    #[test]
    fn bots_are_shown_unless_they_are_to_be_hidden() {
        let activity = Activity::sample().unwrap();
        let bot = messages_by_member(&activity)[0].id;
        let shown = shown_members(&activity, &Names::test([bot], [], false));
        assert_eq!(shown.members[0].id, Some(bot));
        assert_eq!(shown.bots, 0);
    }
}
