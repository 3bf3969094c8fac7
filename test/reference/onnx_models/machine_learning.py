"""The domain ai.onnx.ml: trees, linear and kernel models, encoders."""

import numpy
from scipy import special

from .case import MATH, SUMS, case, ml, near, random, strings

f32, f64, i64 = numpy.float32, numpy.float64, numpy.int64

# Two trees over three features: (tree, node, feature, threshold, true child, false child); a leaf has no feature.
BRANCHES = [(0, 0, 0, 0.5, 1, 2), (0, 1, 1, -0.25, 3, 4), (1, 0, 2, 1.0, 1, 2)]
LEAVES = {(0, 2): [0.5, 0.25, 0.25], (0, 3): [1.0, 0.0, 0.0], (0, 4): [0.125, 0.75, 0.125], (1, 1): [0.25, 0.25, 0.5], (1, 2): [0.0, 0.0, 1.0]}


def nodes():
    """The attributes that hold the trees."""
    rows = [*((tree, at, feature, "BRANCH_LEQ", value, yes, no) for tree, at, feature, value, yes, no in BRANCHES), *((tree, at, 0, "LEAF", 0.0, 0, 0) for tree, at in LEAVES)]
    rows.sort(key=lambda row: row[:2])
    names = ["treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids"]
    return {f"nodes_{name}": [row[i] for row in rows] for i, name in enumerate(names)}


def walk(row):
    """The weights of the leaves that a row ends in, one for each tree. A value that is NaN goes to the false child."""
    for tree in (0, 1):
        at = 0
        while (tree, at) not in LEAVES:
            ((_, _, feature, value, yes, no),) = [branch for branch in BRANCHES if branch[:2] == (tree, at)]
            at = yes if row[feature] <= f32(value) else no
        yield LEAVES[(tree, at)]


def votes(x):
    return numpy.array([numpy.sum(list(walk(row)), axis=0) for row in x]).reshape(-1, 3)


leaves = [(tree, at, k, weight) for (tree, at), weights in LEAVES.items() for k, weight in enumerate(weights)]


def targets(prefix):
    return {f"{prefix}_{name}": [leaf[i] for leaf in leaves] for i, name in enumerate(["treeids", "nodeids", "ids", "weights"])}


# The second row is on a threshold, the last one has a value that is NaN.
points = numpy.array([[0.4, -1, 2], [0.5, -0.25, 1.0], [0.6, 0, 0.9], [0.1, 3, 5], [numpy.nan, 0, 0]], f32)
case("tree_ensemble_classifier", [ml("TreeEnsembleClassifier", "x", "label scores", classlabels_int64s=[10, 20, 2**53 + 1], post_transform="NONE", **nodes(), **targets("class"))], {"x": points},
     lambda x: {"label": numpy.array([10, 20, 2**53 + 1], i64)[votes(x).argmax(axis=1)], "scores": votes(x).astype(f32)})
case("tree_ensemble_classifier_with_names", [ml("TreeEnsembleClassifier", "x", "label scores", classlabels_strings=["low", "middle", "höchst"], post_transform="SOFTMAX", **nodes(), **targets("class"))], {"x": points},
     lambda x: {"label": strings("low", "middle", "höchst")[votes(x).argmax(axis=1)], "scores": special.softmax(votes(x), axis=1).astype(f32)}, tolerance=MATH)
BASE = numpy.array([1.5, -2, 0.25], f32)
for aggregate, divisor in [("SUM", 1), ("AVERAGE", 2)]:
    case(f"tree_ensemble_regressor_{aggregate.lower()}", [ml("TreeEnsembleRegressor", "x", "y", n_targets=3, aggregate_function=aggregate, base_values=BASE.tolist(), **nodes(), **targets("target"))], {"x": points},
         lambda x, divisor=divisor: {"y": (votes(x) / divisor + BASE).astype(f32)})

W, B = random("linear classifier", 3, 4), random("linear intercepts", 3)


def linear(x):
    return x.astype(f64) @ W.T.astype(f64) + B


features = random("linear features", 5, 4)
for transform, function in [("NONE", lambda s: s), ("SOFTMAX", lambda s: special.softmax(s, axis=1)), ("LOGISTIC", special.expit)]:
    case(f"linear_classifier_{transform.lower()}", [ml("LinearClassifier", "x", "label scores", coefficients=W.ravel().tolist(), intercepts=B.tolist(), classlabels_ints=[7, 8, 9], multi_class=1, post_transform=transform)], {"x": features},
         lambda x, function=function: {"label": numpy.array([7, 8, 9], i64)[linear(x).argmax(axis=1)], "scores": function(linear(x)).astype(f32)}, tolerance=MATH)
case("linear_classifier_with_names", [ml("LinearClassifier", "x", "label scores", coefficients=W.ravel().tolist(), intercepts=B.tolist(), classlabels_strings=["a", "b", "ç"], post_transform="NONE")], {"x": features},
     lambda x: {"label": strings("a", "b", "ç")[linear(x).argmax(axis=1)], "scores": linear(x).astype(f32)}, tolerance=SUMS)
case("linear_regressor", [ml("LinearRegressor", "x", "y", coefficients=W[:2].ravel().tolist(), intercepts=B[:2].tolist(), targets=2)], {"x": features}, lambda x: {"y": linear(x)[:, :2].astype(f32)}, tolerance=SUMS)

SV, ALPHA = random("support vectors", 4, 4), random("dual coefficients", 4)
GAMMA, COEF0, DEGREE, RHO = 0.5, 0.25, 3.0, 0.75
KERNELS = {
    "LINEAR": lambda dot, distance: dot,
    "POLY": lambda dot, distance: (GAMMA * dot + COEF0) ** DEGREE,
    "RBF": lambda dot, distance: numpy.exp(-GAMMA * distance),
    "SIGMOID": lambda dot, distance: numpy.tanh(GAMMA * dot + COEF0),
}


def kernel_sum(x, kernel):
    x, sv = x.astype(f64), SV.astype(f64)
    distance = ((x[:, None] - sv[None]) ** 2).sum(axis=2)
    return {"y": (KERNELS[kernel](x @ sv.T, distance) @ ALPHA.astype(f64) + RHO).reshape(-1, 1).astype(f32)}


for kernel in KERNELS:
    case(f"svm_regressor_{kernel.lower()}", [ml("SVMRegressor", "x", "y", kernel_type=kernel, kernel_params=[GAMMA, COEF0, DEGREE], support_vectors=SV.ravel().tolist(), coefficients=ALPHA.tolist(), n_supports=4, rho=[RHO])],
         {"x": features}, lambda x, kernel=kernel: kernel_sum(x, kernel), tolerance=near(1e-5, 1e-5, "sums in another order, then powers of them"))

case("scaler", [ml("Scaler", "x", "y", offset=[1.0, -2.0, 0.5, 0.0], scale=[0.5, 2.0, 4.0, 0.25])], {"x": features}, lambda x: {"y": (x - numpy.array([1, -2, 0.5, 0], f32)) * numpy.array([0.5, 2, 4, 0.25], f32)})
case("normalizer", [ml("Normalizer", "x", norm.lower(), norm=norm) for norm in ["MAX", "L1", "L2"]], {"x": random("normalizer", 3, 4, low=0.1, high=5)},
     lambda x: {"max": x / x.max(axis=1, keepdims=True), "l1": (x / x.astype(f64).sum(axis=1, keepdims=True)).astype(f32), "l2": (x / numpy.sqrt((x.astype(f64) ** 2).sum(axis=1, keepdims=True))).astype(f32)}, tolerance=SUMS)
case("binarizer", [ml("Binarizer", "x", "y", threshold=0.25)], {"x": numpy.array([[0.25, 0.2500001], [-1, 3]], f32)}, lambda x: {"y": (x > f32(0.25)).astype(f32)})
case("imputer", [ml("Imputer", "x", "y", imputed_value_floats=[1.5, -2.0], replaced_value_float=float("nan"))], {"x": numpy.array([[numpy.nan, 3], [4, numpy.nan], [5, 6]], f32)}, lambda x: {"y": numpy.where(numpy.isnan(x), numpy.array([1.5, -2], f32), x)})
case("imputer_int64", [ml("Imputer", "x", "y", imputed_value_int64s=[2**53 + 1, 7], replaced_value_int64=-1)], {"x": numpy.array([[-1, 3], [2**62, -1]], i64)}, lambda x: {"y": numpy.where(x == -1, numpy.array([2**53 + 1, 7], i64), x)})
case("feature_vectorizer", [ml("FeatureVectorizer", "a b", "y", inputdimensions=[2, 1])], {"a": random("vectorizer a", 3, 2), "b": random("vectorizer b", 3, 1)}, lambda a, b: {"y": numpy.concatenate([a, b], axis=1)})
case("array_feature_extractor", [ml("ArrayFeatureExtractor", "x places", "y")], {"x": features}, lambda x: {"y": x[:, [3, 0]]}, constants={"places": numpy.array([3, 0], i64)})


def lookup(table, default):
    return lambda x: [table.get(item, default) for item in x.ravel().tolist()]


colours = strings("rot", "grün", "blau", "lila", "").reshape(5, 1)
case("label_encoder_string_to_int64", [ml("LabelEncoder", "x", "y", keys_strings=["rot", "grün", "blau"], values_int64s=[1, 2**53 + 1, -3], default_int64=-1)], {"x": colours},
     lambda x: {"y": numpy.array(lookup({"rot": 1, "grün": 2**53 + 1, "blau": -3}, -1)(x), i64).reshape(x.shape)})
case("label_encoder_int64_to_string", [ml("LabelEncoder", "x", "y", keys_int64s=[1, 2**53 + 1], values_strings=["eins", "groß"], default_string="?")], {"x": numpy.array([[1], [2**53 + 1], [2**53], [0]], i64)},
     lambda x: {"y": strings(*lookup({1: "eins", 2**53 + 1: "groß"}, "?")(x)).reshape(x.shape)})
case("label_encoder_string_to_float32", [ml("LabelEncoder", "x", "y", keys_strings=["rot", "grün"], values_floats=[0.5, -1.25], default_float=9.0)], {"x": colours},
     lambda x: {"y": numpy.array(lookup({"rot": 0.5, "grün": -1.25}, 9.0)(x), f32).reshape(x.shape)})
case("category_mapper", [ml("CategoryMapper", "x", "y", cats_strings=["rot", "grün"], cats_int64s=[4, 5], default_int64=-7)], {"x": colours}, lambda x: {"y": numpy.array(lookup({"rot": 4, "grün": 5}, -7)(x), i64).reshape(x.shape)})
case("one_hot_encoder_int64", [ml("OneHotEncoder", "x", "y", cats_int64s=[3, 5, 2**53 + 1], zeros=1)], {"x": numpy.array([[5], [3], [2**53 + 1], [2**53]], i64)}, lambda x: {"y": (x[..., None] == numpy.array([3, 5, 2**53 + 1], i64)).astype(f32)})
case("one_hot_encoder_strings", [ml("OneHotEncoder", "x", "y", cats_strings=["blau", "rot"], zeros=1)], {"x": colours}, lambda x: {"y": (x[..., None] == strings("blau", "rot")).astype(f32)})
