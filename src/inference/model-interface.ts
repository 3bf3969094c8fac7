import { ModelwrightError } from "../core/errors.ts";
import { modelColumns } from "../onnx-format/model-columns.ts";
import type { OnnxValue } from "../onnx-format/onnx-value.ts";
import { readOnnxModel } from "../onnx-format/read-model.ts";
import type { TensorSpec } from "./port.ts";
import { propertyName } from "./property-name.ts";

/** What a model takes and gives, as far as it can be used here. */
export interface ModelInterface {
  readonly inputs: readonly TensorSpec[];
  /** The outputs that are tensors; others are never asked for. */
  readonly outputs: readonly TensorSpec[];
  /** The names of the feature columns that the model records. */
  readonly columns: readonly string[] | undefined;
}

/**
 * Reads what a model takes and gives.
 *
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` when the bytes are no model, `MODEL_UNSUPPORTED` when an input is no
 * tensor, no output is one, or weights are in other files
 */
export function readModelInterface(bytes: Uint8Array): ModelInterface {
  const info = readOnnxModel(bytes);
  const [external] = info.externalData;
  if (external !== undefined) {
    throw unsupported(`weights are in another file, ${external.location}; save the model as one file`);
  }
  const inputs = info.inputs.map((value) => {
    const spec = tensorSpec(value);
    if (spec === undefined)
      throw unsupported(`the input ${JSON.stringify(value.name)} is ${value.kind}, not a tensor of a known type`);
    return spec;
  });
  const outputs = info.outputs.map(tensorSpec).filter((spec) => spec !== undefined);
  if (outputs.length === 0) throw unsupported("no output is a tensor of a known type");
  return { inputs, outputs, columns: modelColumns(info) };
}

function tensorSpec({ name, kind, type, dims }: OnnxValue): TensorSpec | undefined {
  // Engines keep tensors by name in plain objects, where this name is the prototype.
  if (name === "__proto__")
    throw unsupported("an input or output is named __proto__, which engines for JavaScript lose; rename it");
  return kind === "tensor" && type !== undefined ? { name: propertyName(name), type, dims } : undefined;
}

function unsupported(reason: string): ModelwrightError<"MODEL_UNSUPPORTED"> {
  return new ModelwrightError("MODEL_UNSUPPORTED", `The model cannot be used: ${reason}`, { details: { reason } });
}
