//! How fast people talk: a smooth rate with its uncertainty.

use std::f64::consts::TAU;
use std::fmt;

use super::chance::NORMAL as BAND;
use super::smoothed::too_few;
use crate::Result;
use crate::spline::poisson::jumps::{fit, surprise};
use crate::spline::poisson::{Counts, Smoothing, differences};
use activity_data::{Activity, Gap, Held, Origin};

const MINUTE: f64 = 60_000.0;
/// Knots are two windows apart, but not closer than this and not wider than
/// that or a window, in minutes.
const CLOSEST: f64 = 10.0;
const WIDEST: f64 = 20.0;
/// How far around a knot the smoothing is found from, in minutes.
const REACH: f64 = 180.0;
/// Jumps are tried farther apart than this, and a burst ends after this, in
/// minutes.
const APART: f64 = 30.0;
const BURST: f64 = 240.0;
/// Runs this long, in minutes, are held against the curve.
const RUNS: [f64; 3] = [30.0, 60.0, 120.0];
/// A stretch without windows counts as this long at most, in minutes: what was
/// half a day ago says little.
const LONGEST_STEP: f64 = 720.0;
/// What is taken for a usual course beforehand: waves that take the rate up and
/// down to e times and an e-th, with a period of this many minutes.
const WAVE: f64 = 360.0;
/// The exact upper limit of 97.5 % for the mean of a Poisson count of zero:
/// −ln 0.025.
const NONE_SEEN: f64 = 3.688_879_454_113_936;

/// Messages per minute as a curve that is smooth but where it jumps, with a band that holds the true rate
/// in 95 of 100 windows.
#[derive(Clone, PartialEq)]
pub struct Rate(Held<Curve>);

#[derive(PartialEq)]
struct Curve {
    origin: Held<Origin>,
    gaps: Vec<Gap>,
    times: Vec<i64>,
    per_minute: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    dispersion: f64,
    jumps: Vec<i64>,
}

/// One line: the columns would fill pages.
impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (windows, source) = (self.times().len(), self.origin().source());
        write!(f, "Rate({source}, {windows} windows)")
    }
}

impl Rate {
    /// Gaps of the activity; the curve is not drawn across them.
    pub(crate) fn gaps(&self) -> &[Gap] {
        &self.0.gaps
    }

    /// Source, server and time zone.
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// The middle of each window, in milliseconds since the epoch (UTC), in the
    /// order of the activity's windows: that of their ends.
    pub fn times(&self) -> &[i64] {
        &self.0.times
    }

    /// Messages per minute at [`times`](Self::times), not below zero.
    pub fn per_minute(&self) -> &[f64] {
        &self.0.per_minute
    }

    /// The band's lower edge at [`times`](Self::times), not below zero.
    pub fn lower(&self) -> &[f64] {
        &self.0.lower
    }

    /// The band's upper edge at [`times`](Self::times).
    pub fn upper(&self) -> &[f64] {
        &self.0.upper
    }

    /// How many times as much as independent messages the counts vary around
    /// the curve, at least 1: people answer each other.
    pub fn dispersion(&self) -> f64 {
        self.0.dispersion
    }

    /// When the curve jumps, ascending, in milliseconds since the epoch (UTC):
    /// halfway between the middles of two windows. A spike jumps up and down.
    pub fn jumps(&self) -> &[i64] {
        &self.0.jumps
    }
}

/// The rate of messages, by penalised Poisson regression on the windows' counts
/// with their true lengths; see `DESIGN.md`, "The rate".
///
/// The curve jumps where a spike, a raid or a burst with edges is, and passes
/// them by on both sides; see [`Rate::jumps`].
///
/// The band is pointwise: it holds the true rate at about 95 of 100 windows. It
/// knows what was recorded and nothing of gaps. What it can't see: a spike of
/// less than five to eight times the root of [`dispersion`](Rate::dispersion) ×
/// messages more than usual, and a burst at half a message a window. There the
/// curve smooths, and the band holds less: in such a spike 10 to 70 %, in such a
/// burst 54 to 71 %. Where windows of two bots overlap, each counts by its share
/// of the time. Of one activity the fit is computed once.
///
/// ```
/// use analysis_lib::{Activity, aggregate};
///
/// let activity = Activity::sample()?;
/// let rate = aggregate::rate(&activity)?;
/// assert_eq!(rate.per_minute().len(), activity.len());
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
///
/// # Errors
///
/// Fewer than four windows with different times.
pub fn rate(activity: &Activity) -> Result<Rate> {
    activity.kept(|| compute(activity))
}

fn compute(activity: &Activity) -> Result<Rate> {
    let times: Vec<i64> = (0..activity.len()).map(|i| activity.middle(i)).collect();
    // Windows of two bots may have middles in another order than their ends.
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by_key(|&i| times[i]);
    let minutes: Vec<f64> = order.iter().map(|&i| times[i] as f64 / MINUTE).collect();
    let mut moments = minutes.clone();
    moments.dedup();
    let Some(usual) = activity.usual_length().filter(|_| moments.len() >= 4) else {
        return Err(too_few(moments.len()));
    };

    // Of four moments and more, each window has a length; the least that there
    // is keeps a division by zero out whatever the rule of time says.
    let shares = shares(activity.begins(), activity.ends());
    let length = |&i: &usize| (activity.ends()[i] - activity.begins()[i]).max(1) as f64 / MINUTE;
    let exposures: Vec<f64> = order.iter().map(|i| shares[*i] * length(i)).collect();
    let count = |&i: &usize| shares[i] * f64::from(activity.message_volume()[i]);
    let counts: Vec<f64> = order.iter().map(count).collect();
    let usual = usual as f64 / MINUTE;
    let spacing = usual.max((2.0 * usual).clamp(CLOSEST, WIDEST));
    let clock = clock(&moments, spacing);
    let place = |minute: &f64| clock[moments.partition_point(|moment| moment < minute)];
    let places: Vec<f64> = minutes.iter().map(place).collect();
    let data = Counts {
        places: &places,
        counts: &counts,
        worth: shares.iter().sum(),
        exposures: &exposures,
        firmness: &firmness(&moments, &clock, spacing),
    };
    let (dispersion, jumps, bands) = smooth(&data, &minutes, spacing, usual);
    let column = |k: usize| {
        let mut column = vec![0.0; bands.len()];
        for (&i, band) in order.iter().zip(&bands) {
            column[i] = band[k];
        }
        column
    };
    let jump = |k: usize| times[order[k - 1]].midpoint(times[order[k]]);
    Ok(Rate(Held::new(Curve {
        origin: activity.shared_origin(),
        gaps: activity.gaps().to_vec(),
        lower: column(0),
        per_minute: column(1),
        upper: column(2),
        dispersion,
        jumps: jumps.into_iter().map(jump).collect(),
        times,
    })))
}

/// The share of each window that counts: several that cover the same time saw
/// the same messages, and are worth no more than one.
fn shares(begins: &[i64], ends: &[i64]) -> Vec<f64> {
    const LEAST: f64 = 1e-3;
    let begin = begins.iter().map(|&time| (time, 1));
    let mut edges: Vec<(i64, i32)> = begin.chain(ends.iter().map(|&time| (time, -1))).collect();
    edges.sort_unstable();
    // Time up to each edge, each stretch over the windows that cover it.
    let (mut shared, mut sum, mut windows) = (Vec::with_capacity(edges.len()), 0.0, 0);
    for (i, &(time, change)) in edges.iter().enumerate() {
        if windows > 0 {
            sum += (time - edges[i - 1].0) as f64 / f64::from(windows);
        }
        shared.push(sum);
        windows += change;
    }
    let at = |time: i64| shared[edges.partition_point(|edge| edge.0 < time)];
    let share = |(&begin, &end): (&i64, &i64)| {
        ((at(end) - at(begin)) / (end - begin).max(1) as f64).max(LEAST)
    };
    begins.iter().zip(ends).map(share).collect()
}

/// The dispersion, where the curve jumps, and of each count the lower edge, the rate and
/// the upper edge. `minutes` ascend; knots are `spacing` apart, and a window usually is
/// `usual` long.
fn smooth(
    data: &Counts,
    minutes: &[f64],
    spacing: f64,
    usual: f64,
) -> (f64, Vec<usize>, Vec<[f64; 3]>) {
    let (counts, exposures) = (data.counts, data.exposures);
    if counts.iter().all(|&count| count == 0.0) {
        let upper = NONE_SEEN / exposures.iter().sum::<f64>();
        return (1.0, Vec::new(), vec![[0.0, 0.0, upper]; counts.len()]);
    }
    // The mean square of such a wave's second differences; of wide windows it
    // would be that of noise.
    let turn = TAU * spacing.min(60.0) / WAVE;
    let smoothing = Smoothing {
        roughness: turn.powi(4) / 2.0,
        trust: 4.0,
        reach: (REACH / spacing).round().max(4.0) as usize,
        pull: 1.0,
        apart: APART / spacing,
        burst: BURST / spacing,
        tolerance: 1e-3,
        rounds: 60,
    };
    let fitted = fit(data, &smoothing);
    let band = |i: usize| {
        let (log, reach) = (fitted.log_rates[i], BAND * fitted.errors[i]);
        let rate = log.exp();
        let upper = (log + reach).exp();
        // Of a window that has no others near, a normal distribution of the
        // logarithm knows less than its own count.
        let own = limit(counts[i] / fitted.dispersion) * fitted.dispersion / exposures[i];
        [(log - reach).exp(), rate, upper.min(own.max(rate * 10.0))]
    };
    let mut bands: Vec<[f64; 3]> = (0..counts.len()).map(band).collect();
    // How much time a window adds to those before it.
    let step = usual * data.worth / counts.len() as f64;
    widen(&mut bands, data, minutes, step, fitted.dispersion);
    (fitted.dispersion, fitted.jumps, bands)
}

/// Lifts the upper edge of runs of windows that together count more than the
/// curve allows to what they say by themselves: a burst may be too small or too
/// round to be called a jump.
fn widen(bands: &mut [[f64; 3]], data: &Counts, minutes: &[f64], step: f64, dispersion: f64) {
    let mut sums = vec![(0.0, 0.0)];
    for (i, [_, rate, _]) in bands.iter().enumerate() {
        let (count, mean) = sums[i];
        sums.push((count + data.counts[i], mean + data.exposures[i] * rate));
    }
    for run in RUNS.map(|length| (length / step).round().max(1.0) as usize) {
        for (from, to) in (run..sums.len()).map(|to| (to - run, to)) {
            let count = sums[to].0 - sums[from].0;
            let mean = (sums[to].1 - sums[from].1).max(1e-9);
            let is_in_a_row = minutes[to - 1] - minutes[from] < 2.0 * run as f64 * step;
            if count > mean && is_in_a_row && surprise(count, mean, dispersion) > BAND * BAND {
                let times = limit(count / dispersion) * dispersion / mean;
                for [_, rate, upper] in &mut bands[from..to] {
                    *upper = upper.max(*rate * times);
                }
            }
        }
    }
}

/// The upper limit of 97.5 % for the mean of a Poisson count, a quantile of the
/// gamma distribution, as E. Wilson and M. Hilferty approximate it (1931, PNAS
/// 17, 684–688).
fn limit(count: f64) -> f64 {
    let shape = count + 1.0;
    shape * (1.0 - 1.0 / (9.0 * shape) + BAND / (3.0 * shape.sqrt())).powi(3)
}

/// Where each of these moments, ascending minutes, is on a clock of intervals between
/// knots, on which stretches without windows are no longer than they matter.
fn clock(moments: &[f64], spacing: f64) -> Vec<f64> {
    let places = |longest: f64| -> Vec<f64> {
        let steps = moments.windows(2).map(|pair| (pair[1] - pair[0]) / spacing);
        let places = steps.scan(0.0, |place, step| {
            *place += step.min(longest);
            Some(*place)
        });
        std::iter::once(0.0).chain(places).collect()
    };
    // There are not many more knots than windows, however scattered these are.
    let most = 2.0 * moments.len() as f64 + 200.0;
    let mut longest = (LONGEST_STEP / spacing).max(4.0);
    loop {
        let found = places(longest);
        if found[found.len() - 1] <= most || longest <= 1.0 {
            return found;
        }
        longest = (longest / 2.0).max(1.0);
    }
}

/// How firmly each second difference is held, given moments and where they are on the
/// clock. Where that leaves time out, knots are further apart than they seem; the
/// variance of a second difference is as the third power of their distance.
fn firmness(moments: &[f64], places: &[f64], spacing: f64) -> Vec<f64> {
    /// Less firm than this makes no difference, but rounding errors.
    const LEAST: f64 = 1e-6;
    let last = places.len() - 1;
    let mut before = 0;
    let mut minute = |place: f64| {
        while before + 2 <= last && places[before + 1] < place {
            before += 1;
        }
        let (from, to) = (places[before], places[before + 1]);
        let share = ((place - from) / (to - from)).clamp(0.0, 1.0);
        moments[before] + share * (moments[before + 1] - moments[before])
    };
    let count = differences(places[last]);
    let knots: Vec<f64> = (0..count + 2).map(|k| minute(k as f64 - 1.0)).collect();
    let times_longer = |k: usize| (knots[k + 2] - knots[k]) / (2.0 * spacing);
    let firm = |k| times_longer(k).max(1.0).powi(-3).max(LEAST);
    (0..count).map(firm).collect()
}
