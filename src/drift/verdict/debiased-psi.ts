import { psiOfCounts } from "../../stats/distances/population-stability-index.ts";
import type { Column } from "../profile/column.ts";
import { groupsOf, join } from "./join-sparse.ts";
import { type Baseline, withoutLateTruth } from "./sides.ts";

/** Debiased PSI of each feature for counts of cells, and nothing else, for a time line of thousands. */
export function debiasedPsi(
  columns: readonly Column[],
  { cells }: Pick<Baseline, "cells">,
  counts: Float64Array,
  window: number,
): Float64Array {
  const found = new Float64Array(columns.length);
  let at = 0;
  columns.forEach((column, i) => {
    const to = at + column.cells.length;
    const known = cells.subarray(at, to);
    let total = 0;
    for (let cell = 0; cell < known.length; cell++) total += known[cell]!;
    const sides = { column, reference: known, current: counts.subarray(at, to), n: total, m: window };
    const { reference, current, n, m } = column.profile.role === "target" ? withoutLateTruth(sides) : sides;
    at = to;
    if (!(n > 0 && m > 0)) return;
    const { groups, count } = groupsOf(column, reference, Math.min(1, m / n));
    found[i] = psiOfCounts(join(reference, groups, count), join(current, groups, count), n, m).psiDebiased;
  });
  return found;
}
