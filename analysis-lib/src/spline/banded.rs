//! Symmetric matrices in a narrow band.
//!
//! B-splines that are four apart don't overlap, so the equations of a penalised
//! spline have three entries on each side of the diagonal, and time and memory
//! grow as the number of coefficients does.
//!
//! References:
//! - K. Takahashi, J. Fagan, M.-S. Chen, "Formation of a sparse bus impedance
//!   matrix and its application to short circuit study", PICA Proceedings (1973)
//!   63–69: the inverse within the band, without the rest of it.
//! - H. Rue, L. Held, "Gaussian Markov Random Fields", Chapman & Hall (2005),
//!   section 2.4.

use super::basis::ORDER;
use super::triangle::solve_upper;

/// A symmetric matrix: row `i` holds the columns `i..i + W`.
#[derive(Clone, Debug)]
pub(super) struct Banded<const W: usize = ORDER>(Vec<[f64; W]>);

impl Banded {
    pub(super) fn zeros(size: usize) -> Self {
        Self(vec![[0.0; ORDER]; size])
    }

    /// Adds `factor·v·vᵀ`, where `v` begins at the row `first`; it is zero where
    /// it reaches beyond the last row.
    #[inline]
    pub(super) fn add(&mut self, first: usize, v: [f64; ORDER], factor: f64) {
        for (i, row) in self.0[first..].iter_mut().take(ORDER).enumerate() {
            let scaled = factor * v[i];
            for (entry, other) in row.iter_mut().zip(&v[i..]) {
                *entry += scaled * other;
            }
        }
    }

    /// The triangle U with Uᵀ·U = A (Cholesky). A pivot that rounding has eaten
    /// up is taken as tiny: what it belongs to is then nearly unknown.
    pub(super) fn factor(mut self) -> Factor {
        let rows = &mut self.0;
        for i in 0..rows.len() {
            let root = rows[i][0].max(f64::MIN_POSITIVE).sqrt();
            rows[i] = rows[i].map(|entry| entry / root);
            rows[i][0] = root;
            let row = rows[i];
            let after = ORDER.min(rows.len() - i);
            for k in 1..after {
                for l in k..ORDER {
                    rows[i + k][l - k] -= row[k] * row[l];
                }
            }
        }
        Factor(self.0)
    }
}

impl<const W: usize> Banded<W> {
    /// `vᵀ·A·v`, where `v` begins at the row `first`; it is zero where it
    /// reaches beyond the last row.
    #[inline]
    pub(super) fn quadratic<const N: usize>(&self, first: usize, v: [f64; N]) -> f64 {
        const { assert!(N <= W) }
        let mut sum = 0.0;
        for (i, row) in self.0[first..].iter().take(N).enumerate() {
            let beside = row[1..].iter().zip(&v[i + 1..]);
            let beside: f64 = beside.map(|(entry, other)| entry * other).sum();
            sum += v[i] * (row[0] * v[i] + 2.0 * beside);
        }
        sum
    }
}

/// An upper triangle: row `i` holds the columns `i..i + ORDER`.
#[derive(Clone, Debug)]
pub(super) struct Factor(Vec<[f64; ORDER]>);

impl Factor {
    /// Solves A·x = b in place.
    pub(super) fn solve(&self, b: &mut [f64]) {
        let size = self.0.len();
        for (i, row) in self.0.iter().enumerate() {
            b[i] /= row[0];
            for k in 1..ORDER.min(size - i) {
                b[i + k] -= row[k] * b[i];
            }
        }
        solve_upper(&self.0, b);
    }

    /// The entries of A⁻¹ that lie within `W` of the diagonal, at least the
    /// band's.
    pub(super) fn inverse<const W: usize>(&self) -> Banded<W> {
        const { assert!(W >= ORDER) }
        let size = self.0.len();
        let mut inverse = vec![[0.0; W]; size];
        for i in (0..size).rev() {
            let row = &self.0[i];
            for k in (0..W.min(size - i)).rev() {
                let mut rest = if k == 0 { 1.0 / row[0] } else { 0.0 };
                for (l, entry) in row.iter().enumerate().take(size - i).skip(1) {
                    // Symmetric: the entry (i + k, i + l) stands in the upper row.
                    let (upper, lower) = (k.min(l), k.max(l));
                    rest -= entry * inverse[i + upper][lower - upper];
                }
                inverse[i][k] = rest / row[0];
            }
        }
        Banded(inverse)
    }
}
