import * as z from "zod";
import { standardSchema } from "../core/options.ts";
import type { InferOutput, Schema } from "../core/schema.ts";
import { MAX_SAMPLE_ROWS, type ReferenceProfile } from "./profile/reference-profile.ts";
import type { Season } from "./profile/season.ts";
import type { Correction } from "./verdict/correction.ts";
import { type ConfirmOptions, confirmSchema } from "./verdict/persistence.ts";
import { type DriftThresholds, thresholdsSchema } from "./verdict/thresholds.ts";
import { type FeatureKinds, featuresSchema } from "./watched-feature.ts";

/** How to watch rows. */
export interface DriftDetectorOptions<S extends Schema = Schema> {
  /** Schema of a row: zod, or any other Standard Schema. */
  readonly schema: S;
  /**
   * Columns to watch, and how; see {@link FeatureOptions}.
   *
   * @defaultValue every column of a zod object schema; needed for other schemas, and for columns of other types
   */
  readonly features?: FeatureKinds<InferOutput<S>> | undefined;
  /** A profile that {@link DriftDetector.fit} made, here or elsewhere. @defaultValue none; call `fit` before observing */
  readonly reference?: ReferenceProfile | undefined;
  /** When a difference is called drift. */
  readonly thresholds?: DriftThresholds | undefined;
  /**
   * What counts as evidence. P-values hold for a window that is checked once. E-values may be looked at after every row: a growing window
   * that is checked again and again raises no more false alarms than `psiAlpha` says. They assume rows in no particular order: traffic in
   * which neighbours resemble each other needs thinning. Only the index counts then: the Kolmogorov–Smirnov distance and the maximum mean
   * discrepancy of embeddings, whose p-values hold for one look, are reported but decide nothing.
   *
   * @defaultValue "p-value"
   */
  readonly evidence?: "p-value" | "e-value" | undefined;
  /** How evidence is corrected for how many features and segments are looked at. @defaultValue "benjamini-hochberg" */
  readonly correction?: Correction | undefined;
  /**
   * Compares a window with the reference rows of the same hours or days, weighted as the window has them, so that a night is not held
   * against a day. `at` is the column with a row's time (epoch milliseconds, `Date` or ISO 8601 text); where a live row has none, the
   * time at which it was observed counts. Differences within the cells of PSI are not seen then.
   *
   * @defaultValue the same reference at all times
   */
  readonly season?: { readonly by: Season; readonly at: keyof InferOutput<S> & string } | undefined;
  /** A column by whose values the rows are also compared part by part: the 20 most frequent of the reference. @defaultValue none */
  readonly segmentBy?: (keyof InferOutput<S> & string) | undefined;
  /**
   * Rows of each side, at most 10 000, that are kept for `multivariateDrift` to look at features together. They are kept as
   * they are, in the reference too.
   *
   * @defaultValue 0: none, and no multivariate check
   */
  readonly sampleRows?: number | undefined;
  /**
   * Closes and checks windows by itself: after so many rows, or with the first row that comes so long after the window's first. With
   * `panes` the window slides: it is as many panes long, and is checked at the end of each.
   *
   * @defaultValue windows are closed by `check({ reset: true })`
   */
  readonly window?:
    | { readonly rows?: number | undefined; readonly everyMs?: number | undefined; readonly panes?: number | undefined }
    | undefined;
  /** How many of the last closed windows must show a level before it is confirmed. @defaultValue 2 of 3 */
  readonly confirm?: ConfirmOptions | undefined;
  /**
   * Whether rows are checked against the schema before they count. With `never` they are taken as they are: a value of another type
   * counts as invalid, and no row but one that is no object is refused.
   *
   * @defaultValue "always"
   */
  readonly validate?: "always" | "never" | undefined;
}

/** Checks {@link DriftDetectorOptions} and fills in the defaults. */
export const detectorOptions = z.strictObject({
  schema: standardSchema,
  features: featuresSchema.optional(),
  reference: z.unknown().optional(),
  thresholds: thresholdsSchema.default(() => thresholdsSchema.parse({})),
  evidence: z.enum(["p-value", "e-value"]).default("p-value"),
  correction: z.enum(["benjamini-hochberg", "holm", "bonferroni", "none"]).default("benjamini-hochberg"),
  season: z.strictObject({ by: z.enum(["hour-of-day", "day-of-week", "hour-of-week"]), at: z.string() }).optional(),
  segmentBy: z.string().optional(),
  sampleRows: z.int().min(0).max(MAX_SAMPLE_ROWS).default(0),
  window: z
    .strictObject({
      rows: z.int().min(1).optional(),
      everyMs: z.number().positive().optional(),
      panes: z.int().min(1).max(1000).default(1),
    })
    .refine(({ rows, everyMs }) => rows !== undefined || everyMs !== undefined, "expected rows or everyMs")
    .refine(({ rows = Number.POSITIVE_INFINITY, panes }) => panes <= rows, "expected at most as many panes as rows")
    .optional(),
  confirm: confirmSchema.default(() => confirmSchema.parse({})),
  validate: z.enum(["always", "never"]).default("always"),
});
