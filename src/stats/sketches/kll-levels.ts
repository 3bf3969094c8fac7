const LEAST_CAPACITY = 8;

/** How many values each level above 0 is to hold: the top one k, each one below two thirds of the next. */
export function levelCapacities(k: number, levels: number): number[] {
  return Array.from({ length: levels }, (_, i) => Math.max(LEAST_CAPACITY, Math.ceil(k * (2 / 3) ** (levels - 1 - i))));
}

/** An ascending array, and of another the value at `from` and every `step`-th after it, in one. */
export function mergeSorted(a: Float64Array, b: Float64Array, from = 0, step = 1): Float64Array {
  const merged = new Float64Array(a.length + Math.ceil((b.length - from) / step));
  let i = 0;
  let j = from;
  for (let at = 0; at < merged.length; at++) {
    if (j >= b.length || (i < a.length && a[i]! <= b[j]!)) merged[at] = a[i++]!;
    else {
      merged[at] = b[j]!;
      j += step;
    }
  }
  return merged;
}
