import * as z from "zod";
import { isExactSumState } from "./exact-sum.ts";
import { EMBEDDING_SAMPLE } from "./feature-counts.ts";
import type { PartCountsState } from "./part-counts.ts";
import { sampleSchema } from "./reference-profile.ts";
import type { SampledRow } from "./row-sample.ts";

/** A {@link DriftProfile} as JSON. */
export interface DriftProfileState {
  readonly schemaVersion: 1;
  /** Fingerprint of the reference profile whose bins the counts belong to. */
  readonly reference: string;
  /** When the first row was observed, milliseconds since the epoch; null without rows. */
  readonly since: number | null;
  /** When the last row was observed, milliseconds since the epoch; null without rows. */
  readonly until: number | null;
  /** All rows, then those of each segment in the order of the reference. */
  readonly parts: readonly PartCountsState[];
  /** Rows for multivariate checks; null where the reference has none. */
  readonly sample: readonly SampledRow[] | null;
}

/** Most rows of a profile: even a thousand of them are counted exactly together. */
export const MAX_ROWS = 2 ** 43;

const count = z.int().min(0);
const exactSum = z
  .strictObject({ from: count, digits: z.array(z.number()).max(50) })
  .refine(isExactSumState, "expected an exact sum");

/** Checks {@link DriftProfileState}. */
export const stateSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    reference: z.string(),
    since: z.number().nullable(),
    until: z.number().nullable(),
    parts: z
      .array(
        z.strictObject({
          rows: count.max(MAX_ROWS),
          features: z.array(
            z.strictObject({
              counts: z.array(count),
              sums: z
                .strictObject({ values: exactSum, squares: exactSum, low: z.number().nullable(), high: z.number().nullable() })
                .refine(
                  ({ low, high }) => (low === null ? high === null : high !== null && low <= high),
                  "expected low to be at most high",
                )
                .optional(),
              sample: sampleSchema.max(EMBEDDING_SAMPLE).optional(),
            }),
          ),
          seasons: z.array(count).nullable(),
        }),
      )
      .min(1),
    sample: sampleSchema.nullable(),
  })
  .refine(
    ({ parts }) => parts.every(({ rows, features }) => features.every(({ counts }) => sum(counts) === rows)),
    "expected counts that add up to rows",
  )
  .refine(
    ({ parts }) => parts.every(({ rows, seasons }) => seasons === null || sum(seasons) === rows),
    "expected rows of seasons that add up to rows",
  )
  .refine(
    ({ parts, since, until }) =>
      (parts[0]?.rows ?? 0) === 0 ? since === null && until === null : since !== null && until !== null && since <= until,
    "expected since and until exactly when there are rows, in this order",
  );

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
