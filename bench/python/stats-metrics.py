"""Runs scikit-learn's metrics when bench/stats-metrics.bench.ts asks for them: a name in, the values out, one line each."""

import json
import sys

import numpy as np
import sklearn
from sklearn import metrics

folder = sys.argv[1]
labels = np.fromfile(f"{folder}/labels.u8", dtype=np.uint8)
predictions = np.fromfile(f"{folder}/predictions.u8", dtype=np.uint8)
scores = np.fromfile(f"{folder}/scores.f64", dtype=np.float64)

work = {
    "rocAuc": lambda: [metrics.roc_auc_score(labels, scores)],
    "averagePrecision": lambda: [metrics.average_precision_score(labels, scores)],
    "logLoss": lambda: [metrics.log_loss(labels, scores)],
    "counts": lambda: [
        metrics.accuracy_score(labels, predictions),
        metrics.precision_score(labels, predictions),
        metrics.recall_score(labels, predictions),
        metrics.f1_score(labels, predictions),
    ],
}

print(sklearn.__version__, flush=True)
for line in sys.stdin:
    print(json.dumps([float(value) for value in work[line.strip()]()]), flush=True)
