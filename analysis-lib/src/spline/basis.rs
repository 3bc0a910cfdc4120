//! B-splines: the bells that a spline is the weighted sum of.
//!
//! References:
//! - C. de Boor, "On calculating with B-splines", J. Approx. Theory 6 (1972)
//!   50–62: the recurrence.
//! - P. Dierckx, "Curve and Surface Fitting with Splines", Oxford University
//!   Press (1993), chapter 1 and section 5.2: the jumps.

/// The degree of the pieces.
pub(super) const DEGREE: usize = 3;
/// How many B-splines overlap at a point, one more than the degree.
pub(super) const ORDER: usize = DEGREE + 1;

/// The `N` B-splines of degree `N - 1` that are not zero on
/// `knots[left]..knots[left + 1]`, at `x`; the first belongs to the coefficient
/// `left - (N - 1)`.
///
/// Outside that interval the pieces are carried on as polynomials, which is
/// what extrapolation is.
#[inline(always)]
pub(super) fn basis<const N: usize>(knots: &[f64], left: usize, x: f64) -> [f64; N] {
    // One slice with a length that the compiler knows spares a bounds check at
    // every knot; this is the innermost loop of a fit.
    let near = &knots[left + 1 - (N - 1)..][..2 * (N - 1)];
    let mut values = [0.0; N];
    values[0] = 1.0;
    for degree in 1..N {
        let lower = values;
        values[0] = 0.0;
        for i in 0..degree {
            let (start, end) = (near[N - 1 + i - degree], near[N - 1 + i]);
            // The order of the operations is FITPACK's: the choice of knots
            // compares sums of what comes out here, and must fall the same way.
            let share = lower[i] / (end - start);
            values[i] += share * (end - x);
            values[i + 1] = share * (x - start);
        }
    }
    values
}

/// How far the third derivative of each B-spline jumps at each inner knot:
/// one row an inner knot, for the `ORDER + 1` B-splines that meet there.
///
/// A smoothing spline is the least-squares spline with these jumps held down.
/// The rows are scaled by the mean length of an interval, so that the weight
/// `p` that balances jumps against residuals has no unit of time in it.
pub(super) fn jumps(knots: &[f64]) -> Vec<[f64; ORDER + 1]> {
    let (first, last) = (ORDER, knots.len() - ORDER);
    let intervals = (last - DEGREE) as f64;
    let scale = intervals / (knots[last] - knots[DEGREE]);
    (first..last)
        .map(|at| {
            // Distances to the knots that the B-splines at this knot reach,
            // without the knot itself: behind it, then ahead of it.
            let distance: [f64; 2 * ORDER] = std::array::from_fn(|i| {
                let other = at + i + usize::from(i >= ORDER) - ORDER;
                knots[at] - knots[other]
            });
            std::array::from_fn(|i| {
                let product = distance[i + 1..=i + DEGREE]
                    .iter()
                    .fold(distance[i], |product, d| product * d * scale);
                (knots[at + i] - knots[at + i - ORDER]) / product
            })
        })
        .collect()
}
