"""Reference values for `SmoothingSpline`, from SciPy's `UnivariateSpline`.

    python spline.py > spline.jsonl          the series kept beside this script
    python spline.py --random SEED [ROUNDS]  others, drawn from SEED
    python spline.py --time FILE             how long SciPy takes on one series

The first line tells the versions that computed the rest. Then comes one series
a line. Numbers are texts, separated by spaces, so that every reader gets the
very same doubles; what is whole numbers by nature is kept as such:

    x_steps, x_unit   the times: running sums of x_steps, divided by x_unit
    y_steps           the values: running sums
    x, y              the times and values themselves, where they aren't whole
    s                 the smoothing factor; none where it is the default
    knots             which points are knots: running sums give their indices
    ier               FITPACK's code for how it ended
    least_squares     whether the curve is the least-squares spline of its knots
    coefficients, residual, and `probes` with `values` and `derivatives` there
"""

import json
import sys
import time
import warnings

import numpy as np
import scipy
from scipy.interpolate import LSQUnivariateSpline, UnivariateSpline

SCIPY = "1.17.1"
TODAY = 20_000 * 86_400  # seconds from the epoch to a day in 2024
WINDOW = 600  # seconds


def text(numbers):
    """Numbers as one text; repr gives the digits that bring a double back."""
    return " ".join(repr(n) for n in np.asarray(numbers).tolist())


class Series:
    """Points to fit, in the form in which they are written down."""

    def __init__(self, group, s=None, *, x=None, x_steps=None, x_unit=1, y=None, y_steps=None):
        self.group = group
        self.s = s
        self.written = {}
        if x_steps is not None:
            x_steps = np.asarray(x_steps, dtype=np.int64)
            self.x = np.cumsum(x_steps) / float(x_unit)
            self.written |= {"x_steps": text(x_steps), "x_unit": repr(x_unit)}
        else:
            self.x = np.asarray(x, dtype=float)
            self.written |= {"x": text(self.x)}
        if y_steps is not None:
            y_steps = np.asarray(y_steps, dtype=np.int64)
            self.y = np.cumsum(y_steps).astype(float)
            self.written |= {"y_steps": text(y_steps)}
        else:
            self.y = np.asarray(y, dtype=float)
            self.written |= {"y": text(self.y)}

    def reference(self):
        """The series with what SciPy makes of it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spline = UnivariateSpline(self.x, self.y, s=self.s, check_finite=True)
        knots = spline.get_knots()
        coefficients = spline.get_coeffs()
        indices = np.searchsorted(self.x, knots)
        assert np.array_equal(self.x[indices], knots), "a knot is not a point"
        ier = int(spline._data[-1])
        least_squares = ier <= 0 and (
            len(knots) == len(self.x) - 2
            and self.s == 0
            or np.array_equal(
                LSQUnivariateSpline(self.x, self.y, knots[1:-1]).get_coeffs(), coefficients
            )
        )
        # Places a little outside, at the ends, on a knot, and in between.
        first, last = self.x[0], self.x[-1]
        span = last - first
        shares = np.array([-0.02, 0.0, 0.011, 0.13, 0.29, 0.47, 0.5, 0.68, 0.83, 0.97, 1.0, 1.02])
        probes = np.append(first + shares * span, knots[len(knots) // 2])
        probes[10] = last
        out = {"group": self.group} | self.written
        if self.s is not None:
            out["s"] = repr(float(self.s))
        return out | {
            "ier": ier,
            "least_squares": bool(least_squares),
            "knots": text(np.diff(indices, prepend=0)),
            "residual": repr(float(spline.get_residual())),
            "coefficients": text(coefficients),
            "probes": text(probes),
            "values": text(spline(probes)),
            "derivatives": text(spline(probes, 1)),
        }


def whole(rng, low, high):
    """A whole number between two, with equal chances on a logarithmic scale."""
    return int(round(np.exp(rng.uniform(np.log(low), np.log(high)))))


def days(rng):
    """Where times start: at the epoch, or 20,000 days after it."""
    return int(rng.choice([0, TODAY]))


def regular(rng, windows):
    steps = np.full(windows, WINDOW)
    steps[0] = days(rng)
    return steps


def irregular(rng, windows):
    """Windows that come early, late or, some of them, not at all."""
    steps = WINDOW + rng.integers(-40, 41, windows)
    steps += WINDOW * rng.geometric(0.93, windows) - WINDOW
    if windows > 20:
        steps[rng.integers(1, windows)] += 86_400 * int(rng.integers(1, 30))
    steps[0] = days(rng)
    return steps


def counts(rng, windows):
    """Messages a window, with a rate from 0.05 to 60 that may change by day."""
    rate = np.exp(rng.uniform(np.log(0.05), np.log(60.0)))
    if rng.random() < 0.5:
        rate = rate * (1.0 + 0.9 * np.sin(np.arange(windows) * 2 * np.pi / 144))
    return rng.poisson(rate, windows)


def bursts(rng, windows):
    """Silence for most of the time, and a few steps."""
    steps = np.zeros(windows, dtype=np.int64)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(0, windows))
        length = int(rng.integers(1, 12))
        steps[at : at + length] = rng.poisson(rng.choice([3, 40, 900]), len(steps[at : at + length]))
    return steps


def poisson(rng, most):
    windows = whole(rng, 4, most)
    yield Series(
        "Poisson counts, regular times",
        x_steps=regular(rng, windows), x_unit=86_400, y_steps=counts(rng, windows),
    )


def poisson_irregular(rng, most):
    windows = whole(rng, 4, most)
    yield Series(
        "Poisson counts, irregular times",
        x_steps=irregular(rng, windows), x_unit=86_400, y_steps=counts(rng, windows),
    )


def plateaus(rng, most):
    windows = whole(rng, 20, most)
    times = irregular if rng.random() < 0.5 else regular
    yield Series(
        "plateaus and steps",
        x_steps=times(rng, windows), x_unit=86_400, y_steps=bursts(rng, windows),
    )


def flat_or_straight(rng, most):
    windows = whole(rng, 4, most)
    steps = np.full(windows, int(rng.choice([0, 1, 7, 1_000])))
    steps[0] = int(rng.integers(-5, 100_000))
    yield Series(
        "constants and straight lines", rng.choice([None, 0.0, 1e-9]),
        x_steps=irregular(rng, windows), x_unit=86_400, y_steps=steps,
    )


def interpolation(rng, most):
    windows = whole(rng, 4, most // 2)
    times = irregular if rng.random() < 0.5 else regular
    yield Series(
        "s = 0", 0.0,
        x_steps=times(rng, windows), x_unit=86_400, y_steps=counts(rng, windows),
    )


def few(rng, _):
    windows = int(rng.integers(4, 9))
    s = rng.choice([None, 0.0, 0.01, 0.3 * windows, 30.0 * windows])
    yield Series(
        "4 to 8 points", s,
        x_steps=irregular(rng, windows), x_unit=86_400, y_steps=counts(rng, windows),
    )


def factors(rng, most):
    windows = whole(rng, 4, most)
    s = float(f"{windows * np.exp(rng.uniform(np.log(1e-4), np.log(1e4))):.3g}")
    yield Series(
        "other smoothing factors", s,
        x_steps=irregular(rng, windows), x_unit=86_400, y_steps=counts(rng, windows),
    )


def large(rng, most):
    """Sums so large that rounding is near s, or more knots asked for than fit.

    A step in the very middle gains next to nothing from the first knot, which
    is there too, so that over 2**31 knots seem needed.
    """
    windows = whole(rng, 20, most)
    if rng.random() < 0.5:
        windows |= 1
        y = rng.poisson(3, windows) + 1e7 * np.sign(np.arange(windows) - windows // 2)
    else:
        y = np.cumsum(counts(rng, windows) * float(rng.choice([1e3, 1e6])))
        y += 1e7 * (np.arange(windows) > windows * rng.random())
    yield Series(
        "large values", rng.choice([None, 1.0]),
        x_steps=regular(rng, windows), x_unit=86_400, y=y,
    )


def smooth(rng, most):
    points = whole(rng, 4, most // 2)
    x = np.sort(rng.uniform(-3.0, 3.0, points))
    y = np.exp(-(x**2)) + 0.1 * rng.standard_normal(points)
    yield Series("noise around a smooth curve", float(f"{0.01 * points:.3g}"), x=x, y=y)


def uneven(rng, most):
    """Times whose steps differ by up to twelve orders of magnitude."""
    points = whole(rng, 10, most)
    steps = rng.choice([
        10.0 ** rng.uniform(-8, 4, points),
        np.where(rng.random(points) < 0.05, 1e4, 1e-4) * rng.random(points) + 1e-9,
        rng.pareto(0.3, points) + 1e-3,
    ])
    y = rng.choice([
        np.cumsum(rng.poisson(6, points)).astype(float),
        100.0 * rng.standard_normal(points),
        1e4 * (np.arange(points) > points // 2),
    ])
    s = rng.choice([None, 0.0, points * 1e-3, points * 10.0, 1e-6])
    # After a step that is large enough, a small one is lost in rounding.
    x = np.unique(np.cumsum(steps))
    yield Series("very uneven times", s, x=x, y=y[: len(x)])


def published(*_):
    """The cubic cases of SciPy's own tests and documentation, unit weights."""
    x = [1, 3, 5, 7, 9]
    y = [0, 4, 9, 12, 21]

    def case(x, y, s=None):
        return Series("SciPy's published cases", s, x=x, y=y)

    yield case(x, y)  # test_empty_input, test_roots, test_derivatives
    yield case(x, y, 0.0)
    x = np.linspace(0, 50 * np.pi, 1000)[:300]
    yield case(x, np.cos(x), 0.0)  # test_roots_length, a part of it
    x = np.arange(8.0)
    yield case(x, x**3 + 2.0 * x**2, 0.0)  # test_derivatives_2
    yield case(x, x**3 + 2.0 * x**2)
    x = np.array([-1.0, -0.65016502, -0.58856235, -0.26903553, -0.17370892, -0.10011001, 0.0,
                  0.10011001, 0.17370892, 0.26903553, 0.58856235, 0.65016502, 1.0])
    y = np.array([1.0, 0.62928599, 0.5797223, 0.39965815, 0.36322694, 0.3508061, 0.35214793,
                  0.3508061, 0.36322694, 0.39965815, 0.5797223, 0.62928599, 1.0])
    for s in (None, 0.0, 1e-3):  # test_resize_regression, without its weights
        yield case(x, y, s)
    x = np.arange(5.0)
    yield case(x, x**3)  # test_out_of_range_regression
    yield case(x, x**3, 0.0)
    x = np.arange(100.0)
    yield case(x, x)  # test_lsq_fpchec
    yield case(x, x**3)  # test_concurrency
    x = np.linspace(0, 1, 70) ** 3
    yield case(x, np.cos(x), 0.0)  # test_derivative_and_antiderivative
    yield case([1, 2, 4, 6, 8.5], [0.5, 0.8, 1.3, 2.5, 5])  # test_derivative_extrapolation
    x = np.linspace(0.0, 1.0, 7)
    yield case(x, x, 0.0)  # test_integral_out_of_bounds
    x = np.arange(10.0)
    yield case(x, x**3)  # test_nan, test_strictly_increasing_x, test_increasing_x
    yield case(x, x**3, 1.0)
    yield case([1, 2, 4, 6, 8.5], [0.5, 0.8, 1.3, 2.5, 2.8])  # test_array_like_input
    y = np.zeros(109)  # test_fpknot_oob_crash, which is cubic here
    for at, value in {5: 10.9, 7: 11.0, 11: 10.9, 18: 10.9, 22: 11.0, 26: 10.9, 30: 10.5,
                      34: 10.7, 38: 11.0, 45: 10.9, 48: 10.7, 52: 10.6, 56: 10.5, 59: 10.7,
                      62: 10.5, 65: 11.5, 69: 10.7, 72: 10.7, 75: 10.9, 78: 10.8, 82: 10.7,
                      85: 10.6, 89: 10.4, 92: 10.6, 95: 10.5, 99: 10.7, 103: 10.4,
                      107: 10.8}.items():
        y[at] = value
    yield case(np.arange(109.0), y)
    rng = np.random.default_rng(1)  # the documentation's example
    x = np.linspace(-3, 3, 50)
    y = np.exp(-(x**2)) + 0.1 * rng.standard_normal(50)
    yield case(x, y)
    yield case(x, y, 0.5)


def long(rng, windows, rates):
    """Series of so many windows, one at each rate."""
    for rate in rates:
        yield Series(
            f"{windows:,} windows",
            x_steps=regular(rng, windows), x_unit=86_400, y_steps=rng.poisson(rate, windows),
        )


RANDOM = [poisson, poisson_irregular, plateaus, flat_or_straight, interpolation, few, factors,
          large, smooth, uneven]
# Here about one series in a thousand departs from SciPy's, for rounding decides.
# They are among the kept series, and not drawn anew in each run.
EXTREME = [large, uneven]


def draw(seed, rounds, most, but=()):
    """`rounds` series of every random group but these."""
    for number, group in enumerate(RANDOM):
        if group in but:
            continue
        rng = np.random.default_rng([seed, number])
        for _ in range(rounds):
            yield from group(rng, most)


def write(series):
    versions = {"scipy": scipy.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}
    print(json.dumps(versions))
    for one in series:
        print(json.dumps(one.reference()))


def time_one(path):
    """Seconds for the fit of the points in a file, one `x y` a line.

    Of the processor, so that what else the machine does isn't SciPy's fault.
    """
    x, y = np.loadtxt(path, unpack=True)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        UnivariateSpline(x, y)
    print(time.process_time() - start)


def main(arguments):
    if scipy.__version__ != SCIPY:
        sys.exit(f"this needs SciPy {SCIPY}, not {scipy.__version__}: see requirements.txt")
    match arguments:
        case ["--random", seed]:
            # The long one has so many knots that it is fitted in parts.
            write([*draw(int(seed), 8, 800, EXTREME), *long(np.random.default_rng(int(seed)), 8_000, [60.0])])
        case ["--random", seed, rounds]:
            write(draw(int(seed), int(rounds), 800))
        case ["--time", path]:
            time_one(path)
        case []:
            write([*published(), *long(np.random.default_rng(1), 2_000, [0.05, 0.3, 2.0, 6.0, 60.0]), *draw(0, 26, 700)])
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
