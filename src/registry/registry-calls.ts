import type { CallOptions } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { deepFreeze } from "../core/freeze.ts";
import type { Lifecycle } from "../core/lifecycle.ts";
import type { ModelRef } from "../core/model.ts";
import type { Random } from "../core/random.ts";
import { retry } from "../core/retry.ts";
import { type TraceAttributes, traced } from "../core/trace.ts";
import type { Stamp } from "./audit-port.ts";
import { type ChangeOptions, signedStamp, stampOf } from "./change-options.ts";
import { notFound } from "./not-found.ts";
import type { RegistryStore, VersionRecord } from "./port.ts";

/** What the parts of a registry share: its store, its clock, and how a call runs. */
export class RegistryCalls {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly #random: Random;
  readonly #lifecycle: Lifecycle;
  readonly #actor: string | undefined;

  constructor(
    store: RegistryStore,
    actor: string | undefined,
    { clock, random, lifecycle }: { readonly clock: Clock; readonly random: Random; readonly lifecycle: Lifecycle },
  ) {
    this.store = store;
    this.clock = clock;
    this.#random = random;
    this.#lifecycle = lifecycle;
    this.#actor = actor;
  }

  /** Runs a call within its limits, and so that closing the registry waits for it. */
  run<T>(call: CallOptions | undefined, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    return withDeadline(call, (signal) => this.#lifecycle.run(() => work(signal)), this.clock);
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

  /** Repeats what a store calls retryable, or what `retryable` says. */
  retry<T>(work: () => Promise<T>, signal: AbortSignal | undefined, retryable?: (error: unknown) => boolean): Promise<T> {
    const options = { clock: this.clock, random: this.#random, ...(retryable === undefined ? {} : { retryable }) };
    return retry(work, options, signal === undefined ? {} : { signal });
  }

  /** Who changes something, when and why. */
  stamp(change: ChangeOptions | undefined): Stamp {
    return stampOf(change, this.#actor, this.clock);
  }

  /** As `stamp`; somebody has to be named. */
  signedStamp(change: ChangeOptions | undefined): Stamp & { readonly actor: string } {
    return signedStamp(change, this.#actor, this.clock);
  }

  /** The version that a reference points to now. Rejects when it leads to nothing. */
  async find(ref: ModelRef, signal: AbortSignal | undefined): Promise<VersionRecord> {
    const version = await this.store.findVersion(ref, { signal });
    if (version === undefined) throw await notFound(this.store, ref, signal);
    return deepFreeze(version);
  }
}
