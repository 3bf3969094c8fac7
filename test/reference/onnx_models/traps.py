"""Models that must not be batched although their inputs and outputs look like rows: every answer depends on the other rows, or on their number."""

import numpy

from .case import SUMS, case, near, node, random

f32, f64, i64 = numpy.float32, numpy.float64, numpy.int64
BATCH = {"x": ["batch", 3], "y": ["batch", 3]}
x = random("trap", 4, 3)


def trap(name, nodes, expect, constants=None, dims=BATCH, tolerance=SUMS, opset=13, x=x):
    case(f"trap_{name}", nodes, {"x": x}, expect, constants=constants, rows=False, dims=dims, tolerance=tolerance, opset=opset)


trap("subtracts_the_mean_of_all_rows", [node("ReduceMean", "x", "m", axes=[0], keepdims=1), node("Sub", "x m", "y")], lambda x: {"y": (x - x.astype(f64).mean(axis=0)).astype(f32)})
trap("softmax_over_rows", [node("Softmax", "x", "y", axis=0)], lambda x: {"y": (numpy.exp(x.astype(f64)) / numpy.exp(x.astype(f64)).sum(axis=0)).astype(f32)})
trap("cumulative_sum_over_rows", [node("CumSum", "x zero", "y")], lambda x: {"y": x.astype(f64).cumsum(axis=0).astype(f32)}, constants={"zero": numpy.array(0, i64)})
trap(
    "standardises_over_rows",
    [
        node("ReduceMean", "x", "m", axes=[0]),
        node("Sub", "x m", "d"),
        node("Mul", "d d", "d2"),
        node("ReduceMean", "d2", "v", axes=[0]),
        node("Add", "v e", "ve"),
        node("Sqrt", "ve", "s"),
        node("Div", "d s", "y"),
    ],
    lambda x: {"y": ((x - x.astype(f64).mean(axis=0)) / numpy.sqrt(x.astype(f64).var(axis=0) + f64(f32(1e-3)))).astype(f32)},
    constants={"e": numpy.array(1e-3, f32)},
    tolerance=near(5e-6, 5e-6, "a variance of few rows, under a root"),
)
trap("reverses_the_rows", [node("Slice", "x starts ends axes steps", "y")], lambda x: {"y": x[::-1].copy()}, tolerance=None,
     constants={"starts": numpy.array([-1], i64), "ends": numpy.array([-(2**62)], i64), "axes": numpy.array([0], i64), "steps": numpy.array([-1], i64)})
trap("sorts_the_rows", [node("Shape", "x", "s"), node("Gather", "s zero", "n", axis=0), node("TopK", "x n", "y i", axis=0)], lambda x: {"y": -numpy.sort(-x, axis=0)}, tolerance=None, constants={"zero": numpy.array([0], i64)})
trap("divides_by_the_number_of_rows", [node("Shape", "x", "s"), node("Gather", "s zero", "n", axis=0), node("Cast", "n", "f", to=1), node("Div", "x f", "y")], lambda x: {"y": x / f32(x.shape[0])}, constants={"zero": numpy.array(0, i64)}, tolerance=None)
trap("compares_with_the_first_row", [node("Gather", "x zero", "first", axis=0), node("Sub", "x first", "y")], lambda x: {"y": x - x[:1]}, constants={"zero": numpy.array([0], i64)}, tolerance=None)
trap("similarity_of_rows_to_rows", [node("Transpose", "x", "t", perm=[1, 0]), node("MatMul", "x t", "y")], lambda x: {"y": (x.astype(f64) @ x.T.astype(f64)).astype(f32)}, dims={"x": ["batch", 3], "y": ["batch", "batch"]})
trap("non_zero", [node("NonZero", "x", "y")], lambda x: {"y": numpy.array(numpy.nonzero(x), i64)}, dims={"x": ["batch", 3], "y": [2, "found"]}, tolerance=None, x=numpy.array([[0, 1, 0], [2, 0, 0], [0, 0, 0], [0, 3, -1]], f32))
trap("keeps_rows_that_pass", [node("Gather", "x zero", "score", axis=1), node("Greater", "score limit", "pass"), node("Compress", "x pass", "y", axis=0)], lambda x: {"y": x[x[:, 0] > 0]}, dims={"x": ["batch", 3], "y": ["kept", 3]},
     constants={"zero": numpy.array(0, i64), "limit": numpy.array(0, f32)}, tolerance=None)
trap("sum_of_all_rows", [node("ReduceSum", "x zero", "y", keepdims=0)], lambda x: {"y": x.astype(f64).sum(axis=0).astype(f32)}, dims={"x": ["batch", 3], "y": [3]}, constants={"zero": numpy.array([0], i64)})
trap("fixed_batch_of_four", [node("Mul", "x x", "y")], lambda x: {"y": x * x}, dims={}, tolerance=None)
trap("reshape_to_a_fixed_batch", [node("Reshape", "x shape", "y")], lambda x: {"y": x.reshape(2, 6)}, dims={"x": ["batch", 3], "y": [2, "width"]}, constants={"shape": numpy.array([2, -1], i64)}, tolerance=None)
trap("adds_a_fixed_table_by_position", [node("Add", "x table", "y")], lambda x: {"y": x + TABLE}, constants={"table": (TABLE := random("table by row", 4, 3))}, tolerance=None)
trap("rows_of_several_lengths_in_one_axis", [node("Reshape", "x shape", "y")], lambda x: {"y": x.reshape(-1, 1)}, dims={"x": ["batch", 3], "y": ["other", 1]}, constants={"shape": numpy.array([-1, 1], i64)}, tolerance=None)
trap("unique_values", [node("Unique", "x", "y")], lambda x: {"y": numpy.unique(x)}, dims={"x": ["batch", 3], "y": ["found"]}, tolerance=None, x=numpy.array([[3, 1, 3], [2, 1, 0]], f32))
# Each input has an open first or second axis of its own.
case("trap_two_batches", [node("MatMul", "a b", "y")], {"a": random("two a", 2, 3), "b": random("two b", 3, 2)}, lambda a, b: {"y": (a.astype(f64) @ b.astype(f64)).astype(f32)}, rows=False, dims={"a": ["n", 3], "b": [3, "m"], "y": ["n", "m"]}, tolerance=SUMS)
# Only rows that differ show it.
trap("divides_by_the_largest_of_all_rows", [node("ReduceMax", "x", "m", keepdims=0), node("Div", "x m", "y")], lambda x: {"y": x / x.max()}, tolerance=None)
