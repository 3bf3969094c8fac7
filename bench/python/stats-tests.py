"""Runs SciPy's tests and NumPy's PSI when bench/stats-tests.bench.ts asks for them: a name in, the value out, one line each."""

import json
import sys

import numpy as np
import scipy
from scipy import stats

folder = sys.argv[1]
reference = np.fromfile(f"{folder}/reference.f64")
current = np.fromfile(f"{folder}/current.f64")
part = 200_000


def psi():
    """Ten quantile bins, right-closed, add-half smoothing."""
    edges = np.quantile(reference, np.arange(1, 10) / 10)
    counts = (np.bincount(np.searchsorted(edges, values, side="left"), minlength=10) for values in (reference, current))
    p, q = ((c + 0.5) / (len(values) + 5) for c, values in zip(counts, (reference, current)))
    return np.sum((q - p) * np.log(q / p))


work = {
    "ksTest": lambda: stats.ks_2samp(reference, current).statistic,
    "wasserstein": lambda: stats.wasserstein_distance(reference, current),
    "populationStabilityIndex": psi,
    "mannWhitney": lambda: stats.mannwhitneyu(reference[:part], current[:part]).pvalue,
}

print(f"SciPy {scipy.__version__}, NumPy {np.__version__}", flush=True)
for line in sys.stdin:
    print(json.dumps(float(work[line.strip()]())), flush=True)
