"""Writes test/reference/stats/tests.json: two-sample tests and distances of SciPy for test/stats/tests and test/stats/distances.

Run with Debian's python3 (packages python3-scipy, python3-sklearn, python3-statsmodels, python3-mpmath):
    /usr/bin/python3 scripts/reference-stats/tests.py
The seed and the versions of the libraries are written beside the values. Infinities are written as strings.
"""

import itertools
import json
import math
import pathlib
import warnings

import mpmath as mp
import numpy as np
import scipy
import sklearn
import statsmodels
from scipy import special, stats
from scipy.spatial import distance
from sklearn.metrics.pairwise import rbf_kernel
from statsmodels.stats import multitest
from statsmodels.stats.proportion import confint_proportions_2indep

warnings.filterwarnings("ignore")
SEED = 20240613
rng = np.random.default_rng(SEED)
mp.mp.dps = 30
ALTERNATIVES = ("two-sided", "less", "greater")


def pairs():
    """Pairs of samples: without ties, with ties, of unlike sizes, far apart."""
    yield "continuous", rng.normal(0, 1, 12).round(6), rng.normal(0.5, 1.5, 9).round(6)
    yield "larger", rng.normal(0, 1, 60).round(6), rng.normal(0.4, 1, 45).round(6)
    yield "unlike", rng.normal(0, 1, 5).round(6), rng.normal(-0.7, 2, 150).round(6)
    yield "equal sizes", rng.normal(0, 1, 18).round(6), rng.normal(0.1, 1, 18).round(6)
    yield "apart", rng.normal(0, 1, 14).round(6), rng.normal(9, 1, 11).round(6)
    yield "ties", rng.poisson(3, 50).astype(float), rng.poisson(4, 70).astype(float)
    yield "few ties", rng.normal(0, 1, 80).round(1), rng.normal(0.3, 1, 60).round(1)
    yield "shifted", 1e6 + rng.uniform(0, 1, 30).round(6), 1e6 + rng.uniform(0.2, 1, 25).round(6)


def ks(a, b):
    found = []
    for alternative in ALTERNATIVES:
        r = stats.ks_2samp(a, b, alternative=alternative, method="exact")
        asymptotic = stats.ks_2samp(a, b, alternative=alternative, method="asymp").pvalue
        if alternative == "two-sided":
            root = np.sqrt(len(a) * len(b) / (len(a) + len(b)))
            asymptotic = special.kolmogorov((root + 0.12 + 0.11 / root) * r.statistic)
        found.append({"alternative": alternative, "statistic": r.statistic, "location": r.statistic_location, "exact": r.pvalue, "asymptotic": float(asymptotic)})
    return found


def mann_whitney(a, b):
    found = []
    for alternative, continuity in itertools.product(ALTERNATIVES, (True, False)):
        r = stats.mannwhitneyu(a, b, use_continuity=continuity, alternative=alternative, method="asymptotic")
        found.append({
            "alternative": alternative, "continuity": continuity, "statistic": r.statistic, "asymptotic": r.pvalue,
            "exact": stats.mannwhitneyu(a, b, alternative=alternative, method="exact").pvalue if len(a) * len(b) <= 3000 else None,
        })
    return found


def welch_interval(a, b):
    """By mpmath: SciPy 1.10 has t quantiles of broken degrees of freedom to 9 digits only."""
    a, b = ([mp.mpf(float(x)) for x in v] for v in (a, b))
    mean = lambda v: mp.fsum(v) / len(v)
    error = lambda v: mp.fsum((x - mean(v)) ** 2 for x in v) / (len(v) - 1) / len(v)
    va, vb = error(a), error(b)
    df = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    tail = lambda q: mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + q * q), regularized=True)
    margin = mp.findroot(lambda q: tail(q) - mp.mpf(1) / 20, 2.1) * mp.sqrt(va + vb)
    return {"df": float(df), "low": float(mean(a) - mean(b) - margin), "high": float(mean(a) - mean(b) + margin)}


def two_samples():
    cases = []
    for name, a, b in pairs():
        tied = len(np.unique(np.concatenate([a, b]))) < len(a) + len(b)
        case = {"name": name, "a": a.tolist(), "b": b.tolist(), "ties": tied, "ks": ks(a, b), "mannWhitney": mann_whitney(a, b)}
        if not tied:
            asymptotic = stats.cramervonmises_2samp(a, b, method="asymptotic")
            small = max(len(a), len(b)) <= 20
            exact = stats.cramervonmises_2samp(a, b, method="exact").pvalue if small else None
            case["cramerVonMises"] = {"statistic": asymptotic.statistic, "asymptotic": asymptotic.pvalue, "exact": exact}
        r = stats.anderson_ksamp([a, b])
        case["andersonDarling"] = {"statistic": r.statistic, "clipped": r.significance_level}
        case["welch"] = []
        for alternative in ALTERNATIVES:
            t = stats.ttest_ind(a, b, equal_var=False, alternative=alternative)
            case["welch"].append({"alternative": alternative, "statistic": t.statistic, "pValue": t.pvalue})
        case["welchInterval"] = welch_interval(a, b)
        for center in ("median", "mean"):
            w = stats.levene(a, b, center=center)
            case[f"levene {center}"] = {"statistic": w.statistic, "pValue": w.pvalue}
        case["wasserstein"] = stats.wasserstein_distance(a, b)
        case["energyDistance"] = stats.energy_distance(a, b)
        cases.append(case)
    return cases


def uniforms(n, seed):
    """The same numbers in (0, 1) as test/stats/uniforms.ts makes, to the last bit, without a tie: MINSTD, a linear congruence."""
    values, x = np.empty(n), seed
    for i in range(n):
        x = x * 48271 % 2147483647
        values[i] = x / 2147483647
    return values


def sample(given):
    """A list of numbers, or how to make one of uniforms: floor(u · levels), or shift + scale · u."""
    if isinstance(given, list):
        return np.array(given, dtype=float)
    u = uniforms(given["n"], given["seed"])
    return np.floor(u * given["levels"]) if "levels" in given else given["shift"] + given["scale"] * u


def finite(value):
    """As JSON has it; nothing for NaN, where SciPy has no answer."""
    value = float(value)
    return None if math.isnan(value) else "Infinity" if value == math.inf else "-Infinity" if value == -math.inf else value


def anderson(a, b):
    try:
        return finite(stats.anderson_ksamp([a, b]).statistic)
    except ValueError:  # all values are equal
        return None


def edges():
    """One value, constants, ties, infinities and 100 000 values, for every two-sample test and distance of samples."""
    inf = float("inf")
    uniform = lambda n, seed, scale=1.0, shift=0.0: {"n": n, "seed": seed, "scale": scale, "shift": shift}
    levels = lambda n, seed, count: {"n": n, "seed": seed, "levels": count}
    pairs = [
        ("one value each", [1.5], [2.5]), ("one equal value each", [2], [2]), ("one value and many", [0.3], uniform(40, 1)),
        ("equal constants", [3] * 7, [3] * 5), ("unlike constants", [3] * 6, [4.5] * 5), ("a constant and many", [0.5] * 8, uniform(30, 2)),
        ("many ties", levels(60, 3, 4), levels(90, 4, 5)), ("one tie", [1, 2, 3, 4, 5], [2.5, 3, 6, 7]),
        ("infinities", [-inf, 0, 1, inf, 2], [inf, -inf, 5, 3, inf, 0.5]), ("one infinity", [inf, 1, 2], [0.5, 1.5, 2.5, 3]),
        ("100 000 values", uniform(100_000, 5), uniform(80_000, 6, 0.999, 0.004)), ("100 000 ties", levels(100_000, 7, 50), levels(70_000, 8, 50)),
        ("100 000 values and a few", uniform(100_000, 9), uniform(50, 10, 0.9, 0.15)), ("one value and 100 000", [0.999], uniform(100_000, 11)),
    ]
    cases = []
    for name, first, second in pairs:
        a, b = sample(first), sample(second)
        n, m = len(a), len(b)
        both = np.concatenate([a, b])
        untied = len(np.unique(both)) == n + m
        has_infinities = not np.isfinite(both).all()
        r = stats.ks_2samp(a, b, method="exact" if max(n, m) <= 10_000 else "asymp")
        root = np.sqrt(n * m / (n + m))
        case = {
            "name": name, "untied": untied, "ks": {
                "statistic": r.statistic, "exact": r.pvalue if max(n, m) <= 10_000 else None,
                "asymptotic": special.kolmogorov((root + 0.12 + 0.11 / root) * r.statistic),
            },
        }
        # Infinite samples and the like as texts.
        case["a"], case["b"] = ([finite(x) for x in given] if isinstance(given, list) else given for given in (first, second))
        case["mannWhitney"] = []
        # SciPy's takes the difference of equal infinities; only the order counts.
        x, y = (np.clip(v, -1e9, 1e9) for v in (a, b))
        for alternative in ALTERNATIVES:
            w = stats.mannwhitneyu(x, y, alternative=alternative, method="asymptotic")
            exact = stats.mannwhitneyu(x, y, alternative=alternative, method="exact").pvalue if n * m <= 3000 else None
            case["mannWhitney"].append({"alternative": alternative, "statistic": w.statistic, "asymptotic": finite(w.pvalue), "exact": exact})
        # By definition, for SciPy's formula holds without ties only.
        at = np.sort(both)
        f, g = (np.searchsorted(np.sort(v), at, side="right") / len(v) for v in (a, b))
        case["cramerVonMises"] = {"statistic": float(np.sum((f - g) ** 2) * n * m / (n + m) ** 2), "asymptotic": None}
        if untied and n > 1 and m > 1:
            c = stats.cramervonmises_2samp(a, b, method="asymptotic")
            assert abs(c.statistic / case["cramerVonMises"]["statistic"] - 1) < 1e-9, (name, c.statistic)
            case["cramerVonMises"]["asymptotic"] = c.pvalue
        case["andersonDarling"] = anderson(a, b) if n + m >= 4 else None
        if not has_infinities:
            t = stats.ttest_ind(a, b, equal_var=False) if min(n, m) > 1 else None
            case["welch"] = t and {"statistic": finite(t.statistic), "pValue": finite(t.pvalue)}
            w = stats.levene(a, b) if min(n, m) > 2 else None
            # F with one degree of freedom is t², of which SciPy's tail has 15 digits at 180 000 degrees, and that of F 10.
            case["levene"] = w and {"statistic": finite(w.statistic), "pValue": finite(2 * stats.t.sf(math.sqrt(w.statistic), n + m - 2))}
            case["wasserstein"], case["energyDistance"] = stats.wasserstein_distance(a, b), stats.energy_distance(a, b)
            case["psi"] = psi(a, b)
        cases.append(case)
    return cases


def exact_ks():
    """The greatest samples for which `auto` is exact."""
    cases = []
    for n, m, statistic in ((10_000, 10_000, 0.0175), (10_000, 9_999, 0.0191), (10_000, 40, 0.21)):
        gcd = math.gcd(n, m)
        step = round(statistic * n * m / gcd)
        h = step / (n * m // gcd)
        success, d, p = stats._stats_py._attempt_exact_2kssamp(n, m, gcd, h, "two-sided")
        assert success
        cases.append({"n": n, "m": m, "statistic": h, "pValue": p})
    return cases


def psi(a, b):
    """By definition, in bins between the quantiles of the first sample, or of its values if there are at most 20."""
    values = np.unique(a)
    if len(values) <= 20:
        edges = np.concatenate([[np.nextafter(values[0], -np.inf)], values])
    else:
        edges = np.unique(np.quantile(a, np.arange(1, 10) / 10))
    c, d = (np.bincount(np.searchsorted(edges, v, side="left"), minlength=len(edges) + 1) for v in (a, b))
    c, d = c[c + d > 0], d[c + d > 0]
    n, m, bins = len(a), len(b), len(c)
    if bins == 1:
        return {"psi": 0.0, "pValue": 1.0, "bins": 1}
    smoothing = 0.5 / min(n, m)
    p, q = ((v / v.sum() + smoothing) / (1 + bins * smoothing) for v in (c, d))
    value = float(np.sum((q - p) * np.log(q / p)))
    return {"psi": value, "pValue": float(stats.chi2.sf(value / (1 / n + 1 / m), bins - 1)), "bins": bins}


def long_divergences():
    """Of 100 000 bins, and of one."""
    cases = []
    for n, seed in ((1, 20), (100_000, 21)):
        p, q = np.floor(uniforms(n, seed) * 1000) + 1, np.floor(uniforms(n, seed + 1000) * 1000) + 1
        x, y = p / p.sum(), q / q.sum()
        cases.append({
            "n": n, "seeds": [seed, seed + 1000], "jensenShannon": distance.jensenshannon(p, q), "kullbackLeibler": stats.entropy(p, q),
            "hellinger": float(np.sqrt(np.sum((np.sqrt(x) - np.sqrt(y)) ** 2) / 2)), "totalVariation": float(np.abs(x - y).sum() / 2),
        })
    return cases


def contingency():
    tables = [
        [[1, 0], [0, 1]], [[50_000, 50_000], [49_000, 51_000]], [[1, 100_000], [2, 100_000]],
        [[10, 20], [30, 25]], [[8, 2], [1, 5]], [[100, 120, 90], [80, 150, 60]], [[3, 0, 5, 9], [7, 2, 1, 4], [6, 6, 6, 6]],
        [[1000, 2000, 3000, 10], [1100, 1900, 3050, 40]], [[500_000, 1], [499_000, 30]], [[0, 5], [7, 0]],
    ]
    cases = []
    for table in tables:
        t = np.array(table)
        plain, yates = (stats.chi2_contingency(t, correction=c) for c in (False, True))
        g = stats.chi2_contingency(t, correction=False, lambda_="log-likelihood")
        n, (r, c) = t.sum(), t.shape
        phi = max(0, plain[0] / n - (r - 1) * (c - 1) / (n - 1))
        room = min(c - 1 - (c - 1) ** 2 / (n - 1), r - 1 - (r - 1) ** 2 / (n - 1))
        corrected = math.sqrt(phi / room) if room > 0 else 0.0
        cases.append({
            "table": table, "df": int(plain[2]), "expected": plain[3].tolist(), "statistic": plain[0], "pValue": plain[1],
            "yates": {"statistic": yates[0], "pValue": yates[1]}, "g": {"statistic": g[0], "pValue": g[1]},
            "cramersV": stats.contingency.association(t, method="cramer"), "corrected": corrected,
        })
    return cases


def fisher():
    """SciPy's odds ratios; the tails are mpmath's, summed from exact binomials, and checked against SciPy's where that is exact enough."""
    cases = []
    for a, b, c, d in ((1, 0, 0, 1), (500, 99_500, 620, 99_380), (8, 2, 1, 5), (6, 2, 1, 4), (0, 5, 7, 0), (5, 5, 5, 5), (100, 120, 80, 150), (1, 1000, 30, 900), (3, 0, 0, 4), (2000, 1800, 1700, 1900), (40, 4000, 4, 9000)):
        for alternative in ALTERNATIVES:
            r = stats.fisher_exact([[a, b], [c, d]], alternative=alternative)
            row, column, n = a + b, a + c, a + b + c + d
            k = max(0, row + column - n)
            weights = {k: math.comb(column, k) * math.comb(n - column, row - k)}
            for k in range(k, min(row, column)):
                weights[k + 1] = weights[k] * (column - k) * (row - k) // ((k + 1) * (n - column - row + k + 1))
            inside = {"two-sided": lambda k: weights[k] <= weights[a], "less": lambda k: k <= a, "greater": lambda k: k >= a}[alternative]
            p = float(mp.mpf(sum(w for k, w in weights.items() if inside(k))) / mp.mpf(sum(weights.values())))
            assert abs(p / r.pvalue - 1) < 1e-6, (a, b, c, d, alternative, p, r.pvalue)
            ratio = "Infinity" if math.isinf(r.statistic) else float(r.statistic)
            cases.append({"table": [[a, b], [c, d]], "alternative": alternative, "statistic": ratio, "pValue": p})
    return cases


def divergences():
    pairs = [([10, 20, 30, 40], [15, 15, 35, 35]), ([1, 0, 3], [2, 2, 2]), ([0.2, 0.3, 0.5], [0.1, 0.6, 0.3]), ([5, 0], [0, 3]), ([1e-9, 1, 1], [1, 1, 1e-12])]
    cases = []
    for p, q in pairs:
        x, y = np.array(p) / np.sum(p), np.array(q) / np.sum(q)
        kl = stats.entropy(p, q)
        cases.append({
            "p": p, "q": q, "jensenShannon": distance.jensenshannon(p, q), "base2": distance.jensenshannon(p, q, 2),
            "kullbackLeibler": "Infinity" if math.isinf(kl) else kl, "smoothed": stats.entropy(np.array(p) + 0.5, np.array(q) + 0.5),
            "hellinger": float(np.sqrt(np.sum((np.sqrt(x) - np.sqrt(y)) ** 2) / 2)), "totalVariation": float(np.abs(x - y).sum() / 2),
        })
    # A distance so small that SciPy's sum of terms above and below 0 has no digit left.
    p, q = [1.0, 2.0, 3.0], [1.0 + 1e-9, 2.0, 3.0 - 1e-9]
    x, y = ([mp.mpf(v) / mp.fsum(map(mp.mpf, w)) for v in w] for w in (p, q))
    middle = [(u + v) / 2 for u, v in zip(x, y)]
    exact = mp.sqrt(mp.fsum(u * mp.log(u / m) + v * mp.log(v / m) for u, v, m in zip(x, y, middle)) / 2)
    return {"cases": cases, "tiny": {"p": p, "q": q, "jensenShannon": float(exact)}}


def proportions():
    cases = []
    for a, n, b, m in ((0, 1, 1, 1), (9_900, 100_000, 10_200, 100_000), (56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20), (5, 56, 0, 29), (1000, 20_000, 1100, 20_000)):
        chi = stats.chi2_contingency([[a, n - a], [b, m - b]], correction=False)
        z = math.copysign(math.sqrt(chi[0]), a / n - b / m)
        low, high = confint_proportions_2indep(a, n, b, m, method="newcomb", alpha=0.05)
        cases.append({
            "a": a, "n": n, "b": b, "m": m, "statistic": z, "two-sided": chi[1], "greater": stats.norm.sf(z), "less": stats.norm.cdf(z),
            "low": low, "high": high,
        })
    return cases


def adjusted():
    p = np.concatenate([rng.uniform(0, 1, 12), rng.uniform(0, 0.01, 5), [0.0, 1.0, 0.5, 0.5]])
    return {"pValues": p.tolist(), "bonferroni": multitest.multipletests(p, method="bonferroni")[1].tolist(), "holm": multitest.multipletests(p, method="holm")[1].tolist()}


def discrepancy():
    """Unbiased MMD with scikit-learn's kernel, and the median of SciPy's pairwise distances."""
    x, y = rng.normal(0, 1, (15, 3)).round(4), rng.normal(0.5, 1, (12, 3)).round(4)
    sigma = float(np.median(distance.pdist(np.vstack([x, y]))))
    n, m = len(x), len(y)

    def squared(width):
        k = [rbf_kernel(u, v, gamma=1 / (2 * width**2)) for u, v in ((x, x), (y, y), (x, y))]
        return float((k[0].sum() - n) / (n * (n - 1)) + (k[1].sum() - m) / (m * (m - 1)) - 2 * k[2].mean())

    return {"x": x.tolist(), "y": y.tolist(), "bandwidth": sigma, "statistic": squared(sigma), "narrow": squared(0.5)}


def limit_laws():
    """Tails of the limits of Cramér and von Mises and of Anderson and Darling, by mpmath: Smirnov's integrals between the poles."""
    def tail(poles, integrand, terms):
        total = mp.mpf(0)
        for k in range(1, terms):
            middle, half = poles(k)
            # s = middle − half·cos t takes the roots off both ends.
            f = lambda t: integrand(middle - half * mp.cos(t), k) * half * mp.sin(t) / mp.sqrt(mp.sin(mp.pi * mp.sin(min(t, mp.pi - t) / 2) ** 2))
            total += (-1) ** (k + 1) * mp.quad(f, mp.linspace(0, mp.pi, 24), method="gauss-legendre")
        return float(total)

    cases = {"cramerVonMises": [], "andersonDarling": []}
    for x in (0.02, 0.05, 0.1, 0.2, 0.34730, 0.46136, 0.74346, 1.16786, 2.0, 3.0):
        f = lambda s, k: mp.exp(-x * s * s / 2) / mp.sqrt(s) * 2 / mp.pi
        cases["cramerVonMises"].append({"x": x, "sf": tail(lambda k: (mp.pi * (2 * k - mp.mpf(1) / 2), mp.pi / 2), f, 14)})
    for x in (0.1, 0.2, 0.5, 1.0, 1.933, 2.492, 3.878, 6.0, 10.0):
        f = lambda r, k: mp.exp(-x * (r * r - 1) / 8) * r / mp.sqrt(mp.pi * (r * r - 1))
        cases["andersonDarling"].append({"x": x, "sf": tail(lambda k: (mp.mpf(4 * k), mp.mpf(1)), f, 14)})
    for case in cases["cramerVonMises"]:
        scipys = 1 - stats._hypotests._cdf_cvm_inf(case["x"])
        assert abs(scipys - case["sf"]) < 1e-12, (case, scipys)
    return cases


document = {
    "seed": SEED,
    "versions": {m.__name__: m.__version__ for m in (np, scipy, sklearn, statsmodels, mp)},
    "twoSamples": two_samples(),
    "edges": edges(),
    "exactKs": exact_ks(),
    "longDivergences": long_divergences(),
    "contingency": contingency(),
    "fisherExact": fisher(),
    "divergences": divergences(),
    "proportionTest": proportions(),
    "adjusted": adjusted(),
    "mmd": discrepancy(),
    "limitLaws": limit_laws(),
}
target = pathlib.Path(__file__).parent.parent.parent / "test" / "reference" / "stats" / "tests.json"
target.parent.mkdir(exist_ok=True)
target.write_text(json.dumps(document, default=float, allow_nan=False) + "\n")
print(f"wrote {target}, {target.stat().st_size} bytes")
