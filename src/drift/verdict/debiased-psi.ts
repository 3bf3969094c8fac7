import { psiOfCounts } from "../../stats/distances/population-stability-index.ts";
import type { Column } from "../profile/column.ts";
import type { ReferencePart } from "../profile/profile-layout.ts";
import { groupsOf, join } from "./join-sparse.ts";
import { withoutLateTruth } from "./sides.ts";

/** Debiased PSI of each feature for counts of cells, and nothing else, for a time line of thousands. */
export function debiasedPsi(
  columns: readonly Column[],
  { cells, rows }: ReferencePart,
  counts: Float64Array,
  window: number,
): Float64Array {
  const found = new Float64Array(columns.length);
  let at = 0;
  columns.forEach((column, i) => {
    const to = at + column.cells.length;
    const sides = { column, reference: cells.subarray(at, to), current: counts.subarray(at, to), n: rows, m: window };
    const { reference, current, n, m } = column.profile.role === "target" ? withoutLateTruth(sides) : sides;
    at = to;
    if (!(n > 0 && m > 0)) return;
    const { groups, count } = groupsOf(column.cells, reference, Math.min(1, m / n));
    found[i] = psiOfCounts(join(reference, groups, count), join(current, groups, count), n, m).psiDebiased;
  });
  return found;
}
