//! The fit: where knots go, and how strongly jumps are held down.
//!
//! References:
//! - P. Dierckx, "An algorithm for smoothing, differentiation and integration
//!   of experimental data using spline functions", J. Comput. Appl. Math. 1
//!   (1975) 165–184.
//! - P. Dierckx, "Curve and Surface Fitting with Splines", Oxford University
//!   Press (1993), chapters 4 and 5.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use super::basis::{DEGREE, ORDER, basis, jumps};
use super::triangle::{Equation, Triangle};

/// How far the residual may be from s, as a share of s.
const TOLERANCE: f64 = 0.001;
/// How many weights p are tried before the search for F(p) = s is given up.
const MOST_TRIALS: usize = 20;

/// How a fit came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// One cubic polynomial comes as near as asked: no knots but the ends.
    Polynomial,
    /// The least-squares spline meets s without being smoothed.
    LeastSquares,
    /// Smoothed until the residual is s: the ordinary case.
    Root,
    /// The curve goes through every point, as far as rounding lets it.
    Interpolation,
    /// Not converged: the residual is above s, and no interval is left that
    /// one more knot would help. Only values near the smallest that a double
    /// can hold get here.
    KnotLimit,
    /// Not converged: the residual stopped following p before it was s, since
    /// s is less than what rounding leaves.
    NoRoot,
    /// Not converged: 20 values of p were tried, and the residual is not s yet.
    TrialLimit,
}

impl Ending {
    /// Whether the residual is what was asked for. If not, the curve is the
    /// last that was tried, as SciPy returns it with a warning.
    pub fn has_converged(self) -> bool {
        !matches!(self, Self::KnotLimit | Self::NoRoot | Self::TrialLimit)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Polynomial => "a single polynomial is near enough",
            Self::LeastSquares => "the least-squares spline meets it",
            Self::Root => "smoothed to meet it",
            Self::Interpolation => "through every point",
            Self::KnotLimit => "not converged, no knot helps any more; try a larger s",
            Self::NoRoot => "not converged, s is below what rounding leaves; try a larger s",
            Self::TrialLimit => "not converged within 20 trials; try a larger s",
        })
    }
}

/// A cubic smoothing spline, equal to SciPy's `UnivariateSpline`.
///
/// The [module's page](super) says what that is and when not to trust it.
///
/// `Display` and `Debug` tell how the fit ended:
///
/// ```
/// # use analysis_lib::SmoothingSpline;
/// let curve = SmoothingSpline::fit(&[0.0, 1.0, 2.0, 3.0, 4.0], &[0.0, 3.0, 4.0, 9.0, 16.0])?;
/// assert_eq!(
///     curve.to_string(),
///     "smoothing spline with 2 knots: residual 0.914 for s = 5 (a single polynomial is near enough)"
/// );
/// # Ok::<(), analysis_lib::error::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct SmoothingSpline {
    /// All knots: the ends count `ORDER` times each.
    pub(super) knots: Vec<f64>,
    pub(super) coefficients: Vec<f64>,
    pub(super) smoothing: f64,
    pub(super) residual: f64,
    pub(super) ending: Ending,
}

/// Fits a spline to points that have been checked: at least four, finite, and
/// `x` increasing.
pub(super) fn fit(x: &[f64], y: &[f64], smoothing: f64) -> SmoothingSpline {
    let points = Points { x, y, smoothing };
    match smoothing {
        0.0 => (points.least_squares(points.interpolating_breaks())).end(Ending::Interpolation),
        _ => points.search(),
    }
}

/// What is fitted.
struct Points<'a> {
    x: &'a [f64],
    y: &'a [f64],
    smoothing: f64,
}

impl Points<'_> {
    /// How far from s the residual may be.
    fn tolerance(&self) -> f64 {
        TOLERANCE * self.smoothing
    }

    /// The knots with which a spline goes through every point: all points but
    /// the second and the last but one.
    fn interpolating_breaks(&self) -> Vec<usize> {
        let last = self.x.len() - 1;
        (0..=last).filter(|&i| i != 1 && i + 1 != last).collect()
    }

    /// Adds knots until the least-squares spline comes nearer to the points
    /// than asked, then smooths it back to what was asked.
    fn search(&self) -> SmoothingSpline {
        let most_knots = self.x.len() + ORDER;
        // SciPy gives FITPACK room for this many knots at first. When they
        // don't suffice it calls again with more room, and FITPACK then goes
        // on with the knots that it has, but starts to add them one by one. There are
        // two ends at least, each of which counts `ORDER` times.
        let mut room = (self.x.len() / 2).max(2 * ORDER);
        let mut last = None;
        let mut curve = self.least_squares(vec![0, self.x.len() - 1]);
        let polynomial_residual = curve.spline.residual;
        loop {
            let residual = curve.spline.residual;
            let excess = residual - self.smoothing;
            let is_polynomial = curve.breaks.len() == 2;
            if excess.abs() < self.tolerance() || (is_polynomial && excess < 0.0) {
                return curve.end(match is_polynomial {
                    true => Ending::Polynomial,
                    false => Ending::LeastSquares,
                });
            }
            if excess < 0.0 {
                return self.smooth(curve, polynomial_residual);
            }
            // What is beyond a double ends here too; whoever asked for the fit
            // makes an error of it.
            let knots = curve.spline.knots.len();
            if knots == most_knots || !residual.is_finite() {
                return curve.end(Ending::Interpolation);
            }
            if knots == room {
                room = most_knots;
                last = None;
            }
            let wanted = self.round(last, residual);
            let new = self.new_breaks(&curve, wanted.min(room - knots));
            if new.is_empty() {
                return curve.end(Ending::KnotLimit);
            }
            last = Some((wanted, residual));
            curve = self.least_squares(if knots + new.len() == most_knots {
                self.interpolating_breaks()
            } else {
                let mut breaks = [curve.breaks, new].concat();
                breaks.sort();
                breaks
            });
        }
    }

    /// The least-squares spline with knots at the points with the indices
    /// `breaks`, the first and the last point among them.
    fn least_squares(&self, breaks: Vec<usize>) -> LeastSquares {
        let mut knots = Vec::with_capacity(breaks.len() + 2 * DEGREE);
        knots.extend([self.x[0]; DEGREE]);
        knots.extend(breaks.iter().map(|&i| self.x[i]));
        knots.extend([self.x[self.x.len() - 1]; DEGREE]);

        let bells = |(interval, i): (usize, usize)| basis(&knots, interval + DEGREE, self.x[i]);
        let bases: Vec<[f64; ORDER]> = located(&breaks).map(bells).collect();
        let unknowns = breaks.len() - 1 + DEGREE;
        let mut triangle = Triangle {
            rows: vec![[0.0; ORDER]; unknowns],
            right: vec![0.0; unknowns],
        };
        let equations = located(&breaks).map(|(interval, i)| (interval, bases[i], self.y[i]));
        let residual = triangle.rotate_in(equations);
        LeastSquares {
            breaks,
            spline: SmoothingSpline {
                knots,
                coefficients: triangle.solve(),
                smoothing: self.smoothing,
                residual,
                ending: Ending::LeastSquares,
            },
            triangle,
            bases,
        }
    }

    /// How many knots to add where `residual` is left, given how many the round before
    /// added, and to what residual: as many as would reach s if each took off as much
    /// as those, but at least half and at most twice as many.
    fn round(&self, last: Option<(usize, f64)>, residual: f64) -> usize {
        let Some((knots, before)) = last else {
            return 1;
        };
        let gain = before - residual;
        let wanted = match gain > self.tolerance() {
            true => to_fortran_integer(knots as f64 * (residual - self.smoothing) / gain),
            false => 2 * knots as i64,
        };
        let least = (knots as i64 / 2).max(1);
        wanted.clamp(least, 2 * knots as i64) as usize
    }

    /// The points at which `wanted` more knots go: one after the other into
    /// the middle of the interval with the greatest residual, which its two
    /// halves then share by the number of points that they have inside. Of two alike
    /// the earlier is first.
    fn new_breaks(&self, curve: &LeastSquares, wanted: usize) -> Vec<usize> {
        // Where it begins, and how many points lie inside. Numbers above zero have the
        // order of their bits.
        let interval = |residual: f64, begin: usize, inside: usize| {
            let can_be_split = inside > 0 && residual > 0.0;
            can_be_split.then(|| (residual.to_bits(), Reverse(begin), inside))
        };
        let ends = curve.breaks.windows(2).zip(self.interval_residuals(curve));
        let mut open: BinaryHeap<_> = ends
            .filter_map(|(ends, residual)| interval(residual, ends[0], ends[1] - ends[0] - 1))
            .collect();
        let mut new = Vec::with_capacity(wanted);
        while new.len() < wanted
            && let Some((residual, Reverse(begin), inside)) = open.pop()
        {
            let middle = begin + inside / 2 + 1;
            for (begin, own) in [(begin, inside / 2), (middle, (inside - 1) / 2)] {
                let share = f64::from_bits(residual) * own as f64 / inside as f64;
                open.extend(interval(share, begin, own));
            }
            new.push(middle);
        }
        new
    }

    /// The sum of the squared residuals in each interval between knots. A
    /// point on a knot counts half to each side.
    fn interval_residuals(&self, curve: &LeastSquares) -> Vec<f64> {
        let mut sums = Vec::with_capacity(curve.breaks.len() - 1);
        let mut sum = 0.0;
        for (interval, i, square) in self.squares(curve, &curve.spline.coefficients) {
            sum += square;
            if interval > 0 && i == curve.breaks[interval] {
                let half = square * 0.5;
                sums.push(sum - half);
                sum = half;
            }
        }
        sums.push(sum);
        sums
    }

    /// Every point, after the interval that it lies in, and its squared residual.
    #[inline(always)]
    fn squares(
        &self,
        curve: &LeastSquares,
        coefficients: &[f64],
    ) -> impl Iterator<Item = (usize, usize, f64)> {
        located(&curve.breaks).map(|(interval, i)| {
            let met = &coefficients[interval..interval + ORDER];
            let bells = curve.bases[i].iter().zip(met);
            let off = bells.fold(0.0, |sum, (b, c)| sum + c * b) - self.y[i];
            (interval, i, off * off)
        })
    }

    /// Smooths a least-squares spline that comes nearer to the points than
    /// asked: finds the weight p with which holding its jumps down leaves the
    /// residual F(p) = s.
    fn smooth(&self, curve: LeastSquares, polynomial_residual: f64) -> SmoothingSpline {
        let jumps = jumps(&curve.spline.knots);
        let rows = &curve.triangle.rows;
        let mut p = rows.len() as f64 / rows.iter().fold(0.0, |sum, row| sum + row[0]);
        let far = [polynomial_residual, curve.spline.residual].map(|own| own - self.smoothing);
        let mut search = RootSearch {
            ends: [(0.0, far[0]), (f64::INFINITY, far[1])],
            are_sure: [false; 2],
            tolerance: self.tolerance(),
        };
        let mut trial = 1;
        loop {
            let coefficients = penalised(&curve.triangle, &jumps, p).solve();
            let squares = self.squares(&curve, &coefficients);
            let residual = squares.fold(0.0, |sum, (.., square)| sum + square);
            let excess = residual - self.smoothing;
            let ending = if excess.abs() < self.tolerance() {
                Ending::Root
            } else if trial == MOST_TRIALS {
                Ending::TrialLimit
            } else if let Some(next) = search.next(p, excess) {
                p = next;
                trial += 1;
                continue;
            } else {
                Ending::NoRoot
            };
            return SmoothingSpline {
                coefficients,
                residual,
                ending,
                ..curve.spline
            };
        }
    }
}

/// A least-squares spline, and what was needed to find it.
struct LeastSquares {
    /// The points at which pieces meet, with both ends.
    breaks: Vec<usize>,
    spline: SmoothingSpline,
    /// The equations' triangle, on which smoothing builds.
    triangle: Triangle<ORDER>,
    /// The B-splines at each point.
    bases: Vec<[f64; ORDER]>,
}

impl LeastSquares {
    fn end(self, ending: Ending) -> SmoothingSpline {
        SmoothingSpline {
            ending,
            ..self.spline
        }
    }
}

/// Every point, after the interval that it lies in. A point on a knot opens its
/// interval; the last point closes the last one.
fn located(breaks: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    let last = breaks.len() - 2;
    let mut interval = 0;
    (0..=breaks[last + 1]).map(move |i| {
        if interval < last && i >= breaks[interval + 1] {
            interval += 1;
        }
        (interval, i)
    })
}

/// A number cut to 32 bits as SciPy's own code does it on x86-64: what doesn't
/// fit becomes the least number there is. A residual far above s gets there,
/// and then the number of knots to add is halved instead of doubled.
fn to_fortran_integer(value: f64) -> i64 {
    i64::from(i32::try_from(value as i64).unwrap_or(i32::MIN))
}

/// The equations of the least-squares spline together with those that say that
/// no jump is left, of which each weighs 1/p.
///
/// FITPACK rotates each row of jumps down through the whole triangle, which
/// takes the square of the number of knots. But what is left of a row roughly
/// halves with each column (the inverse of a band matrix decays: S. Demko, SIAM
/// J. Numer. Anal. 14 (1977) 616–619), so that after some 75 columns it changes
/// no bit of what it meets. There it is dropped.
///
/// (Taking both kinds of rows in the order of their first column would need
/// five columns a row, but round differently, and where s is near what rounding
/// allows, the search for p would end elsewhere than SciPy's.)
fn penalised(
    equations: &Triangle<ORDER>,
    jumps: &[[f64; ORDER + 1]],
    p: f64,
) -> Triangle<{ ORDER + 1 }> {
    /// When a row is dropped: at this share of the least diagonal entry that
    /// it could meet. 2⁻⁵³ would be one rounding, 2⁻⁶⁴ gave the same bits as
    /// no limit on thousands of series, and the rest is a margin.
    const NEGLIGIBLE: f64 = 1.0 / (1_u128 << 70) as f64;
    /// How many rows go down at once, each a column behind the one before it.
    /// A column still meets them in the same order, but the processor needn't
    /// wait for one rotation before it starts the next: a quarter less time.
    const TOGETHER: usize = 4;
    /// How many columns they go down between two looks at what is left.
    const STRETCH: usize = 8;

    let diagonal = equations.rows.iter().map(|row| row[0]);
    let negligible = NEGLIGIBLE * diagonal.fold(f64::INFINITY, f64::min);
    let unknowns = equations.rows.len();
    let wider = |&[a, b, c, d]: &[f64; ORDER]| [a, b, c, d, 0.0];
    let mut system = Triangle {
        rows: equations.rows.iter().map(wider).collect(),
        right: equations.right.clone(),
    };
    let is_left = |own: &Equation<_>| own.row.iter().any(|entry| entry.abs() > negligible);
    let weight = 1.0 / p;
    for (group, rows) in jumps.chunks(TOGETHER).enumerate() {
        let first = group * TOGETHER;
        let mut descending = [Equation::NOTHING; TOGETHER];
        for (equation, row) in descending.iter_mut().zip(rows) {
            equation.row = row.map(|jump| jump * weight);
        }
        let mut step = 0;
        let end = unknowns + TOGETHER - first;
        while step < end && descending.iter().any(is_left) {
            for step in step..step + STRETCH {
                // Row k starts at column first + k, in step 2k.
                for (k, equation) in descending.iter_mut().enumerate().take(step / 2 + 1) {
                    let column = first + step - k;
                    if column < unknowns {
                        system.meet(column, equation);
                    }
                }
            }
            step += STRETCH;
        }
    }
    system
}

/// The search for the p with F(p) = s. F falls as p grows, from the residual of
/// a single polynomial (p = 0) to that of the least-squares spline (p = ∞).
struct RootSearch {
    /// A p that is too small and one that is too large, and how far F is above s
    /// there: at the second, below zero.
    ends: [(f64, f64); 2],
    /// Whether each is near enough for the rational function that is laid through
    /// three points to be of use. They start far off, at 0 and ∞.
    are_sure: [bool; 2],
    tolerance: f64,
}

impl RootSearch {
    /// The p to try after `p`, at which F was `excess` above s; none when F
    /// didn't fall as it should, because what is asked is beyond rounding.
    fn next(&mut self, p: f64, excess: f64) -> Option<f64> {
        /// How much a p that is too far off is reduced, or enlarged.
        const STRIDE: f64 = 0.04;
        for (end, sign, stride) in [(1, -1.0, p * STRIDE), (0, 1.0, p / STRIDE)] {
            if self.are_sure[end] {
                continue;
            }
            if sign * (self.ends[end].1 - excess) <= self.tolerance {
                self.ends[end] = (p, excess);
                let other = self.ends[1 - end].0;
                let is_between = sign * (other - stride) > 0.0;
                let mixed = p * 0.1 + other * 0.9;
                return Some(if is_between { stride } else { mixed });
            }
            self.are_sure[end] = sign * excess > 0.0;
        }
        if excess >= self.ends[0].1 || excess <= self.ends[1].1 {
            return None;
        }
        // Where the function (u·p + v) / (p + w) through three points is zero.
        let ([(p1, f1), (p3, f3)], (p2, f2)) = (self.ends, (p, excess));
        let root = if p3.is_finite() {
            let (h1, h2, h3) = (f1 * (f2 - f3), f2 * (f3 - f1), f3 * (f1 - f2));
            -(p1 * p2 * h3 + p2 * p3 * h1 + p3 * p1 * h2) / (p1 * h1 + p2 * h2 + p3 * h3)
        } else {
            (p1 * (f1 - f3) * f2 - p2 * (f2 - f3) * f1) / ((f1 - f2) * f3)
        };
        self.ends[usize::from(f2 < 0.0)] = (p2, f2);
        Some(root)
    }
}
