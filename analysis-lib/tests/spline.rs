//! What a smoothing spline promises beside being SciPy's: errors that tell,
//! fast evaluation that agrees with the plain one, and the `splines` crate's
//! form of the same curve.

use analysis_lib::SmoothingSpline;
use analysis_lib::spline::Ending;

/// Ten-minute windows, as days.
fn windows(count: usize, first_day: f64) -> Vec<f64> {
    (0..count).map(|i| first_day + i as f64 / 144.0).collect()
}

/// A staircase with a quiet night and a busy evening, the same every time.
fn staircase(count: usize) -> Vec<f64> {
    let mut sum = 0.0;
    (0..count)
        .map(|i| {
            let busy = [2, 0, 3, 7, 5, 12][i * 6 / count];
            sum += ((i * i * 7 + i * 3) % (busy + 1)) as f64;
            sum
        })
        .collect()
}

/// Fits that end in every way there is, but for `KnotLimit`.
fn curves() -> Vec<SmoothingSpline> {
    let (x, y) = (windows(300, 20_000.0), staircase(300));
    let irregular: Vec<f64> = x.iter().map(|x| x + (x * 3.0).sin() / 9.0).collect();
    vec![
        SmoothingSpline::fit(&x, &y).unwrap(),
        SmoothingSpline::fit(&irregular, &y).unwrap(),
        SmoothingSpline::fit_with(&irregular, &y, 0.0).unwrap(),
        SmoothingSpline::fit_with(&x, &y, 1e7).unwrap(),
        SmoothingSpline::fit_with(&x[..4], &y[..4], 0.0).unwrap(),
        SmoothingSpline::fit_with(&x[..5], &y[..5], 0.0).unwrap(),
    ]
}

/// The largest of the values that a curve is made of.
fn size(curve: &SmoothingSpline) -> f64 {
    curve
        .coefficients()
        .iter()
        .fold(0.0, |size, c| size.max(c.abs()))
}

/// Sorted places between the ends, and a few outside.
fn places(curve: &SmoothingSpline) -> Vec<f64> {
    let knots = curve.knots();
    let (first, last) = (knots[0], knots[knots.len() - 1]);
    (-20..=1_020)
        .map(|i| first + (last - first) * f64::from(i) / 1_000.0)
        .collect()
}

/// Whoever reads an error must know which point to mend, and how.
#[test]
fn tells_what_cannot_be_fitted() {
    let x = [0.0, 1.0, 2.0, 3.0, 4.0];
    let y = [0.0, 1.0, 4.0, 9.0, 16.0];
    let replaced = |numbers: [f64; 5], at: usize, by: f64| {
        let mut numbers = numbers;
        numbers[at] = by;
        numbers
    };
    let message =
        |x: &[f64], y: &[f64], s: f64| SmoothingSpline::fit_with(x, y, s).unwrap_err().to_string();
    for (got, expected) in [
        (
            message(&x, &y[1..], 1.0),
            "cannot fit a curve: 5 times but 4 values; give one value for each time",
        ),
        (
            message(&x[..3], &y[..3], 1.0),
            "cannot fit a curve: 3 points, but a cubic needs at least 4; take a longer span",
        ),
        (
            message(&[], &[], 1.0),
            "cannot fit a curve: 0 points, but a cubic needs at least 4; take a longer span",
        ),
        (
            message(&x, &replaced(y, 2, f64::NAN), 1.0),
            "cannot fit a curve: the value at 2 is NaN; leave that point out",
        ),
        (
            message(&replaced(x, 4, f64::INFINITY), &y, 1.0),
            "cannot fit a curve: the time at 4 is inf; leave that point out",
        ),
        (
            message(&replaced(x, 3, 1.5), &y, 1.0),
            "cannot fit a curve: the time at 3 (1.5) is before the one at 2 (2); \
             sort the points by time",
        ),
        (
            message(&replaced(x, 3, 2.0), &y, 1.0),
            "cannot fit a curve: the times at 2 and 3 are equal (2); \
             merge the points of one time into one",
        ),
        (
            message(&x, &y, -1.0),
            "cannot fit a curve: the smoothing factor is -1; give zero or more",
        ),
        (
            message(&x, &y, f64::NAN),
            "cannot fit a curve: the smoothing factor is NaN; give zero or more",
        ),
        (
            message(&x, &replaced(y, 2, -1e200), 1.0),
            "cannot fit a curve: with values up to 1e200 and times from 0e0 to 4e0, numbers \
             leave the range of a double; scale them, or merge points that nearly coincide",
        ),
    ] {
        assert_eq!(got, expected);
    }
}

/// SciPy returns NaN for some of these. Here it is a number or an error.
#[test]
fn never_returns_what_is_not_a_number() {
    let mut errors = 0;
    for step in [
        f64::MIN_POSITIVE,
        1e-300,
        1e-100,
        1e-9,
        1.0,
        1e9,
        1e100,
        1e307,
    ] {
        for value in [0.0, 5e-324, 1e-160, 1.0, 1e100, 1e160, 1e307] {
            for smoothing in [0.0, 5e-324, 1.0, 1e300, f64::INFINITY] {
                let x: Vec<f64> = (0..12).map(|i| f64::from(i * i) * step / 10.0).collect();
                let y: Vec<f64> = (0..12)
                    .map(|i| f64::from(i * 7 % 5) * value / 4.0)
                    .collect();
                let Ok(curve) = SmoothingSpline::fit_with(&x, &y, smoothing) else {
                    errors += 1;
                    continue;
                };
                let numbers = [curve.coefficients(), &curve.evaluate_all(&x)].concat();
                assert!(
                    numbers.iter().all(|number| number.is_finite()),
                    "step {step:e}, values up to {value:e}, s = {smoothing:e}: {numbers:?}"
                );
            }
        }
    }
    assert!(errors > 0, "nothing was out of range");
}

#[test]
fn fits_the_same_at_the_epoch_and_at_day_20000() {
    let y = staircase(400);
    let early = SmoothingSpline::fit(&windows(400, 0.0), &y).unwrap();
    let late = SmoothingSpline::fit(&windows(400, 20_000.0), &y).unwrap();
    assert_eq!(early.knots().len(), late.knots().len());
    for i in 0..400 {
        let day = f64::from(i) / 150.0;
        // A time near 20,000 is rounded to 2e-12 of a day, which moves knots
        // and points against each other by as much.
        let difference = early.evaluate(day) - late.evaluate(20_000.0 + day);
        assert!(difference.abs() < 1e-6, "{difference:e} on day {day}");
    }
}

#[test]
fn follows_a_straight_line_and_a_constant_exactly() {
    let x = windows(100, 20_000.0);
    let line: Vec<f64> = (0..100).map(|i| 5.0 * f64::from(i)).collect();
    let curve = SmoothingSpline::fit(&x, &line).unwrap();
    assert_eq!(curve.ending(), Ending::Polynomial);
    assert!((curve.derivative(20_000.3) - 720.0).abs() < 1e-6);
    let curve = SmoothingSpline::fit(&x, &[7.0; 100]).unwrap();
    assert!((curve.evaluate(20_000.3) - 7.0).abs() < 1e-12);
    assert!(curve.derivative(20_000.3).abs() < 1e-9);
}

/// Simpson's rule is exact for a parabola, which the slope is in each interval;
/// but its middle is rounded, near day 20,000 to 4e-12 of a day.
#[test]
fn the_derivative_is_the_slope_of_the_curve() {
    for curve in curves() {
        for ends in curve.knots().windows(2) {
            let middle = f64::midpoint(ends[0], ends[1]);
            let slopes = curve.derivative(ends[0])
                + 4.0 * curve.derivative(middle)
                + curve.derivative(ends[1]);
            let rise = curve.evaluate(ends[1]) - curve.evaluate(ends[0]);
            let difference = rise - slopes * (ends[1] - ends[0]) / 6.0;
            assert!(
                difference.abs() < 1e-9 * size(&curve),
                "{difference:e} after {}",
                ends[0]
            );
        }
    }
}

/// The fast way must not be another way, whatever the order of the places.
#[test]
fn evaluates_many_points_as_it_does_one() {
    for curve in curves() {
        let sorted = places(&curve);
        let reversed: Vec<f64> = sorted.iter().rev().copied().collect();
        let knots = curve.knots();
        for places in [sorted, reversed, knots] {
            let values: Vec<f64> = places.iter().map(|&x| curve.evaluate(x)).collect();
            assert_eq!(curve.evaluate_all(&places), values);
            let slopes: Vec<f64> = places.iter().map(|&x| curve.derivative(x)).collect();
            assert_eq!(curve.derivative_all(&places), slopes);
        }
        assert!(curve.evaluate_all(&[]).is_empty());
    }
}

/// Others go on with the `splines` crate's curve, so it must be ours, up to the
/// last roundings of a sum of four terms.
#[test]
fn the_splines_crate_has_the_same_curve_and_slope() {
    for curve in curves() {
        let knots = curve.knots();
        let (values, slopes) = (curve.curve(), curve.derivative_curve());
        assert_eq!(values.len(), knots.len());
        assert_eq!(slopes.len(), knots.len());
        let steepest = places(&curve)
            .iter()
            .fold(0.0_f64, |most, &x| most.max(curve.derivative(x).abs()));
        let inside = places(&curve)
            .into_iter()
            .filter(|&x| x >= knots[0] && x < knots[knots.len() - 1]);
        for x in inside.chain(knots[..knots.len() - 1].iter().copied()) {
            let difference = values.sample(x).unwrap() - curve.evaluate(x);
            assert!(difference.abs() < 1e-11 * size(&curve), "{difference:e}");
            let difference = slopes.sample(x).unwrap() - curve.derivative(x);
            assert!(difference.abs() < 1e-9 * steepest, "{difference:e}");
        }
        let last = knots[knots.len() - 1];
        let difference = values.clamped_sample(last).unwrap() - curve.evaluate(last);
        assert!(difference.abs() < 1e-11 * size(&curve), "{difference:e}");
    }
}

/// The docs warn of it, and whoever plots a rate has to deal with it: counts
/// that never fall can have a curve that does.
#[test]
fn the_slope_swings_below_zero_next_to_a_plateau() {
    let x = windows(200, 20_000.0);
    let y: Vec<f64> = (0..200)
        .map(|i| if i < 100 { 0.0 } else { 500.0 })
        .collect();
    let curve = SmoothingSpline::fit(&x, &y).unwrap();
    let slopes = curve.derivative_all(&places(&curve));
    assert!(slopes.iter().any(|&slope| slope < -1_000.0));
}

/// A curve that isn't as near as asked is still the best there is, as SciPy's
/// warning says; whoever shows it must be able to tell.
#[test]
fn tells_that_it_did_not_converge_and_keeps_the_curve() {
    let x = windows(60, 20_000.0);
    let y: Vec<f64> = staircase(60).iter().map(|y| y * 1e9).collect();
    let curve = SmoothingSpline::fit_with(&x, &y, 1e-3).unwrap();
    assert!(!curve.ending().has_converged());
    let text = curve.to_string();
    assert!(
        text.starts_with("smoothing spline with 58 knots: residual "),
        "{text}"
    );
    assert!(text.contains(" for s = 0.001 (not converged"), "{text}");
    for (&x, &y) in x.iter().zip(&y) {
        assert!((curve.evaluate(x) - y).abs() < 1.0);
    }
}

/// Values this small have squares that vanish, and with them the reason to put
/// a knot anywhere; the search must end all the same.
#[test]
fn ends_when_no_knot_helps() {
    let x = windows(6, 0.0);
    let y = [0.0, 0.0, 0.0, 0.0, 1.18e-161, 7.33e-162];
    let curve = SmoothingSpline::fit_with(&x, &y, 5e-324).unwrap();
    assert_eq!(curve.ending(), Ending::KnotLimit);
    assert!(curve.residual() > 0.0);
}

#[test]
fn meets_the_smoothing_factor() {
    let (x, y) = (windows(300, 20_000.0), staircase(300));
    for s in [3.0, 30.0, 300.0, 3_000.0] {
        let curve = SmoothingSpline::fit_with(&x, &y, s).unwrap();
        assert_eq!(curve.smoothing(), s);
        assert!((curve.residual() - s).abs() < 0.001 * s, "{curve}");
        let distances = x.iter().zip(&y).map(|(&x, &y)| curve.evaluate(x) - y);
        let sum: f64 = distances.map(|distance| distance * distance).sum();
        assert!((sum - curve.residual()).abs() < 1e-9 * s, "{curve}: {sum}");
    }
}

/// A cell of a notebook can hold it, move it into a thread and show it.
#[test]
fn can_be_held_in_a_notebook() {
    fn holdable<T: Clone + std::fmt::Debug + Send + Sync + 'static>(_: &T) {}
    let curve = SmoothingSpline::fit(&windows(9, 0.0), &staircase(9)).unwrap();
    holdable(&curve);
    assert_eq!(format!("{curve:?}"), curve.to_string());
}
