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

/// Hours in a row in each of which far more joined than usual.
#[derive(Clone, Copy, PartialEq)]
pub struct Raid {
    /// When the first of them began, in milliseconds since the epoch (UTC).
    pub begin: i64,
    /// When the last of them ended.
    pub end: i64,
    /// How often somebody joined.
    pub joins: u64,
    /// Joins that are usual in as many hours.
    pub usual: f64,
    pub(crate) provenance: Provenance,
}

/// Raids: hours in which far more joined than usual, by automatic accounts or by
/// people who were sent.
///
/// An hour is of a raid if it brought at least 10 joins, and more than five standard
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
    let mut raids: Vec<Raid> = Vec::new();
    for hour in raided_hours(activity) {
        match raids.last_mut() {
            Some(raid) if raid.end == hour.begin => {
                raid.end = hour.end;
                raid.joins += hour.joins;
                raid.usual += hour.usual;
            }
            _ => raids.push(hour),
        }
    }
    raids
}

/// The hours of [`raids`], one by one.
pub(crate) fn raided_hours(activity: &Activity) -> Vec<Raid> {
    let mut raids = Vec::new();
    if !are_within_hours(activity) {
        return raids;
    }
    let (hours, provenance) = (activity.totals(HOUR), activity.provenance());
    let known = (0..hours.len()).filter(|&i| hours.joins_known()[i] > 0);
    let known: Vec<usize> = known.collect();
    let begins: Vec<i64> = known.iter().map(|&i| hours.begins()[i]).collect();
    let mut sums = vec![0];
    sums.extend(known.iter().scan(0, |sum, &i| {
        *sum += hours.joined()[i];
        Some(*sum)
    }));
    // Hours no farther from a time than this, and their joins.
    let near = |time: i64, reach: i64| {
        let first = begins.partition_point(|&begin| begin < time - reach);
        let next = begins.partition_point(|&begin| begin <= time + reach);
        (next - first, sums[next] - sums[first])
    };
    for (&hour, &begin) in known.iter().zip(&begins) {
        let joins = hours.joined()[hour];
        if joins < LEAST {
            continue;
        }
        let ((around, joined), (beside, own)) = (near(begin, AROUND), near(begin, BESIDE));
        let (count, usual) = (around - beside, (joined - own) as f64);
        let usual = usual / count.max(1) as f64;
        let busy = BUSY * usual;
        if count < LEAST_HOURS || joins as f64 <= busy + FAR * busy.sqrt() {
            continue;
        }
        raids.push(Raid {
            begin,
            end: hours.ends()[hour],
            joins,
            usual,
            provenance,
        });
    }
    raids
}
