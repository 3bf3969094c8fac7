"""Writes test/reference/stats/distributions.json: tails of distributions for test/stats/distributions.

Run with Debian's python3 (packages python3-scipy, python3-mpmath):
    /usr/bin/python3 scripts/reference-stats/distributions.py

The points are SciPy's quantiles of round probabilities, but the probabilities at those points are mpmath's, to 25 digits or more and
then rounded: SciPy 1.10 is wrong in places. `disagreements` in the file says where it is off by more than 1e-10, of how many values,
and by how much at worst. Nothing is drawn at random, so that there is no seed.
"""

import json
import pathlib
import warnings

import mpmath as mp
import numpy as np
import scipy
from scipy import special, stats

warnings.filterwarnings("ignore")
mp.mp.dps = 50

TARGETS = [1e-300, 1e-100, 1e-10, 0.01, 0.3]
disagreements = {}


def legendre(n):
    """Nodes and weights of Gauss-Legendre quadrature on [-1, 1]."""
    nodes = []
    for i in range(1, n + 1):
        x = mp.cos(mp.pi * (i - mp.mpf("0.25")) / (n + mp.mpf("0.5")))
        for _ in range(8):
            before, value = mp.mpf(1), x
            for k in range(2, n + 1):
                before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
            slope = n * (x * value - before) / (x * x - 1)
            x -= value / slope
        nodes.append((x, 2 / ((1 - x * x) * slope * slope)))
    return nodes


NODES = legendre(20)


def integrate(log_ratio, slope, curvature):
    """The integral from 0 to infinity of exp(log_ratio(v)), a concave function with log_ratio(0) = 0 and the given derivatives at 0."""

    def rule(left, right):
        centre, half = (left + right) / 2, (right - left) / 2
        return half * mp.fsum(weight * mp.exp(log_ratio(centre + half * x)) for x, weight in NODES)

    def panel(left, right, whole, depth):
        centre = (left + right) / 2
        first, second = rule(left, centre), rule(centre, right)
        if depth == 0 or abs(first + second - whole) <= mp.mpf(10) ** -28 * (total + first + second):
            return first + second
        return panel(left, centre, first, depth - 1) + panel(centre, right, second, depth - 1)

    total, left, width = mp.mpf(0), mp.mpf(0), 1 / (abs(slope) + mp.sqrt(curvature))
    while True:
        right = left + width
        part = panel(left, right, rule(left, right), 12)
        total += part
        if part < total * mp.mpf(10) ** -26 and log_ratio(right) < log_ratio(left):
            return total
        left, width = right, width * mp.mpf("1.5")


def series(first, factor):
    """The sum of a series of positive terms, each the one before it times factor(n)."""
    term, total, n = first, first, 0
    while term > total * mp.mpf(10) ** -40:
        term *= factor(n)
        total += term
        n += 1
    return total


def gamma_tails(a, x):
    """P(a, x), Q(a, x): the density of ln x integrated from the point outward, or the series of the lower tail for a < 1."""
    a, x = mp.mpf(a), mp.mpf(x)
    density = mp.exp(a * mp.log(x) - x - mp.loggamma(a))
    if a < 1 and x < 1:
        lower = density * series(1 / a, lambda n: x / (a + n + 1))
        return lower, 1 - lower
    if x < a:
        lower = density * integrate(lambda v: -a * v - x * mp.expm1(-v), a - x, x)
        return lower, 1 - lower
    upper = density * integrate(lambda v: a * v - x * mp.expm1(v), x - a, x)
    return 1 - upper, upper


def beta_tails(a, b, x, y):
    """I_x(a, b), I_y(b, a) for x + y = 1: the density of ln(x / y) integrated outward, or the series for a first shape below 1."""
    a, b, x, y = (mp.mpf(v) for v in (a, b, x, y))
    log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    density = mp.exp(a * mp.log(x) + b * mp.log(y) - log_beta)

    def outward(a, b, x, y):
        if a < 1:
            return density * series(1 / a, lambda n: (a + b + n) / (a + 1 + n) * x)

        def log_ratio(v):
            shift = mp.log1p(y * mp.expm1(v))
            return -a * shift + b * (v - shift)

        return density * integrate(log_ratio, a * y - b * x, (a + b) * x * y)

    if x * (a + b) < a:
        lower = outward(a, b, x, y)
        return lower, 1 - lower
    upper = outward(b, a, y, x)
    return 1 - upper, upper


def rows(name, ask, lower, upper, sides=(0, 1)):
    """Rows (...point, lower, upper); `ask` yields points, the first number of which is the place and the others the parameters."""
    result, worst, wrong = [], 0.0, 0
    for point, (exact_lower, exact_upper) in ask:
        exact = (float(exact_lower), float(exact_upper))
        if min(exact) < 1e-300:
            continue
        for side in sides:
            theirs = float((lower, upper)[side](*point))
            error = abs(theirs / exact[side] - 1)
            if error > 1e-10:
                wrong += 1
                worst = max(worst, error)
        result.append([*point, *exact])
    disagreements[name] = {"values": len(result) * len(sides), "off": wrong, "worst": worst}
    return result


def points(quantile, upper_quantile):
    """SciPy's quantiles of the targets, in both tails."""
    for p in TARGETS:
        for x in (float(quantile(p)), float(upper_quantile(p))):
            if np.isfinite(x) and 1e-290 < abs(x) < 1e290:
                yield x


def normal():
    def ask():
        for x in (0.0, 1e-10, 0.01, 0.3, 0.7, 0.71, 1.0, 2.5, 6.0, 8.4, 8.6, 17.0, 20.123456789, 30.0, 36.9, 37.04709629936127):
            upper = mp.erfc(mp.mpf(x) / mp.sqrt(2)) / 2
            yield (x,), (1 - upper, upper)

    return rows("normal", ask(), stats.norm.cdf, stats.norm.sf)


def normal_quantiles():
    result = []
    for p in (5e-324, 1e-310, 1e-300, 1e-200, 1e-50, 1e-10, 1e-3, 0.025, 0.1, 0.2499, 0.25, 0.2501, 0.4, 0.49999, 0.5 - 1e-12, 0.5 - 2**-54):
        x, target = mp.mpf(float(special.ndtri(max(p, 1e-300)))), mp.log(mp.mpf(p))
        for _ in range(40):
            tail = mp.erfc(-x / mp.sqrt(2)) / 2
            x -= (mp.log(tail) - target) * tail / mp.npdf(x)
        result.append([p, float(x)])
    return result


def error_function():
    xs = [1e-300, 1e-10, 0.1, 0.3, 0.4999999, 0.5, 0.7, 1.0, 1.7, 2.5, 3.3, 4.0, 5.5, 5.999999, 6.0, 7.0, 12.0, 20.0, 26.0]
    return [[x, float(mp.erf(mp.mpf(x))), float(mp.erfc(mp.mpf(x)))] for x in xs]


def gamma():
    def ask():
        for a in (0.01, 0.1, 0.5, 0.999, 1.0, 3.7, 9.99, 19.99, 20.0, 33.3, 150.0, 999.0, 1e4, 123456.7, 1e6, 1e8, 1e10):
            for x in [*points(lambda p: stats.gamma.ppf(p, a), lambda p: stats.gamma.isf(p, a)), a, 0.3 * a, 2.36 * a]:
                yield (x, a), gamma_tails(a, x)

    return rows("gamma", ask(), stats.gamma.cdf, stats.gamma.sf)


def beta():
    shapes = [(0.01, 0.01), (0.01, 5.0), (0.02, 1e6), (0.5, 0.5), (0.5, 100.0), (0.7, 1e4), (1.0, 1.0), (1.0, 7.0), (2.0, 0.3), (3.5, 4.5)]
    shapes += [(8.0, 1000.0), (19.9, 20.1), (20.0, 20.0), (25.0, 1e6), (60.0, 40.0), (300.0, 150.0), (1e3, 1.5), (1e4, 1e4), (1e5, 2e5)]
    shapes += [(1e6, 1e6), (1e6, 0.01), (1e9, 4e8), (123.4, 1e10)]

    def ask():
        for a, b in shapes:
            for x in points(lambda p: stats.beta.ppf(p, a, b), lambda p: stats.beta.isf(p, a, b)):
                if 0 < x < 1:
                    yield (x, a, b), beta_tails(a, b, mp.mpf(x), 1 - mp.mpf(x))

    return rows("beta", ask(), stats.beta.cdf, stats.beta.sf)


def student_t():
    def ask():
        for df in (0.1, 0.5, 1.0, 2.0, 5.0, 29.0, 39.9, 200.0, 1e4, 1e6, 1e8, 1e10):
            for t in (*points(lambda p: stats.t.ppf(p, df), lambda p: stats.t.isf(p, df)), 1e-8, 3e-4, 0.5, 1.0):
                if t > 0:
                    odds = mp.mpf(t) ** 2 / mp.mpf(df)
                    upper = beta_tails(0.5, mp.mpf(df) / 2, odds / (1 + odds), 1 / (1 + odds))[1] / 2
                    yield (t, df), (1 - upper, upper)

    return rows("studentT", ask(), stats.t.cdf, stats.t.sf)


def f():
    pairs = [(0.1, 0.1), (0.1, 10.0), (1.0, 1.0), (1.0, 1e6), (2.0, 7.5), (5.0, 0.3), (10.0, 20.0), (60.0, 40.0), (1e3, 7.0), (1e4, 2e4), (1e6, 1e6)]
    pairs += [(3.0, 1e9), (2e6, 50.0)]

    def ask():
        for df1, df2 in pairs:
            # By way of beta variates: SciPy's quantiles of F itself fail in the tails.
            def lower(p):
                share = stats.beta.ppf(p, df1 / 2, df2 / 2)
                return share / (1 - share) * df2 / df1

            def upper(p):
                share = stats.beta.ppf(p, df2 / 2, df1 / 2)
                return (1 - share) / share * df2 / df1

            for x in points(lower, upper):
                odds = mp.mpf(x) * mp.mpf(df1) / mp.mpf(df2)
                yield (x, df1, df2), beta_tails(mp.mpf(df1) / 2, mp.mpf(df2) / 2, odds / (1 + odds), 1 / (1 + odds))

    return rows("f", ask(), stats.f.cdf, stats.f.sf)


def binomial():
    trials = [(1, 0.3), (10, 0.01), (10, 0.5), (37, 0.9), (100, 1e-3), (1000, 0.2), (1000, 0.5), (12345, 0.999), (10**6, 1e-6), (10**6, 0.37)]
    trials += [(10**9, 1e-8), (10**9, 2e-6), (10**9, 0.5), (10**9, 0.9999)]

    def ask():
        for n, p in trials:
            mean, deviation = n * p, (n * p * (1 - p)) ** 0.5
            for k in sorted({int(mean + z * deviation) for z in (-36, -20, -5, -2, -0.5, 0, 0.3, 1, 3, 7, 25, 36)} | {0, n - 1}):
                if 0 <= k < n:
                    yield (k, n, p), beta_tails(n - k, k + 1, 1 - mp.mpf(p), mp.mpf(p))

    return rows("binomial", ask(), stats.binom.cdf, stats.binom.sf)


def binomial_probabilities():
    result = []
    for n, p in ((1, 0.25), (10, 0.5), (50, 0.01), (1000, 0.3), (10**6, 1e-5), (10**9, 0.4), (10**9, 1e-9)):
        mean, deviation = n * p, (n * p * (1 - p)) ** 0.5
        for k in sorted({int(mean + z * deviation) for z in (-30, -3, 0, 1, 8, 30)} | {0, 1, n}):
            if 0 <= k <= n:
                q = mp.mpf(p)
                value = mp.exp(mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1) + k * mp.log(q) + (n - k) * mp.log1p(-q))
                if value > 1e-300:
                    result.append([k, n, p, float(value)])
    return result


def log_choose():
    pairs = [(1, 0), (2, 1), (5, 2), (52, 5), (1000, 500), (10**9, 3), (10**9, 10**8), (10**15, 2)]
    return [[n, k, float(mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1))] for n, k in pairs]


def log_beta():
    pairs = [(1e-300, 1.0), (1e-10, 1e6), (0.01, 0.01), (0.2, 9.5), (0.3, 1e15), (0.5, 0.5), (2.0, 3.0), (7.7, 12.0), (10.0, 1e8), (1e5, 1e6)]
    pairs += [(1e15, 1e15), (1e300, 3.0)]
    mp.mp.dps = 350
    result = [[a, b, float(mp.loggamma(mp.mpf(a)) + mp.loggamma(mp.mpf(b)) - mp.loggamma(mp.mpf(a) + mp.mpf(b)))] for a, b in pairs]
    mp.mp.dps = 50
    return result


def digamma():
    xs = [1e-300, 1e-5, 0.3, 1.0, 1.2499, 1.25, 1.4616, 1.4616321449683622, 1.5, 2.0, 2.25, 2.2501, 3.3, 9.99, 10.0, 50.0, 1e6, 1e100]
    return [[x, float(mp.digamma(mp.mpf(x)))] for x in xs]


def kolmogorov():
    def lower(x):
        return mp.sqrt(2 * mp.pi) / x * mp.fsum(mp.exp(-((2 * k - 1) * mp.pi) ** 2 / (8 * x * x)) for k in range(1, 40))

    def upper(x):
        return 2 * mp.fsum((-1) ** (k - 1) * mp.exp(-2 * k * k * x * x) for k in range(1, 40))

    def ask():
        for x in (0.0425, 0.05, 0.1, 0.3, 0.6, 0.82757, 0.9999, 1.0, 1.3581, 2.0, 5.0, 10.0, 18.5):
            exact = mp.mpf(x)
            yield (x,), (lower(exact), 1 - lower(exact)) if x < 1 else (1 - upper(exact), upper(exact))

    return rows("kolmogorov", ask(), special.kolmogorov, special.kolmogorov, sides=(1,))


document = {
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "mpmath": mp.__version__},
    "erf": error_function(),
    "normal": normal(),
    "normalQuantile": normal_quantiles(),
    "gamma": gamma(),
    "beta": beta(),
    "studentT": student_t(),
    "f": f(),
    "binomial": binomial(),
    "binomialPmf": binomial_probabilities(),
    "logChoose": log_choose(),
    "logBeta": log_beta(),
    "digamma": digamma(),
    "kolmogorov": kolmogorov(),
    "disagreements": disagreements,
}
target = pathlib.Path(__file__).parents[2] / "test" / "reference" / "stats" / "distributions.json"
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(json.dumps(document).replace("], [", "],\n[").replace(']], "', ']],\n"') + "\n")
print(f"wrote {target}")
for name, found in disagreements.items():
    print(f"{name}: SciPy {scipy.__version__} is off by more than 1e-10 at {found['off']} of {found['values']} values, worst {found['worst']:.1e}")
