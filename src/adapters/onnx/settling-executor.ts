import type { CallOptions } from "../../core/call.ts";
import { messageOf } from "../../core/errors.ts";
import type { ExecutionRun, Executor, Placement, RunTiming, Tensors } from "../../inference/port.ts";
import type { PoolExecutor } from "../onnxruntime/pool-executor.ts";

/** Longest that loading a model may hold the calling thread, ms: once, while a session is opened. */
const MAX_CREATE_MS = 25;

/** Least share of a run that crossing to a worker must cost before it is saved. */
const NOTICEABLE = 1 / 4;

/** What a {@link SettlingExecutor} needs to choose. */
export interface SettlingOptions {
  /** Loads the model on the calling thread. */
  readonly inline: () => Promise<Executor>;
  /** How long the engine takes to load the model, without what it does once per process, ms. */
  readonly measureCreateMs: () => Promise<number>;
  /** Longest run that may hold the calling thread, ms. */
  readonly inlineBudgetMs: number;
  /** Loads the model into all workers that it is meant for. */
  readonly spread: () => Promise<void>;
}

/** Runs a model in workers until it is told how long runs take; then stays there, or moves to the thread that calls. */
export class SettlingExecutor implements Executor {
  readonly provider: string;
  /** Absent after the choice: it keeps the model's bytes. */
  #options: SettlingOptions | undefined;
  #current: Executor;
  #reason = "in workers: how long runs take was not measured yet";
  #settling: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(pooled: PoolExecutor, options: SettlingOptions) {
    this.provider = pooled.provider;
    this.#current = pooled;
    this.#options = options;
  }

  get placement(): Placement {
    return this.#current.placement;
  }

  get concurrency(): number {
    return this.#current.concurrency;
  }

  get instances(): number | undefined {
    return this.#current.instances;
  }

  get sharedMemory(): boolean {
    return this.#current.sharedMemory;
  }

  get placementReason(): string {
    return this.#reason;
  }

  run(inputs: Tensors, outputs: readonly string[], call?: CallOptions): Promise<ExecutionRun> {
    return this.#current.run(inputs, outputs, call);
  }

  settle(timings: readonly RunTiming[], bounded: boolean): Promise<void> {
    const options = this.#options;
    this.#options = undefined;
    if (options !== undefined) this.#settling = this.#settle(options, timings, bounded);
    return this.#settling ?? Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #settle(options: SettlingOptions, timings: readonly RunTiming[], bounded: boolean): Promise<void> {
    try {
      const { moves, reason } = await choose(options, timings, bounded);
      if (moves) await this.#move(options, reason);
      else {
        this.#reason = `in workers: ${reason}`;
        if (this.#closing === undefined) await options.spread();
      }
    } catch (error) {
      // It works where it is, so nobody has to be failed for it.
      this.#reason += `; it could not be loaded once more: ${messageOf(error)}`;
    }
  }

  /** Runs that have begun in a worker end there; the next ones take place on the calling thread. */
  async #move(options: SettlingOptions, reason: string): Promise<void> {
    if (this.#closing !== undefined) return;
    const inline = await options.inline();
    if (this.#closing !== undefined) return inline[Symbol.asyncDispose]();
    const left = this.#current;
    this.#current = inline;
    this.#reason = `inline: ${reason}`;
    await left[Symbol.asyncDispose]();
  }

  async #close(): Promise<void> {
    const closed = this.#current[Symbol.asyncDispose]();
    // A choice that is being made finds this closed, and leaves nothing behind.
    await this.#settling;
    await closed;
  }
}

async function choose(
  { inlineBudgetMs, measureCreateMs }: SettlingOptions,
  timings: readonly RunTiming[],
  bounded: boolean,
): Promise<{ readonly moves: boolean; readonly reason: string }> {
  const least = timings[0];
  const most = timings.at(-1);
  if (least === undefined || most === undefined) return { moves: false, reason: "how long runs take was not measured" };
  if (!bounded) return { moves: false, reason: "how long a run takes does not follow from its number of rows alone" };
  const longest = timings.reduce((a, b) => (b.inferMs > a.inferMs ? b : a));
  const run = `a run of ${rowsOf(longest)} takes ${ms(longest.inferMs)}`;
  const budget = `inlineBudgetMs of ${ms(inlineBudgetMs)}`;
  if (longest.inferMs > inlineBudgetMs) return { moves: false, reason: `${run}, more than the ${budget}` };
  const crossingMs = least.roundTripMs - least.inferMs;
  const crossing = `crossing to a worker adds ${ms(crossingMs)} to the ${ms(least.inferMs)} of ${rowsOf(least)}`;
  if (!(crossingMs > least.inferMs * NOTICEABLE)) return { moves: false, reason: `${crossing}, which is little` };
  const createMs = await measureCreateMs();
  if (createMs > MAX_CREATE_MS) {
    return {
      moves: false,
      reason: `loading takes ${ms(createMs)}, more than the ${MAX_CREATE_MS} ms that may hold the thread`,
    };
  }
  return { moves: true, reason: `${run}, within the ${budget}; ${crossing}; loading takes ${ms(createMs)}` };
}

function rowsOf({ rows }: RunTiming): string {
  return rows === 1 ? "1 row" : `${rows} rows`;
}

function ms(value: number): string {
  return `${Number(value.toPrecision(2))} ms`;
}
