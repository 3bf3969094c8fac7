"""Every element type through a model, and casts between them."""

import numpy
from onnx import TensorProto

from .case import TYPES, case, near, node, random, strings

f16, f32, f64, i64 = numpy.float16, numpy.float32, numpy.float64, numpy.int64

SAMPLES = {
    "float32": numpy.array([[0.1, -0.0], [numpy.nan, numpy.inf], [3.4028235e38, -1e-38]], f32),
    "float64": numpy.array([[0.1, -0.0], [numpy.nan, -numpy.inf], [1.7976931348623157e308, 5e-324]], f64),
    "float16": numpy.array([[0.1, -0.0], [numpy.nan, numpy.inf], [65504, 6e-8]], f16),
    "int8": numpy.array([[-128, 127], [0, -1]], numpy.int8),
    "int16": numpy.array([[-32768, 32767], [0, -1]], numpy.int16),
    "int32": numpy.array([[-(2**31), 2**31 - 1], [0, -1]], numpy.int32),
    "int64": numpy.array([[-(2**63), 2**63 - 1], [2**53 + 1, -(2**53) - 1]], i64),
    "uint8": numpy.array([[0, 255], [1, 128]], numpy.uint8),
    "uint16": numpy.array([[0, 65535], [1, 32768]], numpy.uint16),
    "uint32": numpy.array([[0, 2**32 - 1], [1, 2**31]], numpy.uint32),
    "uint64": numpy.array([[0, 2**64 - 1], [2**63, 2**53 + 1]], numpy.uint64),
    "bool": numpy.array([[True, False], [False, True]]),
    "string": strings("", "plain", "größer ∞", "日本語", "line\nbreak", "emoji 🦉").reshape(3, 2),
}
for name, sample in SAMPLES.items():
    case(f"identity_{name}", [node("Identity", "x", "y")], {"x": sample}, lambda x: {"y": x})
    case(f"gather_columns_{name}", [node("Gather", "x columns", "y", axis=1)], {"x": sample}, lambda x: {"y": x[:, [1, 0, 1]]}, constants={"columns": numpy.array([1, 0, -1], i64)})


def cast(name, x, *targets, tolerance=None):
    """Casts one input to several types; NumPy's conversion is the one that ONNX names where the value is in the range of the target."""
    nodes = [node("Cast", "x", f"as_{numpy.dtype(target).name}", to=TYPES[numpy.dtype(target).name]) for target in targets]
    with numpy.errstate(over="ignore"):
        case(f"cast_{name}", nodes, {"x": x}, lambda x: {f"as_{numpy.dtype(target).name}": x.astype(target) for target in targets}, tolerance=tolerance)


integers = [numpy.int8, numpy.int16, numpy.int32, numpy.int64]
cast("float32_to_integers_drops_the_fraction", numpy.array([[2.9, -2.9], [0.5, -0.5], [127.9, -127.9]], f32), *integers)
cast("float32_to_unsigned", numpy.array([[2.9, 0.5], [255.0, 254.99]], f32), numpy.uint8, numpy.uint16, numpy.uint32, numpy.uint64)
cast("float32_to_bool", numpy.array([[0.0, -0.0], [0.1, numpy.nan], [numpy.inf, -5]], f32), numpy.bool_)
cast("float32_to_float64_and_back", numpy.array([[0.1, 3.4028235e38], [1e-45, -0.0]], f32), numpy.float64, numpy.float32)
# A tie between two halves goes to the even one; 65520 is the first that overflows; 2.98e-8 is half of the least subnormal half.
cast("float32_to_float16_rounds_half_to_even", numpy.array([[2049, 2051, 0.1], [65519, 65520, -1e9], [5.96e-8, 2.98e-8, 3e-8]], f32), numpy.float16)
cast("float16_to_others", numpy.array([[0.1, 65504], [6e-8, -2.5]], f16), numpy.float32, numpy.float64)
cast("float64_to_float32", numpy.array([[0.1, 1e300], [-1e300, 1 + 2**-24], [1e-46, 16777217]], f64), numpy.float32)
cast("float64_to_int64", numpy.array([[2.0**62, -(2.0**53)], [1e15 + 0.5, -0.9]], f64), numpy.int64)
cast("int64_to_others", numpy.array([[2**31 - 1, -(2**31)], [16777217, -5]], i64), numpy.int32, numpy.float32, numpy.float64, numpy.bool_)
cast("int64_beyond_double_to_float64", numpy.array([[2**53 + 1, 2**53 + 3], [2**63 - 1, -(2**63)]], i64), numpy.float64)
cast("int32_to_others", numpy.array([[2**31 - 1, -(2**31)], [16777217, 0]], numpy.int32), numpy.float32, numpy.int64, numpy.bool_)
cast("uint8_to_others", numpy.array([[0, 255], [127, 128]], numpy.uint8), f32, f16, f64, numpy.int16, numpy.int32, numpy.int64, numpy.bool_)
cast("int8_to_others", numpy.array([[-128, 127], [0, -1]], numpy.int8), f32, f16, f64, numpy.int16, numpy.int32, numpy.int64, numpy.bool_)
cast("uint64_to_others", numpy.array([[0, 2**63 + 2**40], [255, 2**53]], numpy.uint64), f32, f64, numpy.bool_)
cast("bool_to_others", numpy.array([[True, False], [False, True]]), f32, f16, f64, numpy.uint8, numpy.int8, numpy.int32, numpy.int64)

case(
    "cast_strings_to_numbers",
    [node("Cast", "x", "int64", to=TensorProto.INT64), node("Cast", "x", "float32", to=TensorProto.FLOAT)],
    {"x": strings("0", "-17", "9007", "123456").reshape(2, 2)},
    lambda x: {"int64": x.astype(i64), "float32": x.astype(f32)},
)
case(
    "cast_strings_to_float64",
    [node("Cast", "x", "y", to=TensorProto.DOUBLE)],
    {"x": strings("3.25", "1e-5", "-1E8", "NaN", "INF", "-INF").reshape(3, 2)},
    lambda x: {"y": x.astype(f64)},
)
case(
    "cast_integers_to_strings",
    [node("Cast", "x", "y", to=TensorProto.STRING)],
    {"x": numpy.array([[-(2**63), 2**63 - 1], [2**53 + 1, 0]], i64)},
    lambda x: {"y": numpy.array([str(item) for item in x.ravel().tolist()], dtype=object).reshape(x.shape)},
)
case(
    "strings_concat_reshape_slice",
    [node("Concat", "a b", "c", axis=1), node("Slice", "c starts ends axes", "y")],
    {"a": strings("a", "ä").reshape(2, 1), "b": strings("b", "", "c d", "€").reshape(2, 2)},
    lambda a, b: {"y": numpy.concatenate([a, b], axis=1)[:, 1:3]},
    constants={"starts": numpy.array([1], i64), "ends": numpy.array([3], i64), "axes": numpy.array([1], i64)},
)
case(
    "strings_where",
    [node("Where", "c a b", "y")],
    {"c": numpy.array([[True, False], [False, True]]), "a": strings("a", "b", "c", "d").reshape(2, 2), "b": strings("w", "x", "y", "z").reshape(2, 2)},
    lambda c, a, b: {"y": numpy.where(c, a, b)},
)
case(
    "strings_normalized",
    [node("StringNormalizer", "x", "y", case_change_action="LOWER", is_case_sensitive=0, stopwords=["the"], locale="en_US")],
    {"x": strings("The", "Quick", "the", "FOX")},
    lambda x: {"y": strings(*(word.lower() for word in x if word.lower() != "the"))},
    rows=False,
    dims={"x": ["words"], "y": ["kept"]},
)

# float16 models: sums of at most three products whose exact result float16 holds, so that no way of rounding can differ.
case(
    "float16_matmul_exact",
    [node("MatMul", "x w", "y")],
    {"x": numpy.array([[1, 2, 3], [-4, 0.5, 8]], f16)},
    lambda x: {"y": (x.astype(f64) @ W16.astype(f64)).astype(f16)},
    constants={"w": (W16 := numpy.array([[1, -2], [0.25, 4], [2, 0.5]], f16))},
)
w1, b1, w2, b2 = (random(f"float16 mlp {i}", *shape, low=-1, high=1, dtype=f16) for i, shape in enumerate([(6, 8), (8,), (8, 3), (3,)]))


def mlp(x):
    wide = [array.astype(f64) for array in (x, w1, b1, w2, b2)]
    scores = numpy.maximum(wide[0] @ wide[1] + wide[2], 0) @ wide[3] + wide[4]
    powers = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return {"y": (powers / powers.sum(axis=1, keepdims=True)).astype(f16)}


case(
    "float16_mlp",
    [node("MatMul", "x w1", "h1"), node("Add", "h1 b1", "h2"), node("Relu", "h2", "h3"), node("Gemm", "h3 w2 b2", "s"), node("Softmax", "s", "y", axis=1)],
    {"x": random("float16 mlp", 4, 6, low=-1, high=1, dtype=f16)},
    mlp,
    constants={"w1": w1, "b1": b1, "w2": w2, "b2": b2},
    tolerance=near(2e-3, 4e-3, "an engine may round to float16 after every operation; the expected value was rounded once"),
)
case(
    "float16_elementwise",
    [node("Add", "a b", "sum"), node("Mul", "a b", "product"), node("Relu", "a", "relu"), node("Less", "a b", "less"), node("Cast", "a", "wide", to=TensorProto.FLOAT)],
    {"a": random("float16 a", 3, 4, dtype=f16), "b": random("float16 b", 3, 4, dtype=f16)},
    lambda a, b: {"sum": a + b, "product": a * b, "relu": numpy.maximum(a, f16(0)), "less": a < b, "wide": a.astype(f32)},
)
case(
    "float16_weights_in_a_float32_model",
    [node("Cast", "w16", "w", to=TensorProto.FLOAT), node("MatMul", "x w", "y")],
    {"x": numpy.array([[1, 2, 4], [0.5, -1, 3]], f32)},
    lambda x: {"y": (x.astype(f64) @ W16.astype(f64)).astype(f32)},
    constants={"w16": W16},
)
