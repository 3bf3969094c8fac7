import * as z from "zod";
import { invalidConfig, parseOptions } from "../../core/options.ts";
import { invalidInput, validate } from "../../core/schema.ts";
import { assertList, isCount } from "../assert-sample.ts";
import { assertItem } from "./hash64.ts";
import { assertSameClass, totalOf, whole } from "./sketch-state.ts";
import { compareTallies, type Tally, TallyHeap } from "./tally-heap.ts";
import { TALLY_KEY_LENGTH, tallyKey } from "./tally-key.ts";

/** Size of a {@link TopK}. */
export interface TopKOptions {
  /** Values that are counted at a time, an integer in [1, 100 000]; several times as many as are asked for. @defaultValue 100 */
  readonly capacity?: number;
}

/** One of the most frequent values. */
export interface FrequentValue {
  /** The text, or that of the number; a text of more than 256 UTF-16 units is cut, and ends with its hash. */
  readonly value: string;
  /** At least as often as it came. */
  readonly count: number;
  /** How much less often it may have come. */
  readonly error: number;
  /** Whether no value that is not told can have come more often. */
  readonly guaranteed: boolean;
}

/** A {@link TopK} as JSON. */
export interface TopKState {
  readonly schemaVersion: 1;
  readonly capacity: number;
  /** Values taken. */
  readonly count: number;
  /** Value, count and error, by falling count, then by value. */
  readonly items: readonly (readonly [value: string, count: number, error: number])[];
}

const capacity = z.int().min(1).max(100_000);
const optionsSchema = z.strictObject({ capacity: capacity.default(100) });
const stateSchema = z
  .object({
    schemaVersion: z.literal(1),
    capacity,
    count: whole,
    items: z.array(z.tuple([z.string().max(TALLY_KEY_LENGTH), z.int().min(1), whole])).max(100_000),
  })
  .refine(({ capacity, items }) => items.length <= capacity, { path: ["items"], error: "more than the capacity" })
  .refine(({ items }) => new Set(items.map(([value]) => value)).size === items.length, {
    path: ["items"],
    error: "a value is there twice",
  })
  .refine(({ items }) => items.every(([, count, error]) => error < count), {
    path: ["items"],
    error: "an error is not below its count",
  })
  .refine(
    ({ capacity, count, items }) => {
      const counts = items.map(([, count]) => count);
      const sum = totalOf(counts);
      return Number.isSafeInteger(sum) && sum <= count && (items.length === capacity || sum === count);
    },
    { path: ["items"], error: "the counts do not fit the number of values" },
  );

/**
 * The most frequent values of a stream of texts or numbers, in fixed memory: `capacity` of them are counted, and a new one takes the
 * place, and the count as its error, of the least frequent.
 *
 * With n values taken, every count is too great by at most n / `capacity` and never too small, and every value that came more often
 * than that is there. Merged sketches keep this bound for the sum of what was taken; merging in another order may keep other values of
 * almost equal counts. A value takes O(log `capacity`).
 *
 * @source A. Metwally, D. Agrawal, A. El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT (2005);
 * P. K. Agarwal et al., "Mergeable Summaries", PODS (2012), and M. Cafaro, M. Pulimeno, P. Tempesta, "A Parallel Space Saving Algorithm
 * for Frequent Items and the Hurwitz Zeta Distribution", Inf. Sci. 329 (2016), for merging
 *
 * @example
 * ```ts
 * import { TopK } from "modelwright/stats";
 *
 * const countries = new TopK({ capacity: 100 });
 * countries.addAll(["FR", "DE", "FR", "IT", "FR", "DE"]);
 * countries.top(2); // FR 3 times, DE 2 times, both guaranteed
 * ```
 */
export class TopK {
  readonly #capacity: number;
  #heap = new TallyHeap();
  #count = 0;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` */
  constructor(options: TopKOptions = {}) {
    this.#capacity = parseOptions(optionsSchema, options, "TopK").capacity;
  }

  /**
   * Takes a value, `times` times. A number counts as the text that it is written as: 1 and "1" are one value, as are -0 and "0".
   *
   * @param times - a whole number, at least 1
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for what is neither a number nor a text, or other `times`
   */
  add(value: number | string, times = 1): void {
    assertItem("TopK.add", value);
    if (!(isCount(times) && times > 0 && isCount(this.#count + times))) {
      throw invalidInput("TopK.add", [{ path: ["times"], message: "expected a whole number above 0, and at most 2^53 in all" }]);
    }
    this.#count += times;
    const key = tallyKey(value);
    const known = this.#heap.find(key);
    if (known !== undefined) this.#heap.raise(known, times);
    else if (this.#heap.size < this.#capacity) this.#heap.insert({ key, count: times, error: 0, at: 0 });
    else {
      const least = this.#heap.least!.count;
      this.#heap.replaceLeast({ key, count: least + times, error: least, at: 0 });
    }
  }

  /** Takes values, as {@link add} does one by one. */
  addAll(values: ArrayLike<number | string>): void {
    assertList("the values of TopK.addAll", values);
    for (let i = 0; i < values.length; i++) this.add(values[i]!);
  }

  /** Adds what `other` has taken, which stays as it is. @throws a `ModelwrightError` with code `CONFIG_INVALID` when the capacities differ */
  merge(other: TopK): void {
    assertSameClass("TopK.merge", other, TopK);
    if (other.#capacity !== this.#capacity) {
      throw invalidConfig("TopK.merge", [{ path: ["capacity"], message: "both need the same capacity" }]);
    }
    // What one of the two does not count came there at most as often as its least.
    const [here, there] = [this.#floor, other.#floor];
    const merged: Tally[] = [];
    for (const { key, count, error } of this.#heap.ordered()) {
      const known = other.#heap.find(key) ?? { count: there, error: there };
      merged.push({ key, count: count + known.count, error: error + known.error, at: 0 });
    }
    for (const { key, count, error } of other.#heap.ordered()) {
      if (this.#heap.find(key) === undefined) merged.push({ key, count: count + here, error: error + here, at: 0 });
    }
    this.#heap = new TallyHeap();
    for (const tally of merged.sort(compareTallies).slice(0, this.#capacity)) this.#heap.insert(tally);
    this.#count += other.#count;
  }

  /** Values taken. */
  get count(): number {
    return this.#count;
  }

  /** The greatest number of times that a value which is not counted can have come. */
  get #floor(): number {
    return this.#heap.size < this.#capacity ? 0 : this.#heap.least!.count;
  }

  /**
   * The most frequent values, by falling count, then by value.
   *
   * @param limit - how many at most, a whole number, at least 1; all that are counted when left out
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for another limit
   */
  top(limit: number = this.#capacity): FrequentValue[] {
    if (!isCount(limit) || limit === 0) {
      throw invalidInput("TopK.top", [{ path: ["limit"], message: "expected a whole number above 0" }]);
    }
    const tallies = this.#heap.ordered();
    const rest = tallies[limit]?.count ?? this.#floor;
    return tallies
      .slice(0, limit)
      .map(({ key, count, error }) => ({ value: key, count, error, guaranteed: count - error >= rest }));
  }

  /** The state as JSON; `fromJSON` restores it. */
  toJSON(): TopKState {
    const items = this.#heap.ordered().map(({ key, count, error }) => [key, count, error] as const);
    return { schemaVersion: 1, capacity: this.#capacity, count: this.#count, items };
  }

  /**
   * The sketch that {@link TopK.toJSON} wrote.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged
   */
  static fromJSON(given: TopKState): TopK {
    const state = validate(stateSchema, given, "The state of a TopK");
    const sketch = new TopK({ capacity: state.capacity });
    sketch.#count = state.count;
    for (const [key, count, error] of state.items) sketch.#heap.insert({ key, count, error, at: 0 });
    return sketch;
  }
}
