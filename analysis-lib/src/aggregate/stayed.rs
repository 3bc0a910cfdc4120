use std::collections::{BTreeMap, HashMap};

use super::chance::wilson;
use super::{Raid, Survival, raids};
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
    stayed_of(activity, &stays(activity, &raids(activity)))
}

/// See [`stayed`].
pub(crate) fn stayed_of(activity: &Activity, stays: &[Stay]) -> Survival {
    let ends = activity.ends();
    let time = |&(_, [joined, until], left): &Stay| (ends[until] - ends[joined], left);
    Survival::of(stays.iter().map(time).collect())
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
    wrote_of(activity, &stays(activity, &raids(activity)))
}

/// See [`wrote_within`].
pub(crate) fn wrote_of(activity: &Activity, stays: &[Stay]) -> Vec<Wrote> {
    let ends = activity.ends();
    let mut wrote = HashMap::<MemberId, Vec<usize>>::new();
    for window in 0..activity.len() {
        for (member, _) in activity.senders(window) {
            let id = activity.members()[member];
            wrote.entry(id).or_default().push(window);
        }
    }
    let within = |days: u64| {
        let length = days as i64 * DAY_LENGTH;
        let (mut joined, mut in_time) = (0, 0);
        for (id, [stay, until], left) in stays {
            let end = ends[*stay] + length;
            if end <= ends[ends.len() - 1] {
                joined += 1;
                let mut own = wrote.get(id).into_iter().flatten();
                let in_own = |window: &usize| (!left || window <= until) && ends[*window] <= end;
                in_time += u64::from(own.find(|&window| window >= stay).is_some_and(in_own));
            }
        }
        Wrote {
            days,
            joined,
            wrote: in_time,
            interval: wilson(in_time, joined),
            provenance: activity.provenance(),
        }
    };
    [1, 7, 30].map(within).to_vec()
}

/// Somebody's time in the server: whose, the windows of joining and of leaving, and
/// whether it was left; else the second is the last in which the member was surely there.
pub(crate) type Stay = (MemberId, [usize; 2], bool);

/// All stays but those that a raid began.
pub(crate) fn stays(activity: &Activity, raids: &[Raid]) -> Vec<Stay> {
    let says = |window: usize| Some([activity.joined(window)?, activity.left(window)?]);
    let (begins, ends) = (activity.begins(), activity.ends());
    // Whether all leaves since the window before were seen.
    let follows = |&i: &usize| begins[i] <= ends[i - 1] && says(i).is_some();
    let (mut stays, mut there, mut last) = (Vec::new(), BTreeMap::new(), 0);
    let told = (0..activity.len()).filter_map(|window| Some((window, says(window)?)));
    for (window, lists) in told {
        // How often each member came and went.
        let mut times = BTreeMap::<MemberId, [usize; 2]>::new();
        for (side, ids) in lists.into_iter().enumerate() {
            ids.iter()
                .for_each(|id| times.entry(*id).or_default()[side] += 1);
        }
        for (id, [mut comes, mut goes]) in times {
            while comes + goes > 0 {
                match there.remove(&id) {
                    Some(joined) if goes > 0 => {
                        goes -= 1;
                        stays.push((id, [joined, window], true));
                    }
                    before if comes > 0 => {
                        comes -= 1;
                        there.insert(id, window);
                        stays.extend(before.map(|joined| {
                            let gap = (joined + 1..=window).find(|own| !follows(own));
                            (id, [joined, gap.map_or(window, |own| own - 1)], false)
                        }));
                    }
                    // Of one whose joining wasn't seen.
                    _ => goes = 0,
                }
            }
        }
        last = window;
    }
    let still = there.into_iter();
    stays.extend(still.map(|(id, joined)| (id, [joined, last], false)));
    stays.retain(|(_, [joined, _], _)| {
        let middle = activity.middle(*joined);
        !(raids.iter()).any(|raid| (raid.begin..raid.end).contains(&middle))
    });
    stays
}
