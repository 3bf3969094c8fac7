import { ModelwrightError, messageOf } from "../../core/errors.ts";
import type { OrtValueMetadata } from "./library.ts";
import { ortElementTypes } from "./ort-tensor.ts";

/**
 * ONNX Runtime's errors have no code, so the message decides: bytes that are no model, or a model that this build cannot run. What
 * onnxruntime-node calls an invalid model "In Node" is an operator, or an attribute of one, that this build does not know.
 *
 * @param provider - engine and device, for example `onnxruntime-node/cpu`
 */
export function loadFailed(provider: string, cause: unknown): ModelwrightError {
  const reason = messageOf(cause);
  const message = `${provider} could not load the model: ${reason}`;
  return /protobuf|model data pointer is null|does not have a graph|invalid model(?!\. In Node)|invalid_graph/i.test(reason)
    ? new ModelwrightError("MODEL_INVALID", message, { details: { reason }, cause })
    : new ModelwrightError("MODEL_UNSUPPORTED", message, { details: { reason }, cause });
}

/** The engine's error while it ran the model. */
export function runFailed(provider: string, cause: unknown): ModelwrightError<"MODEL_RUN_FAILED"> {
  const message = `${provider} failed to run the model: ${messageOf(cause)}`;
  return new ModelwrightError("MODEL_RUN_FAILED", message, { details: { provider }, cause });
}

/**
 * The host of the engine ended under a call.
 *
 * @param replaced - whether another host takes its place
 * @param retryable - whether the same call may succeed there. @defaultValue as `replaced`
 */
export function executorLost(
  provider: string,
  reason: string,
  replaced: boolean,
  retryable = replaced,
): ModelwrightError<"MODEL_EXECUTOR_LOST"> {
  const again = retryable ? "so the call may be repeated" : "but the same call would be lost again";
  const next = replaced ? `another one takes its place, ${again}` : "it is not replaced; load the model again";
  const message = `${provider} was lost: ${reason}; ${next}`;
  return new ModelwrightError("MODEL_EXECUTOR_LOST", message, { details: { provider, reason, replaced }, retryable });
}

/** What a loaded model says of itself, as far as it matters here. */
export interface EngineMetadata {
  readonly inputs: readonly OrtValueMetadata[];
  readonly outputs: readonly OrtValueMetadata[];
}

/** Why a model may not be run, whose types the engine cannot pass: it would abort the process. Undefined for any other. */
export function refusalOf(provider: string, { inputs, outputs }: EngineMetadata): ModelwrightError | undefined {
  const strange =
    inputs.find((input) => !input.isTensor || !isKnown(input.type)) ??
    outputs.find((output) => output.isTensor && !isKnown(output.type));
  if (strange === undefined) return undefined;
  const given = strange.type ?? "value that is no tensor";
  const reason = `it takes and gives no ${given}, which ${JSON.stringify(strange.name)} is; convert it inside the model`;
  return new ModelwrightError("MODEL_UNSUPPORTED", `${provider} cannot run the model: ${reason}`, { details: { reason } });
}

/** The outputs that can be fetched. */
export function tensorOutputs(outputs: readonly OrtValueMetadata[]): readonly string[] {
  return outputs.filter(({ isTensor }) => isTensor).map(({ name }) => name);
}

function isKnown(type: string | undefined): boolean {
  return ortElementTypes.some((known) => known === type);
}
