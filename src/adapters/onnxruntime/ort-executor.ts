import type { CallOptions } from "../../core/call.ts";
import { ModelwrightError, messageOf } from "../../core/errors.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Executor, Tensors } from "../../inference/port.ts";
import type { OrtSession, OrtTensor } from "./library.ts";
import { fromOrt, ortElementTypes, toOrt } from "./ort-tensor.ts";

/** Options of every session: what the engine would print as an error, it throws as well. */
export const quiet = { logSeverityLevel: 4 } as const;

/** Runs a piece of work on the engine, at once or when others have ended. */
export type Schedule = <T>(work: () => Promise<T>, call?: CallOptions) => Promise<T>;

/**
 * An executor over a session that `create` makes. A model whose types the engine cannot pass is refused before it could run.
 *
 * @param provider - engine and device, for example `onnxruntime-node/cpu`
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` or `MODEL_UNSUPPORTED`
 */
export async function ortExecutor(
  provider: string,
  schedule: Schedule,
  create: () => Promise<OrtSession>,
  call?: CallOptions,
): Promise<Executor> {
  const session = await schedule(() => create().catch((error) => Promise.reject(loadFailed(provider, error))), call);
  const strange =
    session.inputMetadata.find((input) => !input.isTensor || !isKnown(input.type)) ??
    session.outputMetadata.find((output) => output.isTensor && !isKnown(output.type));
  if (strange !== undefined) {
    await schedule(() => session.release());
    const given = strange.type ?? "value that is no tensor";
    const reason = `it takes and gives no ${given}, which ${JSON.stringify(strange.name)} is; convert it inside the model`;
    throw new ModelwrightError("MODEL_UNSUPPORTED", `${provider} cannot run the model: ${reason}`, { details: { reason } });
  }
  return new OrtExecutor(provider, session, schedule);
}

class OrtExecutor implements Executor {
  readonly provider: string;
  readonly #session: OrtSession;
  readonly #schedule: Schedule;
  readonly #tensorOutputs: readonly string[];
  readonly #lifecycle: Lifecycle;

  constructor(provider: string, session: OrtSession, schedule: Schedule) {
    this.provider = provider;
    this.#session = session;
    this.#schedule = schedule;
    this.#tensorOutputs = session.outputMetadata.filter(({ isTensor }) => isTensor).map(({ name }) => name);
    this.#lifecycle = new Lifecycle(`The model on ${provider}`, () => schedule(() => session.release()));
  }

  run(inputs: Tensors, outputs: readonly string[], call?: CallOptions): Promise<Tensors> {
    return this.#lifecycle.run(() => this.#schedule(() => this.#run(inputs, outputs), call));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifecycle.close();
  }

  async #run(inputs: Tensors, outputs: readonly string[]): Promise<Tensors> {
    const feeds: Record<string, OrtTensor> = {};
    for (const name in inputs) feeds[name] = toOrt(inputs[name]!);
    const fetches = outputs.length === 0 ? this.#tensorOutputs : outputs;
    let results: Readonly<Record<string, OrtTensor>>;
    try {
      results = await this.#session.run(feeds, fetches);
    } catch (cause) {
      throw new ModelwrightError("MODEL_RUN_FAILED", `${this.provider} failed to run the model: ${messageOf(cause)}`, {
        details: { provider: this.provider },
        cause,
      });
    }
    const answer: Record<string, Tensor> = {};
    for (const name of fetches) answer[name] = fromOrt(results[name]!);
    return answer;
  }
}

function isKnown(type: string | undefined): boolean {
  return ortElementTypes.some((known) => known === type);
}

/**
 * ONNX Runtime's errors have no code, so the message decides: bytes that are no model, or a model that this build cannot run. What
 * onnxruntime-node calls an invalid model "In Node" is an operator, or an attribute of one, that this build does not know.
 */
function loadFailed(provider: string, cause: unknown): ModelwrightError {
  const reason = messageOf(cause);
  const message = `${provider} could not load the model: ${reason}`;
  return /protobuf|model data pointer is null|does not have a graph|invalid model(?!\. In Node)|invalid_graph/i.test(reason)
    ? new ModelwrightError("MODEL_INVALID", message, { details: { reason }, cause })
    : new ModelwrightError("MODEL_UNSUPPORTED", message, { details: { reason }, cause });
}
