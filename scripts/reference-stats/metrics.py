"""Writes test/reference/stats/metrics.json: values of scikit-learn, NumPy and SciPy for test/stats/metrics.

Run with Debian's python3 (packages python3-scipy, python3-sklearn):
    /usr/bin/python3 scripts/reference-stats/metrics.py
The seed and the versions of the libraries are written beside the values. DeLong's test is computed from its definition.
"""

import json
import pathlib
import warnings

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn import metrics
from sklearn.calibration import calibration_curve

warnings.filterwarnings("ignore")
SEED = 20250301
rng = np.random.default_rng(SEED)


def wilson(successes, n):
    ci = stats.binomtest(int(successes), int(n)).proportion_ci(0.95, method="wilson")
    return [float(ci.low), float(ci.high)]


def kernel(labels, scores):
    """All pairs: 1 where a positive is above a negative, 1/2 where they tie."""
    x, y = scores[labels == 1], scores[labels == 0]
    return (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])


def uniforms(n, seed):
    """The same numbers in (0, 1) as test/stats/uniforms.ts makes, to the last bit: MINSTD, a linear congruence."""
    values, x = np.empty(n), seed
    for i in range(n):
        x = x * 48271 % 2147483647
        values[i] = x / 2147483647
    return values


def made(case, n, seed):
    """The case with how its rows are made in their place, for test/stats/metrics/reference.ts to make them again."""
    rows = ("labels", "predictions", "scores", "probabilities", "a", "b")
    return {"n": n, "seed": seed, **{key: value for key, value in case.items() if key not in rows}}


def binary_rows(n, seed):
    u, v = uniforms(n, seed), uniforms(n, seed + 1)
    labels = (u < 0.3).astype(int)
    return labels, np.floor((0.25 * labels + 0.75 * v) * 10_000) / 10_000


def multiclass_rows(n, seed):
    labels = np.floor(uniforms(n, seed) * 3).astype(int)
    weights = np.stack([uniforms(n, seed + 1 + k) + 0.5 * (labels == k) for k in range(3)], axis=1)
    probabilities = weights / (weights[:, 0] + weights[:, 1] + weights[:, 2])[:, None]
    return labels.tolist(), probabilities.argmax(axis=1).tolist(), probabilities, [0, 1, 2]


def regression_rows(n, seed):
    labels = 100 * uniforms(n, seed)
    return labels, labels + 10 * (uniforms(n, seed + 1) - 0.5)


def delong_rows(n, seed):
    u, v, w = (uniforms(n, seed + i) for i in range(3))
    labels = (u < 0.4).astype(int)
    return labels, np.floor((0.3 * labels + v) * 1000), np.floor((0.303 * labels + 0.2 * v + 0.8 * w) * 1000)


MANY = 100_000


def binary_case(name, labels, scores, probabilities=True):
    labels, scores = np.asarray(labels), np.asarray(scores, dtype=float)
    predictions = (scores >= 0.5).astype(int)
    case = {
        "name": name, "labels": labels.tolist(), "scores": scores.tolist(),
        "accuracy": metrics.accuracy_score(labels, predictions),
        "balancedAccuracy": metrics.balanced_accuracy_score(labels, predictions),
        "matthewsCorrelation": metrics.matthews_corrcoef(labels, predictions),
    }
    for average in ("binary", "macro", "micro", "weighted"):
        for zero in (0, 1):
            p, r, f, _ = metrics.precision_recall_fscore_support(labels, predictions, average=average, zero_division=zero)
            case[f"{average}{zero}"] = [p, r, f]
    if 0 < labels.sum():
        case["averagePrecision"] = metrics.average_precision_score(labels, scores)
    if 0 < labels.sum() < len(labels):
        case["rocAuc"] = metrics.roc_auc_score(labels, scores)
        fpr, tpr, thresholds = metrics.roc_curve(labels, scores, drop_intermediate=False)
        case["ksStatistic"] = float(np.max(np.abs(tpr - fpr)))
        if len(fpr) < 40:
            case["rocCurve"] = [fpr.tolist(), tpr.tolist(), thresholds[1:].tolist()]
    if probabilities:
        case["logLoss"] = metrics.log_loss(labels, scores, labels=[0, 1])
        case["brierScore"] = float(np.mean((labels - scores) ** 2))
        case["calibration"] = []
        for strategy in ("uniform", "quantile"):
            for bins in (5, 10):
                rate, mean = calibration_curve(labels, scores, pos_label=1, n_bins=bins, strategy=strategy)
                edges = np.linspace(0, 1, bins + 1) if strategy == "uniform" else np.percentile(scores, np.linspace(0, 1, bins + 1) * 100)
                counts = np.bincount(np.searchsorted(edges[1:-1], scores), minlength=bins)
                counts = counts[counts > 0]
                error = float(np.sum(counts * np.abs(rate - mean)) / len(labels))
                case["calibration"].append({
                    "strategy": strategy, "bins": bins, "rate": rate.tolist(), "mean": mean.tolist(), "counts": counts.tolist(), "error": error,
                })
    return case


def binary_cases():
    def draw(n, rate, digits, sharpness=1.0):
        labels = (rng.uniform(size=n) < rate).astype(int)
        logits = rng.normal(sharpness * (labels - 0.5), 1)
        return labels, (1 / (1 + np.exp(-logits))).round(digits)

    return [
        binary_case("random", *draw(300, 0.5, 6)),
        binary_case("tied", *draw(300, 0.4, 1, 2.0)),
        binary_case("imbalanced", *draw(400, 0.02, 4, 2.0)),
        binary_case("constant scores", draw(40, 0.5, 3)[0], np.full(40, 0.3)),
        binary_case("perfect", [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]),
        binary_case("reversed", [1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9]),
        binary_case("two rows", [0, 1], [0.4, 0.4]),
        binary_case("ends of the range", [0, 1, 1, 0, 1], [0.0, 1.0, 0.0, 1.0, 0.5]),
        binary_case("only negatives", [0, 0, 0], [0.1, 0.6, 0.2]),
        binary_case("only positives", [1, 1, 1], [0.1, 0.6, 0.2]),
        binary_case("nothing called positive", [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]),
        binary_case("any scores", rng.integers(0, 2, 60), (rng.normal(size=60) * 10).round(0), probabilities=False),
        binary_case("one row", [1], [0.7]),
        made(binary_case("100 000 rows", *binary_rows(MANY, 41)), MANY, 41),
    ]


def multiclass_case(name, labels, predictions, probabilities=None, classes=None):
    union = sorted(set(labels) | set(predictions))
    case = {
        "name": name, "labels": list(labels), "predictions": list(predictions), "classes": union,
        "confusionMatrix": metrics.confusion_matrix(labels, predictions).tolist(),
        "accuracy": metrics.accuracy_score(labels, predictions),
        "balancedAccuracy": metrics.balanced_accuracy_score(labels, predictions),
        "matthewsCorrelation": metrics.matthews_corrcoef(labels, predictions),
    }
    for average in ("macro", "micro", "weighted"):
        for zero in (0, 1):
            p, r, f, _ = metrics.precision_recall_fscore_support(labels, predictions, average=average, zero_division=zero)
            case[f"{average}{zero}"] = [p, r, f]
    p, r, f, support = metrics.precision_recall_fscore_support(labels, predictions, average=None, zero_division=0)
    case["each"] = {"precision": p.tolist(), "recall": r.tolist(), "f1": f.tolist(), "support": support.tolist()}
    if probabilities is not None:
        case["order"] = classes
        case["probabilities"] = probabilities.tolist()
        case["logLoss"] = metrics.log_loss(labels, probabilities, labels=classes)
        if set(labels) == set(classes):
            for average in ("macro", "weighted"):
                case[f"{average}Auc"] = metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average=average, labels=classes)
    return case


def multiclass_cases():
    def draw(n, classes, weights, digits):
        indexes = rng.choice(len(classes), n, p=weights)
        logits = rng.normal(size=(n, len(classes))) + 1.5 * np.eye(len(classes))[indexes]
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        p = p.round(digits)
        p[:, -1] = 1 - p[:, :-1].sum(axis=1)
        p = np.abs(p).round(digits)
        return [classes[i] for i in indexes], [classes[i] for i in p.argmax(axis=1)], p, classes

    return [
        multiclass_case("three numbers", *draw(150, [0, 1, 2], [0.5, 0.3, 0.2], 4)),
        multiclass_case("four texts, tied", *draw(120, ["cat", "dog", "emu", "fox"], [0.4, 0.3, 0.2, 0.1], 1)),
        multiclass_case("numbers beyond bytes", *draw(60, [-3, 7, 1000], [0.2, 0.3, 0.5], 3)),
        multiclass_case("a class never predicted, one never true", ["a", "a", "b", "b", "c"], ["a", "b", "d", "b", "a"]),
        multiclass_case("one class", [5, 5, 5], [5, 5, 5]),
        multiclass_case("certain and wrong", [0, 1, 2], [1, 1, 2], np.array([[0.0, 1, 0], [0, 1, 0], [0, 0, 1]]), [0, 1, 2]),
        multiclass_case("one row", ["a"], ["b"]),
        made(multiclass_case("100 000 rows", *multiclass_rows(MANY, 51)), MANY, 51),
    ]


def regression_case(name, labels, predictions):
    y, p = np.asarray(labels, dtype=float), np.asarray(predictions, dtype=float)
    e = p - y
    size = np.abs(y) + np.abs(p)
    case = {
        "name": name, "labels": y.tolist(), "predictions": p.tolist(),
        "meanError": float(np.mean(e)),
        "meanAbsoluteError": metrics.mean_absolute_error(y, p),
        "meanSquaredError": metrics.mean_squared_error(y, p),
        "rootMeanSquaredError": metrics.mean_squared_error(y, p, squared=False),
        "meanAbsolutePercentageError": metrics.mean_absolute_percentage_error(y, p),
        "symmetricMeanAbsolutePercentageError": float(np.mean(np.where(size == 0, 0, 2 * np.abs(e) / np.where(size == 0, 1, size)))),
        "medianAbsoluteError": metrics.median_absolute_error(y, p),
        "pinballLoss": [[q, metrics.mean_pinball_loss(y, p, alpha=q)] for q in (0, 0.1, 0.5, 0.9, 1)],
    }
    if len(y) > 1:
        case["r2Score"] = metrics.r2_score(y, p)
    if len(y) > 20:
        z = stats.norm.ppf(0.975)
        n = len(y)
        mean_interval = lambda x: [float(np.mean(x) - z * np.std(x, ddof=1) / np.sqrt(n)), float(np.mean(x) + z * np.std(x, ddof=1) / np.sqrt(n))]
        case["intervals"] = {
            "meanError": mean_interval(e), "meanAbsoluteError": mean_interval(np.abs(e)), "meanSquaredError": mean_interval(e**2),
        }
    return case


def regression_cases():
    y = rng.normal(50, 20, 200).round(3)
    return [
        regression_case("random", y, (y + rng.normal(1, 5, 200)).round(3)),
        regression_case("integers", rng.integers(-5, 6, 101), rng.integers(-5, 6, 101)),
        regression_case("exact", [1, 2, 3], [1, 2, 3]),
        regression_case("constant labels, exact", [0.1, 0.1, 0.1], [0.1, 0.1, 0.1]),
        # Not 0.1: scikit-learn's spread of three of these is a rounding error instead of 0, and its R2 then -1e33 instead of 0.
        regression_case("constant labels", [0.25, 0.25, 0.25], [1, 2, 3]),
        regression_case("one row", [2], [5]),
        regression_case("zero labels", [0, 0, 4], [0, 1e-3, 5]),
        regression_case("far from 0", (1e9 + rng.normal(size=50)).round(4), (1e9 + rng.normal(size=50)).round(4)),
        made(regression_case("100 000 rows", *regression_rows(MANY, 61)), MANY, 61),
    ]


def components(labels, scores):
    """Row and column means of the kernel, by ranks: it has too many pairs where there are many rows."""
    x, y = scores[labels == 1], scores[labels == 0]
    both = stats.rankdata(np.concatenate([x, y]))
    found = (both[: len(x)] - stats.rankdata(x)) / len(y), 1 - (both[len(x) :] - stats.rankdata(y)) / len(x)
    if len(labels) < 1000:
        assert all(np.allclose(f, kernel(labels, scores).mean(axis=i), rtol=0, atol=1e-12) for f, i in zip(found, (1, 0)))
    return found


def delong_case(name, labels, a, b):
    labels, a, b = np.asarray(labels), np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    (ka, ja), (kb, jb) = components(labels, a), components(labels, b)
    m, n = len(ka), len(ja)
    s10 = np.cov(np.stack([ka, kb]))
    s01 = np.cov(np.stack([ja, jb]))
    s = s10 / m + s01 / n
    difference = ka.mean() - kb.mean()
    error = np.sqrt(max(0, s[0, 0] + s[1, 1] - 2 * s[0, 1]))
    z = difference / error
    half = stats.norm.ppf(0.975) * error
    area, logit_error = ka.mean(), np.sqrt(s[0, 0]) / (ka.mean() * (1 - ka.mean()))
    logit = np.log(area / (1 - area)) + np.array([-1, 1]) * stats.norm.ppf(0.975) * logit_error
    return {
        "name": name, "labels": labels.tolist(), "a": a.tolist(), "b": b.tolist(), "aucA": float(ka.mean()), "aucB": float(kb.mean()),
        "difference": float(difference), "standardError": float(error), "statistic": float(z), "pValue": float(2 * stats.norm.sf(abs(z))),
        "interval": [max(-1.0, float(difference - half)), min(1.0, float(difference + half))],
        "intervalA": (1 / (1 + np.exp(-logit))).tolist(),
    }


def delong_cases():
    def draw(n, rate, digits, x, y):
        labels = (rng.uniform(size=n) < rate).astype(int)
        common = rng.normal(size=n)
        return labels, (labels * x + common + rng.normal(size=n)).round(digits), (labels * y + common + rng.normal(size=n)).round(digits)

    return [
        delong_case("random", *draw(200, 0.5, 3, 1.0, 1.0)),
        delong_case("tied", *draw(150, 0.3, 0, 2.0, 0.5)),
        delong_case("imbalanced", *draw(300, 0.03, 2, 1.5, 1.0)),
        delong_case("small", *draw(12, 0.5, 1, 1.0, 0.0)),
        made(delong_case("100 000 rows", *delong_rows(MANY, 71)), MANY, 71),
    ]


def wilson_cases():
    return [{"successes": s, "n": n, "interval": wilson(s, n)} for s, n in ((0, 5), (5, 5), (7, 10), (123, 4567))]


document = {
    "seed": SEED,
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "sklearn": sklearn.__version__},
    "binary": binary_cases(),
    "multiclass": multiclass_cases(),
    "regression": regression_cases(),
    "deLong": delong_cases(),
    "wilson": wilson_cases(),
}


def plain(value):
    if isinstance(value, (np.floating, np.integer)):
        return value.item()
    raise TypeError(type(value))


target = pathlib.Path(__file__).parent.parent.parent / "test" / "reference" / "stats" / "metrics.json"
target.parent.mkdir(exist_ok=True)
target.write_text(json.dumps(document, default=plain, allow_nan=False) + "\n")
print(f"wrote {target}, {target.stat().st_size} bytes")
