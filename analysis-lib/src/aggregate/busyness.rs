use super::hours::{WholeHour, grouped, quantiles, whole_hours};
use activity_data::{Activity, Provenance};

/// How busy an hour of the day is for how many are online.
#[derive(Clone, Copy, PartialEq)]
pub struct Busyness {
    /// Hour on local clocks, from 0 to 23.
    pub hour: u32,
    /// Whole hours that were recorded with somebody online.
    pub hours: u64,
    /// Messages in an hour for each online member: all messages of these hours
    /// by the sum of their mean online members. `None` without an hour.
    pub mean: Option<f64>,
    /// The quartiles of single hours' messages for each online member: half of
    /// the hours lie between. `None` of fewer than four hours.
    pub quartiles: Option<[f64; 2]>,
    pub(crate) provenance: Provenance,
}

/// Messages per online member and hour, by hour of the day: 24 entries.
///
/// Only hours that were recorded from begin to end, with somebody online.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let busyness = aggregate::busyness(&Activity::sample()?);
/// assert!(busyness[21].mean > busyness[5].mean);
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn busyness(activity: &Activity) -> Vec<Busyness> {
    let mut all = whole_hours(activity);
    all.retain(|hour| hour.online > 0.0);
    let hours = (0..).zip(grouped(&all, 24)).map(|(hour, own)| {
        let sum = |value: fn(&WholeHour) -> f64| own.iter().map(|&i| value(&all[i])).sum::<f64>();
        let single = own.iter().map(|&i| all[i].messages as f64 / all[i].online);
        Busyness {
            hour,
            hours: own.len() as u64,
            mean: (!own.is_empty())
                .then(|| sum(|hour| hour.messages as f64) / sum(|hour| hour.online)),
            quartiles: (own.len() >= 4).then(|| quantiles(single.collect(), [0.25, 0.75])),
            provenance: activity.provenance(),
        }
    });
    hours.collect()
}
