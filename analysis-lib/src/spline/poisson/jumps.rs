//! Where the curve jumps: between two counts, by as much as it likes, and on
//! with the same slope.
//!
//! A spike, a raid or a burst with edges is no bend. A curve that must bend
//! there either misses it or rings beside it, and takes the λ of its
//! neighbourhood with it. So jumps are looked for, in this order:
//!
//! 1. Neighbours that can't have one rate have a jump between them beforehand.
//! 2. The curve is fitted, and each of its jumps is held against its standard
//!    error (Wald's test). What doesn't hold is given up for good.
//! 3. After the first fits, each place between two counts is asked whether a
//!    jump would help (a score test, which needs no fit of its own); the best
//!    are tried.
//!
//! That ends when nothing changes. A spike is two jumps.
//!
//! What a score test beside a burst says is too much or too little, for the
//! smoothing has followed the burst already; only a fit with the jump in it
//! says what the jump is worth. So little is asked of a jump that is tried, and
//! more of one that stays.
//!
//! References:
//! - P. de Jong, J. Penzer, "Diagnosing shocks in time series", JASA 93 (1998)
//!   796–806: a jump's score test at each place from one fit.
//! - A. Harvey, S. Koopman, "Diagnostic checking of unobserved-components time
//!   series models", JBES 10 (1992) 377–389.
//! - H. Chernoff, "A measure of asymptotic efficiency for tests of a hypothesis
//!   based on the sum of observations", Annals of Mathematical Statistics 23
//!   (1952) 493–507: the bound of a tail.

use std::collections::{BTreeSet, HashSet};

use super::{Counts, FIRST_ROUNDS, Fitted, KNOTS, Search, Smoothing};
use crate::spline::banded::Banded;
use crate::spline::basis::{DEGREE, ORDER, basis};

/// How many coefficients a jump's tests reach over.
const REACH: usize = 2 * ORDER;
/// The covariance of coefficients as far as that.
type Covariance = Banded<REACH>;

/// Two counts with a [`surprise`] beyond this have a jump between them before
/// anything is fitted. Nothing depends on it between 24 and 36.
const EVIDENT: f64 = 30.0;
/// A jump is tried that would be this many times its variance, squared, and
/// stays if it is so many times it. One of two jumps that are a burst's sides
/// may be less, if both together aren't.
const TRIED: f64 = 8.0;
const STAYS: f64 = 16.0;
const ONE_SIDE: f64 = 8.0;
const BOTH_SIDES: f64 = 24.0;
/// After how many fits jumps are tried, and how many fits there are at most.
const TRIALS: usize = 2;
const MOST_FITS: usize = 10;
/// Fits on the way are this many times as coarse as the last.
const COARSE: f64 = 10.0;
/// A difference counts as this many times the usual at most where the usual is
/// looked for: else one spike makes all others usual.
const MOST_UNUSUAL: f64 = 20.0;

/// Fits the curve to counts at four places or more, not all of them zero, with
/// the jumps that they call for.
pub(crate) fn fit(counts: &Counts, smoothing: &Smoothing) -> Fitted {
    let mut jumps = evident(counts);
    let mut search = Search::new(counts, &jumps, 1.0 / smoothing.roughness);
    let mut tried = HashSet::new();
    for fits in 1..=MOST_FITS {
        let left_alone = if fits == 1 { FIRST_ROUNDS } else { 0 };
        search.find(smoothing, COARSE * smoothing.tolerance, left_alone);
        let covariance = search.factor.inverse();
        let mut next = search.holding(&jumps, smoothing.burst, &covariance);
        tried.extend(jumps.iter().copied());
        if fits <= TRIALS {
            next.extend(search.promising(&tried, smoothing.apart, &covariance));
            next.sort_unstable();
        }
        if next == jumps {
            break;
        }
        search = search.with_jumps(&next);
        jumps = next;
    }
    search.find(smoothing, smoothing.tolerance, 0);
    search.finish(jumps)
}

/// Twice the exponent of Chernoff's bound of the tail that a count is in, with
/// this mean and `dispersion` times the mean as its variance, of a negative
/// binomial distribution: above 3.84 it is in one of 20, about. With dispersion
/// 1 this is Poisson's deviance. Surprises of independent counts add up.
pub(crate) fn surprise(count: f64, mean: f64, dispersion: f64) -> f64 {
    // The limit at zero is Poisson's.
    let scale = (dispersion - 1.0).max(1e-6);
    let odds = (scale * (count - mean) / ((1.0 + scale) * mean)).ln_1p();
    let own = match count > 0.0 {
        true => count * ((count / mean).ln() - odds),
        false => 0.0,
    };
    2.0 * (own - mean / scale * odds)
}

/// The jumps between neighbours that can't have one rate.
fn evident(counts: &Counts) -> Vec<usize> {
    let (y, length) = (counts.counts, counts.exposures);
    let both = |k: usize| (y[k - 1] + y[k]) / (length[k - 1] + length[k]);
    // How much more than independent events neighbours differ.
    let difference = |k: usize| {
        let apart = y[k] * length[k - 1] - y[k - 1] * length[k];
        apart * apart / ((y[k - 1] + y[k]) * length[k - 1] * length[k])
    };
    let neighbours = (1..y.len()).filter(|&k| both(k) > 0.0);
    let differences: Vec<f64> = neighbours.clone().map(difference).collect();
    let mut dispersion = 1.0;
    for _ in 0..30 {
        let most = MOST_UNUSUAL * dispersion;
        let sum: f64 = differences.iter().map(|own| own.min(most)).sum();
        dispersion = (sum / differences.len() as f64).max(1.0);
    }
    let is_evident = |&k: &usize| {
        let own = |i: usize| surprise(y[i], both(k) * length[i], dispersion);
        counts.may_jump(k) && own(k - 1) + own(k) > EVIDENT
    };
    neighbours.filter(is_evident).collect()
}

impl Counts<'_> {
    /// Whether the curve can jump before a count: it comes after the one before,
    /// and not by so much that a coefficient lies between them that belongs to
    /// neither.
    fn may_jump(&self, count: usize) -> bool {
        let (before, own) = (self.places[count - 1], self.places[count]);
        before < own && own as usize <= before as usize + DEGREE
    }
}

impl Search<'_> {
    /// Those of its jumps that hold.
    fn holding(&self, jumps: &[usize], burst: f64, covariance: &Covariance) -> Vec<usize> {
        let places = self.data.places;
        let worth: Vec<f64> = jumps.iter().map(|&k| self.wald(k, covariance)).collect();
        let is_side = |i: usize, other: usize| {
            jumps.get(other).is_some_and(|&k| {
                let both = worth[i].abs() + worth[other].abs();
                (places[k] - places[jumps[i]]).abs() <= burst
                    && worth[i] * worth[other] < 0.0
                    && worth[i].abs() >= ONE_SIDE
                    && both >= BOTH_SIDES
            })
        };
        let holds = |&i: &usize| {
            worth[i].abs() >= STAYS || is_side(i, i.wrapping_sub(1)) || is_side(i, i + 1)
        };
        (0..jumps.len()).filter(holds).map(|i| jumps[i]).collect()
    }

    /// Wald's test of a jump that is in the curve: its square over its variance,
    /// with its sign. Both sides are carried on to the middle between the counts.
    fn wald(&self, jump: usize, covariance: &Covariance) -> f64 {
        let (from, to) = (self.data.places[jump - 1], self.data.places[jump]);
        let half = (to - from) / 2.0;
        let before: [f64; ORDER] = basis(&KNOTS, DEGREE, from.fract() + half);
        let after: [f64; ORDER] = basis(&KNOTS, DEGREE, to.fract() - half);
        let sides: [f64; REACH] = std::array::from_fn(|i| match i {
            ..ORDER => -before[i],
            _ => after[i - ORDER],
        });
        let first = self.bases[jump - 1].0;
        let own = sides.iter().zip(&self.coefficients[first..]);
        let size: f64 = own.map(|(side, coefficient)| side * coefficient).sum();
        let variance = covariance.quadratic(first, sides);
        size * size.abs() / variance.max(f64::MIN_POSITIVE)
    }

    /// The jumps that are worth a trial, ascending; none that was `tried`.
    fn promising(&self, tried: &HashSet<usize>, apart: f64, covariance: &Covariance) -> Vec<usize> {
        let places = self.data.places;
        let is_new = |k: &usize| self.data.may_jump(*k) && !tried.contains(k);
        let scored = (1..places.len()).filter(is_new);
        let scored = scored.map(|k| (self.score(k, covariance), k));
        let mut found: Vec<(f64, usize)> = scored.filter(|own| own.0 > TRIED).collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut taken = BTreeSet::new();
        for (_, k) in found {
            let beside = [taken.range(..k).next_back(), taken.range(k..).next()];
            let is_near = |other: &usize| (places[*other] - places[k]).abs() <= apart;
            if !beside.into_iter().flatten().any(is_near) {
                taken.insert(k);
            }
        }
        taken.into_iter().collect()
    }

    /// The score test of a jump that isn't in the curve: its square over its
    /// variance, if it were. A jump raises all coefficients from one on, and in
    /// the counts beside it makes up for what their B-splines make of that.
    fn score(&self, jump: usize, covariance: &Covariance) -> f64 {
        let raised = self.bases[jump - 1].0 + 2;
        let lowest = raised.saturating_sub(DEGREE);
        let (mut score, mut known, mut shared) = (0.0, 0.0, [0.0; ORDER + 2]);
        let is_beside = |base: &&(usize, _)| (lowest..raised).contains(&base.0);
        let before = self.bases[..jump].iter().rev();
        let before = before.take_while(is_beside).count();
        let beside = self.bases[jump - before..].iter().take_while(is_beside);
        for (i, (first, basis)) in (jump - before..).zip(beside) {
            let by_bases: f64 = basis[raised - first..].iter().sum();
            let rise = f64::from(u8::from(i >= jump)) - by_bases;
            let weight = self.means[i] / self.dispersion;
            known += weight * rise * rise;
            score += rise * (self.data.counts[i] - self.means[i]) / self.dispersion;
            for (sum, b) in shared[first - lowest..].iter_mut().zip(basis) {
                *sum += weight * rise * b;
            }
        }
        for j in lowest..raised.min(self.firmness.len()) {
            let (row, precision) = (self.row(j), self.precisions[j]);
            let rise: f64 = row[raised - j..].iter().sum();
            known += precision * rise * rise;
            score += precision * rise * self.difference(j);
            for (sum, factor) in shared[j - lowest..].iter_mut().zip(row) {
                *sum -= precision * rise * factor;
            }
        }
        let variance = known - covariance.quadratic(lowest, shared);
        // Rounding leaves something of a jump that the curve could make itself.
        match variance > 1e-7 * known {
            true => score * score / variance,
            false => 0.0,
        }
    }
}
