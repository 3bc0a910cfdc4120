//! The rate of counts as a smooth curve: penalised Poisson regression.
//!
//! The logarithm of the rate is a cubic spline with even knots whose
//! coefficients' second differences are held down (a P-spline). Each second
//! difference dⱼ has a variance of its own, 1/λⱼ, that follows from its
//! neighbourhood: where a burst is, the curve may bend.
//!
//! ```text
//! yᵢ ~ variance φ·μᵢ,  μᵢ = exposureᵢ·exp(Σⱼ βⱼ·Bⱼ(placeᵢ)),  dⱼ ~ N(0, 1/λⱼ)
//! ```
//!
//! The curve may jump between two counts. Its level is free there and its slope
//! goes on: of the second differences that would reach across, one holds the
//! difference of the slopes on both sides. Where it jumps is found in [`jumps`].
//!
//! β maximises the penalised quasi-likelihood. λ solves the equations of
//! restricted maximum likelihood for the working linear model. φ is Pearson's
//! with Fletcher's correction. All of it works in a narrow band.
//!
//! References:
//! - P. Eilers, B. Marx, "Flexible smoothing with B-splines and penalties",
//!   Statistical Science 11 (1996) 89–121: P-splines.
//! - S. Wood, M. Fasiolo, "A generalized Fellner-Schall method for smoothing
//!   parameter optimization", Biometrics 73 (2017) 1071–1081.
//! - S. Wood, N. Pya, B. Säfken, "Smoothing parameter and model selection for
//!   general smooth models", JASA 111 (2016) 1548–1563: what not knowing λ adds
//!   to the variance.
//! - D. Fletcher, "Estimating overdispersion when fitting a generalized linear
//!   model to sparse data", Biometrika 99 (2012) 230–237.

pub(crate) mod jumps;

use super::banded::{Banded, Factor};
use super::basis::{DEGREE, ORDER, basis};

/// Evenly spaced knots around the interval from 0 to 1.
const KNOTS: [f64; 2 * ORDER] = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0];
/// A second difference.
const DIFFERENCE: [f64; ORDER] = [1.0, -2.0, 1.0, 0.0];
/// What takes its place where it would reach across a jump: the difference of
/// the slopes on both sides.
const SLOPES: [f64; ORDER] = [1.0, -1.0, -1.0, 1.0];
/// How firmly the second difference is held that is a jump and a slope: so
/// little that a jump by a factor of twenty is a usual one. Without it a side of
/// a jump that has no events would have no level.
const JUMP_PRECISION: f64 = 0.1;
/// A logarithm of a rate is at most this far from that of the mean rate.
const FARTHEST: f64 = 30.0;
/// How often a step that makes the fit worse is halved.
const MOST_HALVINGS: usize = 12;
/// Rounds before φ and λ are looked at: from a constant, the first steps go far.
const FIRST_ROUNDS: usize = 3;

/// Counts at places along a line.
pub(crate) struct Counts<'a> {
    /// Where each count was made, from 0 up and ascending, in intervals between
    /// knots.
    pub(crate) places: &'a [f64],
    pub(crate) counts: &'a [f64],
    /// How many independent counts they are worth.
    pub(crate) worth: f64,
    /// How long was counted, above 0.
    pub(crate) exposures: &'a [f64],
    /// How firmly each second difference is held, above 0 and up to 1: less
    /// where an interval stands for a long stretch without counts. There are two
    /// fewer than coefficients of a curve without jumps; see [`differences`].
    pub(crate) firmness: &'a [f64],
}

/// How many second differences the spline over places from 0 to `last` has.
pub(crate) fn differences(last: f64) -> usize {
    last as usize + ORDER - 2
}

/// How the smoothing is found.
#[derive(Clone, Copy)]
pub(crate) struct Smoothing {
    /// What the variance of a second difference is taken for beforehand.
    pub(crate) roughness: f64,
    /// How many degrees of freedom that guess counts as.
    pub(crate) trust: f64,
    /// Each λ is found from the differences this far on both sides.
    pub(crate) reach: usize,
    /// How many degrees of freedom the λ of the whole line counts as there.
    pub(crate) pull: f64,
    /// No two jumps are tried at once that are as near as this, and a burst's
    /// sides are no farther from each other than that, in intervals between
    /// knots.
    pub(crate) apart: f64,
    pub(crate) burst: f64,
    /// The search ends when nothing changes by more than this, or after so many
    /// rounds.
    pub(crate) tolerance: f64,
    pub(crate) rounds: usize,
}

/// The curve at each count.
pub(crate) struct Fitted {
    pub(crate) log_rates: Vec<f64>,
    /// Their standard errors.
    pub(crate) errors: Vec<f64>,
    /// φ: how many times as much as independent events the counts vary; at least 1.
    pub(crate) dispersion: f64,
    /// The counts before which the curve jumps, ascending.
    pub(crate) jumps: Vec<usize>,
    /// Each λⱼ.
    #[cfg(test)]
    precisions: Vec<f64>,
}

/// A fit on its way.
struct Search<'a> {
    data: &'a Counts<'a>,
    /// The first coefficient that each count depends on, and its B-splines.
    bases: Vec<(usize, [f64; ORDER])>,
    /// How firmly each second difference is held; 0 for one that is a jump.
    firmness: Vec<f64>,
    /// The logarithm of the mean rate.
    middle: f64,
    coefficients: Vec<f64>,
    /// The logarithm of each count's rate, and its mean.
    log_rates: Vec<f64>,
    means: Vec<f64>,
    dispersion: f64,
    /// λ of the whole line, and of each second difference.
    precision: f64,
    precisions: Vec<f64>,
    /// Degrees of freedom behind each λⱼ.
    freedom: Vec<f64>,
    /// The penalised equations, and the inverse of their matrix: the covariance
    /// of the coefficients.
    factor: Factor,
    covariance: Banded,
}

impl<'a> Search<'a> {
    /// Before the first step. The curve may jump before each of the counts
    /// `jumps`, ascending; see [`may_jump`](Counts::may_jump).
    ///
    /// After a jump, coefficients are counted on so that no B-spline reaches
    /// across it, and none lies between the last before it and the first after.
    fn new(data: &'a Counts<'a>, jumps: &[usize], precision: f64) -> Self {
        let (mut bases, mut firmness) = (Vec::new(), Vec::new());
        let (mut shift, mut held) = (0, 0);
        let mut jumps = jumps.iter().peekable();
        for (i, &place) in data.places.iter().enumerate() {
            let first = place as usize;
            if jumps.next_if_eq(&&i).is_some() {
                let before = data.places[i - 1] as usize;
                firmness.extend(&data.firmness[held..before + 2]);
                firmness.extend([data.firmness[before + 1], 0.0]);
                held = first;
                shift += before + ORDER - first;
            }
            bases.push((first + shift, basis(&KNOTS, DEGREE, place.fract())));
        }
        firmness.extend(&data.firmness[held..]);
        let sum: f64 = data.counts.iter().sum();
        let middle = (sum / data.exposures.iter().sum::<f64>()).ln();
        let own = |&firm: &f64| match firm {
            0.0 => JUMP_PRECISION,
            _ => precision * firm,
        };
        let mut search = Self {
            data,
            bases,
            middle,
            coefficients: vec![middle; firmness.len() + 2],
            log_rates: Vec::new(),
            means: Vec::new(),
            dispersion: 1.0,
            precision,
            precisions: firmness.iter().map(own).collect(),
            freedom: vec![1.0; firmness.len()],
            firmness,
            factor: Banded::zeros(0).factor(),
            covariance: Banded::zeros(0),
        };
        search.predict();
        search
    }

    /// The search for a curve with other jumps, from where this one has got to:
    /// each count's coefficients take the values that they have here.
    fn with_jumps(&self, jumps: &[usize]) -> Self {
        let mut next = Self::new(self.data, jumps, self.precision);
        next.dispersion = self.dispersion;
        for i in 0..self.bases.len() {
            let step = |bases: &[(usize, _)]| bases.get(i + 1).map_or(0, |b| b.0 - bases[i].0);
            let (from, to) = (self.bases[i].0, next.bases[i].0);
            // What lies between two counts goes along if both searches have it.
            let between = Some(step(&self.bases)).filter(|own| *own == step(&next.bases));
            let along = between.unwrap_or(0) + ORDER;
            next.coefficients[to..to + along]
                .copy_from_slice(&self.coefficients[from..from + along]);
            let along = along - 2;
            next.precisions[to..to + along].copy_from_slice(&self.precisions[from..from + along]);
        }
        next.predict();
        next
    }

    /// Steps until neither the coefficients nor λ and φ change by more than
    /// `tolerance`. φ and λ are left alone for the first `rounds`.
    fn find(&mut self, smoothing: &Smoothing, tolerance: f64, rounds: usize) {
        for round in 1..=smoothing.rounds {
            let mut change = self.step();
            if round > rounds {
                change = change.max(self.disperse()).max(self.smooth(smoothing));
            }
            if round > rounds + FIRST_ROUNDS && change < tolerance {
                break;
            }
        }
        // To the coefficients of the λ and φ that were found.
        for _ in 0..20 {
            if self.step() < 1e-9 {
                break;
            }
        }
    }

    /// Rates and means of the coefficients as they are.
    fn predict(&mut self) {
        let value = |(first, basis): &(usize, [f64; ORDER])| {
            let own = self.coefficients[*first..].iter();
            let value: f64 = basis.iter().zip(own).map(|(b, c)| b * c).sum();
            value.clamp(self.middle - FARTHEST, self.middle + FARTHEST)
        };
        self.log_rates = self.bases.iter().map(value).collect();
        let pairs = self.log_rates.iter().zip(self.data.exposures);
        let mean = |(rate, exposure): (&f64, &f64)| exposure * rate.exp();
        self.means = pairs.map(mean).collect();
    }

    /// What the second difference `j` is of the coefficients from `j` on.
    fn row(&self, j: usize) -> [f64; ORDER] {
        match self.firmness.get(j + 1) {
            Some(0.0) => SLOPES,
            _ => DIFFERENCE,
        }
    }

    /// The second difference `j`.
    fn difference(&self, j: usize) -> f64 {
        let pairs = self.row(j).into_iter().zip(&self.coefficients[j..]);
        pairs.map(|(factor, own)| factor * own).sum()
    }

    /// The second differences.
    fn differences(&self) -> impl Iterator<Item = f64> {
        (0..self.firmness.len()).map(|j| self.difference(j))
    }

    /// Minus the penalised quasi-likelihood.
    fn loss(&self) -> f64 {
        let misfit = |i: usize| self.means[i] - self.data.counts[i] * self.log_rates[i];
        let misfit: f64 = (0..self.means.len()).map(misfit).sum();
        let pairs = self.differences().zip(&self.precisions);
        let rough = pairs.map(|(own, precision)| precision * own * own);
        misfit / self.dispersion + rough.sum::<f64>() / 2.0
    }

    /// A step of Newton's method towards the best coefficients, halved while it
    /// overshoots; gives back how far it went.
    fn step(&mut self) -> f64 {
        let size = self.coefficients.len();
        let (mut matrix, mut target) = (Banded::zeros(size), vec![0.0; size]);
        for (i, &(first, basis)) in self.bases.iter().enumerate() {
            let weight = self.means[i] / self.dispersion;
            let score = (self.data.counts[i] - self.means[i]) / self.dispersion;
            matrix.add(first, basis, weight);
            for (k, b) in basis.into_iter().enumerate() {
                target[first + k] += b * score;
            }
        }
        let slopes = self.penalty_slopes(|_| true);
        for (j, &precision) in self.precisions.iter().enumerate() {
            matrix.add(j, self.row(j), precision);
        }
        for (target, slope) in target.iter_mut().zip(slopes) {
            *target -= slope;
        }
        self.factor = matrix.factor();
        self.covariance = self.factor.inverse();
        self.factor.solve(&mut target);

        let (before, start) = (self.loss(), self.coefficients.clone());
        let mut share = 1.0;
        for _ in 0..MOST_HALVINGS {
            for (j, step) in target.iter().enumerate() {
                self.coefficients[j] = start[j] + share * step;
            }
            self.predict();
            // Near the optimum a step gains less than the loss is rounded by.
            if self.loss() <= before + 1e-9 * (1.0 + before.abs()) {
                let longest = target.into_iter().map(f64::abs).fold(0.0, f64::max);
                return share * longest;
            }
            share /= 2.0;
        }
        self.coefficients = start;
        self.predict();
        0.0
    }

    /// The penalty's derivative, λ·Dᵀ·D·β, of the second differences `held`.
    fn penalty_slopes(&self, held: impl Fn(usize) -> bool) -> Vec<f64> {
        let mut slopes = vec![0.0; self.coefficients.len()];
        for (j, difference) in self.differences().enumerate().filter(|(j, _)| held(*j)) {
            for (slope, factor) in slopes[j..].iter_mut().zip(self.row(j)) {
                *slope += self.precisions[j] * difference * factor;
            }
        }
        slopes
    }

    /// Degrees of freedom of each second difference: how much of it the counts
    /// determine, from 0 to 1.
    fn freedoms(&self) -> impl Iterator<Item = f64> {
        let precisions = self.precisions.iter().enumerate();
        precisions.map(|(j, precision)| {
            let known = precision * self.covariance.quadratic(j, self.row(j));
            (1.0 - known).clamp(1e-9, 1.0)
        })
    }

    /// Finds φ; gives back how much its logarithm changed.
    fn disperse(&mut self) -> f64 {
        let pairs = || self.data.counts.iter().zip(&self.means);
        let pearson: f64 = pairs().map(|(y, mean)| (y - mean).powi(2) / mean).sum();
        let excess: f64 = pairs().map(|(y, mean)| (y - mean) / mean).sum();
        let (count, worth) = (self.means.len() as f64, self.data.worth);
        let freedom = 2.0 + self.freedoms().sum::<f64>();
        let found = pearson / (worth - freedom).max(1.0) / (1.0 + excess / count).max(0.3);
        // Messages that keep each other apart aren't known; a φ below 1 of few
        // counts is chance, and would make the band too narrow.
        let found = found.max(1.0);
        let change = (found / self.dispersion).ln().abs();
        self.dispersion = found;
        change
    }

    /// Finds λ: of all differences as the degrees of freedom over the sum of
    /// their squares, which is Fellner's and Schall's equation, and of each from
    /// its neighbours in the same way. Gives back how much they changed.
    fn smooth(&mut self, smoothing: &Smoothing) -> f64 {
        let (mut freedoms, mut squares) = (vec![0.0], vec![0.0]);
        let (mut all, mut weighted) = (0.0, 0.0);
        for (j, (freedom, difference)) in self.freedoms().zip(self.differences()).enumerate() {
            // The λ of a jump is given, and says nothing of others.
            let (freedom, square) = match self.firmness[j] {
                0.0 => (0.0, 0.0),
                _ => (freedom, difference * difference),
            };
            all += freedom;
            weighted += self.precisions[j] * square;
            freedoms.push(freedoms[j] + freedom);
            squares.push(squares[j] + self.firmness[j] * square);
        }
        let guess = smoothing.trust * self.precision * smoothing.roughness;
        // At most twice or half: the coefficients are those of the λ before.
        let factor = ((smoothing.trust + all) / (guess + weighted).max(1e-300)).clamp(0.5, 2.0);
        self.precision *= factor;
        let mut change = factor.ln().abs();
        for j in 0..self.precisions.len() {
            let from = j.saturating_sub(smoothing.reach);
            let to = (j + smoothing.reach + 1).min(self.precisions.len());
            if self.firmness[j] == 0.0 {
                continue;
            }
            self.freedom[j] = smoothing.pull + freedoms[to] - freedoms[from];
            let square = (squares[to] - squares[from]).max(0.0);
            let found = self.freedom[j] / (smoothing.pull / self.precision + square);
            let found = found.min(1e12) * self.firmness[j];
            change = change.max((found / self.precisions[j]).ln().abs());
            self.precisions[j] = found;
        }
        // A λ changes the curve by far less than itself.
        change / 10.0
    }

    /// The curve with its standard errors. The variance is that of the
    /// coefficients for these λ, and what not knowing λ adds to it: the square
    /// of the curve's derivative with respect to log λ, times 2 over the
    /// degrees of freedom behind it.
    fn finish(self, jumps: Vec<usize>) -> Fitted {
        let mut slopes = self.penalty_slopes(|j| self.firmness[j] > 0.0);
        self.factor.solve(&mut slopes);
        let error = |&(first, basis): &(usize, [f64; ORDER])| {
            let slope: f64 = basis.iter().zip(&slopes[first..]).map(|(b, s)| b * s).sum();
            let freedom = self.freedom[first.min(self.freedom.len() - 1)];
            let unsure = slope * slope * 2.0 / freedom.max(0.5);
            (self.covariance.quadratic(first, basis).max(0.0) + unsure).sqrt()
        };
        Fitted {
            errors: self.bases.iter().map(error).collect(),
            log_rates: self.log_rates,
            dispersion: self.dispersion,
            jumps,
            #[cfg(test)]
            precisions: self.precisions,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use serde_json::Value;

    use super::*;

    /// Restricted maximum likelihood for one λ, without a guess beforehand.
    const PLAIN: Smoothing = Smoothing {
        roughness: 0.02,
        trust: 0.0,
        reach: 1_000_000,
        pull: 0.0,
        apart: 0.0,
        burst: 0.0,
        tolerance: 1e-9,
        rounds: 2000,
    };

    /// The curve that jumps just there.
    fn fit(counts: &Counts, jumps: &[usize], smoothing: &Smoothing) -> Fitted {
        let mut search = Search::new(counts, jumps, 1.0 / smoothing.roughness);
        search.find(smoothing, smoothing.tolerance, FIRST_ROUNDS);
        search.finish(jumps.to_vec())
    }

    fn numbers(value: &Value) -> Vec<f64> {
        let numbers = value.as_array().unwrap().iter();
        numbers.map(|number| number.as_f64().unwrap()).collect()
    }

    /// NumPy does the same with full matrices, and searches for λ where we solve
    /// an equation. Both iterate until nothing changes, so curve and errors agree
    /// to what rounding leaves of matrices whose eigenvalues are 10⁵ apart, which
    /// is better than 1e-6 of the log rate; λ to how flat REML is at its
    /// minimum, of which a search sees the square root of rounding: 1e-4.
    #[test]
    fn curves_errors_and_smoothing_equal_what_full_matrices_give() {
        let python = std::env::var_os("REFERENCE_PYTHON")
            .expect("REFERENCE_PYTHON names no Python with SciPy: run `make test`");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/rate.py");
        let seed = std::env::var("REFERENCE_SEED").unwrap_or_else(|_| "20260904".to_owned());
        let output = Command::new(python)
            .arg(script)
            .arg(&seed)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "rate.py {seed}: {said}");
        let mut seen = 0;
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let expected: Value = serde_json::from_str(line).unwrap();
            let column = |name: &str| numbers(&expected[name]);
            let number = |name: &str| expected[name].as_f64().unwrap();
            let counts = Counts {
                places: &column("places"),
                counts: &column("counts"),
                worth: column("counts").len() as f64,
                exposures: &column("exposures"),
                firmness: &column("firmness"),
            };
            assert_eq!(
                counts.firmness.len(),
                differences(counts.places[counts.places.len() - 1])
            );
            let jumps: Vec<usize> = column("jumps").iter().map(|&k| k as usize).collect();
            let fixed = Smoothing {
                roughness: 1.0 / number("precision"),
                rounds: 0,
                ..PLAIN
            };
            let fitted = fit(&counts, &jumps, &fixed);
            for (name, own) in [("log_rates", &fitted.log_rates), ("errors", &fitted.errors)] {
                for (own, expected) in own.iter().zip(column(name)) {
                    let off = (own - expected).abs();
                    assert!(
                        off < 1e-6 * (1.0 + expected.abs()),
                        "{name}: {own}, {expected}"
                    );
                }
            }
            let fitted = fit(&counts, &jumps, &PLAIN);
            for (name, own) in [
                ("reml_precision", fitted.precisions[0]),
                ("reml_dispersion", fitted.dispersion),
            ] {
                let off = (own / number(name) - 1.0).abs();
                assert!(off < 1e-4, "{name}: {own}, {}", number(name));
            }
            seen += 1;
        }
        assert_eq!(seen, 12);
    }
}
