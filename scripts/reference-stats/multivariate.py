"""Writes test/reference/stats/multivariate.json: reference values of scikit-learn and NumPy for test/drift/multivariate and test/drift/performance.

Run with Debian's python3 (packages python3-sklearn, python3-numpy):
    /usr/bin/python3 scripts/reference-stats/multivariate.py
The seed and the versions of the libraries are written beside the values.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

SEED = 20261121
rng = np.random.default_rng(SEED)


def logistic():
    cases = []
    for rows, columns, strength, l2 in ((60, 2, 0.5, 1.0), (150, 5, 2.0, 0.01), (150, 4, 6.0, 1e-4), (80, 3, 0.0, 50.0)):
        x = rng.normal(0, 1, (rows, columns)).round(4)
        x[:, -1] = (x[:, -1] > 0.8).astype(float)
        odds = strength * x[:, 0] - 0.5 * strength * x[:, 1] - 1
        y = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
        model = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-13, max_iter=1000).fit(x, y)
        cases.append({
            "x": x.tolist(), "labels": y.tolist(), "l2": l2,
            "coefficients": model.coef_[0].tolist(), "intercept": float(model.intercept_[0]),
        })
    return cases


def pca():
    cases = []
    for rows, columns, kept in ((80, 4, 2), (12, 15, 3), (60, 3, 1)):
        factors = rng.normal(0, 1, (rows, 2))
        x = (factors @ rng.normal(0, 1, (2, columns)) + rng.normal(0, 0.3, (rows, columns))).round(4)
        fresh = rng.normal(0, 1, (15, columns)).round(4)
        model = PCA(n_components=kept, svd_solver="full").fit(x)
        full = PCA(svd_solver="full").fit(x)
        errors = np.linalg.norm(fresh - model.inverse_transform(model.transform(fresh)), axis=1)
        cases.append({
            "x": x.tolist(), "fresh": fresh.tolist(), "kept": kept, "variances": full.explained_variance_.tolist(),
            "components": model.components_.tolist(), "errors": errors.tolist(),
        })
    return cases


def isotonic():
    cases = []
    for rows, ties in ((1, False), (40, False), (120, True)):
        x = rng.normal(0, 1, rows).round(1 if ties else 6)
        y = (x + rng.normal(0, 1, rows)).round(6)
        weights = rng.uniform(0.2, 3, rows).round(3)
        found = IsotonicRegression().fit(x, y, sample_weight=weights).predict(x)
        cases.append({"x": x.tolist(), "y": y.tolist(), "weights": weights.tolist(), "fitted": found.tolist()})
    return cases


def delong():
    """Placement values by comparing every pair."""
    cases = []
    for n, m, shift in ((6, 9, 0.4), (40, 25, 1.0)):
        a = (rng.normal(shift, 1, n)).round(1)
        b = (rng.normal(0, 1, m)).round(1)
        wins = (a[:, None] > b[None, :]) + 0.5 * (a[:, None] == b[None, :])
        variance = wins.mean(axis=1).var(ddof=1) / n + wins.mean(axis=0).var(ddof=1) / m
        labels = np.r_[np.ones(n), np.zeros(m)]
        cases.append({
            "positives": a.tolist(), "negatives": b.tolist(), "variance": float(variance),
            "auc": float(metrics.roc_auc_score(labels, np.r_[a, b])),
        })
    return cases


document = {
    "seed": SEED,
    "versions": {"numpy": np.__version__, "sklearn": sklearn.__version__},
    "logistic": logistic(),
    "pca": pca(),
    "isotonic": isotonic(),
    "delong": delong(),
}
target = pathlib.Path(__file__).parents[2] / "test" / "reference" / "stats" / "multivariate.json"
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(json.dumps(document) + "\n")
