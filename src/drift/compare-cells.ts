import type { DriftReport } from "./port.ts";
import type { Column } from "./profile/column.ts";
import type { ProfileLayout } from "./profile/profile-layout.ts";
import { stateInvalid } from "./profile/reference-profile.ts";
import { comparePart, compareWindow, type Judging, MIN_ROWS } from "./verdict/compare-window.ts";
import { debiasedPsi } from "./verdict/debiased-psi.ts";
import { sidesOf } from "./verdict/sides.ts";

/** When the rows of counted cells were seen. */
export interface CellWindow {
  readonly rows: number;
  readonly since: number | null;
  readonly until: number | null;
}

/**
 * The report of counts of cells: {@link DriftDetector.compareCells}.
 *
 * @throws a `ModelwrightError` with code `DRIFT_STATE_INVALID` for counts that do not fit
 */
export function compareCells(
  layout: ProfileLayout,
  counts: Float64Array,
  { rows, since, until }: CellWindow,
  judging: Judging,
): DriftReport {
  assertFits(layout, counts);
  const { columns, parts } = layout;
  if (!addUp(columns, counts, rows)) throw stateInvalid("The counts of cells do not add up to the rows of each feature");
  const reference = { ...parts[0]!, bins: undefined, weighted: false, unknown: 0 };
  const sides = sidesOf(columns, reference, { rows, cells: counts, bins: undefined, moments: undefined });
  const part = { segment: null, sides, rows, referenceRows: reference.rows, warnings: [] };
  return compareWindow([part], [comparePart(part)], judging, { since, until });
}

/**
 * Debiased PSI of each feature, 0 below 30 rows: {@link DriftDetector.debiasedPsi}.
 *
 * @throws a `ModelwrightError` with code `DRIFT_STATE_INVALID` for counts of another length
 */
export function debiasedPsiOfCells(layout: ProfileLayout, counts: Float64Array): Float64Array {
  assertFits(layout, counts);
  const { columns, parts } = layout;
  const rows = counts.subarray(0, columns[0]!.cells.length).reduce((sum, count) => sum + count, 0);
  return rows < MIN_ROWS ? new Float64Array(columns.length) : debiasedPsi(columns, parts[0]!, counts, rows);
}

function assertFits({ parts }: ProfileLayout, counts: Float64Array): void {
  if (counts.length !== parts[0]!.cells.length) throw stateInvalid("The counts of cells do not fit the reference profile");
}

/** Whether counts of cells are whole, at least 0, and as many in each feature. */
function addUp(columns: readonly Column[], counts: Float64Array, rows: number): boolean {
  let at = 0;
  return columns.every(({ cells }) => {
    const own = counts.subarray(at, at + cells.length);
    at += cells.length;
    return own.every((count) => Number.isSafeInteger(count) && count >= 0) && own.reduce((sum, count) => sum + count, 0) === rows;
  });
}
