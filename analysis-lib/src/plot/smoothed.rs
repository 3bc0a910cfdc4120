//! A fitted curve over time.

use splines::{Interpolation, Spline};

use super::figure::Figure;
use super::line::{Line, Series};
use super::style::WIDTH;
use super::time_axis::Least;
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
    let (times, mut values) = drawn(curve, fit.gaps());
    values.iter_mut().for_each(|value| *value *= factor);
    let mut told_times: Vec<i64> = fit.times().iter().copied().map(milliseconds).collect();
    told_times.dedup();
    told_times.retain(|&time| !in_gap(fit.gaps(), time));
    let told_values: Vec<f64> = told_times
        .iter()
        .map(|&time| factor * sample(curve, time))
        .collect();
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
        gaps: fit.gaps(),
        each: ("point", "points"),
        least: Least::Minute,
        marked: &[],
        why: "",
    }
    .figure()
}

/// Places on the curve to draw a line through, as times and values: each knot
/// and two or more between each two, so that no swing is lost over a long span;
/// as many more as make four in a column of pixels, so that a short one is seen
/// to bend. Of a gap there are the edges alone.
fn drawn(curve: &Spline<f64, f64>, gaps: &[Gap]) -> (Vec<i64>, Vec<f64>) {
    let keys = curve.keys();
    let (first, last) = (&keys[0], &keys[keys.len() - 1]);
    let step = (last.t - first.t) / (4.0 * WIDTH);
    let mut times = Vec::with_capacity(4 * keys.len());
    let mut values = Vec::with_capacity(4 * keys.len());
    let mut next_gap = 0;
    let mut push = |time: i64, value: f64| {
        while let Some(gap) = gaps.get(next_gap).filter(|gap| gap.from <= time) {
            for edge in [gap.from, gap.to] {
                if times.last().is_none_or(|&last| last < edge) {
                    times.push(edge);
                    values.push(sample(curve, edge));
                }
            }
            next_gap += 1;
        }
        if times.last().is_none_or(|&last| last < time) {
            times.push(time);
            values.push(value);
        }
    };
    for ends in keys.windows(2) {
        let (Interpolation::StrokeBezier(_, leaving), Interpolation::StrokeBezier(arriving, _)) =
            (ends[0].interpolation, ends[1].interpolation)
        else {
            unreachable!("the pieces are cubics");
        };
        let width = ends[1].t - ends[0].t;
        let parts = (width / step).ceil().max(3.0);
        for part in 0..parts as u32 {
            let u = f64::from(part) / parts;
            let piece = [ends[0].value, leaving, arriving, ends[1].value];
            push(milliseconds(ends[0].t + u * width), bezier(piece, u));
        }
    }
    push(milliseconds(last.t), last.value);
    (times, values)
}

/// A Bézier curve's value, by its Bernstein polynomials. (`sample` would look for
/// the piece at each of what may be hundreds of thousands of places.)
fn bezier([from, leaving, arriving, to]: [f64; 4], u: f64) -> f64 {
    let v = 1.0 - u;
    v * v * (v * from + 3.0 * u * leaving) + u * u * (3.0 * v * arriving + u * to)
}

fn sample(curve: &Spline<f64, f64>, time: i64) -> f64 {
    let value = curve.clamped_sample(time as f64 / MILLISECONDS_PER_DAY);
    value.expect("a fitted curve has keys")
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
        let (seen, values) = drawn(&curve, fit.gaps());
        let most = |times: &mut dyn Iterator<Item = f64>| {
            times
                .map(|time| fit.spline().derivative(time))
                .fold(f64::MIN, f64::max)
        };
        for (&time, &value) in seen.iter().zip(&values) {
            // A time is rounded to a millisecond.
            let slope = fit.spline().derivative(days(time));
            assert!((slope - value).abs() < 0.1, "{slope} {value} at {time}");
        }
        let (first, last) = (days(seen[0]), days(seen[seen.len() - 1]));
        // Every day's steepest slope, found in steps of 20 seconds.
        for day in first.ceil() as i64..last.floor() as i64 {
            let day = day as f64;
            let fine = most(
                &mut (0..4320)
                    .map(|i| day + f64::from(i) / 4320.0)
                    .filter(|&time| !in_gap(fit.gaps(), milliseconds(time))),
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
        let (times, _) = drawn(&fit.spline().curve(), fit.gaps());
        assert!(times.is_sorted_by(|a, b| a < b));
        for gap in fit.gaps() {
            let after = times.partition_point(|&time| time <= gap.from);
            assert_eq!([times[after - 1], times[after]], [gap.from, gap.to]);
        }
    }
}
