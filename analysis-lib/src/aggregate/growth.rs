use activity_data::{Activity, Period, Periods, Provenance};

/// Who wrote in a period, compared with the period before it.
///
/// `active` is `new + retained + resurrected`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Growth {
    /// When the period began, in milliseconds since the epoch (UTC).
    pub begin: i64,
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
    pub(crate) provenance: Provenance,
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
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn growth(activity: &Activity, period: Period) -> Vec<Growth> {
    growth_over(&activity.calendar(period))
}

/// [`growth`] over these periods, of which none is missing between two.
pub(crate) fn growth_over(calendar: &Periods) -> Vec<Growth> {
    // The number of the period in which each member was active last. Numbers begin
    // with 2, so that 0, which is never, isn't the one before any.
    let mut last = vec![0_u32; calendar.members().len()];
    let mut before = 0;
    let provenance = Provenance::of(calendar.origin());
    let periods = (2..).zip(calendar.begins()).enumerate();
    periods
        .map(|(index, (number, &begin))| {
            let (mut active, mut new, mut retained) = (0, 0, 0);
            // Without branches, since none of this can be foreseen: over ten years
            // that halves the time.
            calendar.senders(index).for_each(|(member, _)| {
                let last = std::mem::replace(&mut last[member], number);
                active += u64::from(last != number);
                new += u64::from(last == 0);
                retained += u64::from(last == number - 1);
            });
            let churned = before - retained;
            before = active;
            Growth {
                begin,
                active,
                new,
                retained,
                resurrected: active - new - retained,
                churned,
                provenance,
            }
        })
        .collect()
}
