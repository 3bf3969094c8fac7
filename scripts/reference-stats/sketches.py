"""Writes test/reference/stats/sketches.json: moments and quantiles of samples that the tests make again, for test/stats/sketches.

Run with Debian's python3 (packages python3-numpy, python3-scipy):
    /usr/bin/python3 scripts/reference-stats/sketches.py

Moments are those of exact fractions of the doubles, rounded once, and checked against SciPy where doubles suffice; quantiles are those
of numpy.quantile with method "inverted_cdf".
"""

import json
import math
import pathlib
from fractions import Fraction

import numpy as np
import scipy
from scipy import stats

SEED = 20251121
QS = [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999]


def root(fraction):
    """Square root of a fraction of any size, to some 60 digits."""
    scale = 10**120
    return Fraction(math.isqrt(fraction.numerator * scale // fraction.denominator), 10**60)


def moments(values):
    x = [Fraction(v) for v in values]
    n = len(x)
    mean = sum(x) / n
    m2, m3, m4 = (sum((v - mean) ** p for v in x) / n for p in (2, 3, 4))
    unit = Fraction(2) ** math.frexp(float(max(abs(v) for v in x)))[1]
    m2, m3, m4 = m2 / unit**2, m3 / unit**3, m4 / unit**4
    variance = m2 * n / (n - 1)
    return {
        "mean": float(mean),
        "standardDeviation": float(root(variance)) * float(unit) if unit < 2**1023 else float(root(variance) * unit),
        "skewness": float(m3 / (m2 * root(m2))),
        "kurtosis": float(m4 / m2**2 - 3),
    }


def main():
    rng = np.random.default_rng(SEED)
    samples = {
        "normal": rng.normal(size=300),
        "lognormal": rng.lognormal(sigma=2, size=300),
        "far from 0": 1e6 + rng.normal(size=200),
        "two values": rng.integers(0, 2, 100).astype(float),
        "huge": rng.normal(size=50) * 1e300,
        "tiny": rng.normal(size=50) * 1e-300,
        "mixed sizes": rng.normal(size=100) * 10.0 ** rng.integers(-30, 30, 100),
    }
    cases = []
    for name, values in samples.items():
        found = moments(values.tolist())
        if name in ("normal", "lognormal", "two values"):
            want = [values.mean(), values.std(ddof=1), stats.skew(values), stats.kurtosis(values)]
            assert np.allclose(list(found.values()), want, rtol=1e-11, atol=1e-13), name
        quantiles = np.quantile(values, QS, method="inverted_cdf").tolist()
        cases.append({"name": name, "values": values.tolist(), "moments": found, "quantiles": quantiles})
    out = {
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
        "seed": SEED,
        "qs": QS,
        "cases": cases,
    }
    path = pathlib.Path(__file__).parents[2] / "test/reference/stats/sketches.json"
    path.write_text(json.dumps(out) + "\n")
    print(path, path.stat().st_size)


main()
