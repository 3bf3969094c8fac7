import * as z from "zod";
import { type Tensor, tensor } from "../core/tensor.ts";
import { featuresName, float32, tabularModel } from "./model-options.ts";
import { type NodeSpec, writeModel } from "./write-model.ts";

/** What a layer does to the sums of its units. `softmax` is over the units of one row. */
export type Activation = "relu" | "tanh" | "sigmoid" | "softmax" | "identity";

/** A fully connected layer: `activation(weights · x + bias)`. */
export interface DenseLayer {
  /** One row per unit of this layer, one column per unit of the layer before, or per feature (PyTorch's order). */
  readonly weights: readonly (readonly number[])[];
  /** One number per unit. */
  readonly bias: readonly number[];
  readonly activation: Activation;
}

/** Standardisation of the features inside the model, `(x − mean) / scale`, so that it takes raw features. */
export interface Scaling {
  /** What is subtracted, one number per column. */
  readonly mean: readonly number[];
  /** What is divided by, one number per column, none 0 as float32. */
  readonly scale: readonly number[];
}

/** Checks a {@link Scaling}, but for its lengths. */
export const scalingSchema = z.object({
  mean: z.array(float32),
  scale: z.array(float32.refine((value) => Math.fround(value) !== 0, "expected a number that is not 0 as float32")),
});

const operators = { relu: "Relu", tanh: "Tanh", sigmoid: "Sigmoid", softmax: "Softmax" } as const;

/** The issues of a list that must have one number per column. */
export function checkLength(
  context: z.RefinementCtx,
  path: readonly (string | number)[],
  given: number,
  expected: number,
  per: string,
): void {
  if (given === expected) return;
  context.addIssue({
    code: "custom",
    path: [...path],
    message: `expected ${expected} numbers, one per ${per}, but got ${given}`,
  });
}

/** As {@link checkLength}, for both lists of a scaling. */
export function checkScaling(context: z.RefinementCtx, scaling: Scaling | undefined, columns: readonly string[]): void {
  if (scaling === undefined) return;
  checkLength(context, ["scaling", "mean"], scaling.mean.length, columns.length, "column");
  checkLength(context, ["scaling", "scale"], scaling.scale.length, columns.length, "column");
}

/** Writes dense layers one after another, on scaled features. Everything was checked. Inner names have a `.`, outputs cannot. */
export function writeDenseModel(model: {
  readonly name: string;
  readonly columns: readonly string[];
  readonly layers: readonly DenseLayer[];
  readonly scaling?: Scaling | undefined;
  readonly output: string;
}): Uint8Array<ArrayBuffer> {
  const { name, columns, layers, scaling, output } = model;
  const initializers: Record<string, Tensor> = {};
  const nodes: NodeSpec[] = [];
  let value = featuresName;
  const add = (operator: string, inputs: readonly string[], result: string, attributes: NodeSpec["attributes"] = {}) => {
    nodes.push({ operator, inputs: [value, ...inputs], outputs: [result], attributes });
    value = result;
  };
  if (scaling !== undefined) {
    initializers["scaling.mean"] = floats(scaling.mean);
    initializers["scaling.scale"] = floats(scaling.scale);
    add("Sub", ["scaling.mean"], "scaling.centred");
    add("Div", ["scaling.scale"], "scaling.scaled");
  }
  for (const [i, { weights, bias, activation }] of layers.entries()) {
    const result = i === layers.length - 1 ? output : `layer${i}.output`;
    initializers[`layer${i}.weight`] = tensor("float32", Float32Array.from(weights.flat()), [
      weights.length,
      weights[0]?.length ?? 0,
    ]);
    initializers[`layer${i}.bias`] = floats(bias);
    const parameters = [`layer${i}.weight`, `layer${i}.bias`];
    add("Gemm", parameters, activation === "identity" ? result : `layer${i}.sum`, { transB: { int: 1 } });
    if (activation !== "identity") add(operators[activation], [], result);
  }
  const width = layers.at(-1)?.bias.length ?? 0;
  return writeModel({ name, ...tabularModel(columns, output, width), nodes, initializers });
}

function floats(values: readonly number[]): Tensor {
  return tensor("float32", Float32Array.from(values));
}
