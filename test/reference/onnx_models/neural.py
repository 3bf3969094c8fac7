"""Layers of neural networks: products, convolution, pooling, normalisation, attention."""

import itertools

import numpy

from .case import MATH, SUMS, case, near, node, random

f32, f64, i64 = numpy.float32, numpy.float64, numpy.int64


def product(a, b):
    return numpy.matmul(a.astype(f64), b.astype(f64)).astype(f32)


case("matmul", [node("MatMul", "x w", "y")], {"x": random("matmul", 4, 5)}, lambda x: {"y": product(x, W)}, constants={"w": (W := random("matmul w", 5, 3))}, tolerance=SUMS)
case("matmul_batched_broadcast", [node("MatMul", "a b", "y")], {"a": random("mb a", 2, 1, 3, 4), "b": random("mb b", 2, 3, 4, 2)}, lambda a, b: {"y": product(a, b)}, tolerance=SUMS)
case("matmul_vector", [node("MatMul", "x w", "y")], {"x": random("mv", 3, 4)}, lambda x: {"y": product(x, V)}, constants={"w": (V := random("mv w", 4))}, tolerance=SUMS)
case("matmul_float64", [node("MatMul", "x w", "y")], {"x": random("m64", 3, 4, dtype=f64)}, lambda x: {"y": x @ W64}, constants={"w": (W64 := random("m64 w", 4, 2, dtype=f64))}, tolerance=near(1e-14, 1e-14, "an engine may add up in another order"))
big = numpy.array([[3037000499, 2], [2**53 + 1, -1]], i64)
case("matmul_int64_beyond_double", [node("MatMul", "x w", "y")], {"x": big}, lambda x: {"y": x @ WI}, constants={"w": (WI := numpy.array([[3, 1], [5, -7]], i64))})
case("matmul_int32", [node("MatMul", "x w", "y")], {"x": numpy.array([[46340, 1], [-7, 9]], numpy.int32)}, lambda x: {"y": x @ WI32}, constants={"w": (WI32 := numpy.array([[46340, 2], [-5, 3]], numpy.int32))})
case(
    "gemm_with_every_attribute",
    [node("Gemm", "a b c", "y", alpha=0.5, beta=2.0, transB=1)],
    {"a": random("gemm a", 3, 4)},
    lambda a: {"y": (0.5 * (a.astype(f64) @ GB.T.astype(f64)) + 2.0 * GC).astype(f32)},
    constants={"b": (GB := random("gemm b", 2, 4)), "c": (GC := random("gemm c", 2))},
    tolerance=SUMS,
)
case(
    "gemm_transposed_a",
    [node("Gemm", "a b c", "y", transA=1)],
    {"a": random("gemm ta", 4, 3)},
    lambda a: {"y": (a.T.astype(f64) @ GB.T.astype(f64) + GD).astype(f32)},
    constants={"b": GB.T.copy(), "c": (GD := random("gemm d", 3, 1))},
    rows=False,
    tolerance=SUMS,
)
case(
    "einsum",
    [node("Einsum", "a b", "y", equation="bij,bjk->bik")],
    {"a": random("einsum a", 2, 2, 3), "b": random("einsum b", 2, 3, 2)},
    lambda a, b: {"y": numpy.einsum("bij,bjk->bik", a.astype(f64), b.astype(f64)).astype(f32)},
    tolerance=SUMS,
)


def conv(x, w, b=None, strides=None, pads=None, dilations=None, group=1):
    """Convolution of any number of axes, straight from the sum that defines it."""
    axes = x.ndim - 2
    strides, dilations, pads = strides or [1] * axes, dilations or [1] * axes, pads or [0] * 2 * axes
    x = numpy.pad(x.astype(f64), [(0, 0), (0, 0), *zip(pads[:axes], pads[axes:])])
    kernel = w.shape[2:]
    extents = [(x.shape[2 + i] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1 for i in range(axes)]
    y = numpy.zeros((x.shape[0], w.shape[0], *extents))
    inputs, outputs = x.shape[1] // group, w.shape[0] // group
    for place in itertools.product(*map(range, extents)):
        window = x[(slice(None), slice(None), *(slice(p * s, p * s + (k - 1) * d + 1, d) for p, s, k, d in zip(place, strides, kernel, dilations)))]
        for m in range(w.shape[0]):
            g = m // outputs
            y[(slice(None), m, *place)] = (window[:, g * inputs : (g + 1) * inputs] * w[m].astype(f64)).sum(axis=tuple(range(1, axes + 2)))
    if b is not None:
        y += b.astype(f64).reshape(1, -1, *[1] * axes)
    return y.astype(f32)


def convolution(name, x_shape, w_shape, bias=True, **attributes):
    w, b = random(f"{name} w", *w_shape), random(f"{name} b", w_shape[0])
    case(
        name,
        [node("Conv", "x w b" if bias else "x w", "y", **attributes)],
        {"x": random(name, *x_shape)},
        lambda x: {"y": conv(x, w, b if bias else None, **{key: value for key, value in attributes.items() if key != "kernel_shape"})},
        constants={"w": w, "b": b} if bias else {"w": w},
        tolerance=SUMS,
    )


convolution("conv_1d", (2, 3, 8), (4, 3, 3))
convolution("conv_1d_strided_padded", (2, 2, 9), (3, 2, 3), strides=[2], pads=[1, 2], bias=False)
convolution("conv_2d", (2, 3, 6, 5), (4, 3, 3, 3))
convolution("conv_2d_padded_strided", (2, 2, 7, 7), (3, 2, 3, 3), strides=[2, 3], pads=[1, 0, 2, 1])
convolution("conv_2d_dilated", (2, 2, 7, 7), (2, 2, 3, 3), dilations=[2, 1], bias=False)
convolution("conv_2d_grouped", (2, 4, 5, 5), (6, 2, 3, 3), group=2)
convolution("conv_2d_depthwise", (2, 4, 5, 5), (4, 1, 3, 3), group=4, pads=[1, 1, 1, 1])
convolution("conv_2d_one_by_one", (2, 3, 4, 4), (5, 3, 1, 1))
convolution("conv_3d", (1, 2, 3, 4, 4), (2, 2, 2, 2, 2))
# Exporters write every attribute, also where it has its default.
convolution("conv_2d_every_attribute", (2, 3, 6, 5), (4, 3, 3, 3), kernel_shape=[3, 3], strides=[1, 2], pads=[1, 1, 1, 1], dilations=[1, 1], group=1)
convolution("conv_1d_every_attribute", (2, 2, 9), (3, 2, 3), kernel_shape=[3], strides=[2], pads=[1, 1], dilations=[1], group=1)
case(
    "conv_2d_same_upper",
    [node("Conv", "x w", "y", auto_pad="SAME_UPPER", strides=[2, 2], kernel_shape=[3, 3])],
    {"x": random("same upper", 2, 2, 6, 5)},
    lambda x: {"y": conv(x, SU, strides=[2, 2], pads=[0, 1, 1, 1])},
    constants={"w": (SU := random("same upper w", 2, 2, 3, 3))},
    tolerance=SUMS,
)


def conv_transpose(x, w, strides):
    """Every input element spreads its multiple of the kernel; w is [input channels, output channels, height, width]."""
    n, c, h, k = x.shape
    y = numpy.zeros((n, w.shape[1], (h - 1) * strides[0] + w.shape[2], (k - 1) * strides[1] + w.shape[3]))
    for i, j in itertools.product(range(h), range(k)):
        spread = numpy.einsum("nc,cohw->nohw", x[:, :, i, j].astype(f64), w.astype(f64))
        y[:, :, i * strides[0] : i * strides[0] + w.shape[2], j * strides[1] : j * strides[1] + w.shape[3]] += spread
    return y.astype(f32)


case(
    "conv_transpose_2d",
    [node("ConvTranspose", "x w", "y", strides=[2, 2])],
    {"x": random("conv transpose", 2, 2, 3, 3)},
    lambda x: {"y": conv_transpose(x, CT, (2, 2))},
    constants={"w": (CT := random("conv transpose w", 2, 3, 3, 3))},
    tolerance=SUMS,
)


def pool(x, kernel, strides, pads, reduce, fill, ceil=False, count_pads=False):
    """`pads` are top, left, bottom, right. Windows that `ceil` adds reach beyond the padding; those elements never count."""
    (h, w), (kh, kw), (sh, sw) = x.shape[2:], kernel, strides
    spans = [h + pads[0] + pads[2], w + pads[1] + pads[3]]
    rounded = [(-(-(spans[i] - kernel[i]) // strides[i]) if ceil else (spans[i] - kernel[i]) // strides[i]) + 1 for i in range(2)]
    y = numpy.zeros((*x.shape[:2], *rounded), f64)
    for i, j in itertools.product(*map(range, rounded)):
        top, left = i * sh - pads[0], j * sw - pads[1]
        window = x[:, :, max(top, 0) : min(top + kh, h), max(left, 0) : min(left + kw, w)].astype(f64)
        count = kh * kw if count_pads else window.shape[2] * window.shape[3]
        y[:, :, i, j] = reduce(window, count)
    return y.astype(f32)


def greatest(window, _):
    return window.max(axis=(2, 3))


def average(window, count):
    return window.sum(axis=(2, 3)) / count


image = random("pool", 2, 2, 6, 5)
case("max_pool", [node("MaxPool", "x", "y", kernel_shape=[2, 2], strides=[2, 2])], {"x": image}, lambda x: {"y": pool(x, (2, 2), (2, 2), (0, 0, 0, 0), greatest, None)})
case("max_pool_padded", [node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 1], pads=[1, 1, 1, 1])], {"x": image}, lambda x: {"y": pool(x, (3, 3), (2, 1), (1, 1, 1, 1), greatest, None)})
case("max_pool_ceil", [node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)], {"x": image}, lambda x: {"y": pool(x, (3, 3), (2, 2), (0, 0, 0, 0), greatest, None, ceil=True)})
case("average_pool", [node("AveragePool", "x", "y", kernel_shape=[2, 3], strides=[1, 2])], {"x": image}, lambda x: {"y": pool(x, (2, 3), (1, 2), (0, 0, 0, 0), average, None)}, tolerance=SUMS)
case("average_pool_leaves_out_padding", [node("AveragePool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1])], {"x": image}, lambda x: {"y": pool(x, (3, 3), (1, 1), (1, 1, 1, 1), average, None)}, tolerance=SUMS)
case("average_pool_counts_padding", [node("AveragePool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)], {"x": image}, lambda x: {"y": pool(x, (3, 3), (1, 1), (1, 1, 1, 1), average, None, count_pads=True)}, tolerance=SUMS)
case("global_pools", [node("GlobalAveragePool", "x", "average"), node("GlobalMaxPool", "x", "max")], {"x": image}, lambda x: {"average": x.astype(f64).mean(axis=(2, 3), keepdims=True).astype(f32), "max": x.max(axis=(2, 3), keepdims=True)}, tolerance=SUMS)

scale, shift, mean = (random(f"norm {key}", 3) for key in ["scale", "shift", "mean"])
variance = random("norm variance", 3, low=0.1, high=2)


def per_channel(array):
    return array.astype(f64).reshape(1, -1, 1, 1)


case(
    "batch_normalization",
    [node("BatchNormalization", "x s b m v", "y", epsilon=1e-3)],
    {"x": random("batch norm", 2, 3, 4, 4)},
    lambda x: {"y": ((x - per_channel(mean)) / numpy.sqrt(per_channel(variance) + f64(f32(1e-3))) * per_channel(scale) + per_channel(shift)).astype(f32)},
    constants={"s": scale, "b": shift, "m": mean, "v": variance},
    tolerance=SUMS,
    opset=15,
)


def standardised(x, axes, epsilon):
    x = x.astype(f64)
    return (x - x.mean(axis=axes, keepdims=True)) / numpy.sqrt(x.var(axis=axes, keepdims=True) + f64(f32(epsilon)))


case(
    "instance_normalization",
    [node("InstanceNormalization", "x s b", "y", epsilon=1e-4)],
    {"x": random("instance norm", 2, 3, 4, 4)},
    lambda x: {"y": (standardised(x, (2, 3), 1e-4) * per_channel(scale) + per_channel(shift)).astype(f32)},
    constants={"s": scale, "b": shift},
    tolerance=near(5e-6, 5e-6, "the variance is a sum of 16 rounded squares, under a root"),
)
case(
    "layer_normalization",
    [node("LayerNormalization", "x s b", "y", axis=-1, epsilon=1e-5)],
    {"x": random("layer norm", 2, 4, 8)},
    lambda x: {"y": (standardised(x, -1, 1e-5) * LS + LB).astype(f32)},
    constants={"s": (LS := random("layer scale", 8)), "b": (LB := random("layer shift", 8))},
    tolerance=near(5e-6, 5e-6, "the variance is a sum of 8 rounded squares, under a root"),
    opset=17,
)
case(
    "layer_normalization_in_parts",
    [
        node("ReduceMean", "x", "m", axes=[-1]),
        node("Sub", "x m", "d"),
        node("Mul", "d d", "d2"),
        node("ReduceMean", "d2", "v", axes=[-1]),
        node("Add", "v e", "ve"),
        node("Sqrt", "ve", "r"),
        node("Div", "d r", "y"),
    ],
    {"x": random("layer norm parts", 2, 4, 8)},
    lambda x: {"y": standardised(x, -1, 1e-5).astype(f32)},
    constants={"e": numpy.array(1e-5, f32)},
    tolerance=near(5e-6, 5e-6, "the variance is a sum of 8 rounded squares, under a root"),
)
case(
    "lp_normalization",
    [node("LpNormalization", "x", "l1", p=1, axis=1), node("LpNormalization", "x", "l2", p=2, axis=1)],
    {"x": random("lp norm", 3, 5)},
    lambda x: {
        "l1": (x / abs(x.astype(f64)).sum(axis=1, keepdims=True)).astype(f32),
        "l2": (x / numpy.sqrt((x.astype(f64) ** 2).sum(axis=1, keepdims=True))).astype(f32),
    },
    tolerance=SUMS,
)


def local_response(x, size, alpha, beta, bias):
    squares = x.astype(f64) ** 2
    low, high = (size - 1) // 2, -(-(size - 1) // 2)
    sums = numpy.stack([squares[:, max(c - low, 0) : c + high + 1].sum(axis=1) for c in range(x.shape[1])], axis=1)
    return (x / (bias + alpha / size * sums) ** beta).astype(f32)


case(
    "local_response_normalization",
    [node("LRN", "x", "y", size=3, alpha=0.5, beta=0.75, bias=2.0)],
    {"x": random("lrn", 2, 5, 3, 3)},
    lambda x: {"y": local_response(x, 3, 0.5, 0.75, 2.0)},
    tolerance=MATH,
)


def softmax(x, axis=-1):
    powers = numpy.exp(x.astype(f64) - x.astype(f64).max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


case(
    "softmax",
    [node("Softmax", "x", "softmax", axis=-1), node("LogSoftmax", "x", "log", axis=-1), node("Hardmax", "x", "hardmax", axis=-1), node("Softmax", "x", "middle", axis=1)],
    {"x": random("softmax", 3, 4, 5, low=-5, high=5)},
    lambda x: {
        "softmax": softmax(x).astype(f32),
        "log": numpy.log(softmax(x)).astype(f32),
        "hardmax": numpy.eye(x.shape[-1], dtype=f32)[x.argmax(axis=-1)],
        "middle": softmax(x, 1).astype(f32),
    },
    tolerance=MATH,
)
case(
    "softmax_of_large_scores",
    [node("Softmax", "x", "y", axis=-1)],
    {"x": numpy.array([[1000, 1000, -1000], [3e38, 0, -3e38]], f32)},
    lambda x: {"y": softmax(x).astype(f32)},
    tolerance=MATH,
)
case(
    "softmax_before_opset_13_flattens",
    [node("Softmax", "x", "y", axis=1)],
    {"x": random("old softmax", 3, 2, 4)},
    lambda x: {"y": softmax(x.reshape(x.shape[0], -1)).reshape(x.shape).astype(f32)},
    tolerance=MATH,
    opset=11,
)

width, heads = 8, 2
wq, wk, wv, wo = (random(f"attention {key}", width, width, low=-0.5, high=0.5) for key in "qkvo")


def attention(x, mask):
    """Scaled dot-product attention of several heads; `mask` is added to the scores."""
    tokens = x.shape[1]

    def split(w):
        return (x.astype(f64) @ w.astype(f64)).reshape(-1, tokens, heads, width // heads).transpose(0, 2, 1, 3)

    q, k, v = split(wq), split(wk), split(wv)
    weights = softmax(q @ k.transpose(0, 1, 3, 2) / numpy.sqrt(width // heads) + mask[:, None, None, :])
    joined = (weights @ v).transpose(0, 2, 1, 3).reshape(-1, tokens, width)
    return {"y": (joined @ wo.astype(f64)).astype(f32), "weights": weights.astype(f32)}


def head(key):
    return [node("MatMul", f"x w{key}", f"{key}1"), node("Reshape", f"{key}1 split", f"{key}2"), node("Transpose", f"{key}2", key, perm=[0, 2, 1, 3])]


case(
    "attention_block",
    [
        *head("q"),
        *head("k"),
        *head("v"),
        node("Transpose", "k", "kt", perm=[0, 1, 3, 2]),
        node("MatMul", "q kt", "s1"),
        node("Div", "s1 root", "s2"),
        node("Unsqueeze", "mask places", "m"),
        node("Add", "s2 m", "s3"),
        node("Softmax", "s3", "weights", axis=-1),
        node("MatMul", "weights v", "o1"),
        node("Transpose", "o1", "o2", perm=[0, 2, 1, 3]),
        node("Reshape", "o2 join", "o3"),
        node("MatMul", "o3 wo", "y"),
    ],
    {"x": random("attention", 3, 4, width), "mask": numpy.array([[0, 0, 0, 0], [0, 0, 0, -1e4], [0, -1e4, -1e4, -1e4]], f32)},
    attention,
    constants={"wq": wq, "wk": wk, "wv": wv, "wo": wo, "root": numpy.array(2.0, f32), "split": numpy.array([0, 0, heads, width // heads], i64),
               "join": numpy.array([0, 0, width], i64), "places": numpy.array([1, 2], i64)},
    tolerance=near(5e-6, 5e-6, "sums in another order, then exponentials of them"),
)
