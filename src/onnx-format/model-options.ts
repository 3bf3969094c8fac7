import * as z from "zod";
import { columnsKey } from "./model-columns.ts";
import type { ModelSpec } from "./write-model.ts";

/** Name of the input of every model that this module writes: float32, one row per sample, one column per feature. */
export const featuresName = "features";

/** The greatest finite float32. @source IEEE 754-2019, binary32 */
const maxFloat32 = 3.4028234663852886e38;

/** A number that float32 holds without becoming infinite. */
export const float32 = z.number().min(-maxFloat32).max(maxFloat32);

/** Names of the features, in the order of the model's columns. */
export const columnNames = z
  .array(z.string().min(1))
  .min(1)
  .refine((names) => new Set(names).size === names.length, "expected distinct names");

/** Name of an output: an identifier, as the IR specification asks for, so that it cannot be the name of an inner value. */
export const outputName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected letters, digits and _, not a digit first")
  .refine((name) => name !== featuresName, `expected another name than the input, ${featuresName}`);

/** The part of a model that all kinds share: the input, an output of `width` columns, and the names of the features. */
export function tabularModel(
  columns: readonly string[],
  output: string,
  width: number,
): Pick<ModelSpec, "inputs" | "outputs" | "metadata"> {
  return {
    inputs: [{ name: featuresName, type: { tensor: "float32", dims: ["batch", columns.length] } }],
    outputs: [{ name: output, type: { tensor: "float32", dims: ["batch", width] } }],
    metadata: { [columnsKey]: JSON.stringify(columns) },
  };
}
