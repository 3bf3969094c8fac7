import type { Matrix } from "../multivariate/matrix.ts";

/** Most bins of a column. */
export const MAX_BINS = 256;

/** Numbers in at most 256 bins by quantiles, column by column. */
export interface BinnedMatrix {
  /** Bin of row i in column j at `j * rows + i`. */
  readonly bins: Uint8Array;
  readonly rows: number;
  /** Upper end of each bin but the last, for each column. */
  readonly edges: readonly Float64Array[];
}

/** Bins a matrix of finite numbers. */
export function binMatrix({ data, rows, columns }: Matrix): BinnedMatrix {
  const bins = new Uint8Array(rows * columns);
  const edges: Float64Array[] = [];
  const values = new Float64Array(rows);
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) values[i] = data[i * columns + j]!;
    values.sort();
    const ends = new Set<number>();
    for (let b = 1; b < MAX_BINS; b++) ends.add(values[Math.floor((b * (rows - 1)) / MAX_BINS)]!);
    ends.delete(values[rows - 1]!);
    const edge = Float64Array.from(ends);
    edges.push(edge);
    for (let i = 0; i < rows; i++) {
      const value = data[i * columns + j]!;
      let bin = 0;
      let high = edge.length;
      while (bin < high) {
        const middle = (bin + high) >> 1;
        if (value > edge[middle]!) bin = middle + 1;
        else high = middle;
      }
      bins[j * rows + i] = bin;
    }
  }
  return { bins, rows, edges };
}
