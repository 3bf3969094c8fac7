import type { CallOptions } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { deepFreeze } from "../core/freeze.ts";
import type { Lifecycle } from "../core/lifecycle.ts";
import type { Random } from "../core/random.ts";
import { retry } from "../core/retry.ts";
import { type TraceAttributes, traced } from "../core/trace.ts";
import type { Page } from "../search/port.ts";
import { mayRepeatRecord } from "../storage/stored-files.ts";
import type { RunRecord, TrackingStore } from "./port.ts";
import { runNotFound } from "./rules/failures.ts";

/** What the parts of a tracker share: its store, its clock, and how a call runs. */
export class TrackingCalls {
  readonly store: TrackingStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #lifecycle: Lifecycle;

  constructor(
    store: TrackingStore,
    { clock, random, lifecycle }: { readonly clock: Clock; readonly random: Random; readonly lifecycle: Lifecycle },
  ) {
    this.store = store;
    this.#clock = clock;
    this.#random = random;
    this.#lifecycle = lifecycle;
  }

  /** Whole milliseconds since the epoch. */
  now(): number {
    return Math.floor(this.#clock.now());
  }

  /** Runs a call within its limits, and so that closing the tracker waits for it. */
  run<T>(call: CallOptions | undefined, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    return withDeadline(call, (signal) => this.#lifecycle.run(() => work(signal)), this.#clock);
  }

  /** As `run`, watched by whoever traces. */
  traced<T>(
    operation: string,
    attributes: () => TraceAttributes,
    call: CallOptions | undefined,
    work: (signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    return traced(operation, attributes, () => this.run(call, work));
  }

  /** Repeats what a store calls retryable. */
  retry<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return retry(work, { clock: this.#clock, random: this.#random }, signal === undefined ? {} : { signal });
  }

  /** Repeats the write of a record; every write of the port may be sent again. */
  write<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const options = { clock: this.#clock, random: this.#random, retryable: mayRepeatRecord };
    return retry(work, options, signal === undefined ? {} : { signal });
  }

  /** The run, also a deleted one. Rejects with `TRACKING_RUN_NOT_FOUND` when there is none. */
  async findRun(id: string, signal: AbortSignal | undefined): Promise<RunRecord> {
    const run = await this.retry(() => this.store.findRun(id, { signal }), signal);
    if (run === undefined) throw runNotFound(id);
    return deepFreeze(run);
  }

  /** The items of all pages, each page read within the limits of the call; `limit` items at most. */
  async *pages<T>(
    call: CallOptions | undefined,
    read: (after: string | undefined, signal: AbortSignal | undefined) => Promise<Page<T>>,
    limit = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<T, void> {
    let left = limit;
    let after: string | undefined;
    do {
      const from = after;
      const page = await this.run(call, (signal) => this.retry(() => read(from, signal), signal));
      for (const item of page.items) {
        yield deepFreeze(item);
        left -= 1;
        if (left === 0) return;
      }
      after = page.next;
    } while (after !== undefined);
  }
}
