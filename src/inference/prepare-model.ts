import type { CallOptions } from "../core/call.ts";
import { sha256 } from "../core/digest.ts";
import { ModelwrightError } from "../core/errors.ts";
import type { LoadedModel, ModelIdentity } from "../core/model.ts";
import { adaptModel, externalFiles } from "../onnx-format/adapt-model.ts";
import { modelColumns } from "../onnx-format/model-columns.ts";
import type { OnnxValue } from "../onnx-format/onnx-value.ts";
import { type OnnxModelInfo, readOnnxModel } from "../onnx-format/read-model.ts";
import type { ModelInterface, TensorSpec } from "./port.ts";
import { propertyName } from "./property-name.ts";

/** An output that cannot be answered, and why. */
export interface OmittedOutput {
  readonly name: string;
  readonly reason: string;
}

/** A model as engines take it. */
export interface PreparedModel {
  /** With the digest of the bytes as they were loaded. */
  readonly identity: ModelIdentity;
  /** For the engine: one file, with tensors only. */
  readonly bytes: Uint8Array;
  readonly interface: ModelInterface;
  readonly omitted: readonly OmittedOutput[];
  /** Inputs and outputs that are bfloat16 to the caller and float32 to the engine. */
  readonly cast: ReadonlySet<string>;
  /** Whether its answers are drawn at random, so that they can be neither compared nor kept. */
  readonly random: boolean;
  /** Whether it repeats a part of itself for as long as its inputs say. */
  readonly loops: boolean;
}

/**
 * Reads a model and makes it one that engines for JavaScript can carry: weights of other files are put inside, maps by class become
 * tensors, bfloat16 is cast at the border.
 *
 * @param maxBytes - most bytes of the model with its other files
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` when the bytes are no model, `MODEL_UNSUPPORTED` when an input is no
 * tensor, no output is one, or it is too big; and what reading its other files throws
 */
export async function prepareModel(loaded: LoadedModel, maxBytes: number, call: CallOptions | undefined): Promise<PreparedModel> {
  checkSize(loaded.bytes.byteLength, maxBytes);
  const info = readOnnxModel(loaded.bytes);
  const files = await readCompanions(loaded, info, maxBytes, call);
  const adapted = adaptModel(loaded.bytes, info, { castBfloat16: true, files, maxBytes });
  const digest = loaded.identity.digest ?? (await sha256(loaded.bytes));
  const answered = readInterface(adapted.info, adapted.classes, new Set(adapted.cast));
  return {
    identity: { ...loaded.identity, digest },
    bytes: adapted.bytes,
    interface: answered.interface,
    omitted: answered.omitted,
    cast: new Set(adapted.cast),
    random: adapted.usesRandomness,
    loops: info.operators.includes("ai.onnx:Loop"),
  };
}

async function readCompanions(
  { bytes, companion }: LoadedModel,
  info: OnnxModelInfo,
  maxBytes: number,
  call: CallOptions | undefined,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  let total = bytes.byteLength;
  for (const location of externalFiles(info)) {
    if (companion === undefined) {
      throw unsupported(
        `weights are in another file, ${location}; open it with fileModel, urlModel or a registry, or save the model as one file`,
      );
    }
    const content = await companion(location, call);
    total += content.byteLength;
    checkSize(total, maxBytes);
    files.set(location, content);
  }
  return files;
}

function readInterface(
  info: OnnxModelInfo,
  classes: Readonly<Record<string, readonly (string | number)[]>>,
  cast: ReadonlySet<string>,
): { readonly interface: ModelInterface; readonly omitted: readonly OmittedOutput[] } {
  const inputs = info.inputs.map((value) => {
    const spec = tensorSpec(value, classes, cast);
    if (spec === undefined)
      throw unsupported(`the input ${JSON.stringify(value.name)} is ${value.kind}, not a tensor of a known type`);
    return spec;
  });
  const outputs: TensorSpec[] = [];
  const omitted: OmittedOutput[] = [];
  for (const value of info.outputs) {
    const spec = tensorSpec(value, classes, cast);
    if (spec !== undefined) outputs.push(spec);
    else omitted.push({ name: value.name, reason: `it is a ${value.kind}, which engines for JavaScript cannot answer` });
  }
  if (outputs.length === 0) throw unsupported("no output is a tensor of a known type");
  return { interface: { inputs, outputs, columns: modelColumns(info) }, omitted };
}

function tensorSpec(
  { name, kind, type, dims }: OnnxValue,
  classes: Readonly<Record<string, readonly (string | number)[]>>,
  cast: ReadonlySet<string>,
): TensorSpec | undefined {
  // Engines keep tensors by name in plain objects, where this name is the prototype.
  if (name === "__proto__")
    throw unsupported("an input or output is named __proto__, which engines for JavaScript lose; rename it");
  if (kind !== "tensor" || type === undefined) return undefined;
  const spec = { name: propertyName(name), type: cast.has(name) ? ("bfloat16" as const) : type, dims };
  return Object.hasOwn(classes, name) ? { ...spec, classes: classes[name]! } : spec;
}

function checkSize(size: number, maxBytes: number): void {
  if (size > maxBytes) throw unsupported(`it has ${size} bytes or more; the limit maxModelBytes is ${maxBytes}`);
}

function unsupported(reason: string): ModelwrightError<"MODEL_UNSUPPORTED"> {
  return new ModelwrightError("MODEL_UNSUPPORTED", `The model cannot be used: ${reason}`, { details: { reason } });
}
