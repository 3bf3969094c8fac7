import * as z from "zod";
import { parseOptions } from "../core/options.ts";
import { checkLength, checkScaling, type Scaling, scalingSchema, writeDenseModel } from "./dense-graph.ts";
import { columnNames, float32 } from "./model-options.ts";

/** Options of {@link logisticModel}. Numbers are rounded to float32. */
export interface LogisticModelOptions {
  /** Names of the features, distinct, in the order of the weights. */
  readonly columns: readonly string[];
  /** One weight per column, for scaled features where `scaling` is given. */
  readonly weights: readonly number[];
  /** What is added to the sum. */
  readonly bias: number;
  /** Scaling inside the model. @defaultValue features are taken as they are */
  readonly scaling?: Scaling | undefined;
}

const schema = z
  .object({
    columns: columnNames,
    weights: z.array(float32),
    bias: float32,
    scaling: scalingSchema.optional(),
  })
  .superRefine(({ columns, weights, scaling }, context) => {
    checkLength(context, ["weights"], weights.length, columns.length, "column");
    checkScaling(context, scaling, columns);
  });

/**
 * The ONNX bytes of a binary logistic regression, `1 / (1 + exp(−(weights · x + bias)))`: input `features`, float32 [batch, columns],
 * output `probability` of the positive class, float32 [batch, 1]. Otherwise as `linearModel`.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` that lists every issue
 *
 * @example
 * ```ts
 * import { logisticModel } from "modelwright/onnx-format";
 *
 * const bytes = logisticModel({
 *   columns: ["amount", "age_days"],
 *   weights: [1.2, -0.7],
 *   bias: -2,
 *   scaling: { mean: [80, 400], scale: [35, 220] },
 * });
 * ```
 */
export function logisticModel(options: LogisticModelOptions): Uint8Array<ArrayBuffer> {
  const { columns, weights, bias, scaling } = parseOptions(schema, options, "logisticModel");
  const layers = [{ weights: [weights], bias: [bias], activation: "sigmoid" }] as const;
  return writeDenseModel({ name: "logistic", columns, layers, scaling, output: "probability" });
}
