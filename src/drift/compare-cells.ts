import type { CellTimes, CellWindow, DriftReport } from "./port.ts";
import type { Column } from "./profile/column.ts";
import type { ProfileLayout } from "./profile/profile-layout.ts";
import { stateInvalid } from "./profile/reference-profile.ts";
import { SEASONS, seasonOf } from "./profile/season.ts";
import { comparePart, compareWindow, type Judging, MIN_ROWS } from "./verdict/compare-window.ts";
import { debiasedPsi } from "./verdict/debiased-psi.ts";
import { type Baseline, seasonalBaseline, sidesOf } from "./verdict/sides.ts";
import { warningsOf } from "./verdict/window-parts.ts";

/**
 * The report of counts of cells: {@link DriftDetector.compareCells}.
 *
 * @throws a `ModelwrightError` with code `DRIFT_STATE_INVALID` for counts that do not fit
 */
export function compareCells(
  layout: ProfileLayout,
  counts: Float64Array,
  { rows, since, until, times }: CellWindow,
  judging: Judging,
): DriftReport {
  assertFits(layout, counts);
  const { columns } = layout;
  if (!addUp(columns, counts, rows)) throw stateInvalid("The counts of cells do not add up to the rows of each feature");
  const reference = baselineOf(layout, times);
  const sides = sidesOf(columns, reference, { rows, cells: counts, bins: undefined, moments: undefined });
  const part = { segment: null, sides, rows, referenceRows: reference.rows, warnings: warningsOf(null, reference, layout) };
  return compareWindow([part], [comparePart(part)], judging, { since, until });
}

/**
 * Debiased PSI of each feature, 0 below 30 rows: {@link DriftDetector.debiasedPsi}.
 *
 * @throws a `ModelwrightError` with code `DRIFT_STATE_INVALID` for counts of another length
 */
export function debiasedPsiOfCells(layout: ProfileLayout, counts: Float64Array, times: CellTimes | undefined): Float64Array {
  assertFits(layout, counts);
  const { columns } = layout;
  const rows = counts.subarray(0, columns[0]!.cells.length).reduce((sum, count) => sum + count, 0);
  return rows < MIN_ROWS ? new Float64Array(columns.length) : debiasedPsi(columns, baselineOf(layout, times), counts, rows);
}

/** All rows of the reference, or those of the seasons in which rows were seen, weighted alike. */
function baselineOf({ parts, season }: ProfileLayout, times: CellTimes | undefined): Baseline {
  const { rows, cells, moments, seasons } = parts[0]!;
  if (season === undefined || seasons === null || times === undefined) {
    return { rows, cells, bins: undefined, moments, weighted: false, unknown: 0 };
  }
  const seen = new Float64Array(SEASONS[season.by]);
  for (const [at, count] of times) seen[seasonOf(season.by, at)]! += count;
  return seasonalBaseline(seasons, seen, cells.length, moments);
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
