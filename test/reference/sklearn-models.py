"""Fits models of scikit-learn on the data that it ships, converts them to ONNX, and writes what scikit-learn answers.

    /usr/bin/python3 test/reference/sklearn-models.py    writes test/reference/sklearn-models.json

Needs Debian's python3-sklearn (1.2), python3-onnx (1.12) and python3-numpy (1.24). Answers are the same bytes on every run.
skl2onnx is not needed: `sklearn_models/convert.py` writes the layout of its default export. Rows were held out of the fit and rounded to
float32; scikit-learn answers the rounded rows in float64.
"""

import base64
import json
import pathlib
import sys

import numpy
import onnx
import sklearn
from sklearn import datasets, ensemble, linear_model, naive_bayes, neighbors, neural_network, svm, tree
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from onnx_models.case import near, tensor  # noqa: E402
from sklearn_models import convert, variants  # noqa: E402
from sklearn_models.text import text_cases  # noqa: E402

f32, f64 = numpy.float32, numpy.float64
ROWS = 30
FLOAT32 = near(2e-6, 1e-5, "scikit-learn computes in float64, the engine in float32")
models = []


def split(name, named_classes=False):
    """Rows to fit, rows held out, and their targets, with the classes' names in place of their numbers if wanted."""
    data = getattr(datasets, f"load_{name}")()
    target = data.target_names[data.target] if named_classes else data.target
    fit, held_out, y, truth = train_test_split(data.data, target, test_size=0.3, random_state=0)
    return fit, held_out[:ROWS].astype(f32), y, truth[:ROWS]


def add(name, dataset, description, bytes_, rows, labels, probabilities=None, classes=None, tolerance=FLOAT32):
    def as_labels(array):
        return array.astype(object if array.dtype.kind in "UO" else numpy.int64)

    models.append({
        "name": name,
        "dataset": dataset,
        "estimator": description,
        "model": base64.b64encode(bytes_).decode(),
        "rows": tensor("rows", rows),
        **({"values": tensor("values", labels.astype(f32))} if classes is None else {"labels": tensor("labels", as_labels(labels)), "classes": [item if isinstance(item, str) else int(item) for item in classes.tolist()]}),
        **({} if probabilities is None else {"probabilities": tensor("probabilities", probabilities.astype(f32))}),
        "tolerance": tolerance,
    })


def classifier(name, dataset, estimator, converter, named_classes=False, tolerance=FLOAT32, **options):
    fit, rows, y, _ = split(dataset, named_classes)
    estimator.fit(fit, y)
    last, scaler = (estimator[-1], estimator[0]) if hasattr(estimator, "steps") else (estimator, None)
    bytes_ = converter(last, fit.shape[1], **({} if scaler is None else {"scaler": scaler}), **options)
    wide = rows.astype(f64)
    scores = estimator.predict_proba(wide) if hasattr(estimator, "predict_proba") else estimator.decision_function(wide)
    add(name, dataset, str(estimator).replace("\n", ""), bytes_, rows, estimator.predict(wide), scores, estimator.classes_, tolerance)


def regression(name, estimator, converter, tolerance=FLOAT32):
    fit, rows, y, _ = split("diabetes")
    estimator.fit(fit, y)
    last, scaler = (estimator[-1], estimator[0]) if hasattr(estimator, "steps") else (estimator, None)
    bytes_ = converter(last, fit.shape[1], **({} if scaler is None else {"scaler": scaler}))
    add(name, "diabetes", str(estimator).replace("\n", ""), bytes_, rows, estimator.predict(rows.astype(f64)).reshape(-1, 1), tolerance=tolerance)


SVM = near(5e-6, 1e-5, "the engine couples the pairwise probabilities by iteration in float32, libsvm in float64")
DENSITY = near(5e-6, 2e-5, "exponentials of sums of squares over small variances, in float32")

classifier("logistic_binary", "breast_cancer", make_pipeline(StandardScaler(), linear_model.LogisticRegression()), convert.logistic)
classifier("logistic_names", "iris", linear_model.LogisticRegression(max_iter=1000), convert.logistic, named_classes=True)
classifier("logistic_scaled", "wine", make_pipeline(StandardScaler(), linear_model.LogisticRegression()), lambda *a, **k: convert.logistic(*a, **k, name="X"))
classifier("linear_svc", "wine", svm.LinearSVC(random_state=0, max_iter=100_000, dual=False), convert.linear_svc, tolerance=near(2e-5, 1e-5, "sums of products up to 1,000 in float32"))
classifier("svc_binary", "breast_cancer", make_pipeline(StandardScaler(), svm.SVC(probability=True, random_state=0)), convert.svc, tolerance=SVM)
classifier("svc_names", "iris", svm.SVC(probability=True, random_state=0), convert.svc, named_classes=True, tolerance=SVM)
classifier("decision_tree", "iris", tree.DecisionTreeClassifier(random_state=0), convert.forest_classifier)
classifier("random_forest_binary", "breast_cancer", ensemble.RandomForestClassifier(n_estimators=20, max_depth=6, random_state=0), convert.forest_classifier)
classifier("random_forest_names", "wine", ensemble.RandomForestClassifier(n_estimators=25, random_state=0), convert.forest_classifier, named_classes=True)
classifier("gradient_boosting_binary", "breast_cancer", ensemble.GradientBoostingClassifier(n_estimators=30, random_state=0), convert.boosting_classifier)
classifier("gradient_boosting", "iris", ensemble.GradientBoostingClassifier(n_estimators=20, random_state=0), convert.boosting_classifier)
classifier("perceptron_digits", "digits", neural_network.MLPClassifier((48,), alpha=1e-3, max_iter=400, random_state=0), convert.perceptron)
classifier("perceptron_binary", "breast_cancer", make_pipeline(StandardScaler(), neural_network.MLPClassifier((16,), max_iter=600, random_state=0)), convert.perceptron)
classifier("gaussian_naive_bayes", "iris", naive_bayes.GaussianNB(), convert.gaussian, named_classes=True, tolerance=DENSITY)
classifier("nearest_neighbours", "iris", neighbors.KNeighborsClassifier(5), convert.neighbours)
regression("ridge", linear_model.Ridge(alpha=0.1), convert.linear_regressor)
regression("perceptron_regressor", make_pipeline(StandardScaler(), neural_network.MLPRegressor((16,), max_iter=3000, random_state=0)), convert.perceptron)
regression("random_forest_regressor", ensemble.RandomForestRegressor(n_estimators=10, max_depth=6, random_state=0), convert.forest_regressor)
regression("gradient_boosting_regressor", ensemble.GradientBoostingRegressor(n_estimators=40, random_state=0), convert.boosting_regressor)
for name, description, bytes_, rows, answers, probabilities, classes in text_cases():
    add(name, "descriptions of the data sets", description, bytes_, rows, answers, probabilities, classes)

digits = datasets.load_digits()
fit, held_out, y, truth = train_test_split(digits.data, digits.target, test_size=150, random_state=1)
network = neural_network.MLPClassifier((32,), max_iter=500, random_state=0).fit(fit / variants.SCALE, y)
pixels = held_out.astype(f32)


def variant(precision, made, tolerance, rows_independent=True):
    bytes_, probabilities = made
    answers = probabilities.argmax(axis=1)
    return {
        "precision": precision,
        "model": base64.b64encode(bytes_).decode(),
        "rowsIndependent": rows_independent,
        "labels": tensor("labels", network.classes_[answers].astype(numpy.int64)),
        "probabilities": tensor("probabilities", probabilities.astype(f32)),
        "accuracy": float((network.classes_[answers] == truth).mean()),
        "tolerance": tolerance,
    }


made = [
    variant("fp32", variants.fp32(network, pixels), FLOAT32),
    variant("fp16", variants.fp16(network, pixels), near(2e-2, 2e-2, "an engine may round to float16 after every operation; NumPy rounded only the weights and the input")),
    variant("int8", variants.int8(network, pixels, fit, dynamic=False), near(5e-6, 1e-5, "sums in float32 behind exact ones in int32")),
    variant("int8-dynamic", variants.int8(network, pixels, fit, dynamic=True), near(1e-2, 1e-2, "one scale for all rows of the run; a value beside a rounding step may fall to the other side"), rows_independent=False),
]
made_by = f"test/reference/sklearn-models.py with scikit-learn {sklearn.__version__}, onnx {onnx.__version__}, numpy {numpy.__version__}"
variants_text = ",\n".join(json.dumps(item) for item in made)
lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in models)
rest = json.dumps({"rows": tensor("rows", pixels), "truth": tensor("truth", truth.astype(numpy.int64))})[1:-1]
text = f'{{"made": {json.dumps(made_by)},\n"models": [\n{lines}\n],\n"digits": {{{rest},\n"variants": [\n{variants_text}\n]}}}}\n'
(HERE / "sklearn-models.json").write_text(text, encoding="utf-8")
print(f"{len(models)} models, {len(text)} bytes; accuracies", {item["precision"]: round(item["accuracy"], 4) for item in made})
