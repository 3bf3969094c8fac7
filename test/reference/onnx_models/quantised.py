"""8-bit models. Scales are powers of two where the result must be exact, so that no rounding can differ."""

import numpy

from .case import SUMS, case, node, random
from .neural import conv

f32, f64, i32, i64 = numpy.float32, numpy.float64, numpy.int32, numpy.int64


def quantize(x, scale, zero, dtype):
    """saturate(round_half_to_even(x / scale) + zero), in float32 as the specification's types say."""
    limits = numpy.iinfo(dtype)
    return numpy.clip(numpy.rint((x / scale).astype(f32)).astype(f64) + zero, limits.min, limits.max).astype(dtype)


def scalar(value, dtype):
    return numpy.array(value, dtype)


numbers = numpy.array([[-1000, -1.25, -0.25, 0], [0.25, 0.75, 1.25, 1000]], f32)
for dtype, zero in [(numpy.uint8, 128), (numpy.int8, -3)]:
    case(
        f"quantize_{numpy.dtype(dtype).name}_half_to_even",
        [node("QuantizeLinear", "x scale zero", "q"), node("DequantizeLinear", "q scale zero", "y")],
        {"x": numbers},
        lambda x, dtype=dtype, zero=zero: {
            "q": quantize(x, f32(0.5), zero, dtype),
            "y": ((quantize(x, f32(0.5), zero, dtype).astype(i32) - zero) * f32(0.5)).astype(f32),
        },
        constants={"scale": scalar(0.5, f32), "zero": scalar(zero, dtype)},
    )
case(
    "quantize_per_axis",
    [node("QuantizeLinear", "x scale zero", "q", axis=1), node("DequantizeLinear", "q scale zero", "y", axis=1)],
    {"x": random("per axis", 3, 2, 3, low=-20, high=20)},
    lambda x: {
        "q": quantize(x, AXIS_SCALE[:, None], AXIS_ZERO[:, None].astype(f64), numpy.int8),
        "y": ((quantize(x, AXIS_SCALE[:, None], AXIS_ZERO[:, None].astype(f64), numpy.int8).astype(i32) - AXIS_ZERO[:, None]) * AXIS_SCALE[:, None]).astype(f32),
    },
    constants={"scale": (AXIS_SCALE := numpy.array([0.25, 0.5], f32)), "zero": (AXIS_ZERO := numpy.array([0, 5], numpy.int8))},
)
case(
    "dequantize_int32",
    [node("DequantizeLinear", "q scale", "y")],
    {"q": numpy.array([[2**24, -(2**24)], [1, 0]], i32)},
    lambda q: {"y": (q * f32(0.125)).astype(f32)},
    constants={"scale": scalar(0.125, f32)},
)


def matmul_integer(a, b, a_zero, b_zero):
    return (a.astype(i32) - a_zero) @ (b.astype(i32) - b_zero)


bytes_a = numpy.array([[0, 255, 7], [128, 1, 254]], numpy.uint8)
for dtype in (numpy.uint8, numpy.int8):
    weights = random(f"integer weights {numpy.dtype(dtype).name}", 3, 4, low=numpy.iinfo(dtype).min, high=numpy.iinfo(dtype).max, dtype=dtype)
    case(
        f"matmul_integer_uint8_{numpy.dtype(dtype).name}",
        [node("MatMulInteger", "a b az bz", "y")],
        {"a": bytes_a},
        lambda a, weights=weights: {"y": matmul_integer(a, weights, 12, 3)},
        constants={"b": weights, "az": scalar(12, numpy.uint8), "bz": scalar(3, dtype)},
    )


def requantize(sums, scale, zero, dtype):
    """The product's real value over the output's scale, rounded half to even; `scale` is a power of two."""
    limits = numpy.iinfo(dtype)
    return numpy.clip(numpy.rint(sums.astype(f64) * scale) + zero, limits.min, limits.max).astype(dtype)


for dtype, zero in [(numpy.uint8, 100), (numpy.int8, -5)]:
    low, high = numpy.iinfo(dtype).min, numpy.iinfo(dtype).max
    weights = random(f"qlinear {numpy.dtype(dtype).name}", 3, 4, low=low, high=high, dtype=dtype)
    case(
        f"qlinear_matmul_{numpy.dtype(dtype).name}",
        [node("QLinearMatMul", "a sa za b sb zb sy zy", "y")],
        {"a": random(f"qlinear a {numpy.dtype(dtype).name}", 3, 3, low=low, high=high, dtype=dtype)},
        lambda a, weights=weights, dtype=dtype, zero=zero: {"y": requantize(matmul_integer(a, weights, 7, 2), 2.0**-7, zero, dtype)},
        constants={"b": weights, "sa": scalar(0.25, f32), "za": scalar(7, dtype), "sb": scalar(0.125, f32), "zb": scalar(2, dtype), "sy": scalar(4, f32), "zy": scalar(zero, dtype)},
    )


def conv_integer(x, w, x_zero):
    return conv((x.astype(i32) - x_zero).astype(f32), w.astype(f32), pads=[1, 1, 1, 1]).astype(i32)


picture = random("integer picture", 2, 2, 4, 4, low=0, high=255, dtype=numpy.uint8)
case("conv_integer", [node("ConvInteger", "x w xz", "y", pads=[1, 1, 1, 1])], {"x": picture}, lambda x: {"y": conv_integer(x, CW, 9)}, constants={"w": (CW := random("integer kernel", 3, 2, 3, 3, low=0, high=255, dtype=numpy.uint8)), "xz": scalar(9, numpy.uint8)})
case(
    "qlinear_conv",
    [node("QLinearConv", "x sx zx w sw zw sy zy b", "y", pads=[1, 1, 1, 1])],
    {"x": picture},
    lambda x: {"y": requantize(conv_integer(x, QW, 9) + QB[:, None, None], 2.0**-9, 64, numpy.uint8)},
    constants={"sx": scalar(0.5, f32), "zx": scalar(9, numpy.uint8), "w": (QW := random("int8 kernel", 3, 2, 3, 3, low=-127, high=127, dtype=numpy.int8)), "sw": scalar(0.125, f32), "zw": scalar(0, numpy.int8),
               "sy": scalar(32, f32), "zy": scalar(64, numpy.uint8), "b": (QB := numpy.array([100, -2000, 0], i32))},
)


def dynamic(x):
    """One scale for the whole tensor, so that each row's answer depends on the others."""
    high, low = max(x.max(), f32(0)), min(x.min(), f32(0))
    scale = f32((high - low) / f32(255))
    zero = numpy.uint8(numpy.clip(numpy.rint(-low / scale), 0, 255))
    return {"q": quantize(x, scale, int(zero), numpy.uint8), "scale": scale, "zero": zero}


case("dynamic_quantize_mixes_rows", [node("DynamicQuantizeLinear", "x", "q scale zero")], {"x": numpy.array([[0, 2, -3], [-2.5, 1.34, 0.5]], f32)}, dynamic, rows=False, dims={"x": ["batch", 3], "q": ["batch", 3]})

i8 = numpy.int8
int8_w1, int8_w2 = (random(f"int8 mlp {i}", *shape, low=-127, high=127, dtype=i8) for i, shape in enumerate([(6, 8), (8, 3)]))


def static_int8_mlp(x):
    """Inputs quantised with a fixed scale, weights in int8, sums in int32."""
    hidden = matmul_integer(quantize(x, f32(0.015625), 128, numpy.uint8), int8_w1, 128, 0).astype(f32) * f32(2**-13)
    hidden = numpy.maximum(hidden, 0)
    return {"y": matmul_integer(quantize(hidden, f32(0.03125), 0, numpy.uint8), int8_w2, 0, 0).astype(f32) * f32(2**-12)}


case(
    "int8_mlp",
    [
        node("QuantizeLinear", "x s1 z1", "q1"),
        node("MatMulInteger", "q1 w1 z1", "i1"),
        node("Cast", "i1", "f1", to=1),
        node("Mul", "f1 r1", "h1"),
        node("Relu", "h1", "h2"),
        node("QuantizeLinear", "h2 s2 z2", "q2"),
        node("MatMulInteger", "q2 w2 z2", "i2"),
        node("Cast", "i2", "f2", to=1),
        node("Mul", "f2 r2", "y"),
    ],
    {"x": random("int8 mlp", 4, 6)},
    static_int8_mlp,
    constants={"w1": int8_w1, "w2": int8_w2, "s1": scalar(2**-6, f32), "z1": scalar(128, numpy.uint8), "s2": scalar(2**-5, f32), "z2": scalar(0, numpy.uint8), "r1": scalar(2**-13, f32), "r2": scalar(2**-12, f32)},
)


def fake_quantised(x):
    """Quantise and dequantise around a product, as exporters of quantisation-aware training write it."""
    rounded = (quantize(x, f32(2**-5), 0, numpy.int8).astype(f32) * f32(2**-5)).astype(f64)
    return {"y": (rounded @ (int8_w1.astype(f64) * 2**-7)).astype(f32)}


case(
    "quantize_dequantize_around_matmul",
    [
        node("QuantizeLinear", "x s z", "q"),
        node("DequantizeLinear", "q s z", "d"),
        node("DequantizeLinear", "w ws z", "wd"),
        node("MatMul", "d wd", "y"),
    ],
    {"x": random("qdq", 4, 6)},
    fake_quantised,
    constants={"w": int8_w1, "s": scalar(2**-5, f32), "z": scalar(0, i8), "ws": scalar(2**-7, f32)},
    tolerance=SUMS,
)
