import type { Cell } from "./cells.ts";
import type { Column } from "./column.ts";

/** Counts of a column's bins. */
interface Counted {
  readonly column: Column;
  readonly bins: ArrayLike<number>;
}

/** The counts of the cells of all features, behind one another. */
export function cellCounts(features: readonly Counted[]): Float64Array {
  const all = new Float64Array(features.reduce((sum, { column }) => sum + column.cells.length, 0));
  let at = 0;
  for (const { column, bins } of features) for (const cell of column.cells) all[at++] = sumOf(bins, cell);
  return all;
}

/** For each column, the position of each bin's cell among the cells of all columns, and how many cells there are. */
export function cellPositions(columns: readonly Column[]): { readonly positions: readonly Int32Array[]; readonly count: number } {
  let count = 0;
  const positions = columns.map((column) => {
    const own = new Int32Array(column.bins);
    for (const { from, to } of column.cells) own.fill(count++, from, to);
    return own;
  });
  return { positions, count };
}

/** The count of a cell. */
function sumOf(bins: ArrayLike<number>, { from, to }: Cell): number {
  let total = 0;
  for (let i = from; i < to; i++) total += bins[i]!;
  return total;
}
