"""One network on real digits in several precisions, each with the answers that NumPy gets with the same numbers."""

import numpy
from onnx import TensorProto, helper

from .graph import Graph, f32, f64, label_of

f16, i8, u8, i32 = numpy.float16, numpy.int8, numpy.uint8, numpy.int32
SCALE = 16.0  # The pixels of the digits are 0 to 16.


def softmax(scores):
    powers = numpy.exp(scores.astype(f64) - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def finish(graph, scores, classes):
    probabilities = graph.add("Softmax", scores, axis=1)
    graph.rename(label_of(graph, classes, probabilities), "output_label")
    graph.rename(probabilities, "probabilities")
    outputs = [helper.make_tensor_value_info("output_label", TensorProto.INT64, ["batch"]), helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", len(classes)])]
    return graph.model([helper.make_tensor_value_info("float_input", TensorProto.FLOAT, ["batch", 64])], outputs)


def scaled(graph):
    return graph.add("Mul", "float_input", graph.constant(f32(1 / SCALE)))


def fp32(estimator, rows):
    graph = Graph()
    value, known = scaled(graph), rows.astype(f64) / SCALE
    for i, (w, b) in enumerate(zip(estimator.coefs_, estimator.intercepts_)):
        value = graph.add("Add", graph.add("MatMul", value, graph.constant(w.astype(f32))), graph.constant(b.astype(f32)))
        known = known @ w.astype(f32).astype(f64) + b.astype(f32)
        if i == 0:
            value, known = graph.add("Relu", value), numpy.maximum(known, 0)
    return finish(graph, value, estimator.classes_), softmax(known)


def fp16(estimator, rows):
    """Weights and arithmetic in float16 between casts, so that inputs and outputs are those of the other variants."""
    graph = Graph()
    value, known = graph.add("Cast", scaled(graph), to=TensorProto.FLOAT16), (rows / SCALE).astype(f16).astype(f64)
    for i, (w, b) in enumerate(zip(estimator.coefs_, estimator.intercepts_)):
        value = graph.add("Add", graph.add("MatMul", value, graph.constant(w.astype(f16))), graph.constant(b.astype(f16)))
        known = known @ w.astype(f16).astype(f64) + b.astype(f16).astype(f64)
        if i == 0:
            value, known = graph.add("Relu", value), numpy.maximum(known, 0)
    return finish(graph, graph.add("Cast", value, to=TensorProto.FLOAT), estimator.classes_), softmax(known)


def int8_weights(w):
    scale = f32(abs(w).max() / 127)
    return numpy.clip(numpy.rint(w.astype(f32) / scale), -127, 127).astype(i8), scale


def quantised(x, scale, zero):
    return numpy.clip(numpy.rint((x.astype(f32) / scale).astype(f32)) + zero, 0, 255).astype(u8)


def int8(estimator, rows, train, dynamic):
    """
    Weights in int8, inputs of each layer in uint8, sums in int32, biases in float32.

    Static: the scale of a layer's input is fixed, from the rows it was trained on. Dynamic: DynamicQuantizeLinear finds it for each
    run, over all rows of the run, so that a row's answer depends on the rows beside it.
    """
    graph = Graph()
    value, known, seen = scaled(graph), (rows / SCALE).astype(f32), (train / SCALE).astype(f32)
    for i, (w, b) in enumerate(zip(estimator.coefs_, estimator.intercepts_)):
        weights, weight_scale = int8_weights(w)
        if dynamic:
            quantised_value, scale_name, zero_name = graph.add("DynamicQuantizeLinear", value, outputs=3)
            scale = f32((max(known.max(), 0) - min(known.min(), 0)) / f32(255))
        else:
            scale = f32(seen.max() / 255)
            scale_name, zero_name = graph.constant(scale), graph.constant(u8(0))
            quantised_value = graph.add("QuantizeLinear", value, scale_name, zero_name)
        sums = graph.add("MatMulInteger", quantised_value, graph.constant(weights), zero_name, graph.constant(i8(0)))
        factor = graph.add("Mul", scale_name, graph.constant(weight_scale))
        value = graph.add("Add", graph.add("Mul", graph.add("Cast", sums, to=TensorProto.FLOAT), factor), graph.constant(b.astype(f32)))
        known = ((quantised(known, scale, 0).astype(i32) @ weights.astype(i32)).astype(f32) * f32(scale * weight_scale) + b.astype(f32)).astype(f32)
        seen = seen @ w + b
        if i == 0:
            value, known, seen = graph.add("Relu", value), numpy.maximum(known, 0), numpy.maximum(seen, 0)
    return finish(graph, value, estimator.classes_), softmax(known)
