"""What every conversion shares: the graph under construction, and the outputs that skl2onnx gives a classifier by default.

skl2onnx itself cannot be had here. The layout is written anew from its documentation: one input [None, columns] whose first extent has
neither a value nor a name; outputs `output_label` and `output_probability`, the latter a sequence of maps made by ZipMap.
"""

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

f32, f64, i64 = numpy.float32, numpy.float64, numpy.int64


class Graph:
    """Nodes and initializers, in the order in which they are added."""

    def __init__(self):
        self.nodes, self.initializers, self.count = [], [], 0

    def constant(self, array, name=None):
        self.count += 1
        name = name or f"constant{self.count}"
        self.initializers.append(numpy_helper.from_array(numpy.asarray(array), name))
        return name

    def add(self, operator, *inputs, outputs=1, domain=None, **attributes):
        """Adds a node; answers the name of its output, or the names of several."""
        self.count += 1
        names = [f"{operator.lower()}{self.count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, name=f"{operator}{self.count}", domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def ml(self, operator, *inputs, **attributes):
        return self.add(operator, *inputs, domain="ai.onnx.ml", **attributes)

    def rename(self, value, name):
        """Gives the last output of the graph its public name."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))

    def model(self, inputs, outputs, opset=15):
        domains = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 1)]
        if any(node.domain == "com.microsoft" for node in self.nodes):
            domains.append(helper.make_opsetid("com.microsoft", 1))
        graph = helper.make_graph(self.nodes, "model", inputs, outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=domains, producer_name="modelwright-reference")
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model.SerializeToString()


def features(columns, name="float_input", dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, [None, columns])


def labels(classes):
    """The attribute that holds the classes, without its prefix, and whether they are strings."""
    if classes.dtype.kind in "UO":
        return "strings", [str(item) for item in classes]
    return "int64s", [int(item) for item in classes]


def class_labels(classes):
    """As TreeEnsembleClassifier and ZipMap name the classes."""
    kind, values = labels(classes)
    return {f"classlabels_{kind}": values}


def class_labels_ints(classes):
    """As LinearClassifier and SVMClassifier name the classes."""
    kind, values = labels(classes)
    return {f"classlabels_{'ints' if kind == 'int64s' else kind}": values}


def with_zip_map(graph, classes, label, probabilities, inputs, opset=15):
    """The model with the two outputs of a classifier's default export."""
    kind, _ = labels(classes)
    text = kind == "strings"
    graph.nodes.append(
        helper.make_node("Identity", [label], ["output_label"]) if text else helper.make_node("Cast", [label], ["output_label"], to=TensorProto.INT64)
    )
    graph.nodes.append(helper.make_node("ZipMap", [probabilities], ["output_probability"], name="ZipMap", domain="ai.onnx.ml", **class_labels(classes)))
    key = TensorProto.STRING if text else TensorProto.INT64
    # helper of onnx 1.12 makes sequences, but no maps.
    by_class = onnx.TypeProto()
    by_class.map_type.key_type = key
    by_class.map_type.value_type.CopyFrom(helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    outputs = [
        helper.make_tensor_value_info("output_label", key, [None]),
        helper.make_value_info("output_probability", helper.make_sequence_type_proto(by_class)),
    ]
    return graph.model(inputs, outputs, opset)


def label_of(graph, classes, scores):
    """The class of the greatest score, as converters without an operator of their own pick it."""
    place = graph.add("ArgMax", scores, axis=1)
    kind, values = labels(classes)
    table = graph.constant(numpy.array(values, dtype=object) if kind == "strings" else numpy.array(values, numpy.int32))
    picked = graph.ml("ArrayFeatureExtractor", table, place)
    if kind == "int64s":
        picked = graph.add("Cast", picked, to=TensorProto.INT64)
    return graph.add("Reshape", picked, graph.constant(numpy.array([-1], i64)))


def regressor(graph, value, inputs, opset=15):
    graph.rename(value, "variable")
    return graph.model(inputs, [helper.make_tensor_value_info("variable", TensorProto.FLOAT, [None, 1])], opset)
