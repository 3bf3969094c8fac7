import * as z from "zod";
import { parseOptions } from "../core/options.ts";
import { checkLength, writeDenseModel } from "./dense-graph.ts";
import { columnNames, float32, outputName } from "./model-options.ts";

/** Options of {@link linearModel}. Numbers are rounded to float32. */
export interface LinearModelOptions {
  /** Names of the features, distinct, in the order of the weights. */
  readonly columns: readonly string[];
  /** One weight per column. */
  readonly weights: readonly number[];
  /** What is added to the sum. */
  readonly bias: number;
  /** Name of the output: letters, digits and `_`. @defaultValue `prediction` */
  readonly output?: string | undefined;
}

const schema = z
  .object({
    columns: columnNames,
    weights: z.array(float32),
    bias: float32,
    output: outputName.default("prediction"),
  })
  .superRefine(({ columns, weights }, context) => checkLength(context, ["weights"], weights.length, columns.length, "column"));

/**
 * The ONNX bytes of a linear model, `weights · x + bias`: input `features`, float32 [batch, columns], output float32 [batch, 1].
 * Operator set 17, IR version 8; the same options give the same bytes. The columns are recorded, see `modelColumns`.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` that lists every issue
 *
 * @example
 * ```ts
 * import { linearModel } from "modelwright/onnx-format";
 *
 * const bytes = linearModel({ columns: ["rooms", "area"], weights: [12.5, 0.8], bias: 40, output: "price" });
 * ```
 */
export function linearModel(options: LinearModelOptions): Uint8Array<ArrayBuffer> {
  const { columns, weights, bias, output } = parseOptions(schema, options, "linearModel");
  const layers = [{ weights: [weights], bias: [bias], activation: "identity" }] as const;
  return writeDenseModel({ name: "linear", columns, layers, output });
}
