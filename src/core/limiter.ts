import type { CallOptions } from "./call.ts";
import { ModelwrightError } from "./errors.ts";
import { invalidConfig } from "./options.ts";

/** Bounds of a {@link Limiter}. */
export interface LimiterOptions {
  /** Most pieces of work that run at once, at least 1. */
  readonly concurrency: number;
  /** Most pieces of work that wait; one more is refused. @defaultValue no bound */
  readonly maxWaiting?: number;
}

/** Lets a bounded number of pieces of work run at once; the others wait in order of arrival. */
export class Limiter {
  readonly #concurrency: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  /** @throws a {@link ModelwrightError} with code `CONFIG_INVALID` unless concurrency >= 1 and maxWaiting >= 0 */
  constructor({ concurrency, maxWaiting = Number.POSITIVE_INFINITY }: LimiterOptions) {
    const issues = [];
    if (!(concurrency >= 1)) issues.push({ path: ["concurrency"], message: `expected at least 1, but got ${concurrency}` });
    if (!(maxWaiting >= 0)) issues.push({ path: ["maxWaiting"], message: `expected at least 0, but got ${maxWaiting}` });
    if (issues.length > 0) throw invalidConfig("Limiter", issues);
    this.#concurrency = concurrency;
    this.#maxWaiting = maxWaiting;
  }

  /** Pieces of work that run now. */
  get running(): number {
    return this.#running;
  }

  /** Pieces of work that wait for a place. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Runs `work` as soon as there is a place.
   *
   * @throws a {@link ModelwrightError} with code `OVERLOADED` when `maxWaiting` are waiting already
   * @throws `call.signal.reason` when aborted while waiting; running work is not interrupted
   */
  async run<T>(work: () => Promise<T> | T, call?: Pick<CallOptions, "signal">): Promise<T> {
    call?.signal?.throwIfAborted();
    if (this.#running < this.#concurrency) this.#running += 1;
    else await this.#place(call?.signal);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  /** Waits for a place; whoever releases one hands it over, so `running` does not change. */
  #place(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.size >= this.#maxWaiting) {
      throw new ModelwrightError("OVERLOADED", `${this.#waiting.size} calls are waiting already; try again later`, {
        details: { running: this.#running, waiting: this.#waiting.size },
        retryable: true,
      });
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = () => {
        this.#waiting.delete(enter);
        reject(signal?.reason);
      };
      this.#waiting.add(enter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  #release(): void {
    const next = this.#waiting.values().next();
    if (next.done) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(next.value);
    next.value();
  }
}
