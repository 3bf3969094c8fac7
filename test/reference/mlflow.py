"""Writes `MLmodel` files as MLflow does, and reads ours as MLflow does, to check src/mlflow.

    python3 test/reference/mlflow.py make     writes test/reference/mlflow.json: YAML of PyYAML and the value that it stands for
    node test/mlflow/fixtures/mlflow-for-python.ts    writes test/reference/mlflow-ours.json: our files
    python3 test/reference/mlflow.py check    reads those; exits with 1 when one is not as MLflow needs it

Needs PyYAML and NumPy. MLflow itself is not needed: what its `Model.from_dict`, `ModelSignature.from_dict`, `Schema.from_json`,
`mlflow.onnx.load_model`, `_OnnxModelWrapper` and `_PythonEnv.from_yaml` ask for is written anew below.
"""

import json
import pathlib
import re
import sys

import numpy
import yaml

HERE = pathlib.Path(__file__).parent

COLUMNS = [{"type": "double", "name": f"sepal length {i} (cm)", "required": True} for i in range(12)]
PYFUNC = {"env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}, "predict_fn": "predict", "python_version": "3.10.14"}


def model(flavors, **others):
    base = {
        "flavors": flavors,
        "is_signature_from_type_hint": False,
        "mlflow_version": "3.11.2",
        "model_size_bytes": 5678,
        "model_uuid": "0f9a3bb1b6f34b4e8c3f1d2e5a6b7c8d",
        "prompts": None,
        "type_hint_from_example": False,
        "utc_time_created": "2026-01-12 05:17:31.634689",
    }
    return {**base, **others}


MODELS = {
    "sklearn": model(
        {
            "python_function": {**PYFUNC, "loader_module": "mlflow.sklearn", "model_path": "model.pkl"},
            "sklearn": {"code": None, "pickled_model": "model.pkl", "serialization_format": "cloudpickle", "sklearn_version": "1.5.0"},
        },
        run_id="1234567890123456789012345678e123",
        artifact_path="model",
        model_id="m-8a5bf1f6f0e64a3bb3a3b9a5f6a1c0de",
        signature={"inputs": json.dumps(COLUMNS), "outputs": json.dumps([{"type": "long", "required": True}]), "params": None},
        metadata={
            "team": "Zürich \U0001f600",
            "threshold": 1e-05,
            "big": 1e21,
            "count": 12,
            "huge": 12345678901234567890,
            "looks like": ["yes", "1e5", "0x1f", "12:30", "2024-01-01", "~", "", " x", "1.0", "null", "0o17", "1_000"],
            "flags": [True, False, None],
            "nested": {"empty": {}, "none": [], "lines": "a\nb\n\nc ", "quote": "it's \"so\""},
        },
    ),
    "xgboost": model(
        {
            "python_function": {**PYFUNC, "data": "model.ubj", "loader_module": "mlflow.xgboost"},
            "xgboost": {"code": None, "data": "model.ubj", "model_class": "xgboost.sklearn.XGBClassifier", "model_format": "ubj", "xgb_version": "2.1.1"},
        },
        run_id="0123456789abcdef0123456789abcdef",
    ),
    "pytorch": model(
        {
            "python_function": {**PYFUNC, "data": "data", "loader_module": "mlflow.pytorch", "pickle_module_name": "mlflow.pytorch.pickle_module"},
            "pytorch": {"code": None, "model_data": "data", "pytorch_version": "2.4.0"},
        },
    ),
    "tensorflow": model(
        {
            "python_function": {**PYFUNC, "data": "data", "loader_module": "mlflow.tensorflow"},
            "tensorflow": {"code": None, "data": "data", "keras_version": "3.4.1", "model_type": "keras", "save_format": "tf"},
        },
    ),
    "onnx": model(
        {
            "onnx": {"code": None, "data": "model.onnx", "onnx_session_options": None, "onnx_version": "1.16.1", "providers": ["CPUExecutionProvider"]},
            "python_function": {**PYFUNC, "data": "model.onnx", "loader_module": "mlflow.onnx"},
        },
        signature={"inputs": json.dumps([{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]), "outputs": None, "params": None},
    ),
    "python_function": model({"python_function": {**PYFUNC, "loader_module": "mlflow.pyfunc.model", "cloudpickle_version": "3.0.0", "python_model": "python_model.pkl"}}),
}


def make():
    shared = {"resources": {"a": [1, 2]}}
    models = {**MODELS, "aliases": model(MODELS["pytorch"]["flavors"], metadata={"one": shared, "two": shared, "three": [shared, shared]})}
    cases = [{"name": name, "yaml": yaml.safe_dump(value, default_flow_style=False), "value": value} for name, value in models.items()]
    for case in cases:
        assert yaml.safe_load(case["yaml"]) == case["value"]
    text = json.dumps({"about": f"written by test/reference/mlflow.py with PyYAML {yaml.__version__}", "cases": cases}, indent=1)
    (HERE / "mlflow.json").write_text(text + "\n", encoding="utf-8")


def read_schema(text):
    entries = json.loads(text)
    assert isinstance(entries, list) and entries
    for entry in entries:
        assert set(entry) == {"name", "type", "tensor-spec"} and entry["type"] == "tensor" and entry["name"]
        dtype = numpy.dtype(entry["tensor-spec"]["dtype"])
        assert dtype.char not in ("U", "S") or dtype.name.isalpha()
        assert all(isinstance(extent, int) and extent >= -1 for extent in entry["tensor-spec"]["shape"])
    return entries


def load(folder, files):
    """The file that `mlflow.onnx.load_model` and `mlflow.pyfunc.load_model` open for the model in the folder."""
    described = yaml.safe_load(files[str(folder / "MLmodel")])
    assert {type(described[key]) for key in ("mlflow_version", "model_uuid", "utc_time_created")} == {str}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", described["utc_time_created"])
    if "signature" in described:
        sides = [described["signature"].get(side) for side in ("inputs", "outputs", "params")]
        assert any(side is not None for side in sides)
        for side in sides[:2]:
            if side is not None:
                read_schema(side)
    onnx = described["flavors"]["onnx"]
    function = described["flavors"]["python_function"]
    assert onnx["data"] == function["data"] and function["loader_module"] == "mlflow.onnx" and onnx.get("code") is None
    assert str(folder / onnx["data"]) in files
    beside = yaml.safe_load(files[str((folder / function["data"]).parent / "MLmodel")])
    assert all(isinstance(provider, str) for provider in beside["flavors"]["onnx"]["providers"])
    return described


def check():
    ours = json.loads((HERE / "mlflow-ours.json").read_text(encoding="utf-8"))
    for case in ours["cases"]:
        files = case["files"]
        assert all(text.isascii() for text in files.values())
        described = load(pathlib.PurePosixPath("."), files)
        for folder in {str(pathlib.PurePosixPath(path).parent) for path in files if path.endswith("/MLmodel")}:
            load(pathlib.PurePosixPath(folder), files)
        assert described == case["expected"], described
        env = yaml.safe_load(files[described["flavors"]["python_function"]["env"]["virtualenv"]])
        assert isinstance(env["python"], str) and env["dependencies"] == ["-r requirements.txt"] and isinstance(env["build_dependencies"], list)
        conda = yaml.safe_load(files[described["flavors"]["python_function"]["env"]["conda"]])
        assert conda["dependencies"][0] == f"python={env['python']}" and conda["channels"] == ["conda-forge"]
        assert conda["dependencies"][-1]["pip"] == files["requirements.txt"].split()
        print(f"ok {case['name']}")


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]]()
