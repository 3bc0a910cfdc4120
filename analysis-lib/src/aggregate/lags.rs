use super::hours::{WholeHour, grouped, whole_hours};
use activity_data::{Activity, HOUR_LENGTH, Provenance};

/// The most hours that messages and online members are moved against each other.
pub const MOST_LAG: i64 = 48;
/// Fewer pairs than this say nothing.
const LEAST_PAIRS: u64 = 24;
/// The fewest hours: a week's. The week's rhythm needs as many weeks.
const LEAST_HOURS: usize = 168;
const LEAST_WEEKS: usize = 3;

/// How messages go with the online members of some hours before.
#[derive(Clone, Copy, PartialEq)]
pub struct Lag {
    /// How many hours later messages are counted; below zero, earlier.
    pub hours: i64,
    /// Pairs of hours that were both recorded from begin to end.
    pub pairs: u64,
    /// Pearson's correlation of messages and mean online members. `None` of
    /// fewer than 24 pairs, or if one of both never changes.
    pub correlation: Option<f64>,
    /// The same of what the mean of each hour of the week leaves, in units of
    /// how much is left at that hour of the day. `None` with less than three weeks
    /// of whole hours.
    pub beyond_rhythm: Option<f64>,
    /// How far `beyond_rhythm` is from zero by chance: the correlation of two
    /// series that have nothing to do with each other, but persist as these do, is
    /// within this in 95 % of cases.
    pub by_chance: Option<f64>,
    pub(crate) provenance: Provenance,
}

/// Cross-correlation of hourly messages and hourly mean online members, from 48
/// hours before to 48 hours after. Empty with less than a week of whole hours.
///
/// Each lag takes the pairs of hours that were both recorded; gaps are not zeros.
/// Both have the same daily rhythm, which makes waves of a day's length; what is
/// left without the mean of each hour of the week is beside it.
///
/// Hours in a row are alike, so fewer of them tell as much: the variance of a
/// correlation of n pairs is Σ ρ(k) σ(k) / n for series with the autocorrelations
/// ρ and σ (Bartlett 1935), here over lags to 48 hours, and at least 1 / n. Of n,
/// the share that the means of 168 hours take doesn't count.
///
/// References: M. S. Bartlett (1935), Some aspects of the time-correlation
/// problem in regard to tests of significance, Journal of the Royal Statistical
/// Society 98.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let lags = aggregate::lags(&Activity::sample()?);
/// assert_eq!((lags.len(), lags[48].hours), (97, 0));
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
pub fn lags(activity: &Activity) -> Vec<Lag> {
    let mut hours = whole_hours(activity);
    hours.retain(|hour| hour.online.is_finite());
    if hours.len() < LEAST_HOURS {
        return Vec::new();
    }
    let online: Vec<f64> = hours.iter().map(|hour| hour.online).collect();
    let messages: Vec<f64> = hours.iter().map(|hour| hour.messages as f64).collect();
    let raw = [&online, &messages].map(|own| series(&hours, centred(&hours, own, 1)));
    let rest = [&online, &messages].map(|own| series(&hours, rest(&hours, own)));
    let has_rhythm = hours.len() >= LEAST_WEEKS * LEAST_HOURS;
    let free = 1.0 - LEAST_HOURS as f64 / hours.len() as f64;
    let persistence = has_rhythm.then(|| {
        let products = (1..=MOST_LAG).map(|lag| {
            let of = |series: &[f64]| correlation(series, series, lag).1.unwrap_or(0.0);
            of(&rest[0]) * of(&rest[1])
        });
        (1.0 + 2.0 * products.sum::<f64>()).max(1.0)
    });
    let lag = |lag: i64| {
        let (pairs, all) = correlation(&raw[0], &raw[1], lag);
        let (_, beyond_rhythm) = correlation(&rest[0], &rest[1], lag);
        let by_chance = |persistence: f64| 1.96 * (persistence / (free * pairs as f64)).sqrt();
        Lag {
            hours: lag,
            pairs,
            correlation: all,
            beyond_rhythm: beyond_rhythm.filter(|_| has_rhythm),
            by_chance: beyond_rhythm.and(persistence).map(by_chance),
            provenance: activity.provenance(),
        }
    };
    (-MOST_LAG..=MOST_LAG).map(lag).collect()
}

/// The values without the mean of the hours in each of so many groups of the
/// week's hours.
fn centred(hours: &[WholeHour], values: &[f64], groups: usize) -> Vec<f64> {
    let means = means(hours, values, groups);
    let own = hours.iter().zip(values);
    own.map(|(hour, value)| value - means[hour.of_week % groups])
        .collect()
}

/// The values without the mean of each hour of the week, in root mean squares of
/// what that leaves at each hour of the day: busy hours vary more than quiet
/// ones, and would else be nearly all that counts.
fn rest(hours: &[WholeHour], values: &[f64]) -> Vec<f64> {
    let rest = centred(hours, values, 168);
    let squares: Vec<f64> = rest.iter().map(|value| value * value).collect();
    let means = means(hours, &squares, 24);
    let own = hours.iter().zip(rest);
    // What never varies is rounding.
    own.map(|(hour, value)| match means[hour.of_week % 24] {
        mean if mean > 1e-12 => value / mean.sqrt(),
        _ => 0.0,
    })
    .collect()
}

fn means(hours: &[WholeHour], values: &[f64], groups: usize) -> Vec<f64> {
    let sum = |own: &[usize]| own.iter().map(|&i| values[i]).sum::<f64>();
    let groups = grouped(hours, groups).into_iter();
    groups.map(|own| sum(&own) / own.len() as f64).collect()
}

/// Values by the hour, from the first whole hour to the last; no number where an hour
/// wasn't recorded. Clocks that are changed by half an hour move all hours after by that.
fn series(hours: &[WholeHour], values: Vec<f64>) -> Vec<f64> {
    let mut series = Vec::new();
    for (hour, value) in hours.iter().zip(values) {
        let place = (hour.start - hours[0].start + HOUR_LENGTH / 4) / HOUR_LENGTH;
        series.resize(place as usize, f64::NAN);
        series.push(value);
    }
    series
}

/// How many pairs of values and later ones there are, and their correlation. Values
/// have a mean near zero, so sums lose nothing.
fn correlation(own: &[f64], later: &[f64], lag: i64) -> (u64, Option<f64>) {
    let [skip, skip_later] = [-lag, lag].map(|lag| (lag.max(0) as usize).min(own.len()));
    let pairs = own[skip..].iter().zip(&later[skip_later..]);
    let (mut n, mut x, mut y, mut xx, mut yy, mut xy) = (0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (a, b) in pairs.filter(|(a, b)| !(*a * *b).is_nan()) {
        n += 1;
        x += a;
        y += b;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    let all = n as f64;
    let (xx, yy, xy) = (xx - x * x / all, yy - y * y / all, xy - x * y / all);
    // Of values that don't change, the squares are rounding.
    let is_told = n >= LEAST_PAIRS && xx.min(yy) > 1e-9;
    (n, is_told.then(|| xy / (xx * yy).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::simulation::{server, share};
    use activity_data::source::sample::Random;

    /// Both have a rhythm, and each wanders by itself.
    #[test]
    fn series_that_share_a_rhythm_alone_are_within_chance() {
        let mut random = Random(11);
        let beyond = share(300, || {
            let lags = lags(&server(&mut random, 28, 0, |_| 1.0));
            let same = lags[MOST_LAG as usize];
            assert!(same.correlation.unwrap() > 0.5);
            same.beyond_rhythm.unwrap().abs() > same.by_chance.unwrap()
        });
        assert!((0.02..=0.09).contains(&beyond), "{beyond}");
    }

    #[test]
    fn little_is_not_told() {
        let week = server(&mut Random(1), 8, 0, |_| 0.0);
        let lags = lags(&week);
        assert!(lags.iter().all(|lag| lag.correlation.is_none()));
        assert!(super::lags(&week.last_hours(100)).is_empty());
    }
}
