/** Rows in an order. Rows that are added in it cost nothing more; others are sorted in when rows are read next. */
export class OrderedRows<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #rows: T[] = [];
  #sorted = true;

  /** @param compare - tells any two rows apart */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** How many rows there are. */
  get length(): number {
    return this.#rows.length;
  }

  /** Adds a row. */
  add(row: T): void {
    const last = this.#rows.at(-1);
    if (last !== undefined && this.#compare(last, row) > 0) this.#sorted = false;
    this.#rows.push(row);
  }

  /** The rows in their order, until rows are added or removed. */
  all(): readonly T[] {
    // Two runs, mostly, which the sort of the language merges.
    if (!this.#sorted) this.#rows.sort(this.#compare);
    this.#sorted = true;
    return this.#rows;
  }

  /** How many rows at the beginning `comesBefore` is true of; it is of none behind them. */
  count(comesBefore: (row: T) => boolean): number {
    const rows = this.all();
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comesBefore(rows[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Removes rows from the beginning and answers them. */
  removeFirst(count: number): readonly T[] {
    this.all();
    return this.#rows.splice(0, count);
  }
}
