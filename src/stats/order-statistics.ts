import { HIGH_WORD, sorted } from "./sort.ts";

/** Below this length sorting takes no longer than counting. */
const MIN_RADIX = 4096;

const BUCKETS = 1 << 16;

/**
 * The values of some ranks of a sample, as its ascending copy would hold them; without sorting more than the values next to them, in O(n)
 * time. Values are counted by their leading 16 bits, then those in a bucket with a rank by the next 16, and so on.
 *
 * @param values - without NaN
 * @param ranks - integers in [0, n), ascending
 * @source D. E. Knuth, "The Art of Computer Programming" 3 (1998), section 5.2.5 (radix exchange), for the digits
 */
export function orderStatistics(values: Float64Array, ranks: readonly number[]): Float64Array {
  const found = new Float64Array(ranks.length);
  select(values, ranks, 0, ranks.length, 0, 0, found);
  return found;
}

/** Finds the ranks from `first` to `end`, of which `skipped` values are below all of `values`, by the 16 bits of `digit`. */
function select(
  values: Float64Array,
  ranks: readonly number[],
  first: number,
  end: number,
  skipped: number,
  digit: number,
  found: Float64Array,
): void {
  if (first === end) return;
  if (values.length < MIN_RADIX || digit === 4) {
    const ascending = sorted(values);
    for (let i = first; i < end; i++) found[i] = ascending[ranks[i]! - skipped]!;
    return;
  }
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
  const counts = new Uint32Array(BUCKETS);
  for (let i = 0; i < words.length; i += 2) counts[keyOf(words, i, digit)]! += 1;
  // Where the values of a bucket go, plus 1; 0 for buckets without a rank.
  const places = new Uint32Array(BUCKETS);
  const kept: { readonly from: number; readonly to: number; readonly first: number; end: number; readonly skipped: number }[] =
    [];
  let below = skipped;
  let room = 0;
  for (let bucket = 0, next = first; next < end; bucket++) {
    const count = counts[bucket]!;
    const start = next;
    while (next < end && ranks[next]! < below + count) next += 1;
    if (next > start) {
      kept.push({ from: room, to: room + count, first: start, end: next, skipped: below });
      places[bucket] = room + 1;
      room += count;
    }
    below += count;
  }
  const gathered = new Float64Array(room);
  for (let i = 0; i < values.length; i++) {
    const bucket = keyOf(words, 2 * i, digit);
    const place = places[bucket]!;
    if (place === 0) continue;
    gathered[place - 1] = values[i]!;
    places[bucket] = place + 1;
  }
  for (const part of kept) {
    select(gathered.subarray(part.from, part.to), ranks, part.first, part.end, part.skipped, digit + 1, found);
  }
}

/** 16 bits of a double, from the leading ones on, such that doubles of equal leading bits compare as these do. */
function keyOf(words: Int32Array, at: number, digit: number): number {
  const sign = words[at + HIGH_WORD]! >> 31;
  const word = digit < 2 ? words[at + HIGH_WORD]! ^ (sign | 0x8000_0000) : words[at + 1 - HIGH_WORD]! ^ sign;
  return digit % 2 === 0 ? word >>> 16 : word & 0xffff;
}
