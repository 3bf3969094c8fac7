"""Operators that work on each element: arithmetic, functions, comparisons, logic."""

import numpy
from scipy import special

from .case import MATH, case, near, node, random

f32, f64, i64 = numpy.float32, numpy.float64, numpy.int64


def wide(function):
    """Computes in float64 and rounds once."""
    return lambda *arrays: function(*(array.astype(f64) for array in arrays)).astype(f32)


def arithmetic(name, a, b, divide):
    """Sum, difference, product and quotient of two inputs of one type."""
    nodes = [node(operator, "a b", output) for operator, output in [("Add", "sum"), ("Sub", "difference"), ("Mul", "product"), ("Div", "quotient")]]

    def expect(a, b):
        return {"sum": a + b, "difference": a - b, "product": a * b, "quotient": divide(a, b)}

    with numpy.errstate(all="ignore"):
        case(name, nodes, {"a": a, "b": b}, expect, opset=14)


def truncated(a, b):
    """Integer division in ONNX truncates, that of NumPy floors."""
    quotient = abs(a.astype(object)) // abs(b.astype(object)) * numpy.sign(a.astype(object)) * numpy.sign(b.astype(object))
    return quotient.astype(a.dtype)


arithmetic("arithmetic_float32", random("a32", 3, 4), random("b32", 3, 4, low=0.5, high=3), numpy.divide)
arithmetic("arithmetic_float64", random("a64", 3, 4, dtype=f64), random("b64", 3, 4, low=0.5, high=3, dtype=f64), numpy.divide)
arithmetic(
    "arithmetic_float32_not_finite",
    numpy.array([[numpy.nan, numpy.inf, -numpy.inf, 0.0], [-0.0, 3e38, -3e38, 1.0]], f32),
    numpy.array([[1.0, numpy.inf, 2.0, 0.0], [5.0, 3e38, 10.0, -0.0]], f32),
    numpy.divide,
)
arithmetic(
    "arithmetic_float64_not_finite",
    numpy.array([[numpy.nan, numpy.inf, -numpy.inf, 0.0], [-0.0, 1.7e308, 5e-324, 1.0]], f64),
    numpy.array([[1.0, numpy.inf, 2.0, 0.0], [5.0, 1.7e308, 2.0, -0.0]], f64),
    numpy.divide,
)
# Values at the ends of the type, chosen so that no result overflows: what an overflow gives is not specified.
arithmetic(
    "arithmetic_int32",
    numpy.array([[7, -7, 2**31 - 2, -(2**31) + 1], [0, 46340, -46340, 2**30]], numpy.int32),
    numpy.array([[2, 2, 1, 1], [-3, 46340, 46340, -1]], numpy.int32),
    truncated,
)
arithmetic(
    "arithmetic_int64_beyond_double",
    numpy.array([[2**53 + 1, -(2**53) - 1, 2**63 - 2, -(2**63) + 1], [9007199254740993, 3037000499, -7, 0]], i64),
    numpy.array([[1, 3, 1, 1], [2, 3037000499, 2, -5]], i64),
    truncated,
)
arithmetic(
    "arithmetic_uint64_beyond_int64",
    numpy.array([[2**64 - 2, 2**63 + 1, 2**53 + 1], [2**32 - 1, 10, 1]], numpy.uint64),
    numpy.array([[1, 1, 3], [2**32 - 1, 3, 1]], numpy.uint64),
    lambda a, b: a // b,
)
for bits in (8, 16, 32):
    top = 2 ** (bits // 2) - 1
    dtype = numpy.dtype(f"uint{bits}").type
    arithmetic(f"arithmetic_uint{bits}", numpy.array([[2**bits - 2, top], [7, 1]], dtype), numpy.array([[1, top], [2, 1]], dtype), lambda a, b: a // b)
for bits in (8, 16):
    root = int((2 ** (bits - 1) - 1) ** 0.5)
    dtype = numpy.dtype(f"int{bits}").type
    low = -(2 ** (bits - 1))
    arithmetic(f"arithmetic_int{bits}", numpy.array([[low + 1, root], [-7, -low - 2]], dtype), numpy.array([[1, -root], [2, 1]], dtype), truncated)

case(
    "broadcast_add",
    [node("Add", "a b", "t"), node("Mul", "t c", "y")],
    {"a": random("broadcast", 4, 1, 3)},
    lambda a: {"y": (a + B) * C},
    constants={"b": (B := random("broadcast b", 2, 1)), "c": (C := random("broadcast c", 1))},
)

x = random("activations", 3, 8, low=-4, high=4)
case(
    "activations",
    [
        node("Relu", "x", "relu"),
        node("LeakyRelu", "x", "leaky", alpha=0.1),
        node("Elu", "x", "elu", alpha=1.5),
        node("Selu", "x", "selu"),
        node("Softplus", "x", "softplus"),
        node("Softsign", "x", "softsign"),
        node("HardSigmoid", "x", "hardsigmoid", alpha=0.25, beta=0.4),
        node("HardSwish", "x", "hardswish"),
        node("ThresholdedRelu", "x", "thresholded", alpha=1.0),
        node("PRelu", "x slope", "prelu"),
        node("Sigmoid", "x", "sigmoid"),
        node("Tanh", "x", "tanh"),
    ],
    {"x": x},
    lambda x: {
        "relu": numpy.maximum(x, 0),
        "leaky": wide(lambda x: numpy.where(x < 0, f32(0.1) * x, x))(x),
        "elu": wide(lambda x: numpy.where(x < 0, 1.5 * numpy.expm1(x), x))(x),
        "selu": wide(lambda x: 1.05070102214813232421875 * numpy.where(x <= 0, 1.67326319217681884765625 * numpy.expm1(x), x))(x),
        "softplus": wide(lambda x: numpy.log1p(numpy.exp(x)))(x),
        "softsign": wide(lambda x: x / (1 + abs(x)))(x),
        "hardsigmoid": wide(lambda x: numpy.clip(0.25 * x + f64(f32(0.4)), 0, 1))(x),
        "hardswish": wide(lambda x: x * numpy.clip(x / 6 + 0.5, 0, 1))(x),
        "thresholded": numpy.where(x > 1, x, f32(0)),
        "prelu": numpy.where(x < 0, SLOPE * x, x),
        "sigmoid": wide(special.expit)(x),
        "tanh": wide(numpy.tanh)(x),
    },
    constants={"slope": (SLOPE := random("slope", 8, low=0, high=1))},
    tolerance=MATH,
    opset=14,
)

case(
    "exponentials",
    [node("Exp", "x", "exp"), node("Log", "p", "log"), node("Sqrt", "p", "sqrt"), node("Pow", "p x", "pow"), node("Reciprocal", "p", "reciprocal"), node("Erf", "x", "erf")],
    {"x": random("exponent", 3, 6), "p": random("positive", 3, 6, low=0.01, high=9)},
    lambda x, p: {
        "exp": wide(numpy.exp)(x),
        "log": wide(numpy.log)(p),
        "sqrt": wide(numpy.sqrt)(p),
        "pow": wide(numpy.power)(p, x),
        "reciprocal": wide(numpy.reciprocal)(p),
        "erf": wide(special.erf)(x),
    },
    tolerance=MATH,
)

TRIGONOMETRY = {"Sin": numpy.sin, "Cos": numpy.cos, "Tan": numpy.tan, "Asin": numpy.arcsin, "Acos": numpy.arccos, "Atan": numpy.arctan,
                "Sinh": numpy.sinh, "Cosh": numpy.cosh, "Asinh": numpy.arcsinh, "Atanh": numpy.arctanh}
case(
    "trigonometry",
    [*(node(operator, "x", operator.lower()) for operator in TRIGONOMETRY), node("Acosh", "p", "acosh")],
    {"x": random("angles", 3, 5, low=-0.95, high=0.95), "p": random("at least one", 3, 5, low=1.1, high=4)},
    lambda x, p: {**{operator.lower(): wide(function)(x) for operator, function in TRIGONOMETRY.items()}, "acosh": wide(numpy.arccosh)(p)},
    tolerance=MATH,
)

steps = numpy.array([[-2.5, -1.5, -0.5, -0.0], [0.5, 1.5, 2.5, 3.49]], f32)
case(
    "rounding_half_to_even",
    [node("Round", "x", "round"), node("Floor", "x", "floor"), node("Ceil", "x", "ceil"), node("Abs", "x", "abs"), node("Neg", "x", "neg"), node("Sign", "x", "sign")],
    {"x": steps},
    lambda x: {"round": numpy.rint(x), "floor": numpy.floor(x), "ceil": numpy.ceil(x), "abs": abs(x), "neg": -x, "sign": numpy.sign(x)},
)
case(
    "clip",
    [node("Clip", "x low high", "both"), node("Clip", "x low", "below"), node("Clip", "x _ high", "above")],
    {"x": random("clip", 3, 5)},
    lambda x: {"both": numpy.clip(x, f32(-0.5), f32(0.75)), "below": numpy.maximum(x, f32(-0.5)), "above": numpy.minimum(x, f32(0.75))},
    constants={"low": numpy.array(-0.5, f32), "high": numpy.array(0.75, f32)},
)
case(
    "clip_int64",
    [node("Clip", "x low high", "y")],
    {"x": numpy.array([[2**62, -(2**62)], [2**53 + 1, 5]], i64)},
    lambda x: {"y": numpy.clip(x, -(2**61), 2**60 + 1)},
    constants={"low": numpy.array(-(2**61), i64), "high": numpy.array(2**60 + 1, i64)},
)
case(
    "clip_int8",
    [node("Clip", "x low high", "y")],
    {"x": numpy.array([[-128, 127], [0, 99]], numpy.int8)},
    lambda x: {"y": numpy.clip(x, numpy.int8(-100), numpy.int8(98))},
    constants={"low": numpy.array(-100, numpy.int8), "high": numpy.array(98, numpy.int8)},
)
case(
    "variadic",
    [node("Min", "a b c", "min"), node("Max", "a b c", "max"), node("Sum", "a b c", "sum"), node("Mean", "a b c", "mean")],
    {key: random(f"variadic {key}", 3, 4) for key in "abc"},
    lambda a, b, c: {
        "min": numpy.minimum(numpy.minimum(a, b), c),
        "max": numpy.maximum(numpy.maximum(a, b), c),
        "sum": a + b + c,
        "mean": ((a + b + c).astype(f64) / 3).astype(f32),
    },
    tolerance=near(5e-7, 2e-7, "a mean may be a product with the rounded 1/3"),
)
case(
    "mod_integers_takes_the_sign_of_the_divisor",
    [node("Mod", "a b", "mod")],
    {"a": numpy.array([[7, -7, 7, -7], [2**53 + 1, -(2**53) - 1, 0, 5]], i64), "b": numpy.array([[3, 3, -3, -3], [4, 4, 5, 5]], i64)},
    lambda a, b: {"mod": numpy.mod(a, b)},
)
case(
    "fmod_int64_takes_the_sign_of_the_dividend",
    [node("Mod", "a b", "y", fmod=1)],
    {"a": numpy.array([[7, -7], [7, -7]], i64), "b": numpy.array([[3, 3], [-3, -3]], i64)},
    lambda a, b: {"y": numpy.fmod(a, b)},
)
case(
    "fmod_int64_beyond_double",
    [node("Mod", "a b", "y", fmod=1)],
    {"a": numpy.array([[2**53 + 1], [-(2**53) - 1]], i64), "b": numpy.array([[4], [4]], i64)},
    lambda a, b: {"y": numpy.fmod(a, b)},
)
case(
    "fmod_float32_takes_the_sign_of_the_dividend",
    [node("Mod", "a b", "y", fmod=1)],
    {"a": numpy.array([[5.5, -5.5], [5.5, -5.5]], f32), "b": numpy.array([[2, 2], [-2, -2]], f32)},
    lambda a, b: {"y": numpy.fmod(a, b)},
)
for bits in (8, 64):
    dtype = numpy.dtype(f"uint{bits}").type
    case(
        f"bit_shift_uint{bits}",
        [node("BitShift", "x n", "left", direction="LEFT"), node("BitShift", "x n", "right", direction="RIGHT")],
        {"x": numpy.array([[1, 2 ** (bits - 1) + 1], [5, 2**bits - 1]], dtype), "n": numpy.array([[3, 1], [0, bits - 1]], dtype)},
        lambda x, n: {"left": numpy.left_shift(x, n), "right": numpy.right_shift(x, n)},
    )

COMPARISONS = {"Equal": numpy.equal, "Less": numpy.less, "Greater": numpy.greater, "LessOrEqual": numpy.less_equal, "GreaterOrEqual": numpy.greater_equal}


def comparison(name, a, b):
    case(
        name,
        [node(operator, "a b", operator.lower()) for operator in COMPARISONS],
        {"a": a, "b": b},
        lambda a, b: {operator.lower(): function(a, b) for operator, function in COMPARISONS.items()},
        opset=16,
    )


comparison("compare_float32_with_nan", numpy.array([[1, 2, numpy.nan], [0.0, numpy.inf, -1]], f32), numpy.array([[1, 3, numpy.nan], [-0.0, 5, -2]], f32))
comparison("compare_float64", numpy.array([[1, 1 + 2**-52], [0.1, -5]], f64), numpy.array([[1, 1], [0.3, -4]], f64))
comparison("compare_int32", numpy.array([[1, -5], [2**31 - 1, -(2**31)]], numpy.int32), numpy.array([[1, 5], [-(2**31), 2**31 - 1]], numpy.int32))
comparison("compare_int64_beyond_double", numpy.array([[2**53, 2**53 + 1], [-(2**63), 2**63 - 1]], i64), numpy.array([[2**53 + 1, 2**53 + 1], [2**63 - 1, 2**63 - 2]], i64))

bits_a, bits_b = numpy.array([[True, True], [False, False]]), numpy.array([[True, False], [True, False]])
case(
    "logic",
    [node("And", "a b", "and"), node("Or", "a b", "or"), node("Xor", "a b", "xor"), node("Not", "a", "not"), node("Equal", "a b", "same")],
    {"a": bits_a, "b": bits_b},
    lambda a, b: {"and": a & b, "or": a | b, "xor": a ^ b, "not": ~a, "same": a == b},
)
case(
    "where",
    [node("Where", "c a b", "y")],
    {"c": numpy.array([[True, False], [False, True]]), "a": random("where a", 2, 2), "b": random("where b", 2, 2)},
    lambda c, a, b: {"y": numpy.where(c, a, b)},
)
case(
    "where_int64",
    [node("Where", "c a b", "y")],
    {"c": bits_a, "a": numpy.array([[2**63 - 1, 2**53 + 1], [1, 2]], i64), "b": numpy.array([[1, 2], [-(2**63), -(2**53) - 1]], i64)},
    lambda c, a, b: {"y": numpy.where(c, a, b)},
)
case(
    "not_a_number",
    [node("IsNaN", "x", "nan"), node("IsInf", "x", "inf"), node("IsInf", "x", "negative", detect_positive=0)],
    {"x": numpy.array([[numpy.nan, numpy.inf], [-numpy.inf, 0]], f32)},
    lambda x: {"nan": numpy.isnan(x), "inf": numpy.isinf(x), "negative": numpy.isneginf(x)},
)
case(
    "subnormal_float32_are_kept",
    [node("Add", "x x", "y")],
    {"x": numpy.array([[1e-45, 1e-39], [-1e-45, 1.1754942e-38]], f32)},
    lambda x: {"y": x + x},
)
