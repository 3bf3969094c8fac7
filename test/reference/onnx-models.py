"""Writes small ONNX models with inputs and the outputs that NumPy computes by the specification, to check every engine against.

    /usr/bin/python3 test/reference/onnx-models.py    writes test/reference/onnx-models.json

Needs Debian's python3-onnx (1.12), python3-numpy (1.24) and python3-scipy (1.10, for erf). Answers are the same bytes on every run.
No engine takes part: each case in `onnx_models/` states the operator's formula in NumPy, and `onnx.checker` with shape inference
checks each model.
"""

import json
import pathlib
import sys

import numpy
import onnx
import scipy

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from onnx_models import case  # noqa: E402

for module in ["elementwise", "element_types", "neural", "shapes", "quantised", "recurrent", "machine_learning", "traps"]:
    __import__(f"onnx_models.{module}")

names = [item["name"] for item in case.cases]
assert len(set(names)) == len(names), "names must differ"
document = {
    "made": f"test/reference/onnx-models.py with onnx {onnx.__version__}, numpy {numpy.__version__}, scipy {scipy.__version__}",
    "cases": case.cases,
}
lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in case.cases)
text = f'{{"made": {json.dumps(document["made"])},\n"cases": [\n{lines}\n]}}\n'
(HERE / "onnx-models.json").write_text(text, encoding="utf-8")
print(f"{len(names)} cases, {len(text)} bytes")
