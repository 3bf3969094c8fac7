import { type MmdResult, mmd } from "../../stats/tests/mmd.ts";
import { type Column, columnOf, OrderedColumn } from "../profile/column.ts";
import type { DriftProfile } from "../profile/drift-profile.ts";
import type { ReferenceProfile } from "../profile/reference-profile.ts";
import { comparableRows, RowSample, type SampledRow } from "../profile/row-sample.ts";
import { type DomainClassifierResult, domainClassifier } from "./domain-classifier.ts";
import { type PcaReconstructionResult, pcaReconstruction } from "./pca-reconstruction.ts";
import type { CellRow, Column as MatrixColumn } from "./rows.ts";

/** What samples of rows show of features together, which none of them shows alone. */
export interface Multivariate {
  /** Whether a classifier can tell the window's rows from the reference's. */
  readonly domainClassifier: DomainClassifierResult;
  /** Whether the features move together as they did. */
  readonly pcaReconstruction: PcaReconstructionResult;
  /** Maximum mean discrepancy of the ordered features, standardised; null without such features or with fewer than 30 rows. */
  readonly mmd: MmdResult | null;
}

const MIN_ROWS = 30;

/** Most rows of each side for {@link mmd}, whose time grows with their square. */
const MAX_MMD_ROWS = 500;

/**
 * Looks at the features of a window together, on the samples of rows that `sampleRows` keeps. Sees what no single feature shows, such as
 * two that no longer move together. Takes up to some seconds for thousands of rows of many features.
 *
 * @param reference - of the detector
 * @param profile - counted over that reference, for example `detector.window`
 * @returns null without samples of rows on both sides, or without features but embeddings
 *
 * @example
 * ```ts
 * import { DriftDetector, multivariateDrift } from "modelwright/drift";
 * import { z } from "zod";
 *
 * const detector = new DriftDetector({ schema: z.object({ a: z.number(), b: z.number() }), sampleRows: 500 });
 * const rows = (sign: number) => Array.from({ length: 500 }, (_, i) => ({ a: Math.sin(i), b: sign * Math.sin(i) }));
 * const reference = detector.fit(rows(1));
 * detector.observe(rows(-1));
 * const verdict = detector.check().verdict; // "none": each by itself is as it was
 * const together = multivariateDrift(reference, detector.window)?.pcaReconstruction;
 * ```
 */
export function multivariateDrift(reference: ReferenceProfile, profile: DriftProfile): Multivariate | null {
  if (reference.sample === null || profile.sample === undefined) return null;
  const watched = reference.features.map(columnOf).filter((column) => column.profile.kind !== "embedding");
  if (watched.length === 0) return null;
  const rows = profile.sample.capacity;
  const [before, after] = comparableRows(sampleOf(reference.sample, reference.rows), profile.sample, rows);
  const [a, b] = [cellsOf(watched, before), cellsOf(watched, after)];
  const described = watched.map(describe);
  const classified = domainClassifier(a, b, { columns: described, terms: watched.length <= 20 ? "products" : "squares" });
  return {
    domainClassifier: classified.status === "ok" ? { ...classified, columns: named(classified.columns, watched) } : classified,
    pcaReconstruction: pcaReconstruction(a, b, { columns: described }),
    mmd: discrepancy(watched, before, after),
  };
}

/** Lacks no row where the rows that it counts are all that there were. */
function sampleOf(rows: readonly SampledRow[], all: number): RowSample {
  const whole = rows.reduce((sum, { count }) => sum + count, 0) === all;
  return RowSample.fromJSON(rows, Math.max(1, whole ? rows.length + 1 : rows.length));
}

/** Named by position, for names of features may be of any length. */
function describe(column: Column, i: number): MatrixColumn {
  return { name: `${i}`, kind: column instanceof OrderedColumn ? "numeric" : "categorical" };
}

function named<C extends { readonly name: string }>(found: readonly C[], columns: readonly Column[]): C[] {
  return found.map((column) => ({ ...column, name: columns[Number(column.name)]!.profile.feature }));
}

/** Positions of categories' bins become text, so that they are compared by equality. */
function cellsOf(columns: readonly Column[], rows: readonly (readonly (number | null)[])[]): CellRow[] {
  return rows.map((row) => row.map((value, i) => (columns[i] instanceof OrderedColumn || value === null ? value : `${value}`)));
}

function discrepancy(
  columns: readonly Column[],
  before: readonly (readonly (number | null)[])[],
  after: readonly (readonly (number | null)[])[],
): MmdResult | null {
  if (Math.min(before.length, after.length) < MIN_ROWS) return null;
  const scales = columns.flatMap((column, i) => {
    const moments = column instanceof OrderedColumn ? column.profile.moments : null;
    return moments !== null && moments.deviation > 0 ? [{ i, ...moments }] : [];
  });
  if (scales.length === 0) return null;
  // A value that is missing is taken for the mean, and one far away for the nearest of 10 deviations.
  const standardised = (rows: readonly (readonly (number | null)[])[]) =>
    rows.map((row) => scales.map(({ i, mean, deviation }) => Math.min(10, Math.max(-10, ((row[i] ?? mean) - mean) / deviation))));
  return mmd(standardised(before), standardised(after), { maxRows: MAX_MMD_ROWS });
}
