/** Below this length the library's own sort, which needs no second array, is as fast. */
const MIN_RADIX = 2048;

/** Bits of a digit; three digits make the leading 32 bits of a double, and three more the other 32. */
const BITS = 11;
const BUCKETS = 1 << BITS;
const MASK = BUCKETS - 1;

/** A run of values that agree in their leading 32 bits is put in order by insertion up to this length. */
const MAX_INSERTION = 48;

/** Where the leading 32 bits of a double lie within its two words. */
export const HIGH_WORD: 0 | 1 = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/**
 * An ascending copy of a sample: -0 as 0, infinities at the ends. In O(n) time and two copies' memory for large samples.
 *
 * The leading 32 bits of the doubles are sorted first, digit by digit; what then still is out of order lies in short runs of
 * almost equal values. Where it does not, as for times of one day in milliseconds, the other 32 bits are sorted before them.
 *
 * @param values - without NaN
 * @source D. E. Knuth, "The Art of Computer Programming" 3 (1998), section 5.2.5 (radix sort)
 */
export function sorted(values: ArrayLike<number>): Float64Array {
  const copy = copyOf(values);
  return copy.length < MIN_RADIX ? copy.sort() : radixSorted(copy).values;
}

/**
 * The indices of a sample in ascending order of value, equal values (and -0 and 0) in the order given. Time and memory are those of
 * {@link sorted}.
 *
 * @param values - at most 2^32 − 1, without NaN
 */
export function sortOrder(values: ArrayLike<number>): Uint32Array {
  const order = new Uint32Array(values.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  if (order.length < MIN_RADIX) return order.sort((a, b) => compare(values[a]!, values[b]!) || a - b);
  return radixSorted(copyOf(values), order).order!;
}

/** Not a − b, which is NaN for two equal infinities. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Adding 0 turns -0, whose bits lie below those of 0, into 0. */
function copyOf(values: ArrayLike<number>): Float64Array {
  const copy = new Float64Array(values.length);
  for (let i = 0; i < copy.length; i++) copy[i] = values[i]! + 0;
  return copy;
}

function radixSorted(values: Float64Array, order?: Uint32Array): RadixSort {
  const sort = new RadixSort(values, order);
  sort.byHighWord();
  if (!insertInRuns(sort.values, sort.order)) {
    // Sorting by the low word first and then, stably, by the high word sorts by both.
    sort.byLowWord();
    sort.byHighWord();
  }
  return sort;
}

/** One array of values, and one of indices if there are any, with a spare one of each to move them to. */
class RadixSort {
  values: Float64Array;
  order: Uint32Array | undefined;
  #otherValues: Float64Array;
  #otherOrder: Uint32Array | undefined;
  readonly #counts = new Uint32Array(3 * BUCKETS);

  constructor(values: Float64Array, order: Uint32Array | undefined) {
    this.values = values;
    this.order = order;
    this.#otherValues = new Float64Array(values.length);
    this.#otherOrder = order && new Uint32Array(order.length);
  }

  byHighWord(): void {
    const counts = this.#counts.fill(0);
    const words = new Int32Array(this.values.buffer);
    for (let i = HIGH_WORD; i < words.length; i += 2) {
      const key = words[i]! ^ ((words[i]! >> 31) | 0x8000_0000);
      counts[key & MASK]! += 1;
      counts[BUCKETS + ((key >>> BITS) & MASK)]! += 1;
      counts[2 * BUCKETS + (key >>> (2 * BITS))]! += 1;
    }
    for (let digit = 0; digit < 3; digit++) this.#pass(digit, HIGH_WORD);
  }

  byLowWord(): void {
    const counts = this.#counts.fill(0);
    const words = new Int32Array(this.values.buffer);
    for (let i = 0; i < words.length; i += 2) {
      const key = words[i + 1 - HIGH_WORD]! ^ (words[i + HIGH_WORD]! >> 31);
      counts[key & MASK]! += 1;
      counts[BUCKETS + ((key >>> BITS) & MASK)]! += 1;
      counts[2 * BUCKETS + (key >>> (2 * BITS))]! += 1;
    }
    for (let digit = 0; digit < 3; digit++) this.#pass(digit, 1 - HIGH_WORD);
  }

  /** Moves everything to the spare arrays, in order of one digit, unless all values have the same one. */
  #pass(digit: number, word: number): void {
    const { values, order } = this;
    const next = this.#counts.subarray(digit * BUCKETS, (digit + 1) * BUCKETS);
    const shift = digit * BITS;
    const words = new Int32Array(values.buffer);
    // The bits of a negative number count backwards, and the sign bit of any number upside down.
    const signBit = word === HIGH_WORD ? 0x8000_0000 : 0;
    const first = words[word]! ^ ((words[HIGH_WORD]! >> 31) | signBit);
    if (next[(first >>> shift) & MASK] === values.length) return;
    let start = 0;
    for (let i = 0; i < BUCKETS; i++) {
      const count = next[i]!;
      next[i] = start;
      start += count;
    }
    const toValues = this.#otherValues;
    const toOrder = this.#otherOrder;
    if (order === undefined || toOrder === undefined) moveValues(values, words, toValues, next, shift, word, signBit);
    else moveBoth(values, words, order, toValues, toOrder, next, shift, word, signBit);
    this.#otherValues = values;
    this.#otherOrder = order;
    this.values = toValues;
    this.order = toOrder;
  }
}

function moveValues(
  from: Float64Array,
  words: Int32Array,
  to: Float64Array,
  next: Uint32Array,
  shift: number,
  word: number,
  signBit: number,
): void {
  for (let i = 0; i < from.length; i++) {
    const key = words[2 * i + word]! ^ ((words[2 * i + HIGH_WORD]! >> 31) | signBit);
    to[next[(key >>> shift) & MASK]!++] = from[i]!;
  }
}

function moveBoth(
  from: Float64Array,
  words: Int32Array,
  order: Uint32Array,
  to: Float64Array,
  toOrder: Uint32Array,
  next: Uint32Array,
  shift: number,
  word: number,
  signBit: number,
): void {
  for (let i = 0; i < from.length; i++) {
    const key = words[2 * i + word]! ^ ((words[2 * i + HIGH_WORD]! >> 31) | signBit);
    const place = next[(key >>> shift) & MASK]!++;
    to[place] = from[i]!;
    toOrder[place] = order[i]!;
  }
}

/** Puts values in order that are so but within short runs, equal ones staying in theirs; false when a run is too long for that. */
function insertInRuns(values: Float64Array, order: Uint32Array | undefined): boolean {
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!;
    if (values[i - 1]! <= value) continue;
    const item = order?.[i];
    const last = Math.max(0, i - MAX_INSERTION);
    let place = i;
    while (place > last && values[place - 1]! > value) {
      values[place] = values[place - 1]!;
      if (order !== undefined) order[place] = order[place - 1]!;
      place -= 1;
    }
    values[place] = value;
    if (order !== undefined) order[place] = item!;
    if (place === last && place > 0 && values[place - 1]! > value) return false;
  }
  return true;
}
