import type { CallOptions } from "../../core/call.ts";
import { systemClock } from "../../core/clock.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { ExecutionRun, Executor, Tensors } from "../../inference/port.ts";
import { loadFailed, refusalOf, runFailed, tensorOutputs } from "./engine-failure.ts";
import { type OrtSession, type OrtTensor, quiet } from "./library.ts";
import { fromOrt, toOrt } from "./ort-tensor.ts";

/** Runs a piece of work on the engine, at once or when others have ended. */
export type Schedule = <T>(work: () => Promise<T>, call?: CallOptions) => Promise<T>;

/**
 * An executor over a session that `create` makes. A model whose types the engine cannot pass is refused before it could run.
 *
 * @param provider - engine and device, for example `onnxruntime-node/cpu`
 * @param placementReason - why it works on the thread that calls
 * @throws a `ModelwrightError` with code `MODEL_INVALID` or `MODEL_UNSUPPORTED`
 */
export async function ortExecutor(
  provider: string,
  schedule: Schedule,
  create: () => Promise<OrtSession>,
  call?: CallOptions,
  placementReason?: string,
): Promise<Executor> {
  const session = await schedule(() => create().catch((error) => Promise.reject(loadFailed(provider, error))), call);
  const refusal = refusalOf(provider, { inputs: session.inputMetadata, outputs: session.outputMetadata });
  if (refusal !== undefined) {
    await schedule(() => session.release());
    throw refusal;
  }
  return new OrtExecutor(provider, session, schedule, placementReason);
}

class OrtExecutor implements Executor {
  readonly provider: string;
  readonly placement = "inline";
  readonly concurrency = 1;
  readonly sharedMemory = true;
  readonly placementReason: string | undefined;
  readonly #session: OrtSession;
  readonly #schedule: Schedule;
  readonly #outputNames: readonly string[];
  readonly #lifecycle: Lifecycle;

  constructor(provider: string, session: OrtSession, schedule: Schedule, placementReason: string | undefined) {
    this.placementReason = placementReason;
    this.provider = provider;
    this.#session = session;
    this.#schedule = schedule;
    this.#outputNames = tensorOutputs(session.outputMetadata);
    this.#lifecycle = new Lifecycle(`The model on ${provider}`, () => schedule(() => session.release()));
  }

  run(inputs: Tensors, outputs: readonly string[], call?: CallOptions): Promise<ExecutionRun> {
    return this.#lifecycle.run(() => this.#schedule(() => this.#run(inputs, outputs), call));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifecycle.close();
  }

  async #run(inputs: Tensors, outputs: readonly string[]): Promise<ExecutionRun> {
    const feeds: Record<string, OrtTensor> = {};
    for (const name in inputs) feeds[name] = toOrt(inputs[name]!);
    const fetches = outputs.length === 0 ? this.#outputNames : outputs;
    let results: Readonly<Record<string, OrtTensor>>;
    const startedAt = systemClock.monotonic();
    try {
      results = await this.#session.run(feeds, fetches, quiet);
    } catch (cause) {
      throw runFailed(this.provider, cause);
    }
    const answer: Record<string, Tensor> = {};
    for (const name of fetches) answer[name] = fromOrt(results[name]!);
    return { outputs: answer, inferMs: systemClock.monotonic() - startedAt };
  }
}
