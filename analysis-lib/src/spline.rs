//! A curve through noisy points, and its slope: the smoothing spline that
//! SciPy's `UnivariateSpline(x, y)` gives.
//!
//! # What it is for
//!
//! Counting messages gives a staircase: so many by ten o'clock, so many by ten
//! past. The rate at which they come is the slope of that staircase, and a
//! staircase has none worth looking at: it is zero, or infinite. So a smooth
//! curve is laid through the steps, and the slope of the curve is the rate.
//!
//! # What a smoothing spline is
//!
//! A *cubic spline* is a chain of cubic polynomials. The places where two of
//! them meet are its *knots*; there they agree in value, slope and curvature,
//! so that no seam is to be seen. It is written as a sum of bells, one for each
//! *coefficient* cⱼ, each of which is zero but for four neighbouring intervals:
//!
//! ```text
//! spline(x) = Σⱼ cⱼ·Bⱼ(x)
//! ```
//!
//! The more knots, the nearer the curve can come to the points; the nearer, the
//! more it follows their noise. How near it must come is what the *smoothing
//! factor* s says. It bounds the *residual*, the sum of the squared distances:
//!
//! ```text
//! residual = Σᵢ (yᵢ − spline(xᵢ))² ≤ s, met to 0.001·s
//! ```
//!
//! With s = 0 the curve goes through every point; with a huge s it is a single
//! cubic polynomial.
//!
//! # What s means here
//!
//! s has the unit of y, squared. [`SmoothingSpline::fit`] takes s = the number
//! of points, as SciPy does, which lets the curve be off by 1 at a point, in
//! the root of the mean square. With y in messages that is one message, on a
//! busy server as on a quiet one: the more messages a window has, the closer
//! the curve keeps to each count. Of counts that are as random as can be, a
//! fifth of the points become knots at 2 messages a window, two fifths at 6 and
//! three quarters at 60. For a calmer curve give
//! [`fit_with`](SmoothingSpline::fit_with) a larger s: with *n* points and
//! *d* the distance that you'd call noise, s = n·d².
//!
//! The unit of x doesn't matter for the curve, only for its slope: with times
//! in days and values in messages, [`derivative`](SmoothingSpline::derivative)
//! is in messages per day, and a 1,440th of it in messages per minute.
//!
//! # How it is found
//!
//! 1. Start with one cubic polynomial. While the least-squares spline is
//!    farther from the points than s, put more knots where the residual is
//!    greatest, always at a point. A round adds as many as seem needed from
//!    what the last one gained, and at most twice as many as it.
//! 2. The least-squares spline is then nearer than asked. Third derivatives
//!    jump at knots; hold the sum of the squared jumps down, with the residual
//!    weighing *p* against it, and find the *p* that gives residual = s.
//!
//! All of it works in bands of four or five numbers a knot, so that time and
//! memory grow as the number of points does.
//!
//! # When not to trust it
//!
//! - **Rates below zero.** Counts only grow, but nothing tells the curve so.
//!   Where it swings, its slope can be negative; there are no negative
//!   messages.
//! - **Next to plateaus.** Before and after a sudden step the curve swings over
//!   and back, as any cubic does, and its slope shows messages in a night
//!   without one. The same goes for the span of a gap.
//! - **At the ends.** The last stretch is held on one side only, and the slope
//!   there is the least certain. Outside of the points the last cubic is
//!   carried on, as SciPy does: within a window or so that is a guess, further
//!   out it is nothing at all.
//! - **As proof of a rate.** s = the number of points is a convention. The
//!   curve has no error bars, and a peak one window wide is one window's count.
//!
//! # What it equals
//!
//! SciPy 1.17.1, `UnivariateSpline(x, y, s=s)` with the degree 3 and without
//! weights, is repeated operation for operation: on x86-64 knots, coefficients
//! and residual come out the same to the last bit, but for what is 2⁻⁷⁰ times
//! smaller than the largest. (Where values are so large that rounding alone is
//! near s, or steps in time differ by twelve orders of magnitude, about one
//! series in a thousand departs, or is an error. SciPy's `splrep` and
//! `make_splrep` place other knots. So can `UnivariateSpline` of SciPy 1.18,
//! which starts afresh where 1.17 goes on with the knots that it has.)
//! Differences: points with equal times are an error here, and what is not a
//! number never comes out, where SciPy takes both and may return NaN.
//!
//! # References
//!
//! - P. Dierckx, "An algorithm for smoothing, differentiation and integration
//!   of experimental data using spline functions", J. Comput. Appl. Math. 1
//!   (1975) 165–184.
//! - P. Dierckx, "Curve and Surface Fitting with Splines", Oxford University
//!   Press (1993).
//!
//! # Example
//!
//! ```
//! use analysis_lib::SmoothingSpline;
//!
//! // Messages so far, at times in days: 3 in each window of ten minutes, then
//! // 12 in each.
//! let days: Vec<f64> = (0..144).map(|i| 20_000.0 + f64::from(i) / 144.0).collect();
//! let mut sum = 0.0;
//! let messages: Vec<f64> = (0..144)
//!     .map(|i| {
//!         sum += if i < 72 { 3.0 } else { 12.0 };
//!         sum
//!     })
//!     .collect();
//!
//! let curve = SmoothingSpline::fit(&days, &messages)?;
//! let per_minute = curve.derivative(20_000.25) / 1_440.0;
//! assert!((per_minute - 0.3).abs() < 0.01);
//! let per_minute = curve.derivative(20_000.75) / 1_440.0;
//! assert!((per_minute - 1.2).abs() < 0.01);
//!
//! assert!(curve.ending().has_converged());
//! assert!((curve.residual() - 144.0).abs() < 0.144);
//! # Ok::<(), analysis_lib::error::Error>(())
//! ```

mod banded;
mod basis;
mod fit;
pub(crate) mod poisson;
mod triangle;

use std::fmt;

use splines::{Interpolation, Key, Spline};

use crate::{Error, Result};
use basis::{DEGREE, ORDER, basis};
pub use fit::{Ending, SmoothingSpline};

impl SmoothingSpline {
    /// `UnivariateSpline(x, y)` of SciPy 1.17: cubic, s = the number of points.
    ///
    /// `x` are times in any unit, increasing; `y` the value at each.
    ///
    /// # Errors
    ///
    /// See [`fit_with`](Self::fit_with).
    pub fn fit(x: &[f64], y: &[f64]) -> Result<Self> {
        Self::fit_with(x, y, x.len() as f64)
    }

    /// `UnivariateSpline(x, y, s=smoothing)` of SciPy 1.17.
    ///
    /// `smoothing` is the residual to allow, in the unit of `y` squared; zero
    /// asks for a curve through every point.
    ///
    /// A residual that can't be reached is no error: the best curve comes back,
    /// and [`ending`](Self::ending) tells.
    ///
    /// # Errors
    ///
    /// Lengths that differ, fewer than 4 points, a number that is NaN or
    /// infinite, times that don't increase, a negative `smoothing`, and values
    /// so large that their squares don't fit a double. Merge points of the same
    /// time before: what they mean decides whether that is the last, the sum or
    /// the mean of them.
    ///
    /// ```
    /// # use analysis_lib::SmoothingSpline;
    /// let error = SmoothingSpline::fit(&[0.0, 1.0, 1.0, 2.0], &[0.0; 4]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "cannot fit a curve: the times at 1 and 2 are equal (1); \
    ///      merge the points of one time into one"
    /// );
    /// ```
    pub fn fit_with(x: &[f64], y: &[f64], smoothing: f64) -> Result<Self> {
        if let Some(reason) = obstacle(x, y, smoothing) {
            return Err(Error::new(format!("cannot fit a curve: {reason}")));
        }
        let fitted = fit::fit(x, y, smoothing);
        if !fitted.residual.is_finite() || fitted.coefficients.iter().any(|c| !c.is_finite()) {
            let (first, last) = (x[0], x[x.len() - 1]);
            let largest = y.iter().fold(0.0_f64, |largest, y| largest.max(y.abs()));
            return Err(Error::new(format!(
                "cannot fit a curve: with values up to {largest:e} and times from {first:e} to {last:e}, \
                 numbers leave the range of a double; scale them, or merge points that nearly \
                 coincide"
            )));
        }
        Ok(fitted)
    }

    /// The curve at `x`. Outside of the points its last cubic is carried on,
    /// which SciPy calls `ext=0`. NaN or infinite only where `x` is, or where
    /// the cubic leaves the range of a double.
    ///
    /// Takes the logarithm of the number of knots; for many points see
    /// [`evaluate_all`](Self::evaluate_all).
    pub fn evaluate(&self, x: f64) -> f64 {
        self.value_in(self.interval(x), x)
    }

    /// The slope of the curve at `x`, in units of y per unit of x; outside of
    /// the points as [`evaluate`](Self::evaluate).
    pub fn derivative(&self, x: f64) -> f64 {
        self.slope_in(self.interval(x), x)
    }

    /// The curve at each of `x`. Where they are sorted, that takes time as
    /// points and knots there are, and no more.
    ///
    /// ```
    /// # use analysis_lib::SmoothingSpline;
    /// let x = [0.0, 1.0, 2.0, 3.0, 4.0];
    /// let curve = SmoothingSpline::fit_with(&x, &[0.0, 1.0, 8.0, 27.0, 64.0], 0.0)?;
    /// let between = curve.evaluate_all(&[0.5, 1.5, 2.5]);
    /// assert!((between[2] - 15.625).abs() < 1e-12);
    /// # Ok::<(), analysis_lib::error::Error>(())
    /// ```
    pub fn evaluate_all(&self, x: &[f64]) -> Vec<f64> {
        self.walk(x, Self::value_in)
    }

    /// The slope of the curve at each of `x`, as fast as
    /// [`evaluate_all`](Self::evaluate_all).
    pub fn derivative_all(&self, x: &[f64]) -> Vec<f64> {
        self.walk(x, Self::slope_in)
    }

    /// The knots, with the first and the last point: SciPy's `get_knots()`.
    pub fn knots(&self) -> Vec<f64> {
        self.breaks().to_vec()
    }

    /// The coefficients of the B-splines, two more than there are knots:
    /// SciPy's `get_coeffs()`.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The sum of the squared distances from the points, in the unit of y
    /// squared: SciPy's `get_residual()`.
    pub fn residual(&self) -> f64 {
        self.residual
    }

    /// The smoothing factor s that was asked for.
    pub fn smoothing(&self) -> f64 {
        self.smoothing
    }

    /// How the fit came to its end, and so whether it converged.
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// The same curve for the `splines` crate, to go on with there: a key at
    /// each knot, and between two keys a Bézier segment, which is exactly the
    /// cubic piece.
    ///
    /// `sample` has no value at the last knot and beyond the ends;
    /// `clamped_sample` has.
    ///
    /// ```
    /// # use analysis_lib::SmoothingSpline;
    /// let x = [0.0, 1.0, 2.0, 3.0, 4.0];
    /// let fitted = SmoothingSpline::fit(&x, &[0.0, 1.0, 4.0, 9.0, 16.0])?;
    /// let curve = fitted.curve();
    /// assert!((curve.sample(2.5).unwrap() - fitted.evaluate(2.5)).abs() < 1e-12);
    /// # Ok::<(), analysis_lib::error::Error>(())
    /// ```
    pub fn curve(&self) -> Spline<f64, f64> {
        let breaks = self.breaks();
        let values = self.evaluate_all(breaks);
        let slopes = self.derivative_all(breaks);
        bezier_keys(breaks, &values, &slopes)
    }

    /// The slope of the curve for the `splines` crate, exactly, as
    /// [`curve`](Self::curve): its pieces are parabolas, which are Bézier
    /// segments too.
    pub fn derivative_curve(&self) -> Spline<f64, f64> {
        let breaks = self.breaks();
        let slopes = self.derivative_all(breaks);
        // The second derivative is a chain of straight lines, and a chain's
        // coefficients are its values at the knots.
        let bend = |i: usize| {
            let width = self.knots[i + ORDER] - self.knots[i + 2];
            2.0 * (self.slope_coefficient(i + 1) - self.slope_coefficient(i)) / width
        };
        let bends: Vec<f64> = (0..breaks.len()).map(bend).collect();
        bezier_keys(breaks, &slopes, &bends)
    }

    /// The knots, with the ends once each.
    fn breaks(&self) -> &[f64] {
        &self.knots[DEGREE..self.knots.len() - DEGREE]
    }

    /// The index of the knot that opens the interval of `x`. What is outside
    /// belongs to the first or the last interval.
    fn interval(&self, x: f64) -> usize {
        let inner = &self.knots[ORDER..self.coefficients.len()];
        inner.partition_point(|&knot| knot <= x) + DEGREE
    }

    /// The curve at `x`, from the cubic of the interval that opens at `left`.
    fn value_in(&self, left: usize, x: f64) -> f64 {
        let met = &self.coefficients[left - DEGREE..=left];
        let bells = basis::<ORDER>(&self.knots, left, x);
        bells.iter().zip(met).fold(0.0, |sum, (b, c)| sum + c * b)
    }

    /// The slope at `x`, from the cubic of the interval that opens at `left`.
    fn slope_in(&self, left: usize, x: f64) -> f64 {
        let bells = basis::<DEGREE>(&self.knots, left, x);
        let met = (left - DEGREE..).map(|i| self.slope_coefficient(i));
        bells.iter().zip(met).fold(0.0, |sum, (b, c)| sum + c * b)
    }

    /// The slope is a spline itself, one degree lower: its coefficient `i`.
    fn slope_coefficient(&self, i: usize) -> f64 {
        let rise = self.coefficients[i + 1] - self.coefficients[i];
        DEGREE as f64 * rise / (self.knots[i + ORDER] - self.knots[i + 1])
    }

    /// What `at` gives at each of `x`, going on from interval to interval while
    /// they grow, and searching only when one is smaller than that before.
    fn walk(&self, x: &[f64], at: impl Fn(&Self, usize, f64) -> f64) -> Vec<f64> {
        let last = self.coefficients.len() - 1;
        let mut left = DEGREE;
        let value = |&x: &f64| {
            if x < self.knots[left] {
                left = self.interval(x);
            }
            while left < last && x >= self.knots[left + 1] {
                left += 1;
            }
            at(self, left, x)
        };
        x.iter().map(value).collect()
    }
}

impl fmt::Display for SmoothingSpline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (knots, ending) = (self.breaks().len(), self.ending);
        let [residual, smoothing] = [self.residual, self.smoothing].map(brief);
        write!(
            f,
            "smoothing spline with {knots} knots: residual {residual} for s = {smoothing} ({ending})"
        )
    }
}

// A notebook shows a value with `Debug`; a dump of its numbers would fill pages.
impl fmt::Debug for SmoothingSpline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A number in the few digits that a reader wants of it.
fn brief(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        size if (1e-3..1e9).contains(&size) => {
            let text = format!("{number:.3}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{number:.3e}"),
    }
}

/// Keys for a chain of cubics with these values and slopes at `x`. A Bézier
/// segment's inner points lie a third of its width along the slopes at its ends.
fn bezier_keys(x: &[f64], values: &[f64], slopes: &[f64]) -> Spline<f64, f64> {
    let key = |i: usize| {
        let point = |other: usize| values[i] + (x[other] - x[i]) * slopes[i] / 3.0;
        let (arriving, leaving) = (point(i.saturating_sub(1)), point((i + 1).min(x.len() - 1)));
        let segment = Interpolation::StrokeBezier(arriving, leaving);
        Key::new(x[i], values[i], segment)
    };
    Spline::from_vec((0..x.len()).map(key).collect())
}

/// What keeps points from being fitted, if anything does.
fn obstacle(x: &[f64], y: &[f64], smoothing: f64) -> Option<String> {
    let (points, values) = (x.len(), y.len());
    let unusable = |(what, numbers): (&str, &[f64])| {
        let at = numbers.iter().position(|number| !number.is_finite())?;
        let number = numbers[at];
        Some(format!(
            "the {what} at {at} is {number}; leave that point out"
        ))
    };
    Some(if values != points {
        format!("{points} times but {values} values; give one value for each time")
    } else if points < ORDER {
        format!("{points} points, but a cubic needs at least {ORDER}; take a longer span")
    } else if let Some(why) = [("time", x), ("value", y)].into_iter().find_map(unusable) {
        why
    } else if let Some(at) = x.windows(2).position(|pair| pair[0] >= pair[1]) {
        let (before, after, next) = (x[at], x[at + 1], at + 1);
        match before == after {
            true => format!(
                "the times at {at} and {next} are equal ({before}); \
                 merge the points of one time into one"
            ),
            false => format!(
                "the time at {next} ({after}) is before the one at {at} ({before}); \
                 sort the points by time"
            ),
        }
    } else if smoothing.is_nan() || smoothing < 0.0 {
        format!("the smoothing factor is {smoothing}; give zero or more")
    } else {
        return None;
    })
}
