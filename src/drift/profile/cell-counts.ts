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

/** The count of a cell. */
export function sumOf(bins: ArrayLike<number>, { from, to }: Cell): number {
  let total = 0;
  for (let i = from; i < to; i++) total += bins[i]!;
  return total;
}
