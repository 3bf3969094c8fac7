"""Writes test/reference/trees.json: trees and predictions of scikit-learn for test/onnx-format.

Run with Debian's python3 (package python3-sklearn):
    /usr/bin/python3 scripts/reference-trees.py
The seed and the version of the library are written beside the values.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor, RandomForestRegressor

SEED = 7


def node(tree, scale, at=0):
    if tree.children_left[at] < 0:
        return {"value": float(tree.value[at, 0, 0] * scale)}
    return {
        "feature": int(tree.feature[at]),
        "threshold": float(tree.threshold[at]),
        "left": node(tree, scale, tree.children_left[at]),
        "right": node(tree, scale, tree.children_right[at]),
    }


def splits(node):
    return [] if "value" in node else [(node["feature"], node["threshold"])] + splits(node["left"]) + splits(node["right"])


def case(name, kind, base, trees, x, predict):
    """Five samples, and each moved onto a threshold, where the direction of a split and rounding show."""
    rows = x[:: len(x) // 5][:5].astype(np.float32)
    edges = []
    for i, (feature, threshold) in enumerate(split for tree in trees for split in splits(tree)):
        row = rows[i % 5].copy()
        row[feature] = np.float32(threshold)
        edges.append(row)
    rows = np.vstack([rows, edges[:25]])
    return {
        "name": name,
        "kind": kind,
        "base": float(base),
        "trees": trees,
        "rows": [[float(value) for value in row] for row in rows],
        "expected": [float(value) for value in predict(rows)],
    }


def main():
    x, y = load_diabetes(return_X_y=True, scaled=False)
    x = x[:, :5]
    forest = RandomForestRegressor(n_estimators=4, max_depth=3, random_state=SEED).fit(x, y)
    boosted = GradientBoostingRegressor(n_estimators=4, max_depth=2, learning_rate=0.5, random_state=SEED).fit(x, y)
    cx, cy = load_breast_cancer(return_X_y=True)
    cx = cx[:, :5]
    classifier = GradientBoostingClassifier(n_estimators=4, max_depth=2, learning_rate=0.5, random_state=SEED).fit(cx, cy)
    share = float(classifier.init_.class_prior_[1])
    cases = [
        case("RandomForestRegressor", "regressor", 0, [node(e.tree_, 1 / 4) for e in forest.estimators_], x, forest.predict),
        case(
            "GradientBoostingRegressor",
            "regressor",
            boosted.init_.constant_[0, 0],
            [node(e.tree_, 0.5) for e in boosted.estimators_[:, 0]],
            x,
            boosted.predict,
        ),
        case(
            "GradientBoostingClassifier",
            "classifier",
            np.log(share / (1 - share)),
            [node(e.tree_, 0.5) for e in classifier.estimators_[:, 0]],
            cx,
            lambda rows: classifier.predict_proba(rows)[:, 1],
        ),
    ]
    reference = {"seed": SEED, "versions": {"sklearn": sklearn.__version__}, "cases": cases}
    path = pathlib.Path(__file__).parent.parent / "test" / "reference" / "trees.json"
    path.write_text(json.dumps(reference, separators=(",", ":")) + "\n")


main()
