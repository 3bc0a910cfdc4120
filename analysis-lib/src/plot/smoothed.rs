//! A fitted curve over time.

use splines::Spline;

use super::figure::Figure;
use super::line::{Line, Series};
use super::style::WIDTH;
use crate::aggregate::{Gap, Smoothed};

const MILLISECONDS_PER_DAY: f64 = 86_400_000.0;

/// What tells one figure of a fit from another.
pub(crate) struct Words<'a> {
    pub(crate) title: &'a str,
    pub(crate) label: &'a str,
    pub(crate) column: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) places: usize,
}

/// The curve, over days since the epoch, times `factor`; not drawn over gaps.
/// Tooltips are at the fit's even times.
pub(crate) fn figure(
    fit: &Smoothed,
    curve: &Spline<f64, f64>,
    factor: f64,
    words: &Words,
) -> Figure {
    let sample = |times: Vec<i64>| -> (Vec<i64>, Vec<f64>) {
        let value = |time: i64| curve.clamped_sample(time as f64 / MILLISECONDS_PER_DAY);
        let points = times
            .into_iter()
            .filter_map(|time| Some((time, value(time)? * factor)));
        points.unzip()
    };
    let (times, values) = sample(drawn_times(curve, &fit.gaps));
    let mut even: Vec<i64> = fit.times().iter().copied().map(milliseconds).collect();
    even.dedup();
    even.retain(|&time| !in_gap(&fit.gaps, time));
    let (told_times, told_values) = sample(even);
    let note = if values.iter().any(|&value| value < 0.0) {
        "smoothing spline, which may dip below zero"
    } else {
        "smoothing spline"
    };
    Line {
        origin: fit.origin(),
        title: words.title,
        label: words.label,
        column: words.column,
        unit: (words.unit, words.unit),
        places: words.places,
        note,
        drawn: Series {
            times: &times,
            values: &values,
        },
        told: Series {
            times: &told_times,
            values: &told_values,
        },
        // Both edges of a gap are drawn, and nothing between them.
        broken: |i: usize| {
            let ends = fit.gaps.binary_search_by_key(&times[i], |gap| gap.to);
            ends.is_ok()
        },
        unfinished: false,
    }
    .figure()
}

/// Where the curve is looked at: even times, four in a column of pixels, so that
/// it is seen to bend; and each knot with two places between each two, so that no
/// swing is lost between the even ones of a long span.
fn drawn_times(curve: &Spline<f64, f64>, gaps: &[Gap]) -> Vec<i64> {
    const EVEN: u32 = 4 * WIDTH as u32;
    let knots: Vec<f64> = curve.keys().iter().map(|key| key.t).collect();
    let (first, last) = (knots[0], knots[knots.len() - 1]);
    let even = (1..EVEN).map(|i| first + (last - first) * f64::from(i) / f64::from(EVEN));
    let between = knots.windows(2).flat_map(|pair| {
        let third = (pair[1] - pair[0]) / 3.0;
        [pair[0] + third, pair[1] - third]
    });
    let mut times: Vec<i64> = even
        .chain(knots.iter().copied())
        .chain(between)
        .map(milliseconds)
        .filter(|&time| !in_gap(gaps, time))
        .chain(gaps.iter().flat_map(|gap| [gap.from, gap.to]))
        .collect();
    // The stable sort takes time as there are times, for it is given few runs.
    times.sort();
    times.dedup();
    times
}

fn milliseconds(days: f64) -> i64 {
    (days * MILLISECONDS_PER_DAY).round() as i64
}

/// Whether a time lies in one of the gaps, which are in order.
fn in_gap(gaps: &[Gap], time: i64) -> bool {
    let next = gaps.partition_point(|gap| gap.to <= time);
    gaps.get(next).is_some_and(|gap| gap.from < time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activity, aggregate};

    /// A daily rhythm over months must not become a slow wave because the curve
    /// is looked at too seldom.
    #[test]
    fn no_swing_is_lost_over_a_long_span() {
        let fit = aggregate::smoothed(&Activity::sample().unwrap()).unwrap();
        let curve = fit.spline().derivative_curve();
        let days = |time: i64| time as f64 / MILLISECONDS_PER_DAY;
        let seen = drawn_times(&curve, &fit.gaps);
        let most = |times: &mut dyn Iterator<Item = f64>| {
            times
                .map(|time| fit.spline().derivative(time))
                .fold(f64::MIN, f64::max)
        };
        let (first, last) = (days(seen[0]), days(seen[seen.len() - 1]));
        // Every day's steepest slope, found in steps of 20 seconds.
        for day in first.ceil() as i64..last.floor() as i64 {
            let day = day as f64;
            let fine = most(
                &mut (0..4320)
                    .map(|i| day + f64::from(i) / 4320.0)
                    .filter(|&time| !in_gap(&fit.gaps, milliseconds(time))),
            );
            let drawn = most(
                &mut seen
                    .iter()
                    .map(|&time| days(time))
                    .filter(|time| (day..day + 1.0).contains(time)),
            );
            // A parabola's top may lie between two places, and be higher there by
            // a 36th of how far it bends in the interval: here a fiftieth.
            assert!(drawn >= 0.98 * fine, "day {day}: {drawn} of {fine}");
        }
    }

    #[test]
    fn gaps_hold_no_time_but_their_edges() {
        let fit = aggregate::smoothed(&Activity::sample().unwrap()).unwrap();
        let times = drawn_times(&fit.spline().curve(), &fit.gaps);
        assert!(times.is_sorted_by(|a, b| a < b));
        for gap in &fit.gaps {
            let after = times.partition_point(|&time| time <= gap.from);
            assert_eq!([times[after - 1], times[after]], [gap.from, gap.to]);
        }
    }
}
