"""Recurrent layers and control flow: If, Loop, Scan."""

import numpy
from onnx import TensorProto, helper, numpy_helper
from scipy import special

from .case import case, near, node, random

f32, f64, i64 = numpy.float32, numpy.float64, numpy.int64
STEPS = near(5e-6, 1e-5, "functions in float32, whose errors add up over the steps")
sigmoid = special.expit


def weights(name, gates, inputs, hidden, directions=1):
    return {
        "w": random(f"{name} w", directions, gates * hidden, inputs, low=-0.8, high=0.8),
        "r": random(f"{name} r", directions, gates * hidden, hidden, low=-0.8, high=0.8),
        "b": random(f"{name} b", directions, 2 * gates * hidden, low=-0.3, high=0.3),
    }


def lstm_direction(x, w, r, b, hidden, reverse):
    """Gates in the order of ONNX: input, output, forget, cell. x is [steps, batch, inputs]."""
    w, r, b = w.astype(f64), r.astype(f64), b[: 4 * hidden].astype(f64) + b[4 * hidden :].astype(f64)
    h = c = numpy.zeros((x.shape[1], hidden))
    outputs = []
    for step in x[::-1] if reverse else x:
        i, o, f, g = numpy.split(step @ w.T + h @ r.T + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * numpy.tanh(g)
        h = sigmoid(o) * numpy.tanh(c)
        outputs.append(h)
    return numpy.stack(outputs[::-1] if reverse else outputs), h, c


def lstm(x, parameters, hidden):
    """All directions of a layer: the outputs of every step, and the last states."""
    x = x.astype(f64)
    parts = [lstm_direction(x, *(parameters[key][d] for key in "wrb"), hidden, d == 1) for d in range(parameters["w"].shape[0])]
    return tuple(numpy.stack(part, axis=axis).astype(f32) for part, axis in zip(zip(*parts), (1, 0, 0)))


one_way = weights("lstm", 4, 3, 4)
two_way = weights("lstm two", 4, 3, 4, 2)
sequence = random("sequence", 5, 2, 3)
case("lstm", [node("LSTM", "x w r b", "y h c", hidden_size=4)], {"x": sequence}, lambda x: dict(zip("yhc", lstm(x, one_way, 4))), constants=one_way, rows=False, tolerance=STEPS, opset=14)
case("lstm_bidirectional", [node("LSTM", "x w r b", "y h c", hidden_size=4, direction="bidirectional")], {"x": sequence}, lambda x: dict(zip("yhc", lstm(x, two_way, 4))), constants=two_way, rows=False, tolerance=STEPS, opset=14)
case(
    "lstm_classifier_with_the_batch_first",
    [node("Transpose", "x", "t", perm=[1, 0, 2]), node("LSTM", "t w r b", "_ h", hidden_size=4), node("Squeeze", "h zero", "last"), node("MatMul", "last out", "y")],
    {"x": random("lstm rows", 3, 5, 3)},
    lambda x: {"y": (lstm(x.transpose(1, 0, 2), one_way, 4)[1][0].astype(f64) @ OUT.astype(f64)).astype(f32)},
    constants={**one_way, "zero": numpy.array([0], i64), "out": (OUT := random("lstm out", 4, 2))},
    tolerance=STEPS,
    opset=14,
)


def gru(x, parameters, hidden, before):
    """Gates in the order of ONNX: update, reset, hidden. `before`: whether the reset is applied after the product (linear_before_reset)."""
    x = x.astype(f64)
    w, r, b = (parameters[key][0].astype(f64) for key in "wrb")
    wb, rb = b[: 3 * hidden], b[3 * hidden :]
    h = numpy.zeros((x.shape[1], hidden))
    outputs = []
    for step in x:
        zw, rw, hw = numpy.split(step @ w.T + wb, 3, axis=1)
        zr, rr, _ = numpy.split(h @ r.T + rb, 3, axis=1)
        update, reset = sigmoid(zw + zr), sigmoid(rw + rr)
        rh, bh = r[2 * hidden :], rb[2 * hidden :]
        candidate = numpy.tanh(hw + (reset * (h @ rh.T + bh) if before else (reset * h) @ rh.T + bh))
        h = (1 - update) * candidate + update * h
        outputs.append(h)
    return {"y": numpy.stack(outputs)[:, None].astype(f32), "h": h[None].astype(f32)}


gates = weights("gru", 3, 3, 4)
for before in (0, 1):
    case(f"gru_linear_before_reset_{before}", [node("GRU", "x w r b", "y h", hidden_size=4, linear_before_reset=before)], {"x": sequence}, lambda x, before=before: gru(x, gates, 4, before), constants=gates, rows=False, tolerance=STEPS, opset=14)

simple = weights("rnn", 1, 3, 4)


def rnn(x):
    w, r, b = (simple[key][0].astype(f64) for key in "wrb")
    h = numpy.zeros((x.shape[1], 4))
    for step in x.astype(f64):
        h = numpy.tanh(step @ w.T + h @ r.T + b[:4] + b[4:])
    return {"h": h[None].astype(f32)}


case("rnn", [node("RNN", "x w r b", "_ h", hidden_size=4)], {"x": sequence}, rnn, constants=simple, rows=False, tolerance=STEPS, opset=14)


def graph(name, nodes, inputs, outputs, constants=None):
    """A body: values as (name, element type, dims)."""
    def infos(values):
        return [helper.make_tensor_value_info(*value) for value in values]

    return helper.make_graph(nodes, name, infos(inputs), infos(outputs), [numpy_helper.from_array(array, key) for key, array in (constants or {}).items()])


FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
case(
    "if_chooses_a_branch",
    [
        node(
            "If",
            "c",
            "y",
            then_branch=graph("then", [node("Mul", "x x", "square")], [], [("square", FLOAT, ["batch", 2])]),
            else_branch=graph("else", [node("Neg", "x", "minus")], [], [("minus", FLOAT, ["batch", 2])]),
        )
    ],
    {"c": numpy.array(True), "x": random("if", 3, 2)},
    lambda c, x: {"y": x * x if c else -x},
    rows=False,
    dims={"x": ["batch", 2], "y": ["batch", 2]},
)
case(
    "if_on_the_sum_of_all_rows_mixes_rows",
    [
        node("ReduceSum", "x", "total", keepdims=0),
        node("Greater", "total zero", "c"),
        node(
            "If",
            "c",
            "y",
            then_branch=graph("then", [node("Add", "x x", "twice")], [], [("twice", FLOAT, ["batch", 2])]),
            else_branch=graph("else", [node("Neg", "x", "minus")], [], [("minus", FLOAT, ["batch", 2])]),
        ),
    ],
    {"x": numpy.array([[1, 2], [-3, -4], [5, 6]], f32)},
    lambda x: {"y": x + x if x.sum() > 0 else -x},
    constants={"zero": numpy.array(0, f32)},
    rows=False,
    dims={"x": ["batch", 2], "y": ["batch", 2]},
)


def powers(x):
    """Ten rounds of x / 2 + 1, and every value on the way."""
    values = []
    for _ in range(10):
        x = (x * f32(0.5) + f32(1)).astype(f32)
        values.append(x)
    return {"y": x, "path": numpy.stack(values)}


body = graph(
    "body",
    [node("Mul", "state half", "h"), node("Add", "h one", "next"), node("Identity", "next", "seen"), node("Identity", "go", "still")],
    [("i", INT64, []), ("go", BOOL, []), ("state", FLOAT, ["batch", 2])],
    [("still", BOOL, []), ("next", FLOAT, ["batch", 2]), ("seen", FLOAT, ["batch", 2])],
    {"half": numpy.array(0.5, f32), "one": numpy.array(1, f32)},
)
case("loop_with_a_count", [node("Loop", "count _ x", "y path", body=body)], {"x": random("loop", 3, 2)}, powers, constants={"count": numpy.array(10, i64)}, rows=False, dims={"x": ["batch", 2], "y": ["batch", 2], "path": [10, "batch", 2]})


def doublings(x):
    """Doubles until the value is at least 1000, at most 60 times: what is run with other numbers must end as well."""
    rounds = 0
    while x < 1000 and rounds < 60:
        x, rounds = f32(x * 2), rounds + 1
    return {"y": numpy.array(x, f32), "rounds": numpy.array(rounds, i64)}


until = graph(
    "until",
    [node("Add", "state state", "next"), node("Add", "n step", "m"), node("Less", "next limit", "still")],
    [("i", INT64, []), ("go", BOOL, []), ("state", FLOAT, []), ("n", INT64, [])],
    [("still", BOOL, []), ("next", FLOAT, []), ("m", INT64, [])],
    {"limit": numpy.array(1000, f32), "step": numpy.array(1, i64)},
)
case("loop_until_a_condition", [node("Loop", "most yes x zero", "y rounds", body=until)], {"x": numpy.array(3.5, f32)}, doublings, constants={"most": numpy.array(60, i64), "yes": numpy.array(True), "zero": numpy.array(0, i64)}, rows=False, opset=14)

running = graph(
    "running",
    [node("Add", "sum item", "total"), node("Identity", "total", "out")],
    [("sum", FLOAT, [2]), ("item", FLOAT, [2])],
    [("total", FLOAT, [2]), ("out", FLOAT, [2])],
)
case(
    "scan_sums_over_rows_mixes_rows",
    [node("Scan", "zero x", "total y", body=running, num_scan_inputs=1)],
    {"x": numpy.array([[1, 2], [3, 4], [5, 6]], f32)},
    lambda x: {"total": x.sum(axis=0), "y": x.cumsum(axis=0)},
    constants={"zero": numpy.zeros(2, f32)},
    rows=False,
    dims={"x": ["batch", 2], "y": ["batch", 2]},
)
