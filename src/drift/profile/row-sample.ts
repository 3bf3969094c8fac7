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
  /** Up to twice the capacity, so that those too many are thrown out together. */
  readonly #rows = new Map<number, { values: readonly (number | null)[]; count: number }>();
  /** A hash above which no row is in the sample: the greatest, once it was full. */
  #limit = Number.POSITIVE_INFINITY;

  /** @param capacity - most distinct rows, at least 1 */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Distinct rows kept. */
  get size(): number {
    return Math.min(this.capacity, this.#rows.size);
  }

  /** The greatest hash of a row in the sample, when it is full and so may lack rows above it; else infinite. */
  get limit(): number {
    this.#prune();
    return this.#limit;
  }

  /** Adds a row of finite numbers and nulls; copied. */
  add(values: ArrayLike<number | null>): void {
    const hash = hashOf(values);
    if (hash > this.#limit) return;
    const known = this.#rows.get(hash);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    // Adding 0 turns -0, whose sign JSON does not carry, into 0.
    const copy = Array.from(values, (value) => (value === null ? null : value + 0));
    // An object may give other numbers the second time it is read.
    if (copy.every((value) => value === null || Number.isFinite(value))) this.#put(hash, copy, 1);
  }

  /** Adds another sample of the same capacity. */
  merge(other: RowSample): void {
    other.#prune();
    for (const [hash, { values, count }] of other.#rows) this.#put(hash, values, count);
  }

  /** The rows in the order of their hashes. */
  toJSON(): SampledRow[] {
    this.#prune();
    return [...this.#rows].sort(([a], [b]) => a - b).map(([, { values, count }]) => ({ values, count }));
  }

  /** A sample of rows that {@link RowSample.toJSON} wrote. */
  static fromJSON(rows: readonly SampledRow[], capacity: number): RowSample {
    const sample = new RowSample(capacity);
    for (const { values, count } of rows) sample.#put(hashOf(values), values, count);
    return sample;
  }

  /** The rows whose hash is at most `limit`, in the order of their hashes. */
  within(limit: number): SampledRow[] {
    return this.toJSON().filter(({ values }) => hashOf(values) <= limit);
  }

  #put(hash: number, values: readonly (number | null)[], count: number): void {
    if (hash > this.#limit) return;
    const known = this.#rows.get(hash);
    if (known !== undefined) {
      known.count += count;
      return;
    }
    // Several samples and their JSON share it.
    this.#rows.set(hash, { values: Object.freeze(values), count });
    if (this.#rows.size >= 2 * this.capacity) this.#prune();
  }

  /** Throws out the rows that are too many. What is out can never come back: the limit only falls. */
  #prune(): void {
    if (this.#rows.size < this.capacity) return;
    const hashes = Float64Array.from(this.#rows.keys()).sort();
    this.#limit = hashes[this.capacity - 1]!;
    for (let i = this.capacity; i < hashes.length; i++) this.#rows.delete(hashes[i]!);
  }
}

/** The least share of rows that occurred more than once which makes a population one of a limited number of values. */
const RECURRING = 0.05;

/**
 * Rows of two samples that a test may take for rows drawn at random, at most `limit` of each.
 *
 * Where hardly any row recurs, each distinct one once: a few frequent ones, such as the embedding of no text, are in a sample or not by
 * the chance of one hash, and would weigh too much. Else as often as they occurred, but only those whose hash is within the limits of
 * both samples: below it both have every row.
 */
export function comparableRows(
  a: RowSample,
  b: RowSample,
  limit: number,
): readonly [readonly SampledRow["values"][], readonly SampledRow["values"][]] {
  const least = Math.min(a.limit, b.limit);
  const recur = (rows: readonly SampledRow[]) => rows.filter(({ count }) => count > 1).length > RECURRING * rows.length;
  const [rowsA, rowsB] = [a.toJSON(), b.toJSON()];
  if (least < Number.POSITIVE_INFINITY && !recur(rowsA) && !recur(rowsB)) {
    return [rowsA.slice(0, limit).map(({ values }) => values), rowsB.slice(0, limit).map(({ values }) => values)];
  }
  return [expanded(a.within(least), limit), expanded(b.within(least), limit)];
}

/** The rows as often as they occurred, or that many times a share of it when they would be more than `limit`. */
function expanded(rows: readonly SampledRow[], limit: number): SampledRow["values"][] {
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  const share = Math.min(1, limit / total);
  const picked: SampledRow["values"][] = [];
  let seen = 0;
  for (const { values, count } of rows) {
    seen += count;
    // Sums are rounded, not counts, so that rare rows keep their share.
    while (picked.length < Math.round(seen * share)) picked.push(values);
  }
  return picked;
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
