/** A sampled row and how often it occurred. */
export interface SampledRow {
  /** Numbers, finite; null stands for no value. */
  readonly values: readonly (number | null)[];
  readonly count: number;
}

const scratch = new Float64Array(1);
const words = new Int32Array(scratch.buffer);

/**
 * A sample of distinct rows of numbers, with how often each occurred, that merges exactly: it keeps the rows whose hashes are least.
 * Whether a row is in it depends on nothing but its values and those of the other rows, so the order and the grouping of what is added
 * do not matter. Each distinct row is as likely to be in it as any other; equal rows are in it together or not at all.
 *
 * @source E. Cohen, H. Kaplan, "Summarizing Data Using Bottom-k Sketches", PODC (2007)
 */
export class RowSample {
  /** Most distinct rows. */
  readonly capacity: number;
  readonly #rows = new Map<number, { values: readonly (number | null)[]; count: number }>();
  /** The greatest hash kept, once the sample is full. */
  #greatest = Number.POSITIVE_INFINITY;

  /** @param capacity - most distinct rows, at least 1 */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Distinct rows kept. */
  get size(): number {
    return this.#rows.size;
  }

  /** Adds a row of finite numbers and nulls; copied. */
  add(values: ArrayLike<number | null>): void {
    const hash = hashOf(values);
    // Adding 0 turns -0, whose sign JSON does not carry, into 0.
    if (hash <= this.#greatest)
      this.#put(
        hash,
        Array.from(values, (value) => (value === null ? null : value + 0)),
        1,
      );
  }

  /** Adds another sample of the same capacity. */
  merge(other: RowSample): void {
    for (const [hash, { values, count }] of other.#rows) this.#put(hash, values, count);
  }

  /** The rows in the order of their hashes. */
  toJSON(): SampledRow[] {
    return [...this.#rows].sort(([a], [b]) => a - b).map(([, { values, count }]) => ({ values, count }));
  }

  /** A sample of rows that {@link RowSample.toJSON} wrote. */
  static fromJSON(rows: readonly SampledRow[], capacity: number): RowSample {
    const sample = new RowSample(capacity);
    for (const { values, count } of rows) sample.#put(hashOf(values), values, count);
    return sample;
  }

  /** The rows, each as often as it occurred, or a share of that when they would be more than `limit`. */
  expand(limit: number): (readonly (number | null)[])[] {
    const rows = this.toJSON();
    const total = rows.reduce((sum, { count }) => sum + count, 0);
    const share = Math.min(1, limit / total);
    return rows
      .flatMap(({ values, count }) => Array.from({ length: Math.max(1, Math.round(count * share)) }, () => values))
      .slice(0, limit);
  }

  #put(hash: number, values: readonly (number | null)[], count: number): void {
    const known = this.#rows.get(hash);
    if (known !== undefined) {
      known.count += count;
      return;
    }
    if (hash > this.#greatest) return;
    this.#rows.set(hash, { values, count });
    if (this.#rows.size > this.capacity) this.#rows.delete(this.#greatest);
    if (this.#rows.size === this.capacity) this.#greatest = [...this.#rows.keys()].reduce((a, b) => Math.max(a, b));
  }
}

/** 53 bits of a hash of the bits of the values: two 32-bit words, each mixed as in MurmurHash3 under its own seed. */
function hashOf(values: ArrayLike<number | null>): number {
  let a = 0x9747b28c | 0;
  let b = 0x5bd1e995 | 0;
  for (let i = 0; i < values.length; i++) {
    // Adding 0 makes one of 0 and -0. NaN stands for no value here; all values are finite.
    scratch[0] = (values[i] ?? Number.NaN) + 0;
    const low = scrambled(words[0]!);
    const high = scrambled(words[1]!);
    a = (Math.imul(rotated(a ^ low, 13), 5) + 0xe6546b64) | 0;
    a = (Math.imul(rotated(a ^ high, 13), 5) + 0xe6546b64) | 0;
    b = (Math.imul(rotated(b ^ low, 17), 9) + 0x38b34ae5) | 0;
    b = (Math.imul(rotated(b ^ high, 17), 9) + 0x38b34ae5) | 0;
  }
  return finish(a) * 2 ** 21 + (finish(b ^ values.length) >>> 11);
}

function scrambled(word: number): number {
  return Math.imul(rotated(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
