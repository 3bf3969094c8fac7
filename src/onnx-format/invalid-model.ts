import { ModelwrightError } from "../core/errors.ts";

/** A `MODEL_INVALID` error of the ONNX reader. */
export function invalidModel(reason: string, cause?: unknown): ModelwrightError<"MODEL_INVALID"> {
  const message = `The bytes are not an ONNX model that can be used: ${reason}; export or download the model again`;
  return new ModelwrightError("MODEL_INVALID", message, { details: { reason }, ...(cause === undefined ? {} : { cause }) });
}

/** A name out of a file, quoted and cut, so that a hostile one cannot fill a message or a log. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
