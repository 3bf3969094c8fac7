"""Builds the cases: small ONNX models, each with inputs and with outputs that NumPy computed by the formula of the specification."""

import base64
import zlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "float16": TensorProto.FLOAT16,
    "int8": TensorProto.INT8,
    "int16": TensorProto.INT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
    "uint16": TensorProto.UINT16,
    "uint32": TensorProto.UINT32,
    "uint64": TensorProto.UINT64,
    "bool": TensorProto.BOOL,
    "object": TensorProto.STRING,
}

cases = []


def near(absolute, relative, reason):
    """How far a value may be from the expected one: `absolute + relative * |expected|`."""
    return {"absolute": absolute, "relative": relative, "reason": reason}


SUMS = near(2e-6, 2e-6, "an engine may add up in another order than NumPy")
MATH = near(1e-6, 4e-6, "an engine may approximate the function in float32, while NumPy computed it in float64 and rounded once")


def node(operator, inputs, outputs, **attributes):
    """A node; names are separated by spaces, and `_` stands for an input that is left out."""
    names = ["" if name == "_" else name for name in inputs.split()]
    return helper.make_node(operator, names, outputs.split(), **attributes)


def ml(operator, inputs, outputs, **attributes):
    """A node of the domain ai.onnx.ml."""
    return node(operator, inputs, outputs, domain="ai.onnx.ml", **attributes)


def random(name, *shape, low=-2.0, high=2.0, dtype=numpy.float32):
    """Numbers that follow from the name alone, so that a case keeps its numbers when others come and go."""
    generator = numpy.random.default_rng(zlib.crc32(name.encode()))
    if numpy.issubdtype(dtype, numpy.integer):
        return generator.integers(int(low), int(high), shape, dtype=dtype, endpoint=True)
    return generator.uniform(low, high, shape).astype(dtype)


def strings(*values):
    return numpy.array(values, dtype=object)


def type_name(array):
    return "string" if array.dtype == object else array.dtype.name


def tensor(name, array):
    """As the test reads it: little-endian bytes in base64, or a list of strings."""
    data = array.ravel().tolist() if array.dtype == object else base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
    return {"name": name, "type": type_name(array), "dims": list(array.shape), "data": data}


def value_info(name, array, dims):
    return helper.make_tensor_value_info(name, TYPES[array.dtype.name], dims)


def case(name, nodes, inputs, expect, *, constants=None, rows=True, tolerance=None, opset=13, dims=None):
    """
    Adds a case.

    `inputs` are arrays by name, `expect` takes them in order and answers the outputs by name, `constants` are initializers.
    `rows` tells whether axis 0 of every input and output holds rows that do not depend on each other; it is then a symbolic
    dimension. `dims` declares other extents than those for some names.
    """
    def declared(value, array):
        if dims is not None and value in dims:
            return dims[value]
        return ["batch", *array.shape[1:]] if rows else list(array.shape)

    outputs = {key: numpy.asarray(value) for key, value in expect(*inputs.values()).items()}
    graph = helper.make_graph(
        nodes,
        name,
        [value_info(key, array, declared(key, array)) for key, array in inputs.items()],
        [value_info(key, array, declared(key, array)) for key, array in outputs.items()],
        [numpy_helper.from_array(array, key) for key, array in (constants or {}).items()],
    )
    domains = [helper.make_opsetid("", opset)]
    if any(item.domain == "ai.onnx.ml" for item in nodes):
        domains.append(helper.make_opsetid("ai.onnx.ml", 3))
    model = helper.make_model(graph, opset_imports=domains, producer_name="modelwright-reference")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    check_rows(name, rows, inputs, expect, outputs)
    cases.append({
        "name": name,
        "opset": opset,
        "operators": sorted(operators(graph)),
        "rowsIndependent": rows,
        "model": base64.b64encode(model.SerializeToString()).decode(),
        "inputs": [tensor(key, array) for key, array in inputs.items()],
        "outputs": [tensor(key, array) for key, array in outputs.items()],
        **({} if tolerance is None else {"tolerance": tolerance}),
    })


def operators(graph):
    """The names of the operators of a graph, those in the bodies of control flow as well."""
    inner = (attribute.g for item in graph.node for attribute in item.attribute if attribute.type == onnx.AttributeProto.GRAPH)
    return {item.op_type for item in graph.node}.union(*map(operators, inner))


def check_rows(name, rows, inputs, expect, outputs):
    """The formula itself must say what the case says of its rows."""
    if not rows:
        return
    (count,) = {array.shape[0] for array in [*inputs.values(), *outputs.values()]}
    for i in range(count):
        alone = expect(*(array[i : i + 1] for array in inputs.values()))
        for key, array in outputs.items():
            if array.dtype == object or array.dtype.kind != "f":
                assert numpy.array_equal(alone[key], array[i : i + 1]), (name, key, i)
            else:
                numpy.testing.assert_allclose(alone[key], array[i : i + 1], rtol=1e-5, atol=1e-6, err_msg=name)
