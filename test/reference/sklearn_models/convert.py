"""Turns fitted estimators of scikit-learn into ONNX, with the operators that skl2onnx uses for each."""

import numpy
from onnx import TensorProto, helper

from .graph import Graph, class_labels, class_labels_ints, f32, features, i64, label_of, regressor, with_zip_map


def floats(array):
    return numpy.asarray(array, f32).ravel().tolist()


def scaled(graph, scaler, value):
    return graph.ml("Scaler", value, offset=floats(scaler.mean_), scale=floats(1 / scaler.scale_))


def logistic(estimator, columns, scaler=None, name="float_input", graph=None, value=None):
    """LinearClassifier, then Normalizer so that the probabilities of a row add up to 1. Two classes are written as two opposite scores."""
    graph = graph or Graph()
    value = value or name
    if scaler is not None:
        value = scaled(graph, scaler, value)
    coefficients, intercepts = estimator.coef_, estimator.intercept_
    binary = len(estimator.classes_) == 2
    if binary:
        coefficients, intercepts = numpy.vstack([-coefficients, coefficients]), numpy.concatenate([-intercepts, intercepts])
    label, raw = graph.ml(
        "LinearClassifier",
        value,
        outputs=2,
        coefficients=floats(coefficients),
        intercepts=floats(intercepts),
        multi_class=1,
        post_transform="LOGISTIC" if binary else "SOFTMAX",
        **class_labels_ints(estimator.classes_),
    )
    return with_zip_map(graph, estimator.classes_, label, graph.ml("Normalizer", raw, norm="L1"), [features(columns, name)] if columns else [helper.make_tensor_value_info(name, TensorProto.STRING, [None, 1])])


def linear_svc(estimator, columns):
    """No ZipMap: the scores are no probabilities."""
    graph = Graph()
    graph.nodes.append(
        helper.make_node(
            "LinearClassifier",
            ["float_input"],
            ["label", "probabilities"],
            domain="ai.onnx.ml",
            coefficients=floats(estimator.coef_),
            intercepts=floats(estimator.intercept_),
            multi_class=1,
            post_transform="NONE",
            **class_labels_ints(estimator.classes_),
        )
    )
    outputs = [helper.make_tensor_value_info("label", TensorProto.INT64, [None]), helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, len(estimator.classes_)])]
    return graph.model([features(columns)], outputs)


def threshold(value):
    """The greatest float32 that is not above the double: `(float)x <= value` is then `x <= threshold`."""
    near = f32(value)
    return float(near if near <= value else numpy.nextafter(near, f32(-numpy.inf)))


def tree_attributes(trees, leaf):
    """`trees` are pairs (tree, first class or target id); `leaf` gives the weights of a leaf."""
    columns = {name: [] for name in ["treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids"]}
    weights = []
    for number, (tree, first) in enumerate(trees):
        for at in range(tree.node_count):
            branch = tree.children_left[at] != -1
            row = [number, at, tree.feature[at] if branch else 0, "BRANCH_LEQ" if branch else "LEAF", threshold(tree.threshold[at]) if branch else 0.0,
                   tree.children_left[at] if branch else 0, tree.children_right[at] if branch else 0]
            for column, item in zip(columns.values(), row):
                column.append(item if isinstance(item, (str, float)) else int(item))
            if not branch:
                weights.extend((number, at, first + k, float(f32(weight))) for k, weight in enumerate(leaf(tree.value[at])))
    count = len(columns["modes"])
    return {f"nodes_{name}": values for name, values in columns.items()} | {"nodes_hitrates": [1.0] * count, "nodes_missing_value_tracks_true": [0] * count}, weights


def vote(prefix, weights):
    return {f"{prefix}_{name}": [weight[i] for weight in weights] for i, name in enumerate(["treeids", "nodeids", "ids", "weights"])}


def classes_by_trees(estimator, trees, leaf, columns, transform, **others):
    graph = Graph()
    nodes, weights = tree_attributes(trees, leaf)
    label, probabilities = graph.ml("TreeEnsembleClassifier", "float_input", outputs=2, post_transform=transform, **class_labels(estimator.classes_), **nodes, **vote("class", weights), **others)
    return with_zip_map(graph, estimator.classes_, label, probabilities, [features(columns)])


def forest_classifier(estimator, columns):
    """Leaves hold their classes' shares over the number of trees; of two classes only the second is written."""
    members = getattr(estimator, "estimators_", [estimator])
    binary = len(estimator.classes_) == 2

    def leaf(value):
        shares = value.ravel() / value.sum() / len(members)
        return shares[1:] if binary else shares

    return classes_by_trees(estimator, [(member.tree_, 0) for member in members], leaf, columns, "NONE")


def boosting_classifier(estimator, columns):
    trees = [(member.tree_, k) for stage in estimator.estimators_ for k, member in enumerate(stage)]
    base = estimator._raw_predict_init(numpy.zeros((1, columns))).ravel()
    transform = "LOGISTIC" if len(estimator.classes_) == 2 else "SOFTMAX"
    return classes_by_trees(estimator, trees, lambda value: value.ravel() * estimator.learning_rate, columns, transform, base_values=floats(base))


def trees_regressor(trees, leaf, columns, **others):
    graph = Graph()
    nodes, weights = tree_attributes([(tree, 0) for tree in trees], leaf)
    return regressor(graph, graph.ml("TreeEnsembleRegressor", "float_input", n_targets=1, **nodes, **vote("target", weights), **others), [features(columns)])


def forest_regressor(estimator, columns):
    return trees_regressor([member.tree_ for member in estimator.estimators_], lambda value: value.ravel() / len(estimator.estimators_), columns)


def boosting_regressor(estimator, columns):
    return trees_regressor([stage[0].tree_ for stage in estimator.estimators_], lambda value: value.ravel() * estimator.learning_rate, columns, base_values=floats(estimator.init_.constant_))


def linear_regressor(estimator, columns, scaler=None):
    graph = Graph()
    value = "float_input" if scaler is None else scaled(graph, scaler, "float_input")
    return regressor(graph, graph.ml("LinearRegressor", value, coefficients=floats(estimator.coef_), intercepts=floats(estimator.intercept_), targets=1), [features(columns)])


def svc(estimator, columns, scaler=None):
    """SVMClassifier with Platt's probabilities. For two classes libsvm's signs are the other way round."""
    graph = Graph()
    value = "float_input" if scaler is None else scaled(graph, scaler, "float_input")
    sign = -1 if len(estimator.classes_) == 2 else 1
    label, probabilities = graph.ml(
        "SVMClassifier",
        value,
        outputs=2,
        kernel_type=estimator.kernel.upper(),
        kernel_params=floats([estimator._gamma, estimator.coef0, estimator.degree]),
        support_vectors=floats(estimator.support_vectors_),
        coefficients=floats(sign * estimator.dual_coef_),
        rho=floats(sign * estimator.intercept_),
        prob_a=floats(estimator.probA_),
        prob_b=floats(estimator.probB_),
        vectors_per_class=[int(count) for count in estimator.n_support_],
        post_transform="NONE",
        **class_labels_ints(estimator.classes_),
    )
    return with_zip_map(graph, estimator.classes_, label, probabilities, [features(columns)])


def perceptron(estimator, columns, scaler=None, divide_by=None):
    graph = Graph()
    value = graph.add("Cast", "float_input", to=TensorProto.FLOAT)
    if divide_by is not None:
        value = graph.add("Div", value, graph.constant(f32(divide_by)))
    if scaler is not None:
        value = scaled(graph, scaler, value)
    for i, (weights, biases) in enumerate(zip(estimator.coefs_, estimator.intercepts_)):
        value = graph.add("Add", graph.add("MatMul", value, graph.constant(weights.astype(f32))), graph.constant(biases.astype(f32).reshape(1, -1)))
        value = graph.add("Relu", value) if i < len(estimator.coefs_) - 1 else graph.add({"softmax": "Softmax", "logistic": "Sigmoid", "identity": "Identity"}[estimator.out_activation_], value)
    if not hasattr(estimator, "classes_"):
        return regressor(graph, graph.add("Reshape", value, graph.constant(numpy.array([-1, 1], i64))), [features(columns)])
    if len(estimator.classes_) == 2:
        value = graph.add("Concat", graph.add("Sub", graph.constant(f32(1)), value), value, axis=1)
    return with_zip_map(graph, estimator.classes_, label_of(graph, estimator.classes_, value), value, [features(columns)])


def gaussian(estimator, columns):
    """Log-likelihoods of independent normal columns; probabilities are their exponentials over the sum."""
    graph = Graph()
    means, variances = (array.astype(f32).reshape(1, -1, columns) for array in (estimator.theta_, estimator.var_))
    constant = -0.5 * numpy.log(2 * numpy.pi * estimator.var_).sum(axis=1)
    wide = graph.add("Reshape", "float_input", graph.constant(numpy.array([-1, 1, columns], i64)))
    squares = graph.add("Pow", graph.add("Sub", wide, graph.constant(means)), graph.constant(f32(2)))
    distances = graph.add("ReduceSum", graph.add("Div", squares, graph.constant(variances)), graph.constant(numpy.array([2], i64)), keepdims=0)
    likelihood = graph.add("Sub", graph.constant(constant.astype(f32).reshape(1, -1)), graph.add("Mul", distances, graph.constant(f32(0.5))))
    joint = graph.add("Add", graph.constant(numpy.log(estimator.class_prior_).astype(f32).reshape(1, -1)), likelihood)
    total = graph.add("ReduceLogSumExp", joint, axes=[1], keepdims=1)
    probabilities = graph.add("Exp", graph.add("Sub", joint, total))
    return with_zip_map(graph, estimator.classes_, label_of(graph, estimator.classes_, joint), probabilities, [features(columns)])


def neighbours(estimator, columns):
    """Squared distances by a Scan over the rows, the nearest by TopK, their classes counted."""
    graph = Graph()
    known = graph.constant(estimator._fit_X.astype(f32))
    body = helper.make_graph(
        [helper.make_node("Identity", ["known"], ["same"]), helper.make_node("Sub", ["known", "row"], ["apart"]), helper.make_node("ReduceSumSquare", ["apart"], ["distances"], axes=[1], keepdims=0)],
        "distances",
        [helper.make_tensor_value_info("known", TensorProto.FLOAT, [None, None]), helper.make_tensor_value_info("row", TensorProto.FLOAT, [None])],
        [helper.make_tensor_value_info("same", TensorProto.FLOAT, [None, None]), helper.make_tensor_value_info("distances", TensorProto.FLOAT, [None])],
    )
    _, distances = graph.add("Scan", known, "float_input", outputs=2, body=body, num_scan_inputs=1)
    _, nearest = graph.add("TopK", distances, graph.constant(numpy.array([estimator.n_neighbors], i64)), outputs=2, axis=1, largest=0)
    classes = graph.add("Gather", graph.constant(estimator._y.astype(i64)), nearest)
    hits = graph.add("Equal", graph.add("Unsqueeze", classes, graph.constant(numpy.array([2], i64))), graph.constant(numpy.arange(len(estimator.classes_), dtype=i64)))
    probabilities = graph.add("ReduceMean", graph.add("Cast", hits, to=TensorProto.FLOAT), axes=[1], keepdims=0)
    return with_zip_map(graph, estimator.classes_, label_of(graph, estimator.classes_, probabilities), probabilities, [features(columns)])
