use std::collections::HashMap;

use super::hours::are_within_hours;
use activity_data::{Activity, Provenance, WEEK, WHOLE};

/// An hour of the week, and how many write in it: see [`reach`].
#[derive(Clone, Copy, PartialEq)]
pub struct Reach {
    /// Day of the week, from 0 for Monday to 6 for Sunday.
    pub weekday: u32,
    /// Hour on local clocks, from 0 to 23.
    pub hour: u32,
    /// How many whole weeks were recorded.
    pub weeks: u64,
    /// Pairs of such a week and a member who wrote in this hour of it.
    pub pairs: u64,
    /// Of the hours that together reach 80 %: the share of all pairs, from 0 to 1,
    /// that this hour and those that were taken before it reach. `None` for all
    /// other hours.
    pub reached: Option<f64>,
    pub(crate) provenance: Provenance,
}

impl Reach {
    /// Members who wrote in this hour, in the mean of the weeks.
    pub fn mean(&self) -> f64 {
        self.pairs as f64 / self.weeks as f64
    }
}

/// When the most different members write: 168 hours of the week, from Monday 00:00
/// on, and some of them that together reach 80 % of those who write in a week.
///
/// Only weeks count of which 98 % were recorded. Each pair of a week and a member
/// who wrote in it counts once, however much that was. Hours are taken one by one,
/// always the one that adds the most pairs (of equal ones the earlier), until 80 %
/// of all pairs have a message in one of them. There may be fewer hours that reach
/// as many: this is the greedy algorithm, and is off by little.
///
/// Empty without such a week, or where windows are longer than an hour.
///
/// References: V. Chvátal (1979), A greedy heuristic for the set-covering problem,
/// Mathematics of Operations Research 4.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let reach = aggregate::reach(&Activity::sample()?);
/// let taken = reach.iter().filter(|hour| hour.reached.is_some());
/// assert!(reach.len() == 168 && taken.count() < 24);
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn reach(activity: &Activity) -> Vec<Reach> {
    let weeks = activity.totals(WEEK);
    let is_whole = |week: usize| weeks.coverage()[week] >= WHOLE;
    let count = (0..weeks.len()).filter(|&week| is_whole(week)).count() as u64;
    if count == 0 || !are_within_hours(activity) {
        return Vec::new();
    }
    // Of each pair, the hours of the week in which there was a message.
    let mut pairs = HashMap::<(usize, usize), [bool; 168]>::new();
    for window in 0..activity.len() {
        let middle = activity.middle(window);
        let hour = activity.origin().timezone().hour_of_week(middle);
        let week = weeks.begins().partition_point(|&begin| begin <= middle) - 1;
        // A file may say that a member sent nothing.
        let wrote = activity.senders(window).filter(|&(_, sent)| sent > 0);
        for (member, _) in wrote.filter(|_| is_whole(week)) {
            pairs.entry((week, member)).or_insert([false; 168])[hour] = true;
        }
    }
    let mut left: Vec<[bool; 168]> = pairs.into_values().collect();
    let hour = |hour: usize| Reach {
        weekday: hour as u32 / 24,
        hour: hour as u32 % 24,
        weeks: count,
        pairs: left.iter().filter(|own| own[hour]).count() as u64,
        reached: None,
        provenance: activity.provenance(),
    };
    let mut hours: Vec<Reach> = (0..168).map(hour).collect();
    let all = left.len();
    while 5 * (all - left.len()) < 4 * all {
        let adds = |&hour: &usize| left.iter().filter(|own| own[hour]).count();
        // Of equal ones, `max_by_key` gives the last.
        let best = (0..168).rev().max_by_key(adds).unwrap_or(0);
        left.retain(|own| !own[best]);
        hours[best].reached = Some((all - left.len()) as f64 / all as f64);
    }
    hours
}
