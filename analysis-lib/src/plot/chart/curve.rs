//! A fitted curve over time.

use super::line::Line;
use super::series::Series;
use crate::aggregate::Smoothed;
use crate::plot::figure::Figure;
use crate::plot::labels::{Labels, Noun};
use crate::plot::svg::WIDTH;
use activity_data::{DAY_LENGTH, Gap};

const POINTS: Noun = Noun::new("point", "points");
/// What is this many times smaller than the data is rounding noise of the fit.
const NOISE: f64 = 1e-9;

/// The curve of a fit, or its slope: `values` gives it at some days since the epoch
/// (UTC), and `usual` is a value that is large for it. Not drawn over gaps;
/// tooltips are at the fit's even times.
pub(crate) fn curve(
    fit: &Smoothed,
    labels: Labels,
    usual: f64,
    values: impl Fn(&[f64]) -> Vec<f64>,
) -> Figure {
    let gaps = fit.gaps();
    // Zero where it is nothing but noise.
    let values = |times: &[i64]| {
        let days: Vec<f64> = times.iter().map(days).collect();
        let mut values = values(&days);
        for value in values.iter_mut().filter(|own| own.abs() <= NOISE * usual) {
            *value = 0.0;
        }
        values
    };
    let times = places(&fit.spline().knots(), gaps);
    let curve = values(&times);
    let mut tip_times: Vec<i64> = fit.times().iter().map(milliseconds).collect();
    tip_times.dedup();
    tip_times.retain(|&time| !in_gap(gaps, time));
    let tips = values(&tip_times);
    let note = match curve.iter().any(|&value| value < 0.0) {
        true => "smoothing spline, which may dip below zero",
        false => "smoothing spline",
    };
    let series = Series::of_moments(POINTS, &times, &curve);
    Line {
        tips: Some(Series::of_moments(POINTS, &tip_times, &tips)),
        ..Line::new(labels.noting(note.to_owned()), series, gaps)
    }
    .figure()
}

/// Times on the curve to draw a line through: each knot and two or more between
/// each two, so that no swing is lost over a long span; as many more as make
/// four in a column of pixels, so that a short span is seen to bend. Of a gap
/// there are the edges alone.
fn places(knots: &[f64], gaps: &[Gap]) -> Vec<i64> {
    let step = (knots[knots.len() - 1] - knots[0]) / (4.0 * WIDTH);
    let between = |ends: &[f64]| {
        let (from, width) = (ends[0], ends[1] - ends[0]);
        let parts = (width / step).ceil().max(3.0);
        (0..parts as u32).map(move |part| from + f64::from(part) / parts * width)
    };
    let days = knots
        .windows(2)
        .flat_map(between)
        .chain(knots.last().copied());
    let mut times: Vec<i64> = days.map(|days| milliseconds(&days)).collect();
    times.retain(|&time| !in_gap(gaps, time));
    times.extend(gaps.iter().flat_map(|gap| [gap.begin, gap.end]));
    times.sort_unstable();
    times.dedup();
    times
}

fn milliseconds(days: &f64) -> i64 {
    (days * DAY_LENGTH as f64).round() as i64
}

fn days(milliseconds: &i64) -> f64 {
    *milliseconds as f64 / DAY_LENGTH as f64
}

/// Whether a time lies in one of the gaps, which are in order.
fn in_gap(gaps: &[Gap], time: i64) -> bool {
    let next = gaps.partition_point(|gap| gap.end <= time);
    gaps.get(next).is_some_and(|gap| gap.begin < time)
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
        let seen = places(&fit.spline().knots(), fit.gaps());
        let most_and_least = |times: &mut dyn Iterator<Item = f64>| {
            times
                .map(|time| fit.spline().derivative(time))
                .fold([f64::MIN, f64::MAX], |[most, least], slope| {
                    [most.max(slope), least.min(slope)]
                })
        };
        let (first, last) = (days(&seen[0]), days(&seen[seen.len() - 1]));
        // Every day's steepest slope, found in steps of 20 seconds.
        for day in first.ceil() as i64..last.floor() as i64 {
            let day = day as f64;
            let [fine, least] = most_and_least(
                &mut (0..4320)
                    .map(|i| day + f64::from(i) / 4320.0)
                    .filter(|&time| !in_gap(fit.gaps(), milliseconds(&time))),
            );
            let [drawn, _] = most_and_least(
                &mut seen
                    .iter()
                    .map(days)
                    .filter(|time| (day..day + 1.0).contains(time)),
            );
            // Between two knots the slope is a parabola. Its top may lie between two of
            // the three places there, and be higher than at these by a ninth of what it
            // rises above the knots.
            let lost = (fine - least) / 9.0;
            assert!(drawn >= fine - lost, "day {day}: {drawn} of {fine}");
        }
    }

    #[test]
    fn gaps_hold_no_time_but_their_edges() {
        let fit = aggregate::smoothed(&Activity::sample().unwrap()).unwrap();
        let times = places(&fit.spline().knots(), fit.gaps());
        assert!(times.is_sorted_by(|a, b| a < b));
        for gap in fit.gaps() {
            let after = times.partition_point(|&time| time <= gap.begin);
            assert_eq!([times[after - 1], times[after]], [gap.begin, gap.end]);
        }
    }
}
