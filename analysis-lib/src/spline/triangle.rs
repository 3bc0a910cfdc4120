//! Least squares in a narrow band.
//!
//! Each equation touches `W` neighbouring unknowns. Givens rotations bring one
//! equation after the other into an upper triangle of that width, so that time
//! and memory grow with the number of equations and no faster.

/// The square of this is lost when it is added to one, and so a pivot of this
/// share of what it meets leaves its length as it is. Most of the rotations that
/// smooth a spline are as slight as that, and need no root.
const SLIGHT: f64 = 1.0 / (1_u64 << 27) as f64;

/// An upper triangular system of equations, `W` wide.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Triangle<const W: usize> {
    /// Row `i` holds the columns `i..i + W`.
    pub(super) rows: Vec<[f64; W]>,
    /// The right-hand side.
    pub(super) right: Vec<f64>,
}

/// An equation on its way into a triangle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Equation<const W: usize> {
    /// The columns from where the equation has got to.
    pub(super) row: [f64; W],
    pub(super) right: f64,
}

impl<const W: usize> Equation<W> {
    /// The equation 0 = 0.
    pub(super) const NOTHING: Self = Self {
        row: [0.0; W],
        right: 0.0,
    };
}

impl<const W: usize> Triangle<W> {
    /// Rotates equations in, each given as its first column, its entries from
    /// there on and its right-hand side, and gives the sum of the squares of what
    /// no choice of unknowns can meet.
    ///
    /// Equations must come in the order of their first column, and skip none:
    /// only then is nothing beyond the last column of an equation in the rows
    /// that it meets.
    pub(super) fn rotate_in(
        &mut self,
        equations: impl Iterator<Item = (usize, [f64; W], f64)>,
    ) -> f64 {
        const { assert!(W.is_multiple_of(2)) }
        let mut squares = 0.0;
        // Two equations are on their way at once, half a width apart, and so
        // never at the same row. Each row still meets them in the same order,
        // but the processor needn't wait for one rotation before it starts the
        // next.
        let (mut before, mut old) = (0, Equation::NOTHING);
        let nothing = std::iter::once((0, [0.0; W], 0.0));
        for (first, row, right) in equations.chain(nothing) {
            let mut new = Equation { row, right };
            for step in 0..W / 2 {
                self.meet(before + W / 2 + step, &mut old);
                self.meet(first + step, &mut new);
            }
            squares += old.right * old.right;
            (before, old) = (first, new);
        }
        squares
    }

    /// Rotates an equation that has got to `column` against the row there, so
    /// that the column drops out of it, and moves it on to the next one.
    #[inline(always)]
    pub(super) fn meet(&mut self, column: usize, equation: &mut Equation<W>) {
        let new = equation.row;
        let pivot = new[0];
        equation.row[W - 1] = 0.0;
        if pivot == 0.0 {
            equation.row[..W - 1].copy_from_slice(&new[1..]);
            return;
        }
        let old = &mut self.rows[column];
        let (cos, sin) = if pivot.abs() <= SLIGHT * old[0] {
            (1.0, pivot / old[0])
        } else {
            let length = hypotenuse(pivot, old[0]);
            let turn = (old[0] / length, pivot / length);
            old[0] = length;
            turn
        };
        for k in 1..W {
            (equation.row[k - 1], old[k]) = rotate(cos, sin, new[k], old[k]);
        }
        let old = &mut self.right[column];
        (equation.right, *old) = rotate(cos, sin, equation.right, *old);
    }

    /// The unknowns, last to first.
    pub(super) fn solve(&self) -> Vec<f64> {
        let mut solution = self.right.clone();
        solve_upper(&self.rows, &mut solution);
        solution
    }
}

/// Solves U·x = b in place, last to first, where row `i` of U holds the columns from
/// `i` on.
pub(super) fn solve_upper<const W: usize>(rows: &[[f64; W]], b: &mut [f64]) {
    for (i, row) in rows.iter().enumerate().rev() {
        for k in 1..W.min(rows.len() - i) {
            b[i] -= b[i + k] * row[k];
        }
        b[i] /= row[0];
    }
}

/// The square root of `a² + b²`, not both zero, without a square overflowing.
/// (`f64::hypot` rounds better, but differently from FITPACK, and takes far
/// longer. Which of the two is greater is anybody's guess, so there is no
/// branch on it.)
#[inline(always)]
fn hypotenuse(a: f64, b: f64) -> f64 {
    let (a, b) = (a.abs(), b.abs());
    let (great, small) = (if a >= b { a } else { b }, if a >= b { b } else { a });
    let ratio = small / great;
    great * (1.0 + ratio * ratio).sqrt()
}

/// Turns the pair (new, old) by an angle.
#[inline(always)]
fn rotate(cos: f64, sin: f64, new: f64, old: f64) -> (f64, f64) {
    (cos * new - sin * old, cos * old + sin * new)
}
