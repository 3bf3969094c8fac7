import type { Clock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { ModelwrightError } from "../../core/errors.ts";
import type { KeyValueEntry, KeyValueStore } from "../../storage/port.ts";
import { type AlertState, decodeState, emptyState, encodeState } from "./alert-state.ts";

/** Tries of one change. Each that fails means that another process has made one. */
const MAX_TRIES = 50;

/** Longest time for one step of the store. */
const STEP_TIMEOUT_MS = 30_000;

/** The state of a rule set under its key, changed by compare-and-set. */
export class AlertStore {
  readonly #store: KeyValueStore;
  readonly #key: string;
  readonly #clock: Clock;
  /** What was read or written last; good for as long as the revision is. */
  #cached: { readonly revision: number; readonly bytes: Uint8Array; readonly state: AlertState } | undefined;

  constructor(store: KeyValueStore, name: string, clock: Clock) {
    this.#store = store;
    this.#key = `alerts/${name}`;
    this.#clock = clock;
  }

  /** The state; an empty one where there is none. */
  async read(signal: AbortSignal | undefined): Promise<AlertState> {
    return this.#parse(await this.#get(signal), this.#now());
  }

  /**
   * Changes the state. Where another process has changed it meanwhile, `change` is asked again, of the new state and the new time. What
   * is equal to what is stored is not written.
   *
   * @throws a `ModelwrightError` with code `STORE_CONFLICT`, retryable, when others are faster again and again
   */
  async update<C extends { readonly state: AlertState }>(
    change: (state: AlertState, now: number) => C,
    signal: AbortSignal | undefined,
  ): Promise<C> {
    for (let left = MAX_TRIES; ; left--) {
      const entry = await this.#get(signal);
      const now = this.#now();
      const before = this.#parse(entry, now);
      const changed = change(before, now);
      if (changed.state === before) return changed;
      const bytes = encodeState(changed.state);
      if (entry === undefined ? isEmpty(changed.state) : isEqual(bytes, entry.value)) return changed;
      try {
        const ifRevision = entry?.revision ?? 0;
        const revision = await this.#step(signal, (limited) =>
          this.#store.set(this.#key, bytes, { ifRevision, signal: limited }),
        );
        this.#cached = { revision, bytes, state: changed.state };
        return changed;
      } catch (error) {
        if (!ModelwrightError.is(error, "STORE_CONFLICT")) throw error;
        if (left <= 1) {
          const { details, message } = error;
          throw new ModelwrightError("STORE_CONFLICT", message, { details, cause: error, retryable: true });
        }
      }
    }
  }

  #get(signal: AbortSignal | undefined): Promise<KeyValueEntry | undefined> {
    return this.#step(signal, (limited) => this.#store.get(this.#key, { signal: limited }));
  }

  #parse(entry: KeyValueEntry | undefined, now: number): AlertState {
    if (entry === undefined) return emptyState(now);
    if (this.#cached?.revision === entry.revision && isEqual(this.#cached.bytes, entry.value)) return this.#cached.state;
    const state = decodeState(entry.value, `${this.#store.name}, key ${JSON.stringify(this.#key)}`);
    this.#cached = { revision: entry.revision, bytes: entry.value, state };
    return state;
  }

  #step<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    return withDeadline({ signal, timeoutMs: STEP_TIMEOUT_MS }, work, this.#clock);
  }

  #now(): number {
    return Math.floor(this.#clock.now());
  }
}

function isEmpty({ lastSeq, instances, groups, outbox, silences, history }: AlertState): boolean {
  return lastSeq === 0 && [instances, groups, outbox, silences, history].every(({ length }) => length === 0);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
