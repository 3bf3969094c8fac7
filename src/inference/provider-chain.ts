import type { CallOptions } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { raceAbort } from "../core/deadline.ts";
import { ModelwrightError, messageOf } from "../core/errors.ts";
import type { ModelIdentity } from "../core/model.ts";
import { formatDims } from "../core/tensor.ts";
import { toBfloat16, toFloat32 } from "./bfloat16-border.ts";
import { conflictingDims } from "./conflicting-dims.ts";
import type { Seat, SeatOpener } from "./open-seat.ts";
import type { ExecutionProvider, ExecutionRun, ModelInterface, Placement, Tensors } from "./port.ts";

/** A provider that does not run the model, and why. */
export interface ProviderFailure {
  /** Name of the provider. */
  readonly provider: string;
  /** For a human. */
  readonly reason: string;
}

/** Which model answered, and where it ran. */
export interface Answerer {
  readonly model: ModelIdentity;
  readonly provider: string;
}

/** A run, and who answered it. */
export interface ChainRun extends ExecutionRun {
  readonly by: Answerer;
}

/** What a chain needs. */
export interface ProviderChainOptions {
  readonly providers: readonly ExecutionProvider[];
  readonly opener: SeatOpener;
  readonly clock: Clock;
  /** Told at once when a provider cannot load or run the model. */
  readonly onFailure: (failure: ProviderFailure) => void;
  /** Told when another provider has taken over from one that ran the model. */
  readonly onFallback: (failure: ProviderFailure) => void;
}

/** A provider, as far as it has been tried. */
interface Place {
  readonly provider: ExecutionProvider;
  seat: Seat | undefined;
  answerer: Answerer | undefined;
  error: unknown;
  failure: ProviderFailure | undefined;
  /** Why callers may not share runs there; undefined when they may, {@link UNPROBED} while that is not known. */
  obstacle: string | undefined;
  /** When it may be tried again, on the monotonic clock; never, unless it can come back. */
  retryAt: number;
}

/** What is known of rows that share a run before a provider was probed. */
export const UNPROBED = "it is not known yet whether the provider that took over answers rows alike alone and together";

/** How long after it could not be asked a provider is asked again, ms. */
const recoverAfterMs = 30_000;

/**
 * The providers of a session in their order, of which one runs the model. When that one is lost, or cannot be asked, the next one that
 * can load the model takes over, and the run is repeated there: to run a model twice changes nothing. One that could not be asked, such
 * as a server, is asked again half a minute later; one that is lost for good, such as a graphics card, is not.
 */
export class ProviderChain implements AsyncDisposable {
  readonly #places: readonly Place[];
  readonly #options: ProviderChainOptions;
  /** What the first provider that loaded takes and gives; the others must agree. */
  #interface: ModelInterface | undefined;
  #current = -1;
  /** Whether a provider before the current one may come back. */
  #displaced = false;
  #moving: Promise<void> | undefined;
  #reopening: Promise<void> | undefined;
  #failure: unknown;
  #failedAt = 0;
  readonly #closed = new AbortController();

  constructor(options: ProviderChainOptions) {
    this.#options = options;
    this.#places = options.providers.map((provider) => ({
      provider,
      seat: undefined,
      answerer: undefined,
      error: undefined,
      failure: undefined,
      obstacle: UNPROBED,
      retryAt: Number.POSITIVE_INFINITY,
    }));
  }

  /** The provider that runs the model. */
  get seat(): Seat {
    return this.#places[this.#current]!.seat!;
  }

  /** Who answers at the moment. */
  get answerer(): Answerer {
    return this.#places[this.#current]!.answerer!;
  }

  /** Why the providers before the current one do not run the model. */
  get failures(): readonly ProviderFailure[] {
    return this.#places.slice(0, this.#current).flatMap(({ failure }) => failure ?? []);
  }

  get concurrency(): number {
    return this.seat.executor.concurrency;
  }

  get instances(): number {
    const { instances, concurrency } = this.seat.executor;
    return instances ?? concurrency;
  }

  get placement(): Placement {
    return this.seat.executor.placement;
  }

  get sharedMemory(): boolean {
    return this.seat.executor.sharedMemory;
  }

  /** Why callers may not share runs on the current provider; undefined when they may. */
  get obstacle(): string | undefined {
    return this.#places[this.#current]!.obstacle;
  }

  get mayMerge(): boolean {
    return this.obstacle === undefined;
  }

  /**
   * The error of the last run, when it was one after which no provider is left; undefined while the model works. It lapses after half a
   * minute, because whoever sends nothing while there is a failure would never learn that it has passed.
   */
  get failure(): unknown {
    if (this.#failure === undefined) return undefined;
    if (this.#options.clock.monotonic() - this.#failedAt >= recoverAfterMs) this.#failure = undefined;
    return this.#failure;
  }

  /** Notes what was found out of rows that share a run on a provider. */
  probed(seat: Seat, obstacle: string | undefined): void {
    const place = this.#places.find((each) => each.seat === seat);
    if (place !== undefined) place.obstacle = obstacle;
  }

  /** Whether a provider is left to go on to. */
  get hasNext(): boolean {
    return this.#current + 1 < this.#places.length;
  }

  /**
   * Goes on to the next provider that has the model loaded or can load it; stays where it is when there is none.
   *
   * @throws the provider's own error when it is the only one, else a {@link ModelwrightError} with code `MODEL_LOAD_FAILED`, whose
   * cause is an `AggregateError` of all
   */
  async advance(call: CallOptions | undefined): Promise<void> {
    for (let next = this.#current + 1; next < this.#places.length; next++) {
      const place = this.#places[next]!;
      const untried = place.failure === undefined || place.retryAt <= this.#options.clock.monotonic();
      if (place.seat === undefined && untried) await this.#open(place, call);
      if (place.seat === undefined) continue;
      this.#current = next;
      return;
    }
    throw this.#exhausted();
  }

  /** Goes on to the next provider because the model does not run on the current one. Rejects, and stays, when no other can load it. */
  async giveUp(error: unknown, call: CallOptions | undefined): Promise<void> {
    const place = this.#places[this.#current]!;
    this.#fail(place, error);
    await this.advance(call);
    const { seat } = place;
    place.seat = undefined;
    // The next provider has the model: how this one ends is no reason to fail.
    await Promise.allSettled([seat?.[Symbol.asyncDispose]()]);
  }

  /**
   * Runs the model, on the next provider when this one is lost or cannot be asked.
   *
   * @param shared - whether rows of several callers are together, which only a provider gets that was found to keep them apart
   */
  async run(inputs: Tensors, outputs: readonly string[], call?: CallOptions, shared = false): Promise<ChainRun> {
    if (this.#displaced && this.#moving === undefined) this.#comeBack(shared);
    const place = this.#places[this.#current]!;
    const { seat, answerer } = place;
    try {
      const run = seat!.cast.size === 0 ? seat!.executor.run(inputs, outputs, call) : runCast(seat!, inputs, outputs, call);
      const { outputs: answered, inferMs } = await run;
      this.#failure = undefined;
      return { outputs: answered, inferMs, by: answerer! };
    } catch (error) {
      if (!isLost(error) || call?.signal?.aborted === true) throw error;
      await this.#leave(place, error, call?.signal);
      if (shared && !this.mayMerge) throw error;
      return this.run(inputs, outputs, call, shared);
    }
  }

  /** Disposes the model of every provider; each waits for its running work. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    // What is being loaded would be left behind.
    await Promise.allSettled([this.#moving, this.#reopening]);
    const ends = await Promise.allSettled(this.#places.map(({ seat }) => seat?.[Symbol.asyncDispose]()));
    const failed = ends.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async #open(place: Place, call: CallOptions | undefined): Promise<void> {
    try {
      const seat = await this.#options.opener.open(place.provider, call);
      const strange = this.#interface === undefined ? undefined : interfaceDifference(this.#interface, seat.interface);
      if (call?.signal?.aborted === true || strange !== undefined) await seat[Symbol.asyncDispose]();
      // Nobody waits for it any more.
      call?.signal?.throwIfAborted();
      if (strange !== undefined) {
        throw new ModelwrightError("MODEL_UNSUPPORTED", `${place.provider.name} has another model: ${strange}`, {
          details: { reason: strange },
        });
      }
      this.#interface ??= seat.interface;
      place.seat = seat;
      place.answerer = Object.freeze({ model: Object.freeze({ ...seat.identity }), provider: seat.executor.provider });
    } catch (error) {
      call?.signal?.throwIfAborted();
      this.#fail(place, error);
      if (ModelwrightError.is(error, "MODEL_UNAVAILABLE")) this.#askAgain(place);
    }
  }

  /** Leaves a provider, once, however many of its runs fail. Throws the error when no other can take over. */
  async #leave(place: Place, error: unknown, signal: AbortSignal | undefined): Promise<void> {
    if (this.#places[this.#current] !== place) return;
    this.#moving ??= this.#move(place, error).finally(() => {
      this.#moving = undefined;
    });
    const moving = this.#moving;
    // Whoever gives up waiting does not stop the move, which others wait for.
    await (signal === undefined ? moving : raceAbort(signal, () => moving));
  }

  async #move(place: Place, error: unknown): Promise<void> {
    if (!this.hasNext) throw this.#noneLeft(error);
    const failure = this.#fail(place, error);
    await this.#reopening;
    try {
      await this.advance({ signal: this.#closed.signal });
    } catch {
      throw this.#noneLeft(error);
    } finally {
      this.#options.opener.forget();
    }
    const next = this.#places[this.#current]!;
    // The same file keeps rows apart, or not, wherever it runs.
    if (next.obstacle === UNPROBED && sameFile(place.seat!, next.seat!)) next.obstacle = place.obstacle;
    this.#options.onFallback(failure);
    if (ModelwrightError.is(error, "MODEL_UNAVAILABLE")) {
      this.#askAgain(place);
      return;
    }
    const { seat } = place;
    place.seat = undefined;
    seat?.discard();
    // It is broken: how it ends tells nobody anything.
    if (seat !== undefined) Promise.resolve(seat[Symbol.asyncDispose]()).catch(() => {});
  }

  #noneLeft(error: unknown): unknown {
    this.#failure = error;
    this.#failedAt = this.#options.clock.monotonic();
    return error;
  }

  #askAgain(place: Place): void {
    place.retryAt = this.#options.clock.monotonic() + recoverAfterMs;
    this.#displaced = true;
  }

  /** Goes back to the first provider that may be asked again, once it has the model. */
  #comeBack(shared: boolean): void {
    const now = this.#options.clock.monotonic();
    const index = this.#places.findIndex(({ retryAt }, i) => i < this.#current && retryAt <= now);
    if (index < 0) return;
    const place = this.#places[index]!;
    if (shared && place.obstacle !== undefined) return;
    if (place.seat === undefined) {
      this.#reopening ??= this.#open(place, { signal: this.#closed.signal })
        .catch(() => {})
        .finally(() => {
          this.#reopening = undefined;
          this.#options.opener.forget();
        });
      return;
    }
    place.retryAt = Number.POSITIVE_INFINITY;
    place.failure = undefined;
    this.#failure = undefined;
    this.#current = index;
    this.#displaced = this.#places.some(({ retryAt }, i) => i < index && retryAt < Number.POSITIVE_INFINITY);
  }

  #fail(place: Place, error: unknown): ProviderFailure {
    const failure = { provider: place.provider.name, reason: reasonOf(error) };
    place.error = error;
    place.failure = failure;
    place.retryAt = Number.POSITIVE_INFINITY;
    this.#options.onFailure(failure);
    return failure;
  }

  #exhausted(): unknown {
    const failed = this.#places.filter(({ failure }) => failure !== undefined);
    const attempts = failed.map(({ failure }) => failure!);
    const errors = failed.map(({ error }) => error);
    if (errors.length === 1 && ModelwrightError.is(errors[0])) return errors[0];
    const reasons = attempts.map(({ provider, reason }) => `${provider}: ${reason}`).join("; ");
    return new ModelwrightError("MODEL_LOAD_FAILED", `No provider could load the model. ${reasons}`, {
      details: { attempts },
      cause: new AggregateError(errors, "Every provider failed"),
    });
  }
}

function sameFile(a: Seat, b: Seat): boolean {
  return a.modelBytes > 0 && b.modelBytes > 0 && a.identity.digest === b.identity.digest;
}

/** Whether another provider may still answer what this one could not. */
function isLost(error: unknown): boolean {
  if (ModelwrightError.is(error, "MODEL_EXECUTOR_LOST")) return !error.details.replaced;
  return ModelwrightError.is(error, "MODEL_UNAVAILABLE");
}

async function runCast(
  { executor, cast }: Seat,
  inputs: Tensors,
  outputs: readonly string[],
  call: CallOptions | undefined,
): Promise<ExecutionRun> {
  const { outputs: answered, inferMs } = await executor.run(toFloat32(inputs, cast), outputs, call);
  return { outputs: toBfloat16(answered, cast), inferMs };
}

/** In what a provider's model is another one to the caller than that of the provider before. */
function interfaceDifference(expected: ModelInterface, given: ModelInterface): string | undefined {
  for (const kind of ["inputs", "outputs"] as const) {
    const render = (model: ModelInterface) =>
      model[kind]
        .map(({ name, type }) => `${name} (${type})`)
        .sort()
        .join(", ");
    if (render(expected) !== render(given)) return `its ${kind} are ${render(given)}, not ${render(expected)}`;
    for (const { name, dims } of given[kind]) {
      const wanted = expected[kind].find((spec) => spec.name === name)!.dims;
      if (conflictingDims(wanted, dims))
        return `${JSON.stringify(name)} is ${formatDims(dims!)} there, not ${formatDims(wanted!)}`;
    }
  }
  return undefined;
}

/** What failed, without the name of the provider, which stands beside it. */
function reasonOf(error: unknown): string {
  if (ModelwrightError.is(error, "MODEL_INVALID") || ModelwrightError.is(error, "MODEL_UNSUPPORTED")) return error.details.reason;
  return messageOf(error);
}
