import { type MmdResult, mmd } from "../../stats/tests/mmd.ts";
import { RowSample, type SampledRow } from "../profile/row-sample.ts";

const MIN_ROWS = 30;

/** Permutations: 999 can show p = 0.001, which is left after correction for some features. */
const PERMUTATIONS = 999;

/** Maximum mean discrepancy between two samples of embeddings; null below 30 rows of either. */
export function embeddingDiscrepancy(reference: readonly SampledRow[], current: RowSample): MmdResult | null {
  const before = RowSample.fromJSON(reference, Math.max(1, reference.length)).expand(current.capacity);
  const after = current.expand(current.capacity);
  if (Math.min(before.length, after.length) < MIN_ROWS) return null;
  // An embedding has no missing numbers.
  const vectors = (rows: typeof before) => rows as readonly (readonly number[])[];
  return mmd(vectors(before), vectors(after), { permutations: PERMUTATIONS, maxRows: current.capacity });
}
