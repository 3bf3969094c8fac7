"""Operators that move elements, and reductions."""

import numpy
from scipy import special

from .case import MATH, SUMS, case, node, random

f32, f64, i64 = numpy.float32, numpy.float64, numpy.int64


def ints(*values):
    return numpy.array(values, i64)


REDUCTIONS = {
    "ReduceMean": lambda x: x.mean(axis=1),
    "ReduceMax": lambda x: x.max(axis=1),
    "ReduceMin": lambda x: x.min(axis=1),
    "ReduceProd": lambda x: x.prod(axis=1),
    "ReduceL1": lambda x: abs(x).sum(axis=1),
    "ReduceL2": lambda x: numpy.sqrt((x**2).sum(axis=1)),
    "ReduceSumSquare": lambda x: (x**2).sum(axis=1),
    "ReduceLogSumExp": lambda x: special.logsumexp(x, axis=1),
}
case(
    "reductions",
    [*(node(operator, "x", operator, axes=[1], keepdims=0) for operator in REDUCTIONS), node("ReduceSum", "x one", "ReduceSum", keepdims=0), node("ReduceLogSum", "p", "ReduceLogSum", axes=[1], keepdims=0)],
    {"x": random("reductions", 3, 4, 2), "p": random("reductions positive", 3, 4, low=0.1, high=3)},
    lambda x, p: {
        **{operator: function(x.astype(f64)).astype(f32) for operator, function in REDUCTIONS.items()},
        "ReduceSum": x.astype(f64).sum(axis=1).astype(f32),
        "ReduceLogSum": numpy.log(p.astype(f64).sum(axis=1)).astype(f32),
    },
    constants={"one": ints(1)},
    tolerance=MATH,
)
case("reduce_keeps_axes", [node("ReduceSum", "x axes", "y", keepdims=1)], {"x": random("keepdims", 2, 3, 4)}, lambda x: {"y": x.astype(f64).sum(axis=(1, 2), keepdims=True).astype(f32)}, constants={"axes": ints(-1, 1)}, tolerance=SUMS)
case("reduce_sum_int64", [node("ReduceSum", "x one", "y", keepdims=0)], {"x": numpy.array([[2**53 - 3, 1, 1], [-(2**52), 2**40, -5]], i64)}, lambda x: {"y": x.sum(axis=1)}, constants={"one": ints(1)})
case("reduce_sum_int64_beyond_double", [node("ReduceSum", "x one", "y", keepdims=0)], {"x": numpy.array([[2**53, 1], [2**62, 1]], i64)}, lambda x: {"y": x.sum(axis=1)}, constants={"one": ints(1)})
case("reduce_prod_int64_beyond_double", [node("ReduceProd", "x", "y", axes=[1], keepdims=0)], {"x": numpy.array([[2**53 + 1, 1], [3037000499, 3037000499]], i64)}, lambda x: {"y": x.prod(axis=1)})
case("cumulative_sum_int64_beyond_double", [node("CumSum", "x one", "y")], {"x": numpy.array([[2**53, 1, 1], [2**62, 1, -3]], i64)}, lambda x: {"y": x.cumsum(axis=1)}, constants={"one": numpy.array(1, i64)})
case("reduce_max_int32", [node("ReduceMax", "x", "max", axes=[1], keepdims=0), node("ReduceMin", "x", "min", axes=[1], keepdims=0)], {"x": numpy.array([[-(2**31), 5], [2**31 - 1, -7]], numpy.int32)}, lambda x: {"max": x.max(axis=1), "min": x.min(axis=1)})
case("reduce_max_int8", [node("ReduceMax", "x", "y", axes=[1], keepdims=0)], {"x": numpy.array([[-128, -5], [127, -7]], numpy.int8)}, lambda x: {"y": x.max(axis=1)})
case("reduce_all_to_a_scalar", [node("ReduceSum", "x", "y", keepdims=0)], {"x": random("all", 2, 3)}, lambda x: {"y": x.astype(f64).sum().astype(f32)}, rows=False, tolerance=SUMS)


def last(pick):
    return lambda x: x.shape[1] - 1 - pick(x[:, ::-1], axis=1)


case(
    "arg_max_and_min_with_ties",
    [node("ArgMax", "x", "first", axis=1, keepdims=0), node("ArgMax", "x", "last", axis=1, keepdims=0, select_last_index=1), node("ArgMin", "x", "min", axis=1, keepdims=1)],
    {"x": numpy.array([[1, 3, 3, 0], [5, 5, -1, -1]], f32)},
    lambda x: {"first": x.argmax(axis=1), "last": last(numpy.argmax)(x), "min": x.argmin(axis=1).reshape(-1, 1)},
)

x = random("movement", 3, 4, 2)
case("transpose", [node("Transpose", "x", "y", perm=[0, 2, 1])], {"x": x}, lambda x: {"y": x.transpose(0, 2, 1)})
case("reshape_copies_and_infers", [node("Reshape", "x shape", "y")], {"x": x}, lambda x: {"y": x.reshape(x.shape[0], 2, 2, -1)}, constants={"shape": ints(0, 2, 2, -1)})
case("flatten", [node("Flatten", "x", "y", axis=1)], {"x": x}, lambda x: {"y": x.reshape(x.shape[0], -1)})
case("squeeze_unsqueeze", [node("Unsqueeze", "x axes", "y"), node("Squeeze", "y axes", "z")], {"x": x}, lambda x: {"y": x[:, None, :, :, None], "z": x}, constants={"axes": ints(1, -1)})
case("expand_tile", [node("Expand", "x shape", "expanded"), node("Tile", "x repeats", "tiled")], {"x": random("expand", 2, 1, 3)}, lambda x: {"expanded": numpy.repeat(x, 4, axis=1), "tiled": numpy.tile(x, (1, 2, 3))}, constants={"shape": ints(1, 4, 1), "repeats": ints(1, 2, 3)})
case("concat", [node("Concat", "a b", "y", axis=-1)], {"a": random("concat a", 3, 2), "b": random("concat b", 3, 4)}, lambda a, b: {"y": numpy.concatenate([a, b], axis=-1)})
case("concat_with_an_empty_part", [node("Concat", "a b", "y", axis=1)], {"a": random("concat", 3, 2), "b": numpy.zeros((3, 0), f32)}, lambda a, b: {"y": a.copy()})
case("split_unequal", [node("Split", "x sizes", "a b c", axis=1)], {"x": random("split", 3, 6)}, lambda x: dict(zip("abc", numpy.split(x, [1, 4], axis=1))), constants={"sizes": ints(1, 3, 2)})
case("slice_with_negative_step", [node("Slice", "x starts ends axes steps", "y")], {"x": random("slice", 3, 6)}, lambda x: {"y": x[:, -2:0:-2]}, constants={"starts": ints(-2), "ends": ints(0), "axes": ints(1), "steps": ints(-2)})
case("slice_clamps_its_ends", [node("Slice", "x starts ends axes", "y")], {"x": random("slice clamp", 3, 6)}, lambda x: {"y": x[:, 4:]}, constants={"starts": ints(4), "ends": ints(2**63 - 1), "axes": ints(1)})
for mode, numpy_mode in [("constant", "constant"), ("reflect", "reflect"), ("edge", "edge")]:
    pads, fill = [0, 1, 0, 2], ({"constant_values": f32(1.5)} if mode == "constant" else {})
    case(
        f"pad_{mode}",
        [node("Pad", "x pads value" if mode == "constant" else "x pads", "y", mode=mode)],
        {"x": random("pad", 2, 4)},
        lambda x: {"y": numpy.pad(x, ((0, 0), (1, 2)), mode=numpy_mode, **fill)},
        constants={"pads": ints(*pads), **({"value": numpy.array(1.5, f32)} if mode == "constant" else {})},
    )
case("gather_with_indices_from_outside", [node("GatherElements", "x i", "y", axis=1)], {"x": random("gather elements", 3, 4), "i": numpy.array([[0, -1], [2, 2], [3, 1]], i64)}, lambda x, i: {"y": numpy.take_along_axis(x, i % x.shape[1], axis=1)})
case("gather_nd_batched", [node("GatherND", "x i", "y", batch_dims=1)], {"x": random("gather nd", 2, 3, 4), "i": numpy.array([[[0, 1]], [[2, 3]]], i64)}, lambda x, i: {"y": numpy.stack([row[tuple(place.T)] for row, place in zip(x, i)])})
case("embedding_lookup", [node("Gather", "table i", "y", axis=0)], {"i": numpy.array([[0, 4], [-1, 2]], i64)}, lambda i: {"y": TABLE[i]}, constants={"table": (TABLE := random("table", 5, 3))})
case("embedding_lookup_by_int32", [node("Gather", "table i", "y", axis=0)], {"i": numpy.array([[0, 4], [1, 2]], numpy.int32)}, lambda i: {"y": TABLE[i]}, constants={"table": TABLE})


def scatter(x, i, u, add=False):
    y = x.copy()
    for row, (places, updates) in enumerate(zip(i, u)):
        for place, update in zip(places, updates):
            y[row, place] = y[row, place] + update if add else update
    return {"y": y}


scattered = {"x": random("scatter", 2, 5), "i": numpy.array([[1, 3], [0, -1]], i64), "u": random("scatter u", 2, 2)}
case("scatter_elements", [node("ScatterElements", "x i u", "y", axis=1)], scattered, scatter)
case("scatter_elements_add", [node("ScatterElements", "x i u", "y", axis=1, reduction="add")], {**scattered, "i": numpy.array([[1, 1], [4, 0]], i64)}, lambda x, i, u: scatter(x, i, u, add=True), opset=16)


def scatter_nd(x, u):
    y = x.copy()
    y[0], y[2] = u[0], u[1]
    return {"y": y}


case("scatter_nd", [node("ScatterND", "x i u", "y")], {"x": random("scatter nd", 3, 2), "u": random("scatter nd u", 2, 2)}, scatter_nd, constants={"i": numpy.array([[0], [2]], i64)}, rows=False)
case("one_hot", [node("OneHot", "i depth values", "y", axis=-1)], {"i": numpy.array([0, 2, -1, 3], i64)}, lambda i: {"y": numpy.where(numpy.arange(4) == (i % 4)[:, None], f32(5), f32(-2))}, constants={"depth": ints(4), "values": numpy.array([-2, 5], f32)})
case("top_k", [node("TopK", "x k", "values indices", axis=1)], {"x": numpy.array([[1, 9, 5, 7], [4, 3, 2, 1], [-1, -2, 0, -3]], f32)}, lambda x: {"values": -numpy.sort(-x, axis=1)[:, :2], "indices": numpy.argsort(-x, axis=1)[:, :2]}, constants={"k": ints(2)})
case("cumulative_sum", [node("CumSum", "x one", "plain"), node("CumSum", "x one", "exclusive", exclusive=1), node("CumSum", "x one", "reverse", reverse=1)], {"x": numpy.array([[1, 2, 3], [4, -5, 6]], f32)}, lambda x: {"plain": x.cumsum(axis=1), "exclusive": x.cumsum(axis=1) - x, "reverse": x[:, ::-1].cumsum(axis=1)[:, ::-1]}, constants={"one": numpy.array(1, i64)})
case("triangle", [node("Trilu", "x", "upper"), node("Trilu", "x below", "lower", upper=0)], {"x": random("trilu", 2, 3, 3)}, lambda x: {"upper": numpy.triu(x), "lower": numpy.tril(x, -1)}, constants={"below": numpy.array(-1, i64)}, opset=14)
case("depth_to_space", [node("DepthToSpace", "x", "y", blocksize=2)], {"x": random("depth", 2, 8, 2, 3)}, lambda x: {"y": x.reshape(-1, 2, 2, 2, 2, 3).transpose(0, 3, 4, 1, 5, 2).reshape(-1, 2, 4, 6)})
case("space_to_depth", [node("SpaceToDepth", "x", "y", blocksize=2)], {"x": random("space", 2, 2, 4, 6)}, lambda x: {"y": x.reshape(-1, 2, 2, 2, 3, 2).transpose(0, 3, 5, 1, 2, 4).reshape(-1, 8, 2, 3)})
case("resize_nearest", [node("Resize", "x _ scales", "y", mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")], {"x": random("resize", 2, 1, 2, 3)}, lambda x: {"y": x.repeat(2, axis=2).repeat(2, axis=3)}, constants={"scales": numpy.array([1, 1, 2, 2], f32)})


def between(x):
    """Linear interpolation of the last axis to twice the extent, ends on ends."""
    places = numpy.linspace(0, x.shape[-1] - 1, x.shape[-1] * 2)
    low = numpy.minimum(places.astype(int), x.shape[-1] - 2)
    share = places - low
    return {"y": (x[..., low] * (1 - share) + x[..., low + 1] * share).astype(f32)}


case("resize_linear", [node("Resize", "x _ _ sizes", "y", mode="linear", coordinate_transformation_mode="align_corners")], {"x": random("resize linear", 1, 1, 2, 3)}, between, constants={"sizes": ints(1, 1, 2, 6)}, rows=False, tolerance=MATH)
case("shape_and_size", [node("Shape", "x", "shape"), node("Size", "x", "size")], {"x": random("shape", 2, 3)}, lambda x: {"shape": ints(*x.shape), "size": numpy.array(x.size, i64)}, rows=False, dims={"x": ["batch", 3]})
case("range_from_inputs", [node("Range", "start limit step", "y")], {"start": numpy.array(3, i64), "limit": numpy.array(-4, i64), "step": numpy.array(-2, i64)}, lambda start, limit, step: {"y": numpy.arange(start, limit, step, dtype=i64)}, rows=False, dims={"y": ["n"]})
case("constant_of_shape", [node("ConstantOfShape", "shape", "y")], {"shape": ints(2, 3)}, lambda shape: {"y": numpy.zeros(shape, f32)}, rows=False, dims={"y": ["h", "w"]})
case("scalars", [node("Mul", "a b", "product"), node("Add", "a b", "sum")], {"a": numpy.array(1.5, f32), "b": numpy.array(-4, f32)}, lambda a, b: {"product": a * b, "sum": a + b}, rows=False)
case("empty_batch", [node("MatMul", "x w", "t"), node("Relu", "t", "y")], {"x": numpy.zeros((0, 3), f32)}, lambda x: {"y": numpy.maximum(x @ EMPTY, 0)}, constants={"w": (EMPTY := random("empty w", 3, 2))})
case("empty_batch_of_int64", [node("Add", "x x", "y")], {"x": numpy.zeros((0, 2), i64)}, lambda x: {"y": x + x}, opset=14)
case("output_is_also_an_input_of_a_node", [node("Add", "x x", "twice"), node("Mul", "twice twice", "square")], {"x": numpy.array([[1, -2], [3, 0.5]], f32)}, lambda x: {"twice": x + x, "square": (x + x) ** 2})
case(
    "inputs_and_outputs_of_several_types",
    [node("Add", "price tax", "total"), node("Not", "member", "stranger"), node("Add", "id one", "next"), node("Identity", "word", "same")],
    {"price": random("price", 3, 2), "tax": random("tax", 3, 2), "member": numpy.array([[True], [False], [True]]), "id": numpy.array([2**53 + 1, -1, 0], i64), "word": numpy.array([["a"], ["ß"], [""]], dtype=object)},
    lambda price, tax, member, id, word: {"total": price + tax, "stranger": ~member, "next": id + 1, "same": word.copy()},
    constants={"one": ints(1)},
    opset=14,
)
