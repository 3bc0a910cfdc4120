use activity_data::{Activity, DAY, Periods, Provenance};

/// Days that "monthly" looks at, the day itself included.
const MONTH_DAYS: usize = 30;

/// How many of those who wrote within a month wrote on its last day.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stickiness {
    /// The first instant of the local day, in milliseconds since the epoch (UTC).
    pub begin: i64,
    /// Members who sent a message on that day.
    pub daily: u64,
    /// Members who sent a message in the 30 local days that end with it.
    pub monthly: u64,
    pub(crate) provenance: Provenance,
}

impl Stickiness {
    /// `daily / monthly`, from 0 to 1. `None` where nobody wrote in the 30 days.
    pub fn share(&self) -> Option<f64> {
        (self.monthly > 0).then(|| self.daily as f64 / self.monthly as f64)
    }
}

/// Stickiness: daily over monthly active members, for each local day that has a
/// window and lies at least 29 local days after the first that has one.
///
/// Days without a window have no entry. They are among the 30 days of those
/// after them, as days on which nobody was seen; so are parts of days that
/// weren't recorded.
///
/// References: daily and monthly active users as in Facebook's Form S-1 (2012),
/// where a month is the 30 days up to the date of measurement; their ratio is
/// known as DAU/MAU.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let days = aggregate::stickiness(&Activity::sample()?);
/// assert!(days.iter().all(|day| day.daily <= day.monthly));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn stickiness(activity: &Activity) -> Vec<Stickiness> {
    let days = stickiness_over(&activity.calendar(DAY)).into_iter();
    days.map(|(_, stickiness)| stickiness).collect()
}

/// [`stickiness`] over these days, of which none is missing between two, each with
/// its index.
pub(crate) fn stickiness_over(days: &Periods) -> Vec<(usize, Stickiness)> {
    // On how many of the last 30 days each member wrote, and how many did at all.
    let mut own_days = vec![0_u32; days.members().len()];
    let mut monthly = 0;
    let (mut found, provenance) = (Vec::new(), Provenance::of(days.origin()));
    for (index, &begin) in days.begins().iter().enumerate() {
        let mut daily = 0;
        for (member, _) in days.senders(index) {
            daily += 1;
            monthly += u64::from(own_days[member] == 0);
            own_days[member] += 1;
        }
        if let Some(gone) = index.checked_sub(MONTH_DAYS) {
            for (member, _) in days.senders(gone) {
                own_days[member] -= 1;
                monthly -= u64::from(own_days[member] == 0);
            }
        }
        if index + 1 >= MONTH_DAYS && days.windows()[index] > 0 {
            let stickiness = Stickiness {
                begin,
                daily,
                monthly,
                provenance,
            };
            found.push((index, stickiness));
        }
    }
    found
}
