"""rate.py SEED: counts along a line, and what penalised Poisson regression with
dense matrices makes of them, as JSON lines.

Nothing of the library's arithmetic is shared: the B-splines are SciPy's, every
inverse and determinant is that of a full matrix, and the smoothing parameter is
the minimum of the REML criterion of the working linear model, found by a search
instead of an equation. A curve that jumps is one spline for each side, with rows of the
penalty between them."""

import itertools
import json
import sys

import numpy
from scipy.interpolate import BSpline
from scipy.linalg import block_diag
from scipy.optimize import minimize_scalar

rng = numpy.random.default_rng(int(sys.argv[1]))


def data(level, dispersion, jumps):
    places = numpy.sort(rng.uniform(0, 45, 140))
    # An outage; and a stretch that stands for a longer one.
    places = places[(places < 20) | (places > 26)] - places[0]
    exposures = rng.uniform(5, 15, len(places))
    size = int(places[-1]) + 4
    firmness = numpy.ones(size - 2)
    firmness[30:33] = [0.5, 1e-3, 0.5]
    mean = level * exposures / 10 * numpy.exp(1.2 * numpy.cos(places / 5))
    for begin, end in zip(jumps[::2], jumps[1::2]):
        mean[begin:end] *= 8
    if dispersion > 1:
        mean = rng.gamma(mean / (dispersion - 1), dispersion - 1)
    return places, rng.poisson(mean).astype(float), exposures, firmness, jumps


class Fit:
    """The coefficients for these λ and φ, by iterated reweighted least squares."""

    def __init__(self, places, counts, exposures, firmness, jumps, precision, dispersion, start=None):
        sides, rows, held, jump_rows = [], [], [], []
        size = 0
        for side in numpy.split(places, jumps):
            # The first coefficient and the last of this side, without jumps.
            first, last = int(side[0]), int(side[-1]) + 3
            knots = numpy.arange(first - 3, last + 2, dtype=float)
            sides.append(BSpline.design_matrix(side, knots, 3).toarray())
            if size:
                # Slope after less slope before; and the level's jump, less a slope.
                rows.append({size - 2: 1, size - 1: -1, size: -1, size + 1: 1})
                held.append(firmness_before)
                jump_rows.append({size - 1: 1, size: -2, size + 1: 1})
            for j in range(first, last - 1):
                rows.append({size + j - first: 1, size + j - first + 1: -2, size + j - first + 2: 1})
                held.append(firmness[j])
            firmness_before = firmness[last - 2]
            size += last + 1 - first
        self.basis = block_diag(*sides)
        dense = lambda rows: numpy.array([[row.get(j, 0.0) for j in range(size)] for row in rows]).reshape(-1, size)
        self.rank = len(rows)
        self.rough = dense(rows).T @ numpy.diag(held) @ dense(rows)
        self.jump = 0.1 * dense(jump_rows).T @ dense(jump_rows)
        # The search starts at the logarithm of the mean rate, or at what is given,
        # and a ridge keeps the first steps short.
        beta = numpy.full(size, numpy.log(counts.sum() / exposures.sum())) if start is None else start
        for ridge in [1.0] * 5 + [0.0] * 60:
            eta = self.basis @ beta
            mean = exposures * numpy.exp(eta)
            self.weights = mean / dispersion
            self.working = eta + (counts - mean) / mean
            left = self.basis.T @ (self.weights[:, None] * self.basis) + self.jump + precision * self.rough
            right = self.basis.T @ (self.weights * self.working) + ridge * beta
            before, beta = beta, numpy.linalg.solve(left + ridge * numpy.eye(size), right)
            if ridge == 0 and abs(beta - before).max() < 1e-11:
                break
        self.beta, self.log_rates = beta, self.basis @ beta
        self.mean = exposures * numpy.exp(self.log_rates)
        self.covariance = numpy.linalg.inv(left)
        self.edf = numpy.trace(self.covariance @ (left - self.jump - precision * self.rough))
        residuals = counts - self.mean
        pearson = (residuals**2 / self.mean).sum() / (len(counts) - self.edf)
        self.found = max(1.0, pearson / max(0.3, 1 + (residuals / self.mean).mean()))

    def errors(self, precision, freedom):
        slope = self.basis @ self.covariance @ (precision * self.rough @ self.beta)
        variance = numpy.einsum("ij,jk,ik->i", self.basis, self.covariance, self.basis)
        return numpy.sqrt(variance + 2 / freedom * slope**2)

    def reml(self, log_precision):
        """Twice the restricted likelihood's negative logarithm, of the working model."""
        precision = numpy.exp(log_precision)
        left = self.basis.T @ (self.weights[:, None] * self.basis) + self.jump + precision * self.rough
        beta = numpy.linalg.solve(left, self.basis.T @ (self.weights * self.working))
        misfit = (self.weights * (self.working - self.basis @ beta) ** 2).sum()
        determinant = numpy.linalg.slogdet(left)[1]
        return misfit + beta @ (self.jump + precision * self.rough) @ beta + determinant - self.rank * log_precision


for level, spread, jumps in itertools.product([2, 8, 60], [1, 3], [[], [30, 31, 90, 96]]):
    drawn = data(level, spread, jumps)
    precision = float(rng.uniform(2, 200))
    fixed = Fit(*drawn, precision, 1.0)
    found, dispersion, fit = 50.0, 1.0, fixed
    for _ in range(200):
        fit = Fit(*drawn, found, dispersion, fit.beta)
        bounds = (numpy.log(found) - 3, numpy.log(found) + 3)
        best = minimize_scalar(fit.reml, bounds=bounds, method="bounded", options={"xatol": 1e-9})
        change = max(abs(best.x - numpy.log(found)), abs(numpy.log(fit.found / dispersion)))
        found, dispersion = float(numpy.exp(best.x)), float(fit.found)
        if change < 1e-7:
            break
    names = ["places", "counts", "exposures", "firmness"]
    print(json.dumps({
        **{name: column.tolist() for name, column in zip(names, drawn)},
        "jumps": jumps,
        "precision": precision,
        "log_rates": fixed.log_rates.tolist(),
        "errors": fixed.errors(precision, 1.0).tolist(),
        "reml_precision": found,
        "reml_dispersion": dispersion,
    }))
