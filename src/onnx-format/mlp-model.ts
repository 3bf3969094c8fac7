import * as z from "zod";
import { parseOptions } from "../core/options.ts";
import { checkLength, checkScaling, type DenseLayer, type Scaling, scalingSchema, writeDenseModel } from "./dense-graph.ts";
import { columnNames, float32, outputName } from "./model-options.ts";

/** Options of {@link mlpModel}. Numbers are rounded to float32. */
export interface MlpModelOptions {
  /** Names of the features, distinct, in the order of the first layer's weights. */
  readonly columns: readonly string[];
  /** At least one, in the order of computing. */
  readonly layers: readonly DenseLayer[];
  /** Scaling inside the model. @defaultValue features are taken as they are */
  readonly scaling?: Scaling | undefined;
  /** Name of the output: letters, digits and `_`. @defaultValue `prediction` */
  readonly output?: string | undefined;
}

const layerSchema = z.object({
  weights: z.array(z.array(float32)).min(1),
  bias: z.array(float32),
  activation: z.enum(["relu", "tanh", "sigmoid", "softmax", "identity"]),
});

const schema = z
  .object({
    columns: columnNames,
    layers: z.array(layerSchema).min(1),
    scaling: scalingSchema.optional(),
    output: outputName.default("prediction"),
  })
  .superRefine(({ columns, layers, scaling }, context) => {
    checkScaling(context, scaling, columns);
    for (const [i, { weights, bias }] of layers.entries()) {
      const width = layers[i - 1]?.weights.length ?? columns.length;
      const before = i === 0 ? "column" : "unit of the layer before";
      for (const [unit, row] of weights.entries())
        checkLength(context, ["layers", i, "weights", unit], row.length, width, before);
      checkLength(context, ["layers", i, "bias"], bias.length, weights.length, "unit");
    }
  });

/**
 * The ONNX bytes of a multilayer perceptron: input `features`, float32 [batch, columns], output float32 [batch, units of the last
 * layer]. Otherwise as `linearModel`.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` that lists every issue
 *
 * @example
 * ```ts
 * import { mlpModel } from "modelwright/onnx-format";
 *
 * const bytes = mlpModel({
 *   columns: ["x", "y"],
 *   layers: [
 *     { weights: [[1, -1], [-1, 1], [0.5, 0.5]], bias: [0, 0, -1], activation: "relu" },
 *     { weights: [[1, 1, 0], [0, 0, 1]], bias: [0, 0], activation: "softmax" },
 *   ],
 * });
 * ```
 */
export function mlpModel(options: MlpModelOptions): Uint8Array<ArrayBuffer> {
  return writeDenseModel({ name: "mlp", ...parseOptions(schema, options, "mlpModel") });
}
