/** One row of an exponential histogram: buckets of 2^i values each, the oldest first. */
interface Row {
  readonly totals: Float64Array;
  /** Sums of squared differences from the mean of the bucket. */
  readonly squares: Float64Array;
  count: number;
}

/** Rows of an `AdaptiveWindow` as JSON: row i holds buckets of 2^i values, the oldest first. */
export type WindowRows = readonly {
  readonly totals: readonly number[];
  readonly squares: readonly number[];
}[];

/** What an `AdaptiveWindow` is told. */
export interface AdaptiveWindowOptions {
  readonly delta: number;
  readonly maxBuckets: number;
  readonly minWindowLength: number;
}

/**
 * A window of the newest values in an exponential histogram, from which old buckets are dropped while the mean before some cut
 * between two buckets differs from the mean after it. O(maxBuckets · log(width)) memory and time of a {@link AdaptiveWindow.shrink}.
 *
 * @source A. Bifet, R. Gavaldà, "Learning from Time-Changing Data with Adaptive Windowing", SDM (2007),
 * doi:10.1137/1.9781611972771.42; B. Babcock et al., "Maintaining Variance and k-Medians over Data Stream Windows", PODS (2003),
 * doi:10.1145/773153.773176, for the merge of variances
 */
export class AdaptiveWindow {
  readonly #options: AdaptiveWindowOptions;
  #rows: Row[];
  #width = 0;
  #total = 0;
  #squares = 0;

  constructor(options: AdaptiveWindowOptions) {
    this.#options = options;
    this.#rows = [this.#emptyRow()];
  }

  /** Values in the window. */
  get width(): number {
    return this.#width;
  }

  /** Sum of the values in the window. */
  get total(): number {
    return this.#total;
  }

  /** Sum of the squared differences of the values in the window from their mean, at least 0. */
  get squares(): number {
    return this.#squares;
  }

  /** Appends a value. */
  add(x: number): void {
    if (this.#width > 0) {
      const difference = x - this.#total / this.#width;
      this.#squares += (this.#width / (this.#width + 1)) * difference * difference;
    }
    this.#width += 1;
    this.#total += x;
    push(this.#rows[0]!, x, 0);
    this.#mergeFullRows();
  }

  /** Drops the oldest buckets until no cut is significant. Answers whether there was one. */
  shrink(): boolean {
    let found = false;
    while (this.#hasCut()) {
      found = true;
      this.#dropOldest();
    }
    return found;
  }

  toJSON(): { readonly total: number; readonly squares: number; readonly rows: WindowRows } {
    return {
      total: this.#total,
      squares: this.#squares,
      rows: this.#rows.map(({ totals, squares, count }) => ({
        totals: [...totals.subarray(0, count)],
        squares: [...squares.subarray(0, count)],
      })),
    };
  }

  /** Takes over what {@link AdaptiveWindow.toJSON} wrote, which the caller has checked. */
  restore(total: number, squares: number, rows: WindowRows): void {
    this.#total = total;
    this.#squares = squares;
    this.#width = rows.reduce((sum, row, i) => sum + row.totals.length * 2 ** i, 0);
    this.#rows = rows.map((given) => {
      const row = this.#emptyRow();
      row.totals.set(given.totals);
      row.squares.set(given.squares);
      row.count = given.totals.length;
      return row;
    });
  }

  #emptyRow(): Row {
    const size = this.#options.maxBuckets + 1;
    return { totals: new Float64Array(size), squares: new Float64Array(size), count: 0 };
  }

  /** Where a row has more than `maxBuckets`, its two oldest become one bucket of the next row. */
  #mergeFullRows(): void {
    for (let i = 0; this.#rows[i]!.count > this.#options.maxBuckets; i++) {
      const row = this.#rows[i]!;
      if (i + 1 === this.#rows.length) this.#rows.push(this.#emptyRow());
      const size = 2 ** i;
      const difference = row.totals[0]! / size - row.totals[1]! / size;
      const squares = row.squares[0]! + row.squares[1]! + (size / 2) * difference * difference;
      push(this.#rows[i + 1]!, row.totals[0]! + row.totals[1]!, squares);
      shift(row, 2);
    }
  }

  #dropOldest(): void {
    const last = this.#rows.length - 1;
    const row = this.#rows[last]!;
    const size = 2 ** last;
    const total = row.totals[0]!;
    this.#width -= size;
    this.#total -= total;
    const difference = total / size - this.#total / this.#width;
    const lost = row.squares[0]! + ((size * this.#width) / (size + this.#width)) * difference * difference;
    // Rounding may take away more than there is; a negative variance would make every cut NaN.
    this.#squares = Math.max(0, this.#squares - lost);
    shift(row, 1);
    if (row.count === 0) this.#rows.pop();
  }

  /** Whether the means before and after some cut differ by more than ε_cut, looked for from the oldest cut on. */
  #hasCut(): boolean {
    const { delta, minWindowLength } = this.#options;
    if (this.#width < 2 * minWindowLength) return false;
    const logTerm = Math.log((2 * Math.log(this.#width)) / delta);
    const variance = this.#squares / this.#width;
    let older = 0;
    let olderTotal = 0;
    for (let i = this.#rows.length - 1; i >= 0; i--) {
      const { totals, count } = this.#rows[i]!;
      for (let k = 0; k < count; k++) {
        older += 2 ** i;
        olderTotal += totals[k]!;
        const newer = this.#width - older;
        if (newer < minWindowLength) return false;
        if (older < minWindowLength) continue;
        const difference = Math.abs(olderTotal / older - (this.#total - olderTotal) / newer);
        const inverse = 1 / (older - minWindowLength + 1) + 1 / (newer - minWindowLength + 1);
        if (difference > Math.sqrt(2 * inverse * variance * logTerm) + (2 / 3) * logTerm * inverse) return true;
      }
    }
    return false;
  }
}

function push(row: Row, total: number, squares: number): void {
  row.totals[row.count] = total;
  row.squares[row.count] = squares;
  row.count += 1;
}

/** Removes the oldest buckets of a row. */
function shift(row: Row, buckets: number): void {
  row.count -= buckets;
  for (let k = 0; k < row.count; k++) {
    row.totals[k] = row.totals[k + buckets]!;
    row.squares[k] = row.squares[k + buckets]!;
  }
}
