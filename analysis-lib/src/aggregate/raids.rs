use super::hours::are_within_hours;
use activity_data::{Activity, DAY_LENGTH, HOUR, HOUR_LENGTH, Provenance};

/// What is usual is told by the hours so far on both sides, but for those so near,
/// which may be of the same raid; of at least so many.
const AROUND: i64 = 14 * DAY_LENGTH;
const BESIDE: i64 = 12 * HOUR_LENGTH;
const LEAST_HOURS: usize = 7 * 24;
/// Fewer joins in an hour are no raid.
const LEAST: u64 = 10;
/// The busiest hours of a day bring so many times the mean.
const BUSY: f64 = 3.0;
/// How many standard deviations of a Poisson count are far.
const FAR: f64 = 5.0;

/// An hour in which far more joined than usual.
#[derive(Clone, Copy, PartialEq)]
pub struct Raid {
    /// When it began, in milliseconds since the epoch (UTC).
    pub begin: i64,
    /// When it ended.
    pub end: i64,
    /// How often somebody joined.
    pub joins: u64,
    /// Joins that are usual in an hour.
    pub usual: f64,
    pub(crate) provenance: Provenance,
}

/// Hours of raids, in which far more joined than usual: automatic accounts, or people
/// who were sent.
///
/// An hour is one of a raid if it brought at least 10 joins, and more than five standard
/// deviations above a Poisson count whose mean is three times the usual. The usual is
/// the mean of the hours within 14 days on both sides that say who joined, but for
/// the twelve hours before and after; of fewer than 168 nothing is told, nor of
/// windows longer than an hour. Three times, since an evening brings that many more
/// joins than a whole day's mean.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let raids = aggregate::raids(&Activity::sample()?);
/// assert!(raids.iter().all(|raid| raid.joins as f64 > 3.0 * raid.usual));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn raids(activity: &Activity) -> Vec<Raid> {
    let hours = activity.totals(HOUR);
    let known = (0..hours.len()).filter(|&i| hours.joins_known()[i] > 0);
    let known: Vec<usize> = known.collect();
    let (begins, joined) = (hours.begins(), hours.joined());
    let raid = |&hour: &usize| {
        let (begin, joins) = (begins[hour], joined[hour]);
        let first = known.partition_point(|&i| begins[i] < begin - AROUND);
        let next = known.partition_point(|&i| begins[i] <= begin + AROUND);
        let mut around = known[first..next].to_vec();
        around.retain(|&i| (begins[i] - begin).abs() > BESIDE);
        let usual = around.iter().map(|&i| joined[i]).sum::<u64>() as f64 / around.len() as f64;
        let is_far = joins as f64 > BUSY * usual + FAR * (BUSY * usual).sqrt();
        (is_far && around.len() >= LEAST_HOURS).then(|| Raid {
            begin,
            end: hours.ends()[hour],
            joins,
            usual,
            provenance: activity.provenance(),
        })
    };
    let are_many = |hour: &&usize| joined[**hour] >= LEAST && are_within_hours(activity);
    known.iter().filter(are_many).filter_map(raid).collect()
}
