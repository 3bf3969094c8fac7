import type { CallOptions } from "../../core/call.ts";
import { withDeadline } from "../../core/deadline.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { Limiter } from "../../core/limiter.ts";
import type { ModelIdentity } from "../../core/model.ts";
import type { ExecutionRun, Executor, Tensors } from "../../inference/port.ts";
import type { CarriedType } from "./datatypes.ts";
import { type BadAnswer, readInferAnswer } from "./infer-answer.ts";
import { compressed, writeInferRequest } from "./infer-request.ts";
import type { KServeClient } from "./kserve-client.ts";
import type { CarriedInterface } from "./model-metadata.ts";

/** What an executor is made of, once the server has described its model. */
export interface KServeExecutorOptions {
  readonly provider: string;
  readonly client: KServeClient;
  /** Of runs, below the server's URL. */
  readonly path: string;
  readonly interface: CarriedInterface;
  readonly model: ModelIdentity;
  /** The version that answers must name, where they name one. */
  readonly version: string | undefined;
  /** Whether tensors travel as binary data. */
  readonly binary: boolean;
  readonly concurrency: number;
  /** Requests longer than this are compressed. */
  readonly compressAboveBytes: number | undefined;
}

const OPERATION = "run the model";

/** Runs a model on a server. */
export class KServeExecutor implements Executor {
  readonly provider: string;
  readonly placement = "remote";
  readonly concurrency: number;
  readonly sharedMemory = false;
  readonly interface: CarriedInterface;
  readonly model: ModelIdentity;
  readonly #options: KServeExecutorOptions;
  readonly #types: ReadonlyMap<string, CarriedType>;
  readonly #limiter: Limiter;
  readonly #lifecycle: Lifecycle;

  constructor(options: KServeExecutorOptions) {
    this.provider = options.provider;
    this.concurrency = options.concurrency;
    this.interface = options.interface;
    this.model = options.model;
    this.#options = options;
    this.#types = new Map(options.interface.outputs.map(({ name, type }) => [name, type]));
    this.#limiter = new Limiter({ concurrency: options.concurrency });
    this.#lifecycle = new Lifecycle(`The model on ${options.provider}`);
  }

  run(inputs: Tensors, outputs: readonly string[], call?: CallOptions): Promise<ExecutionRun> {
    const work = (signal: AbortSignal | undefined) =>
      // In this order a call that gives up early still counts as running until its request has ended.
      this.#lifecycle.run(() =>
        this.#limiter.run(() => this.#run(inputs, outputs, signal), signal === undefined ? undefined : { signal }),
      );
    return withDeadline(call, work, this.#options.client.clock);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifecycle.close();
  }

  async #run(inputs: Tensors, asked: readonly string[], signal: AbortSignal | undefined): Promise<ExecutionRun> {
    const { client, path, binary, version, compressAboveBytes = Number.POSITIVE_INFINITY } = this.#options;
    const names = asked.length === 0 ? [...this.#types.keys()] : asked;
    const expected = { outputs: new Map(names.map((name) => [name, this.#typeOf(name)])), version };
    const written = writeInferRequest(inputs, names, binary);
    const request = written.body.length > compressAboveBytes ? await compressed(written) : written;
    return client.send({ operation: OPERATION, path, ...request }, signal, (answer) => ({
      outputs: readInferAnswer(answer, expected, this.#bad),
      inferMs: answer.tookMs,
    }));
  }

  #typeOf(output: string): CarriedType {
    const type = this.#types.get(output);
    if (type !== undefined) return type;
    const known = [...this.#types.keys()];
    const message = `The model has no output ${JSON.stringify(output)}; it has ${known.join(", ")}`;
    throw new ModelwrightError("INPUT_UNKNOWN", message, { details: { input: output, known } });
  }

  readonly #bad: BadAnswer = (reason, cutShort = false) =>
    cutShort
      ? this.#options.client.failures.unavailable(OPERATION, reason, { retryable: true })
      : this.#options.client.failures.runFailed(OPERATION, `its answer cannot be used: ${reason}`);
}
