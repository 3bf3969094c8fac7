"""Writes test/reference/stats.json: reference values of SciPy, scikit-learn, NumPy and mpmath for test/stats.

Run with Debian's python3 (packages python3-scipy, python3-sklearn, python3-mpmath):
    /usr/bin/python3 scripts/reference-stats.py
The seeds and the versions of the libraries are written beside the values.
"""

import json
import pathlib

import mpmath
import numpy as np
import scipy
import sklearn
from scipy import special, stats
from sklearn import metrics

SEED = 20240607
rng = np.random.default_rng(SEED)
mpmath.mp.dps = 60


def gamma_q(a, x):
    """Q(a, x) to 60 digits."""
    return float(mpmath.gammainc(mpmath.mpf(a), mpmath.mpf(x), mpmath.inf, regularized=True))


def chi_squared():
    cases = []
    for df in (1, 2, 3, 5, 9, 10, 19, 50, 100, 255, 1000, 10_000, 1_000_000):
        for target in (0.999, 0.9, 0.5, 0.1, 1e-3, 1e-10, 1e-50, 1e-100, 1e-200, 1e-300):
            x = float(stats.chi2.isf(target, df))
            p = float(stats.chi2.sf(x, df))
            if 0 < p < 1 and np.isfinite(x):
                cases.append({"x": x, "df": df, "sf": p})
    return cases


def kolmogorov():
    xs = [0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 0.9999, 1.0, 1.0001, 1.36, 2.0, 3.0, 5.0, 10.0, 15.0, 18.5]
    return [{"x": x, "sf": float(special.kolmogorov(x))} for x in xs]


def log_gamma():
    zs = [1e-300, 1e-10, 0.01, 0.3, 0.5, 0.75, 0.999, 1.0, 1.0000001, 1.25, 1.4616, 1.75, 1.9999999, 2.0, 2.3, 2.5, 3.0, 7.7, 9.999, 10.0]
    zs += [12.5, 100.0, 1e4, 1e9, 1e100]
    return [{"z": z, "value": float(mpmath.loggamma(mpmath.mpf(z)))} for z in zs]


def gamma_qs():
    pairs = [(1e-6, 1e-3), (1e-6, 0.5), (1e-6, 5.0), (0.01, 1e-10), (0.01, 0.99), (0.01, 1.0), (0.3, 0.2), (0.5, 0.999), (0.5, 1.0)]
    pairs += [(0.5, 600.0), (0.999, 0.5), (1.0, 1e-12), (1.0, 690.0), (1.5, 2.4), (9.99, 11.0), (10.0, 11.0), (33.0, 20.0), (250.0, 1100.0)]
    pairs += [(1000.0, 1100.0), (1000.0, 900.0), (5e4, 5e4), (5e5, 5.03e5)]
    return [{"a": a, "x": x, "value": gamma_q(a, x)} for a, x in pairs]


def ks():
    cases = []
    for n, m, shift in ((5, 7, 0.0), (10, 10, 1.0), (30, 30, 0.5), (50, 80, 0.2), (100, 1000, 0.3), (500, 300, 1.2), (200, 200, 6.0), (1000, 1000, 0.0)):
        a = rng.normal(0, 1, n).round(6)
        b = rng.normal(shift, 1, m).round(6)
        r = stats.ks_2samp(a, b, method="exact")
        effective = np.sqrt(n * m / (n + m))
        cases.append({
            "a": a.tolist(), "b": b.tolist(), "statistic": r.statistic, "location": r.statistic_location, "exact": r.pvalue,
            "asymptotic": float(special.kolmogorov((effective + 0.12 + 0.11 / effective) * r.statistic)),
        })
    return cases


def classification():
    n = 400
    labels = rng.integers(0, 2, n)
    probabilities = np.clip(0.5 * labels + rng.uniform(0, 0.5, n), 0, 1).round(2)
    probabilities[0], labels[0] = 1.0, 0
    predictions = (probabilities >= 0.5).astype(int)
    tn, fp, fn, tp = metrics.confusion_matrix(labels, predictions).ravel()
    return {
        "labels": labels.tolist(), "probabilities": probabilities.tolist(), "predictions": predictions.tolist(),
        "rocAuc": metrics.roc_auc_score(labels, probabilities), "logLoss": metrics.log_loss(labels, probabilities),
        "brierScore": metrics.brier_score_loss(labels, probabilities), "accuracy": metrics.accuracy_score(labels, predictions),
        "confusionMatrix": {"truePositives": int(tp), "falsePositives": int(fp), "trueNegatives": int(tn), "falseNegatives": int(fn)},
    }


def mc_nemar():
    cases = []
    for b, c in ((0, 0), (1, 0), (5, 5), (10, 2), (40, 20), (3, 300), (520, 480), (2000, 1800)):
        total = b + c
        statistic = max(0, abs(b - c) - 1) ** 2 / total if total else 0
        cases.append({
            "b": b, "c": c, "exact": stats.binomtest(min(b, c), total, 0.5).pvalue if total else 1.0,
            "statistic": statistic, "asymptotic": stats.chi2.sf(statistic, 1),
        })
    return cases


def benjamini_hochberg():
    p = np.concatenate([rng.uniform(0, 1, 20), rng.uniform(0, 0.01, 5), [0.0, 1.0, 0.5, 0.5]])
    order = np.argsort(p)
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1, np.minimum.accumulate(ranked[::-1])[::-1])
    return {"pValues": p.tolist(), "adjusted": adjusted.tolist()}


def quantiles():
    values = rng.normal(0, 1000, 37)
    qs = [0.0, 0.1, 0.25, 0.3333, 0.5, 0.7, 0.9, 0.999, 1.0]
    return {"values": values.tolist(), "cases": [{"q": q, "value": float(np.quantile(values, q))} for q in qs]}


def psi():
    reference = rng.normal(0, 1, 1000).round(6)
    current = rng.normal(0.3, 1.2, 1000).round(6)
    edges = np.quantile(reference, np.arange(1, 10) / 10)
    c, d = (np.bincount(np.searchsorted(edges, x, side="left"), minlength=10) for x in (reference, current))
    p, q = ((x + 0.5) / (len(reference) + 5) for x in (c, d))
    value = float(np.sum((q - p) * np.log(q / p)))
    return {
        "reference": reference.tolist(), "current": current.tolist(), "referenceCounts": c.tolist(), "currentCounts": d.tolist(),
        "psi": value, "psiDebiased": value - 9 * 2 / 1000, "pValue": float(stats.chi2.sf(value / (2 / 1000), 9)),
    }


document = {
    "seed": SEED,
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "sklearn": sklearn.__version__, "mpmath": mpmath.__version__},
    "chiSquaredSf": chi_squared(),
    "kolmogorovSf": kolmogorov(),
    "logGamma": log_gamma(),
    "gammaQ": gamma_qs(),
    "ksTest": ks(),
    "classification": classification(),
    "mcNemarTest": mc_nemar(),
    "benjaminiHochberg": benjamini_hochberg(),
    "quantile": quantiles(),
    "psi": psi(),
}
target = pathlib.Path(__file__).parent.parent / "test" / "reference" / "stats.json"
target.write_text(json.dumps(document, indent=1) + "\n")
print(f"wrote {target}")

# SciPy's own tails are checked, so that a test never compares with a wrong one.
worst = max(abs(case["sf"] / gamma_q(case["df"] / 2, case["x"] / 2) - 1) for case in document["chiSquaredSf"] if case["df"] <= 1000)
print(f"scipy.stats.chi2.sf against mpmath, df <= 1000: greatest relative error {worst:.2e}")
