import type { CallOptions } from "../../core/call.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { ExecutionRun, Executor, Placement, Tensors } from "../../inference/port.ts";
import { tensorOutputs } from "./engine-failure.ts";
import type { EngineTensor } from "./engine-messages.ts";
import type { EnginePool, PooledModel, RunRequest } from "./engine-pool.ts";
import { fromOrt } from "./ort-tensor.ts";

/** Longest memory that is left to the message itself to copy, bytes. Above, one copy that moves is cheaper than two. */
const MAX_CLONED_BYTES = 8192;

/** An executor over a model in a pool's hosts. It owns the model, not the pool. */
export class PoolExecutor implements Executor {
  readonly provider: string;
  readonly placement: Placement;
  readonly sharedMemory: boolean;
  readonly placementReason: string;
  readonly #pool: EnginePool;
  readonly #model: PooledModel;
  readonly #outputNames: readonly string[];
  readonly #lifecycle: Lifecycle;

  /**
   * @param placement - what the pool's hosts are: only threads share memory, and have memory moved to them
   * @param placementReason - why it works there
   */
  constructor(pool: EnginePool, model: PooledModel, placement: "worker" | "process", placementReason: string) {
    this.placementReason = placementReason;
    this.provider = pool.provider;
    this.placement = placement;
    this.sharedMemory = placement === "worker";
    this.#pool = pool;
    this.#model = model;
    this.#outputNames = tensorOutputs(model.loaded.outputs);
    this.#lifecycle = new Lifecycle(`The model on ${pool.provider}`, () => pool.release(model));
  }

  get concurrency(): number {
    return this.instances * this.#pool.depth;
  }

  get instances(): number {
    return Math.max(1, this.#pool.ready(this.#model));
  }

  /** How long the engine took to load the model, in the host that loaded it first, ms. */
  get createMs(): number {
    return this.#model.loaded.createMs;
  }

  /** Loads the model into more hosts, up to `instances` in all. */
  spread(instances: number): Promise<void> {
    return this.#lifecycle.run(() => this.#pool.spread(this.#model, instances));
  }

  run(inputs: Tensors, outputs: readonly string[], call?: CallOptions): Promise<ExecutionRun> {
    return this.#lifecycle.run(async () => {
      const fetches = outputs.length === 0 ? this.#outputNames : outputs;
      const answer = await this.#pool.run(this.#model, () => this.#request(inputs, fetches), call);
      const results: Record<string, Tensor> = {};
      for (const name of fetches) results[name] = fromOrt(answer.outputs[name]!);
      return { outputs: results, inferMs: answer.inferMs };
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifecycle.close();
  }

  #request(inputs: Tensors, fetches: readonly string[]): RunRequest {
    const feeds: Record<string, EngineTensor> = {};
    const transfer: ArrayBuffer[] = [];
    for (const name in inputs) {
      const { type, dims, data } = inputs[name]!;
      feeds[name] = { type, dims, data: this.sharedMemory ? sendable(data, transfer) : data };
    }
    return { feeds, fetches, transfer };
  }
}

/** The elements as they may be sent to a thread: the caller's memory does not move, and a view does not take all that it is a view of. */
function sendable(data: Tensor["data"], transfer: ArrayBuffer[]): EngineTensor["data"] {
  if (!ArrayBuffer.isView(data) || !(data.buffer instanceof ArrayBuffer)) return data;
  const { byteLength, buffer } = data;
  if (byteLength === buffer.byteLength && byteLength <= MAX_CLONED_BYTES) return data;
  const copy = data.slice();
  transfer.push(copy.buffer as ArrayBuffer);
  return copy;
}
