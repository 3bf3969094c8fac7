import { type ElementType, elementTypes } from "../core/element-type.ts";
import { type ValueSpec, writeModel } from "../onnx-format/write-model.ts";

type Dims = readonly (number | string)[];

/**
 * A model that answers its input `x` as `y`, of any element type, so that an engine's handling of the type can be tested.
 *
 * Types that came with later ONNX versions raise the versions that the model asks for; an engine may refuse it.
 *
 * @param dims - @defaultValue `["batch", 2]`
 */
export function identityModel(type: ElementType, dims: Dims = ["batch", 2]): Uint8Array<ArrayBuffer> {
  const node = { operator: "Identity", inputs: ["x"], outputs: ["y"] };
  return writeModel({
    name: "identity",
    inputs: [value("x", type, dims)],
    outputs: [value("y", type, dims)],
    nodes: [node],
    ...versions(type),
  });
}

/** A model that adds its float32 inputs `a` and `b`, each [batch, 2], to `sum`. */
export function addModel(): Uint8Array<ArrayBuffer> {
  const dims = ["batch", 2];
  return writeModel({
    name: "add",
    inputs: [value("a", "float32", dims), value("b", "float32", dims)],
    outputs: [value("sum", "float32", dims)],
    nodes: [{ operator: "Add", inputs: ["a", "b"], outputs: ["sum"] }],
  });
}

/** A model with one input per feature: `amount`, float32, plus `count`, int64, is `total`, float32; each [batch, 1]. */
export function twoColumnModel(): Uint8Array<ArrayBuffer> {
  const dims = ["batch", 1];
  return writeModel({
    name: "two_columns",
    inputs: [value("amount", "float32", dims), value("count", "int64", dims)],
    outputs: [value("total", "float32", dims)],
    nodes: [
      { operator: "Cast", inputs: ["count"], outputs: ["count.float"], attributes: { to: { int: elementTypes.float32.onnx } } },
      { operator: "Add", inputs: ["amount", "count.float"], outputs: ["total"] },
    ],
  });
}

/** A model that takes one row and no more: `x`, float32 [1, 3], doubled to `y`. */
export function fixedBatchModel(): Uint8Array<ArrayBuffer> {
  return writeModel({
    name: "fixed_batch",
    inputs: [value("x", "float32", [1, 3])],
    outputs: [value("y", "float32", [1, 3])],
    nodes: [{ operator: "Add", inputs: ["x", "x"], outputs: ["y"] }],
  });
}

/** A model that casts `x`, float32 [batch, 2], to `y`, int4: onnxruntime-node 1.30 loads it and aborts the process when it runs. */
export function int4OutputModel(): Uint8Array<ArrayBuffer> {
  const dims = ["batch", 2];
  return writeModel({
    name: "int4_output",
    inputs: [value("x", "float32", dims)],
    outputs: [value("y", "int4", dims)],
    nodes: [{ operator: "Cast", inputs: ["x"], outputs: ["y"], attributes: { to: { int: elementTypes.int4.onnx } } }],
    ...versions("int4"),
  });
}

/** A model of `Unheard`, an operator that no engine has, from `x` to `y`, each float32 [batch, 2]. */
export function unknownOperatorModel(): Uint8Array<ArrayBuffer> {
  const dims = ["batch", 2];
  return writeModel({
    name: "unknown_operator",
    inputs: [value("x", "float32", dims)],
    outputs: [value("y", "float32", dims)],
    nodes: [{ operator: "Unheard", inputs: ["x"], outputs: ["y"] }],
  });
}

/**
 * A model that multiplies `x`, float32 [batch, 2], by `weights` to `y`. The weights are the first 8 bytes, two little-endian float32,
 * of the file at `location`, which is written as it is: a hostile one too.
 */
export function externalDataModel(location: string): Uint8Array<ArrayBuffer> {
  const dims = ["batch", 2];
  return writeModel({
    name: "external_data",
    inputs: [value("x", "float32", dims)],
    outputs: [value("y", "float32", dims)],
    nodes: [{ operator: "Mul", inputs: ["x", "weights"], outputs: ["y"] }],
    initializers: { weights: { type: "float32", dims: [2], external: { location, offset: "0", length: "8" } } },
  });
}

/**
 * A classifier as scikit-learn's converter writes it by default: `scores`, float32 [batch, 2], become `label`, int64 [batch],
 * `probabilities`, float32 [batch, 2], and `probability_by_class`, a sequence of maps, which engines for JavaScript cannot answer.
 */
export function zipMapModel(): Uint8Array<ArrayBuffer> {
  const byClass = { map: { key: "int64", value: { tensor: "float32", dims: [] } } } as const;
  return writeModel({
    name: "zip_map",
    inputs: [value("scores", "float32", ["batch", 2])],
    outputs: [
      value("label", "int64", ["batch"]),
      value("probabilities", "float32", ["batch", 2]),
      { name: "probability_by_class", type: { sequence: byClass } },
    ],
    nodes: [
      { operator: "ArgMax", inputs: ["scores"], outputs: ["label"], attributes: { axis: { int: 1 }, keepdims: { int: 0 } } },
      { operator: "Softmax", inputs: ["scores"], outputs: ["probabilities"], attributes: { axis: { int: 1 } } },
      {
        operator: "ZipMap",
        domain: "ai.onnx.ml",
        inputs: ["probabilities"],
        outputs: ["probability_by_class"],
        attributes: { classlabels_int64s: { ints: [0, 1] } },
      },
    ],
  });
}

function value(name: string, type: ElementType, dims: Dims): ValueSpec {
  return { name, type: { tensor: type, dims } };
}

/** The ONNX versions that brought a type, where the writer's own are older. @source ONNX, "Versioning" and the changelog of `Cast` */
function versions(type: ElementType): { irVersion?: number; opset?: number } {
  const { onnx } = elementTypes[type];
  if (onnx <= elementTypes.bfloat16.onnx) return {};
  if (onnx <= elementTypes.float8e5m2fnuz.onnx) return { irVersion: 9, opset: 19 };
  if (onnx <= elementTypes.int4.onnx) return { irVersion: 10, opset: 21 };
  return { irVersion: 13, opset: 25 };
}
