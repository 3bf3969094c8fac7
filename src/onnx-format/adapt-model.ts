import { castBorder, findBfloat16Border } from "./cast-bfloat16.ts";
import { inlineExternalData } from "./inline-external-data.ts";
import { MessageRewriter } from "./message-rewriter.ts";
import { usesRandomness } from "./randomness.ts";
import { type OnnxModelInfo, readOnnxModel } from "./read-model.ts";
import { type Classes, findZipMaps, replaceZipMaps } from "./replace-zip-maps.ts";

export { externalFiles } from "./inline-external-data.ts";

/** Options of {@link adaptModel}. */
export interface AdaptOptions {
  /** Whether to cast bfloat16 inputs and outputs, for an engine that carries none. @defaultValue false */
  readonly castBfloat16?: boolean | undefined;
  /**
   * Whole contents of the model's other files by the paths of `externalFiles`, to be put inside.
   *
   * @defaultValue external data is left where it is
   */
  readonly files?: ReadonlyMap<string, Uint8Array> | undefined;
  /** Most bytes of the result. @defaultValue 2 GiB − 64 KiB, what protobuf can carry, and no more than that */
  readonly maxBytes?: number | undefined;
}

/** A model as engines for JavaScript can carry it, and what was changed. */
export interface AdaptedModel {
  /** The very bytes that were given when there was nothing to change. */
  readonly bytes: Uint8Array;
  /** What {@link AdaptedModel.bytes} say of themselves. */
  readonly info: OnnxModelInfo;
  /**
   * Names of the classes along the last axis, by the name of the output that was a list of maps by class and is a float32 tensor. A
   * label that a number does not hold exactly is text. An object without a prototype.
   */
  readonly classes: Readonly<Record<string, Classes>>;
  /** Inputs and outputs that are float32 in place of bfloat16. */
  readonly cast: readonly string[];
  /** Whether answers may be drawn at random: see `usesRandomness`. */
  readonly usesRandomness: boolean;
}

/** Protobuf counts in int32; the rest is room for what an engine adds. */
const protobufLimit = 2 ** 31 - 2 ** 16;

/**
 * Changes a model so that engines for JavaScript can carry it, as far as it needs that: an output of maps by class (scikit-learn's
 * ZipMap) that nothing in the model uses becomes a float32 tensor [rows, classes]; bfloat16 inputs and outputs become float32, cast
 * inside; tensors in other files are put inside. Names stay. What is not changed is copied byte for byte; adapting twice changes
 * nothing more. Time is linear in the size of the model; memory is that of the result.
 *
 * @param info - what `readOnnxModel` answers for `bytes`
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` when the bytes are damaged, or a tensor's part of its file is not there
 * or does not fit the tensor; `MODEL_UNSUPPORTED` when `files` lacks one, or the result has more than `maxBytes`
 */
export function adaptModel(bytes: Uint8Array, info: OnnxModelInfo, options: AdaptOptions = {}): AdaptedModel {
  const { castBfloat16 = false, files, maxBytes = protobufLimit } = options;
  let model = { bytes, info };
  const change = (rewrite: (at: MessageRewriter) => Uint8Array) => {
    const changed = rewrite(new MessageRewriter(model.bytes, Math.min(maxBytes, protobufLimit)));
    // Read again, so that nothing is said of the bytes that they do not say themselves.
    model = { bytes: changed, info: readOnnxModel(changed) };
  };

  const zipMaps = findZipMaps(bytes, info);
  if (zipMaps.length > 0) change((at) => replaceZipMaps(at, zipMaps, info));
  const border = castBfloat16 ? findBfloat16Border(model.bytes, model.info) : undefined;
  if (border !== undefined) change((at) => castBorder(at, border, model.info));
  if (files !== undefined && info.externalData.length > 0) change((at) => inlineExternalData(at, files));

  const classes: Record<string, Classes> = Object.create(null);
  for (const zipMap of zipMaps) classes[zipMap.output] = zipMap.classes;
  const cast = border === undefined ? [] : [...new Set([...border.inputs, ...border.outputs])];
  return { ...model, classes, cast, usesRandomness: usesRandomness(bytes, info) };
}
