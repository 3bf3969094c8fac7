import { sortOrder } from "../sort.ts";

/** The values of all levels of a KLL sketch in order, ready to be asked for ranks. */
export class KllView {
  readonly #values: Float64Array;
  /** How many values each one and those before it stand for. */
  readonly #ranks: Float64Array;

  /** @param levels - values that stand for 2^level each */
  constructor(levels: readonly Float64Array[]) {
    const size = levels.reduce((sum, level) => sum + level.length, 0);
    const values = new Float64Array(size);
    const weights = new Float64Array(size);
    let at = 0;
    levels.forEach((level, h) => {
      values.set(level, at);
      weights.fill(2 ** h, at, at + level.length);
      at += level.length;
    });
    const order = sortOrder(values);
    this.#values = Float64Array.from(order, (i) => values[i]!);
    let rank = 0;
    this.#ranks = Float64Array.from(order, (i) => {
      rank += weights[i]!;
      return rank;
    });
  }

  /** How many values are at or below one, as far as those that are kept tell. */
  rank(value: number): number {
    const values = this.#values;
    let low = 0;
    let high = values.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (values[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.#ranks[low - 1]!;
  }

  /** The least value with a rank of `least` or more, which the greatest one has. */
  valueAt(least: number): number {
    const ranks = this.#ranks;
    let low = 0;
    let high = ranks.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranks[middle]! < least) low = middle + 1;
      else high = middle;
    }
    return this.#values[low]!;
  }
}
