import { ModelwrightError, messageOf } from "../core/errors.ts";

/** A `MODEL_INVALID` error of the ONNX reader. */
export function invalidModel(reason: string, cause?: unknown): ModelwrightError<"MODEL_INVALID"> {
  const message = `The bytes are not an ONNX model that can be used: ${reason}; export or download the model again`;
  return new ModelwrightError("MODEL_INVALID", message, { details: { reason }, ...(cause === undefined ? {} : { cause }) });
}

/**
 * Runs work on bytes that nobody vouches for. The wire reader and the text decoder throw plain errors of several classes for damaged
 * ones; they become `MODEL_INVALID`.
 */
export function onBytes<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (ModelwrightError.is(error)) throw error;
    throw invalidModel(messageOf(error), error);
  }
}

/** A `MODEL_UNSUPPORTED` error: the model is valid, but cannot be made into one that engines take. */
export function unsupportedModel(reason: string): ModelwrightError<"MODEL_UNSUPPORTED"> {
  return new ModelwrightError("MODEL_UNSUPPORTED", `The model cannot be used: ${reason}`, { details: { reason } });
}

/** A name out of a file, quoted and cut, so that a hostile one cannot fill a message or a log. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
