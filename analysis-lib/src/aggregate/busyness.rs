use super::hours::whole_hours;
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
    let mut by_hour = vec![Vec::new(); 24];
    for hour in whole_hours(activity)
        .iter()
        .filter(|hour| hour.online > 0.0)
    {
        by_hour[hour.of_week % 24].push((hour.messages as f64, hour.online));
    }
    let hours = (0..).zip(by_hour).map(|(hour, own)| {
        let (messages, online) = own
            .iter()
            .fold((0.0, 0.0), |sums, own| (sums.0 + own.0, sums.1 + own.1));
        let mut single: Vec<f64> = own
            .iter()
            .map(|(messages, online)| messages / online)
            .collect();
        single.sort_by(f64::total_cmp);
        Busyness {
            hour,
            hours: own.len() as u64,
            mean: (!own.is_empty()).then(|| messages / online),
            quartiles: (own.len() >= 4).then(|| [0.25, 0.75].map(|share| quantile(&single, share))),
            provenance: activity.provenance(),
        }
    });
    hours.collect()
}

/// The value that a share of these lies below, linear between two of them.
///
/// References: R. J. Hyndman, Y. Fan (1996), Sample quantiles in statistical
/// packages, The American Statistician 50: definition 7, NumPy's.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    below + place.fract() * (above - below)
}
