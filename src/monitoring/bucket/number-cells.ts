import type { NumberScale } from "./number-scale.ts";

/** Counts of a {@link NumberCells} that are not 0, as a stored bucket has them. */
export interface SparseCells {
  /** Id of the scale that the cells belong to. */
  readonly scale: number;
  /** How many of `cell` and `count` are in use. */
  readonly length: number;
  readonly cell: ArrayLike<number>;
  readonly count: ArrayLike<number>;
  /** In units of {@link SUM_UNIT}. */
  readonly sum: number;
  readonly low: number;
  readonly high: number;
}

/** Sums are kept in this unit, so that those of the greatest doubles are finite; to divide by a power of 2 loses nothing. */
const SUM_UNIT = 2 ** 64;

/** Counts of numbers in the cells of a scale, with their sum and range. The counts of two add up exactly, the sums as doubles do. */
export class NumberCells {
  readonly scale: NumberScale;
  readonly #counts: Float64Array;
  /** Cells below `#first` and above `#last` are 0. */
  #first: number;
  #last = -1;
  #count = 0;
  #sum = 0;
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;

  constructor(scale: NumberScale) {
    this.scale = scale;
    this.#counts = new Float64Array(scale.cells);
    this.#first = scale.cells;
  }

  /** Counts a finite number. */
  add(value: number): void {
    this.#raise(this.scale.cellOf(value), 1);
    this.#sum += value / SUM_UNIT;
    if (value < this.#low) this.#low = value;
    if (value > this.#high) this.#high = value;
  }

  /** Adds stored counts, whose cells the reader has checked; those of another scale are left out. */
  addSparse({ scale, length, cell, count, sum, low, high }: SparseCells): void {
    if (scale !== this.scale.id || length === 0) return;
    for (let i = 0; i < length; i++) this.#raise(cell[i]!, count[i]!);
    this.#sum += sum;
    if (low < this.#low) this.#low = low;
    if (high > this.#high) this.#high = high;
  }

  /** Adds what another one with the same scale has counted. */
  addAll(other: NumberCells): void {
    for (let cell = other.#first; cell <= other.#last; cell++) {
      const count = other.#counts[cell]!;
      if (count > 0) this.#raise(cell, count);
    }
    this.#sum += other.#sum;
    if (other.#low < this.#low) this.#low = other.#low;
    if (other.#high > this.#high) this.#high = other.#high;
  }

  /** Forgets everything. */
  clear(): void {
    if (this.#count > 0) this.#counts.fill(0, this.#first, this.#last + 1);
    this.#first = this.scale.cells;
    this.#last = -1;
    this.#count = 0;
    this.#sum = 0;
    this.#low = Number.POSITIVE_INFINITY;
    this.#high = Number.NEGATIVE_INFINITY;
  }

  /** Numbers counted. */
  get count(): number {
    return this.#count;
  }

  /** In units of 2^64. */
  get sum(): number {
    return this.#sum;
  }

  /** Null without a number. */
  get mean(): number | null {
    if (this.#count === 0) return null;
    // Within the range also where rounding has left it.
    return Math.min(this.#high, Math.max(this.#low, (this.#sum / this.#count) * SUM_UNIT));
  }

  /** The smallest number; null without one. */
  get low(): number | null {
    return this.#count === 0 ? null : this.#low;
  }

  /** The greatest number; null without one. */
  get high(): number | null {
    return this.#count === 0 ? null : this.#high;
  }

  /** The middle of the cell that holds the number of rank ⌈q·count⌉, within the range of the numbers; null without one. */
  quantile(q: number): number | null {
    if (this.#count === 0) return null;
    const rank = Math.max(1, Math.ceil(q * this.#count));
    let cell = this.#first;
    for (let seen = this.#counts[cell]!; seen < rank && cell < this.#last; seen += this.#counts[cell]!) cell += 1;
    const low = Math.max(this.#low, this.scale.lower(cell));
    const high = Math.min(this.#high, this.#upper(cell));
    return low + (high - low) / 2; // the sum of both may be too great for a double
  }

  /** Calls `visit` with each cell that holds a number, in order. */
  each(visit: (cell: number, count: number) => void): void {
    for (let cell = this.#first; cell <= this.#last; cell++) if (this.#counts[cell]! > 0) visit(cell, this.#counts[cell]!);
  }

  /** Counts for a chart: neighbouring cells as one, ranges kept within that of the numbers, empty ones left out. */
  bars(): { readonly low: number; readonly high: number; readonly count: number }[] {
    const bars: { low: number; high: number; count: number }[] = [];
    let lastGroup = Number.NaN;
    this.each((cell, count) => {
      const group = this.scale.groupOf(cell);
      const high = Math.min(this.#high, this.#upper(cell));
      if (group === lastGroup) {
        const bar = bars.at(-1)!;
        bar.high = high;
        bar.count += count;
      } else bars.push({ low: Math.max(this.#low, this.scale.lower(cell)), high, count });
      lastGroup = group;
    });
    return bars;
  }

  #raise(cell: number, by: number): void {
    this.#counts[cell]! += by;
    this.#count += by;
    if (cell < this.#first) this.#first = cell;
    if (cell > this.#last) this.#last = cell;
  }

  #upper(cell: number): number {
    return cell + 1 < this.scale.cells ? this.scale.lower(cell + 1) : Number.POSITIVE_INFINITY;
  }
}
