const LEAST_LENGTH = 64;

/** Counts by whole index of at most `limit` neighbouring buckets; lower ones are counted together. */
export class LogBuckets {
  readonly limit: number;
  /** Counted in indices that are `limit` or more below the greatest one. */
  small = 0;
  /** Greatest index; -1 before the first. */
  last = -1;
  /** Never longer than twice the limit. */
  #counts = new Float64Array(0);
  /** Index of the first count. */
  #base = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Lowest index that may have a bucket. */
  get lowest(): number {
    return this.last - this.limit + 1;
  }

  /** @param index - a whole number, at least 0 */
  add(index: number, count = 1): void {
    if (index > this.last) this.#raise(index);
    else if (index <= this.last - this.limit) {
      this.small += count;
      return;
    } else if (index < this.#base) this.#makeRoom(index);
    this.#counts[index - this.#base]! += count;
  }

  merge(other: LogBuckets): void {
    const small = other.small;
    // From the top, so that what the limit cuts off is not stored first.
    for (const [index, count] of other.entries().reverse()) this.add(index, count);
    this.small += small;
  }

  /** No lower index has a count. */
  get first(): number {
    return this.#base;
  }

  /** What one bucket holds. */
  count(index: number): number {
    return this.#counts[index - this.#base] ?? 0;
  }

  /** Index and count of every bucket that is not empty, from the lowest. */
  entries(): (readonly [index: number, count: number])[] {
    const entries: (readonly [number, number])[] = [];
    this.#counts.forEach((count, at) => {
      if (count > 0) entries.push([this.#base + at, count]);
    });
    return entries;
  }

  /** Makes an index the greatest one. */
  #raise(index: number): void {
    const end = Math.min(index - this.limit + 1 - this.#base, this.#counts.length);
    for (let at = Math.max(0, this.lowest - this.#base); at < end; at++) {
      this.small += this.#counts[at]!;
      this.#counts[at] = 0;
    }
    this.last = index;
    if (index - this.#base >= this.#counts.length) this.#makeRoom(index);
  }

  /** Moves the counts to where an index outside of them has a place, and as many again around them. */
  #makeRoom(index: number): void {
    const before = this.entries();
    const first = Math.min(index, before[0]?.[0] ?? index);
    const span = this.last - first + 1;
    const length = Math.max(LEAST_LENGTH, 2 * span);
    this.#counts = new Float64Array(length);
    this.#base = Math.max(0, this.lowest, first - ((length - span) >> 1));
    for (const [from, count] of before) this.#counts[from - this.#base] = count;
  }
}
