use crate::data::{Activity, Calendar, Period};

/// Who wrote in a period, compared with the period before it.
///
/// `active` is `new + retained + resurrected`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// When the period began, in milliseconds since the epoch (UTC).
    pub start: i64,
    /// Members who sent at least one message in the period.
    pub active: u64,
    /// Of these, members who had never sent one before in the data.
    pub new: u64,
    /// Of these, members who were active in the period directly before.
    pub retained: u64,
    /// Of these, members who were seen before, but not in the period directly
    /// before.
    pub resurrected: u64,
    /// Members who were active in the period directly before and are not in
    /// this one.
    pub churned: u64,
}

/// Growth accounting: how many members are new, stay, come back and leave, by
/// hour, day, week or month.
///
/// There is an entry for every period from the first that has a window to the
/// last, those without a window included: nobody was seen in them, so that all
/// are churned there and resurrected after. Those recorded in part see too few,
/// too: compare with [`Periods::coverage`](crate::Periods::coverage). In the
/// first period all are new, since nothing is known of the time before.
///
/// A member is whoever sent a message; who only reads is never seen.
///
/// References: J. Hsu (2015), Diligence at Social Capital Part 1: Accounting for
/// User Growth.
///
/// ```
/// use analysis_lib::{Activity, WEEK, aggregate};
///
/// let weeks = aggregate::growth(&Activity::sample()?, WEEK);
/// assert_eq!(weeks[1].active, weeks[1].new + weeks[1].retained);
/// assert_eq!(weeks[0].active, weeks[1].retained + weeks[1].churned);
/// # Ok::<(), analysis_lib::Error>(())
/// ```
pub fn growth(activity: &Activity, period: Period) -> Vec<Growth> {
    growth_over(activity, &Calendar::new(activity, period))
}

/// [`growth`] over these periods.
pub(crate) fn growth_over(activity: &Activity, calendar: &Calendar) -> Vec<Growth> {
    // The period in which each member was active last.
    let mut last: Vec<Option<usize>> = vec![None; activity.members().len()];
    let mut before = 0;
    let periods = calendar.starts.iter().enumerate();
    periods
        .map(|(period, &start)| {
            let mut growth = Growth {
                start,
                ..Growth::default()
            };
            for (member, _) in calendar.senders(activity, period) {
                match last[member].replace(period) {
                    Some(last) if last == period => continue,
                    Some(last) if last + 1 == period => growth.retained += 1,
                    Some(_) => growth.resurrected += 1,
                    None => growth.new += 1,
                }
                growth.active += 1;
            }
            growth.churned = before - growth.retained;
            before = growth.active;
            growth
        })
        .collect()
}
