import { type MmdResult, mmd } from "../../stats/tests/mmd.ts";
import { EMBEDDING_SAMPLE } from "../profile/feature-counts.ts";
import { comparableRows, RowSample, type SampledRow } from "../profile/row-sample.ts";

const MIN_ROWS = 30;

/** Permutations: 999 can show p = 0.001, which is left after correction for some features. */
const PERMUTATIONS = 999;

/** Maximum mean discrepancy between two samples of embeddings, and rows of the second; null below 30 comparable rows of either. */
export function embeddingDiscrepancy(
  reference: readonly SampledRow[],
  current: RowSample,
): (MmdResult & { readonly rows: number }) | null {
  const [before, after] = comparableRows(RowSample.fromJSON(reference, EMBEDDING_SAMPLE), current, EMBEDDING_SAMPLE);
  if (Math.min(before.length, after.length) < MIN_ROWS) return null;
  // An embedding has no missing numbers.
  const vectors = (rows: typeof before) => rows as readonly (readonly number[])[];
  const found = mmd(vectors(before), vectors(after), { permutations: PERMUTATIONS, maxRows: EMBEDDING_SAMPLE });
  return { ...found, rows: after.length };
}
