use std::collections::{BTreeMap, HashMap};

use super::chance::wilson;
use super::{Survival, raids};
use crate::MemberId;
use activity_data::{Activity, DAY_LENGTH, Provenance};

/// How long members stay in the server: from each time that somebody joined to the
/// same member's next leave.
///
/// Times are windows' ends, and their days are 24 hours by the clock, gaps included.
/// Who hasn't left is known of until the record's end: the last window that says who
/// joined and who left. Who wasn't there and is in both lists of a window joined, then
/// left, after 0 days; who was there left, then joined. Leaves in gaps aren't seen:
/// who joins a second time without one stayed at least until the last window before
/// the first gap between, or until then where there is none. What doesn't say who
/// joined and left is as a gap. Joins of [`raids`] aren't in the curve.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let stayed = aggregate::stayed(&Activity::sample()?);
/// assert!(stayed.at_risk.is_sorted_by(|one, next| one >= next));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn stayed(activity: &Activity) -> Survival {
    let ends = activity.ends();
    let stays = stays(activity).into_iter();
    Survival::of(
        stays
            .map(|stay| (stay.until - ends[stay.joined], stay.left.is_some()))
            .collect(),
    )
}

/// Of those who joined, how many wrote within so many days: see [`wrote_within`].
#[derive(Clone, Copy, PartialEq)]
pub struct Wrote {
    /// Days after joining.
    pub days: u64,
    /// How often somebody joined at least so long before the record's end.
    pub joined: u64,
    /// How many of these wrote in time, and before they left.
    pub wrote: u64,
    /// Wilson's 95 % interval of `wrote / joined`. `None` where nobody joined.
    pub interval: Option<[f64; 2]>,
    pub(crate) provenance: Provenance,
}

/// Of those who joined at least so long before the record's end, how many wrote within
/// 1, 7 and 30 days, and before they left. Each stay counts, as in [`stayed`], and
/// those of raids don't. What was written in gaps isn't seen.
///
/// References: E. B. Wilson (1927), Probable inference, the law of succession, and
/// statistical inference, JASA 22.
pub fn wrote_within(activity: &Activity) -> Vec<Wrote> {
    let (ends, stays) = (activity.ends(), stays(activity));
    let index: HashMap<MemberId, usize> = activity.members().iter().copied().zip(0..).collect();
    let mut wrote = vec![Vec::new(); index.len()];
    for window in 0..activity.len() {
        activity
            .senders(window)
            .for_each(|(member, _)| wrote[member].push(window));
    }
    // Of each stay, when the member joined and when the first message came, if one did.
    let first = stays.iter().map(|stay| {
        let own: &[usize] = index
            .get(&stay.member)
            .map_or(&[], |&member| &wrote[member]);
        let next = own.partition_point(|&window| window < stay.joined);
        let in_time = |&&window: &&usize| stay.left.is_none_or(|left| window <= left);
        let first = own.get(next).filter(in_time).map(|&window| ends[window]);
        (ends[stay.joined], first)
    });
    let first: Vec<(i64, Option<i64>)> = first.collect();
    let within = |days: u64| {
        let length = days as i64 * DAY_LENGTH;
        let asked = first
            .iter()
            .filter(|own| own.0 + length <= ends[ends.len() - 1]);
        let in_time = |own: &&(i64, Option<i64>)| own.1.is_some_and(|time| time - own.0 <= length);
        let (joined, wrote) = (asked.clone().count(), asked.filter(in_time).count());
        let (joined, wrote) = (joined as u64, wrote as u64);
        Wrote {
            days,
            joined,
            wrote,
            interval: wilson(wrote, joined),
            provenance: activity.provenance(),
        }
    };
    [1, 7, 30].map(within).to_vec()
}

/// Somebody's time in the server.
struct Stay {
    member: MemberId,
    /// The windows of joining and of leaving, if that was seen.
    joined: usize,
    left: Option<usize>,
    /// Until when the member is known to have been there.
    until: i64,
}

/// All stays but those that a raid began.
fn stays(activity: &Activity) -> Vec<Stay> {
    let ends = activity.ends();
    let says = |&window: &usize| Some((activity.joined(window)?, activity.left(window)?));
    let known = (0..activity.len()).filter(|window| says(window).is_some());
    let known: Vec<usize> = known.collect();
    let Some(&last) = known.last() else {
        return Vec::new();
    };
    let lost = activity.gaps().iter().chain(activity.unseen());
    let mut lost: Vec<i64> = lost.map(|gap| gap.begin).collect();
    lost.sort_unstable();
    let lost_before = |window: usize| lost.partition_point(|&begin| begin < ends[window]);
    // Of each window that is known, until when all leaves after it were seen.
    let mut seen_until = vec![ends[last]; activity.len()];
    for pair in known.windows(2).rev() {
        let is_whole = pair[0] + 1 == pair[1] && lost_before(pair[0]) == lost_before(pair[1]);
        let until = if is_whole {
            seen_until[pair[1]]
        } else {
            ends[pair[0]]
        };
        seen_until[pair[0]] = until;
    }
    let raids = raids(activity);
    let (mut stays, mut there) = (Vec::new(), BTreeMap::<MemberId, usize>::new());
    let mut push = |member, joined, left, until| {
        let middle = activity.middle(joined);
        if !raids
            .iter()
            .any(|raid| (raid.begin..raid.end).contains(&middle))
        {
            stays.push(Stay {
                member,
                joined,
                left,
                until,
            });
        }
    };
    for (window, (joined, left)) in known
        .iter()
        .filter_map(|window| Some((*window, says(window)?)))
    {
        // How often each member came and went.
        let mut times = BTreeMap::<MemberId, [usize; 2]>::new();
        joined
            .iter()
            .for_each(|&id| times.entry(id).or_default()[0] += 1);
        left.iter()
            .for_each(|&id| times.entry(id).or_default()[1] += 1);
        for (id, [mut comes, mut goes]) in times {
            while comes + goes > 0 {
                match there.remove(&id) {
                    Some(joined) if goes > 0 => {
                        goes -= 1;
                        push(id, joined, Some(window), ends[window]);
                    }
                    before if comes > 0 => {
                        comes -= 1;
                        there.insert(id, window);
                        if let Some(joined) = before {
                            push(id, joined, None, seen_until[joined].min(ends[window]));
                        }
                    }
                    // Of one whose joining wasn't seen.
                    _ => goes = 0,
                }
            }
        }
    }
    for (id, joined) in there {
        push(id, joined, None, ends[last]);
    }
    stays
}
