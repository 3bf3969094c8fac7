"""Writes test/reference/stats/experiments.json: reference values for test/stats/experiments.

Run with Debian's python3 (packages python3-scipy, python3-statsmodels, python3-mpmath):
    /usr/bin/python3 scripts/reference-stats/experiments.py
The seed and the versions of the libraries are written beside the values.
"""

import json
import pathlib

import mpmath
import numpy as np
import scipy
import statsmodels
from mpmath import mpf
from scipy import optimize, stats
from scipy.stats import multivariate_normal
from statsmodels.stats import power as sm_power
from statsmodels.stats import proportion as sm

SEED = 20240611
rng = np.random.default_rng(SEED)
mpmath.mp.dps = 40


def intervals():
    cases = []
    for k, n in ((0, 1), (1, 1), (0, 20), (20, 20), (3, 17), (81, 263), (1, 1_000_000), (999_999, 1_000_000), (123_456_789, 1_000_000_000)):
        for confidence in (0.8, 0.95, 0.999):
            wilson = sm.proportion_confint(k, n, 1 - confidence, "wilson")
            exact = sm.proportion_confint(k, n, 1 - confidence, "beta")
            cases.append({"k": k, "n": n, "confidence": confidence, "wilson": list(map(float, wilson)), "exact": [float(exact[0]) if k else 0.0, float(exact[1]) if k < n else 1.0]})
    return cases


PAIRS = [((56, 70), (48, 80)), ((9, 10), (3, 10)), ((10, 10), (0, 20)), ((5, 56), (0, 29)), ((1000, 20_000), (1100, 20_000)), ((100_000, 1_000_000), (101_000, 1_000_000))]


def wilson_limits(k, n, z):
    p = mpf(k) / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * mpmath.sqrt(p * (1 - p) / n + z**2 / (4 * mpf(n) ** 2)) / (1 + z**2 / n)
    return centre - half, centre + half


def mover_ratio(a, b, confidence):
    """Donner and Zou's limits of p(b) / p(a), as printed."""
    z = mpmath.sqrt(2) * mpmath.erfinv(mpf(confidence))
    p1, p2 = mpf(a[0]) / a[1], mpf(b[0]) / b[1]
    l1, u1 = wilson_limits(*a, z)
    l2, u2 = wilson_limits(*b, z)
    low = (p1 * p2 - mpmath.sqrt((p1 * p2) ** 2 - l2 * u1 * (2 * p2 - l2) * (2 * p1 - u1))) / (u1 * (2 * p1 - u1))
    high = (p1 * p2 + mpmath.sqrt((p1 * p2) ** 2 - u2 * l1 * (2 * p2 - u2) * (2 * p1 - l1))) / (l1 * (2 * p1 - l1))
    return [float(low - 1), float(high - 1)]


def differences():
    cases = []
    for a, b in PAIRS:
        for confidence in (0.9, 0.95):
            low, high = sm.confint_proportions_2indep(b[0], b[1], a[0], a[1], method="newcomb", compare="diff", alpha=1 - confidence)
            lift = mover_ratio(a, b, confidence) if a[0] > 0 and b[0] > 0 else None
            cases.append({"a": a, "b": b, "confidence": confidence, "newcombe": [float(low), float(high)], "lift": lift})
    return cases


def mean_lifts():
    """Fieller: the ratios r with (mb - r ma)^2 = z^2 (vb + r^2 va), as roots of a quadratic."""
    cases = []
    for ma, va, na, mb, vb, nb in ((10, 4, 100, 11, 5, 120), (-3, 2, 50, -2, 1, 60), (1e6, 1, 1000, 1e6 + 0.1, 1, 1000), (5, 100, 40, -1, 90, 50)):
        z = mpmath.sqrt(2) * mpmath.erfinv(mpf("0.95"))
        ea, eb = mpf(va) / na, mpf(vb) / nb
        a, b, c = mpf(ma) ** 2 - z**2 * ea, -2 * mpf(ma) * mpf(mb), mpf(mb) ** 2 - z**2 * eb
        roots = sorted(((-b - mpmath.sqrt(b * b - 4 * a * c)) / (2 * a), (-b + mpmath.sqrt(b * b - 4 * a * c)) / (2 * a)))
        limits = sorted((r - 1) * (1 if ma > 0 else -1) for r in roots)
        moments = [{"n": na, "mean": ma, "variance": va}, {"n": nb, "mean": mb, "variance": vb}]
        cases.append({"a": moments[0], "b": moments[1], "interval": [float(v) for v in limits]})
    return cases


def sample_ratios():
    cases = []
    for observed, weights in (([50, 50], [1, 1]), ([821_588, 815_482], [1, 1]), ([10, 990], [1, 99]), ([1, 9], [1, 999]), ([300, 310, 390], [1, 1, 1]), ([20, 15, 30, 65], [1, 1, 2, 4]), ([0, 4, 8], [1, 1, 8])):
        n, total = sum(observed), sum(weights)
        expected = [w * n / total for w in weights]
        chi = stats.chisquare(observed, expected)
        tails = [min(1, 2 * min(stats.binom.cdf(x, n, w / total), stats.binom.sf(x - 1, n, w / total))) for x, w in zip(observed, weights)]
        p = tails[0] if len(observed) == 2 else chi.pvalue if min(expected) >= 10 else min(1, len(observed) * min(tails))
        logs = []
        for concentration in (3, 10_000):
            prior = [mpf(concentration) * w / total for w in weights]
            log = mpmath.loggamma(concentration) - mpmath.loggamma(concentration + n)
            for x, w, a in zip(observed, weights, prior):
                log += mpmath.loggamma(a + x) - mpmath.loggamma(a) - x * mpmath.log(mpf(w) / total)
            logs.append({"concentration": concentration, "log": float(log)})
        cases.append({"observed": observed, "weights": weights, "statistic": float(chi.statistic), "pValue": float(p), "logEValues": logs})
    return cases


def mixtures():
    """The mixture itself, integrated over the effects; the interval by solving for the distance."""
    cases = []
    for d, v, tau in ((0.01, 1e-5, 0.005), (0.0, 1e-4, 0.02), (3.0, 0.25, 1.0), (-0.002, 4e-6, 0.001)):
        d, v, tau = mpf(repr(d)), mpf(repr(v)), mpf(repr(tau))

        def ratio(distance):
            f = lambda t: mpmath.exp((2 * distance * t - t * t) / (2 * v) - t * t / (2 * tau**2)) / (tau * mpmath.sqrt(2 * mpmath.pi))
            centre = distance * tau**2 / (tau**2 + v)
            width = mpmath.sqrt(v * tau**2 / (v + tau**2))
            return mpmath.quad(f, [centre + k * width for k in range(-14, 15, 2)])

        radius = mpmath.findroot(lambda x: mpmath.log(ratio(x)) - mpmath.log(20), 4 * mpmath.sqrt(v))
        cases.append({"difference": float(d), "variance": float(v), "effect": float(tau), "log": float(mpmath.log(ratio(d))), "radius": float(abs(radius))})
    return cases


def confidence_sequences():
    """Boundary (9) of Waudby-Smith et al. with the rho of their appendix, as printed."""
    cases = []
    for n, variance, alpha, at in ((100, 2.0, 0.05, 5000), (5000, 2.0, 0.05, 5000), (1_000_000, 0.1, 0.01, 300)):
        rho = mpmath.sqrt((-2 * mpmath.log(mpf(repr(alpha))) + mpmath.log(-2 * mpmath.log(mpf(repr(alpha))) + 1)) / at)
        inner = mpf(n) * rho**2 + 1
        radius = mpmath.sqrt(variance) * mpmath.sqrt(2 * inner / (n * rho) ** 2 * mpmath.log(mpmath.sqrt(inner) / mpf(repr(alpha))))
        cases.append({"n": n, "variance": variance, "confidence": 1 - alpha, "optimalAt": at, "radius": float(radius)})
    return cases


SPENDING = {
    "obrien-fleming": lambda t, a: 2 * stats.norm.sf(stats.norm.isf(a / 2) / np.sqrt(t)),
    "pocock": lambda t, a: a * np.log(1 + (np.e - 1) * t),
    "power": lambda t, a: a * t**2,
    "hwang-shih-decani": lambda t, a: a * np.expm1(4 * t) / np.expm1(4),
}


class Walk:
    """Sub-densities of not having stopped, by one Gauss rule of 300 nodes over each whole region."""

    x, w = np.polynomial.legendre.leggauss(300)

    def __init__(self):
        self.scores, self.masses, self.before = np.zeros(1), np.ones(1), 0.0

    def exceeds(self, t, bound):
        return float(np.sum(self.masses * stats.norm.sf((bound * np.sqrt(t) - self.scores) / np.sqrt(t - self.before))))

    def advance(self, t, low, bound):
        deviation, low, high = np.sqrt(t - self.before), low * np.sqrt(t), bound * np.sqrt(t)
        here = low + (high - low) * (self.x + 1) / 2
        density = np.exp(-(((here[:, None] - self.scores) / deviation) ** 2) / 2) @ self.masses / deviation / np.sqrt(2 * np.pi)
        self.scores, self.masses, self.before = here, density * self.w * (high - low) / 2, t


def group_sequential():
    cases = []
    for fractions in ([0.2, 0.4, 0.6, 0.8, 1.0], [0.3, 0.5, 0.9, 1.0], [0.1 * k for k in range(1, 11)]):
        for name, spend in SPENDING.items():
            for sides in (1, 2):
                walk, bounds, spent = Walk(), [], 0.0
                for t in fractions:
                    target = spend(t, 0.05 / sides) - spent
                    spent += target
                    bounds.append(optimize.brentq(lambda b: np.log(walk.exceeds(t, b) / target), 0.5, 9, xtol=1e-14, rtol=1e-14))
                    walk.advance(t, -bounds[-1] if sides == 2 else -9, bounds[-1])
                cases.append({"looks": fractions, "spending": name, "sides": sides, "bounds": bounds})
    # The recursion itself against Genz's multivariate normal, which is good to about 1e-6.
    fractions, bounds = cases[1]["looks"], cases[1]["bounds"]
    covariance = [[np.sqrt(min(s, t) / max(s, t)) for s in fractions] for t in fractions]
    inside = multivariate_normal.cdf(bounds, mean=np.zeros(5), cov=covariance, lower_limit=[-b for b in bounds], maxpts=500_000, abseps=1e-7, releps=1e-7)
    assert abs(1 - inside - 0.05) < 2e-6, inside
    return cases


def exact_probability(a1, b1, a2, b2):
    """P(second > first) for whole shapes: the finite sum."""
    log = lambda x, y: mpmath.loggamma(x) + mpmath.loggamma(y) - mpmath.loggamma(x + y)
    term = mpmath.exp(log(mpf(a1), mpf(b1 + b2)) - log(mpf(a1), mpf(b1)))
    total = mpf(0)
    for i in range(a2):
        total += term
        term *= mpf(a1 + i) / (a1 + b1 + b2 + i) * (b2 + i) / (i + 1)
    return total


def beta_quantile(q, a, b):
    """SciPy's quantile is off by 2e-9 for shapes 4 and 1e9; polish it."""
    start = float(stats.beta.ppf(float(q), a, b))
    x, n = mpf(start), a + b - 1
    for _ in range(3):
        # Chance of at least a of n successes: one less a sum of a terms, of which the last one is near the density.
        term, below = mpmath.exp(n * mpmath.log1p(-x)), mpf(0)
        for j in range(a):
            below += term
            density, term = term, term * (n - j) / (j + 1) * x / (1 - x)
        x -= (1 - below - mpf(q)) / (density * (n - a + 1) / (1 - x))
    return x


def comparisons():
    cases = []
    for a, b in (((5, 10), (7, 10)), ((0, 0), (0, 0)), ((0, 5), (3, 3)), ((100, 1000), (130, 1000)), ((130, 1000), (100, 1000)), ((300, 1000), (100, 1000)), ((3, 10**9), (20, 10**9)), ((10_000, 1_000_000), (10_300, 1_000_000)), ((30, 100), (10**5, 32 * 10**4))):
        a1, b1, a2, b2 = a[0] + 1, a[1] - a[0] + 1, b[0] + 1, b[1] - b[0] + 1
        mean_a, mean_b = mpf(a1) / (a1 + b1), mpf(a2) / (a2 + b2)
        loss_a = mean_b * exact_probability(a1, b1, a2 + 1, b2) - mean_a * exact_probability(a1 + 1, b1, a2, b2)
        loss_b = mean_a * exact_probability(a2, b2, a1 + 1, b1) - mean_b * exact_probability(a2 + 1, b2, a1, b1)
        cases.append({"a": a, "b": b, "probability": float(exact_probability(a1, b1, a2, b2)), "lossA": float(loss_a), "lossB": float(loss_b), "interval": [float(beta_quantile(q, a1, b1)) for q in ("0.025", "0.975")]})
    # Jeffreys' prior has no finite sum: the double integral, reduced to one.
    f = lambda x: x ** mpf("2.5") * (1 - x) ** mpf("6.5") / mpmath.beta(mpf("3.5"), mpf("7.5")) * mpmath.betainc(mpf("6.5"), mpf("4.5"), x, 1, regularized=True)
    return {"uniform": cases, "jeffreys": {"a": [3, 10], "b": [6, 10], "probability": float(mpmath.quad(f, [0, 0.25, 0.5, 0.75, 1]))}}


def beta_mixtures():
    cases = []
    for s, f, p, a, b in ((0, 0, 0.1, 1, 1), (1, 0, 0.1, 1, 1), (3, 40, 0.02, 1, 1), (50, 950, 0.03, 1, 1), (20, 980, 0.03, 0.5, 2), (0, 500, 0.4, 1, 1), (0, 100_000, 0.1, 1, 1), (900, 100_000, 0.2, 2, 3), (12_000, 988_000, 0.0105, 1, 1), (5_000, 0, 0.5, 1, 1)):
        mpmath.mp.dps = 60
        s_, f_, p_, a_, b_ = mpf(s), mpf(f), mpf(repr(p)), mpf(repr(a)), mpf(repr(b))
        # The logarithm of the likelihood ratio, and where it is greatest above p.
        g = lambda t: s_ * mpmath.log(t / p_) + f_ * mpmath.log((1 - t) / (1 - p_))
        peak = max(p_, s_ / (s_ + f_)) if s + f else p_
        width = mpmath.sqrt(max(s_, 1) * max(f_, 1) / (s_ + f_ + 1) ** 3) if s / max(1, s + f) > p else 1 / ((s_ + f_) * (p_ - s_ / max(1, s_ + f_)) / p_ / (1 - p_) + 1)
        points = sorted({p_, mpf(1), *[min(mpf(1), max(p_, peak + k * width)) for k in (-20, -8, -4, -2, -1, 0, 1, 2, 4, 8, 20, 60)]})
        top = g(peak) if 0 < peak < 1 else mpf(0)
        if peak == 1:
            top = s_ * mpmath.log(1 / p_)
        h = lambda t: mpmath.exp(s_ * mpmath.log(t / p_) + (f_ * mpmath.log((1 - t) / (1 - p_)) if f else 0) - top) * t ** (a_ - 1) * (1 - t) ** (b_ - 1)
        value = mpmath.quad(h, points) / mpmath.quad(lambda t: t ** (a_ - 1) * (1 - t) ** (b_ - 1), [p_, (1 + p_) / 2, 1])
        cases.append({"successes": s, "failures": f, "rate": p, "a": a, "b": b, "log": float(mpmath.log(value) + top)})
        mpmath.mp.dps = 40
    return cases


def two_proportions():
    """Blocks of Turner, Ly and Gruenwald with their Beta(0.18, 0.18) prior, step by step."""
    blocks, logs, totals, log = [], [], [[0, 0], [0, 0]], 0.0
    for _ in range(40):
        sizes = rng.integers(1, 30, 2)
        hits = [int(rng.binomial(sizes[0], 0.2)), int(rng.binomial(sizes[1], 0.4))]
        rates = [(s + 0.18) / (n + 0.36) for s, n in totals]
        middle = float(np.dot(sizes, rates) / sizes.sum())
        log += sum(stats.binom.logpmf(hits[i], sizes[i], rates[i]) - stats.binom.logpmf(hits[i], sizes[i], middle) for i in range(2))
        for i in range(2):
            totals[i] = [totals[i][0] + hits[i], totals[i][1] + int(sizes[i])]
        blocks.append([[hits[0], int(sizes[0])], [hits[1], int(sizes[1])]])
        logs.append(float(log))
    return {"blocks": blocks, "logs": logs}


def exact_t_power(effect, a, b, alpha, sides):
    """Power of the pooled t-test by integrating over the estimated standard deviation."""
    df = a + b - 2
    shift = mpf(repr(effect)) / mpmath.sqrt(mpf(1) / a + mpf(1) / b)
    critical = mpf(float(stats.t.isf(alpha / sides, df)))
    # Polish the quantile beyond SciPy's digits.
    tail = lambda t: mpmath.betainc(mpf(df) / 2, mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2 - mpf(repr(alpha)) / sides
    critical = mpmath.findroot(tail, critical)
    log_norm = mpmath.log(2) + mpf(df) / 2 * mpmath.log(mpf(df) / 2) - mpmath.loggamma(mpf(df) / 2)
    density = lambda s: mpmath.exp(log_norm + (df - 1) * mpmath.log(s) - df * s * s / 2)
    width = 1 / mpmath.sqrt(2 * df)
    points = [mpf(0)] + [1 + k * width for k in (-12, -8, -5, -3, -1.5, 0, 1.5, 3, 5, 8, 12, 16) if 1 + k * width > 0]
    above = mpmath.quad(lambda s: density(s) * mpmath.ncdf(shift - critical * s), points)
    below = mpmath.quad(lambda s: density(s) * mpmath.ncdf(-shift - critical * s), points) if sides == 2 else mpf(0)
    return float(above + below)


def powers():
    proportions = []
    for baseline, effect, size, alpha, sides, ratio in ((0.1, 0.02, 3841, 0.05, 2, 1), (0.5, -0.1, 200, 0.01, 2, 2), (0.02, 0.01, 1000, 0.05, 1, 0.5)):
        # statsmodels' second sample is the control.
        side = "two-sided" if sides == 2 else "larger" if effect > 0 else "smaller"
        found = sm.power_proportions_2indep(effect, baseline, size * ratio, 1 / ratio, alpha=alpha, alternative=side)
        proportions.append({"baseline": baseline, "effect": effect, "size": size, "alpha": alpha, "sides": sides, "ratio": ratio, "power": float(found.power)})
    sizes = []
    for baseline, effect, power, ratio in ((0.1, 0.01, 0.8, 1), (0.05, 0.01, 0.9, 2)):
        n = sm.samplesize_proportions_2indep_onetail(effect, baseline, power, ratio=1 / ratio, alpha=0.025, alternative="larger")
        sizes.append({"baseline": baseline, "effect": effect, "power": power, "ratio": ratio, "b": float(n)})
    means = []
    for effect, size, alpha, sides, ratio in ((0.5, 64, 0.05, 2, 1), (0.2, 300, 0.01, 2, 1.5), (1.5, 4, 0.05, 1, 1), (3, 2, 0.05, 2, 1), (0, 10, 0.05, 2, 1), (0.01, 200_000, 0.05, 2, 1), (100, 2, 0.001, 2, 1)):
        b = int(np.ceil(size * ratio))
        exact = exact_t_power(effect, size, b, alpha, sides)
        theirs = sm_power.TTestIndPower().power(effect, size, alpha, b / size, alternative="two-sided" if sides == 2 else "larger")
        assert not np.isfinite(theirs) or abs(exact - theirs) < 1e-6, (exact, theirs)
        means.append({"effect": effect, "size": size, "alpha": alpha, "sides": sides, "ratio": ratio, "power": exact})
    mean_sizes = []
    for effect, power, ratio in ((0.5, 0.8, 1), (0.2, 0.9, 2), (2, 0.8, 1)):
        mean_sizes.append({"effect": effect, "power": power, "ratio": ratio, "a": float(sm_power.TTestIndPower().solve_power(effect, None, 0.05, power, ratio))})
    return {"proportions": proportions, "proportionSizes": sizes, "means": means, "meanSizes": mean_sizes}


def cuped():
    arms = []
    for n, effect in ((60, 0.0), (80, 0.5)):
        covariate = rng.normal(100, 3, n).round(4)
        arms.append({"covariate": covariate.tolist(), "outcome": (0.8 * covariate + rng.normal(effect, 1.5, n)).round(4).tolist()})
    x, y = ([np.array(arm[name]) for arm in arms] for name in ("covariate", "outcome"))
    theta = sum(((x[i] - x[i].mean()) * (y[i] - y[i].mean())).sum() for i in range(2)) / sum(((x[i] - x[i].mean()) ** 2).sum() for i in range(2))
    centre = np.concatenate(x).mean()
    adjusted = [y[i] - theta * (x[i] - centre) for i in range(2)]
    test = stats.ttest_ind(adjusted[1], adjusted[0], equal_var=False)
    errors = [adjusted[i].var(ddof=1) / len(adjusted[i]) for i in range(2)]
    df = sum(errors) ** 2 / sum(errors[i] ** 2 / (len(adjusted[i]) - 1) for i in range(2))
    half = stats.t.isf(0.025, df) * np.sqrt(sum(errors))
    difference = adjusted[1].mean() - adjusted[0].mean()
    raw = sum(y[i].var(ddof=1) / len(y[i]) for i in range(2))
    return {"a": arms[0], "b": arms[1], "theta": theta, "means": [v.mean() for v in adjusted], "variances": [v.var(ddof=1) for v in adjusted], "reduction": 1 - sum(errors) / raw, "interval": [difference - half, difference + half], "statistic": test.statistic, "pValue": test.pvalue}


reference = {
    "versions": {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__, "numpy": np.__version__, "mpmath": mpmath.__version__},
    "seed": SEED,
    "intervals": intervals(),
    "differences": differences(),
    "meanLifts": mean_lifts(),
    "sampleRatios": sample_ratios(),
    "mixtures": mixtures(),
    "confidenceSequences": confidence_sequences(),
    "groupSequential": group_sequential(),
    "comparisons": comparisons(),
    "betaMixtures": beta_mixtures(),
    "twoProportions": two_proportions(),
    "powers": powers(),
    "cuped": cuped(),
}

path = pathlib.Path(__file__).resolve().parents[2] / "test" / "reference" / "stats" / "experiments.json"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(reference, indent=None, separators=(",", ":")) + "\n")
