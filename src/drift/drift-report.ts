import * as z from "zod";
import { benjaminiHochberg } from "../stats/benjamini-hochberg.ts";
import { ksFromCounts } from "../stats/ks-test.ts";
import { psiFromCounts } from "../stats/population-stability-index.ts";
import type { Cell, Column } from "./column.ts";
import type { FeatureKind } from "./feature-kind.ts";

/** How far a feature, or the worst feature of a window, has moved. */
export type DriftLevel = "none" | "moderate" | "significant";

/** When a difference is called drift: it must be large, and unlikely to be chance. */
export interface DriftThresholds {
  /** Debiased PSI from which on a shift is moderate. @defaultValue 0.1 */
  readonly psiModerate?: number;
  /** Debiased PSI above which a shift is significant. @defaultValue 0.25 */
  readonly psiSignificant?: number;
  /** Adjusted p-value below which a PSI counts. @defaultValue 0.01 */
  readonly psiAlpha?: number;
  /** Kolmogorov–Smirnov distance from which on a shift is moderate. @defaultValue 0.1 */
  readonly ksStatistic?: number;
  /** Adjusted p-value below which a Kolmogorov–Smirnov distance counts. @defaultValue 0.05 */
  readonly ksAlpha?: number;
}

/** Shares of rows in one cell of the comparison. */
export interface DriftBin {
  /** For a human, for example `(1.2, 3.4]`, a category of the reference, `other`, `unseen`, `other or unseen`, `missing` or `invalid`. */
  readonly label: string;
  /** Share of the reference rows, in [0, 1]. */
  readonly reference: number;
  /** Share of the window's rows, in [0, 1]. */
  readonly current: number;
}

/** How one feature differs from the reference. */
export interface FeatureDrift {
  readonly feature: string;
  readonly kind: FeatureKind;
  readonly level: DriftLevel;
  /** Population stability index over the bins, those in which few rows are expected joined with their neighbours. */
  readonly psi: number;
  /** The index less what chance alone is expected to add; decides the level. */
  readonly psiDebiased: number;
  /** Probability of an index at least as great without drift. */
  readonly pValue: number;
  /** `pValue` adjusted for the number of features (Benjamini–Hochberg). */
  readonly adjusted: number;
  /** Kolmogorov–Smirnov test; only for a numeric feature with finite values on both sides. */
  readonly ks?: {
    /** Greatest distance of the distribution functions at the edges of up to 250 bins of equal mass: a lower bound of D. */
    readonly statistic: number;
    readonly pValue: number;
    /** `pValue` adjusted for the number of numeric features (Benjamini–Hochberg). */
    readonly adjusted: number;
  };
  /** Shares of rows without a value, in [0, 1]. */
  readonly missing: { readonly reference: number; readonly current: number };
  /** Cells that hold rows on either side. Labels of categories are values of the reference. */
  readonly bins: readonly DriftBin[];
}

/** What a check of a window finds. Plain JSON. */
export interface DriftReport {
  /** The worst level of any feature, or that there are too few rows to tell. */
  readonly verdict: DriftLevel | "insufficient_data";
  /** Rows in the window. */
  readonly rows: number;
  readonly referenceRows: number;
  /** When the first row was observed, milliseconds since the epoch; null without rows. */
  readonly since: number | null;
  /** When the last row was observed, milliseconds since the epoch; null without rows. */
  readonly until: number | null;
  /** One for each feature, in the order of the reference; none when there is insufficient data. */
  readonly features: readonly FeatureDrift[];
  /** Why the verdict deserves less trust, for a human. */
  readonly warnings: readonly string[];
}

/** Counts of the window, and of the reference, for each column. */
export interface ComparedWindow {
  readonly columns: readonly Column[];
  readonly counts: readonly Float64Array[];
  readonly rows: number;
  readonly referenceRows: number;
  readonly since: number | null;
  readonly until: number | null;
}

/** Fewer rows than this on either side give no verdict. */
const MIN_ROWS = 30;

/** Fewer rows than this on either side give a warning. */
const FEW_ROWS = 100;

/** Rows expected in a cell, below which it is joined with the next: the chi-squared law needs about as many. */
const MIN_EXPECTED = 5;

const share = (value: number) => z.number().min(0).max(1).default(value);

/** Checks {@link DriftThresholds} and fills in the defaults. */
export const thresholdsSchema = z
  .strictObject({
    psiModerate: z.number().positive().default(0.1),
    psiSignificant: z.number().positive().default(0.25),
    psiAlpha: share(0.01),
    ksStatistic: share(0.1),
    ksAlpha: share(0.05),
  })
  .refine(
    ({ psiModerate, psiSignificant }) => psiModerate <= psiSignificant,
    "expected psiModerate to be at most psiSignificant",
  );

/** Compares a window with its reference. */
export function compareWindow(window: ComparedWindow, thresholds: Required<DriftThresholds>): DriftReport {
  const { rows, referenceRows, since, until } = window;
  const fewest = Math.min(rows, referenceRows);
  if (fewest < MIN_ROWS) {
    const warnings = [
      `A verdict needs ${MIN_ROWS} rows on both sides, but there are ${rows} against ${referenceRows} reference rows`,
    ];
    return { verdict: "insufficient_data", rows, referenceRows, since, until, features: [], warnings };
  }
  const found = window.columns.map((column, i) => compareColumn(column, window.counts[i]!, rows / referenceRows));
  const adjusted = benjaminiHochberg(found.map(({ psi }) => psi.pValue));
  const ksAdjusted = benjaminiHochberg(found.flatMap(({ ks }) => (ks === undefined ? [] : [ks.pValue]))).values();
  const features = window.columns.map((column, i): FeatureDrift => {
    const { psi, ks, bins } = found[i]!;
    const ksFinding = ks && { ...ks, adjusted: ksAdjusted.next().value! };
    const { feature, kind } = column.profile;
    const evident = adjusted[i]! < thresholds.psiAlpha;
    const moved =
      ksFinding !== undefined && ksFinding.statistic >= thresholds.ksStatistic && ksFinding.adjusted < thresholds.ksAlpha;
    const significant = evident && psi.psiDebiased > thresholds.psiSignificant;
    const moderate = moved || (evident && psi.psiDebiased >= thresholds.psiModerate);
    return {
      feature,
      kind,
      level: significant ? "significant" : moderate ? "moderate" : "none",
      psi: psi.psi,
      psiDebiased: psi.psiDebiased,
      pValue: psi.pValue,
      adjusted: adjusted[i]!,
      ...(ksFinding && { ks: ksFinding }),
      missing: {
        reference: column.profile.counts[column.missing]! / referenceRows,
        current: window.counts[i]![column.missing]! / rows,
      },
      bins: bins.map(([label, reference, current]) => ({ label, reference: reference / referenceRows, current: current / rows })),
    };
  });
  const verdict =
    (["significant", "moderate"] as const).find((level) => features.some((feature) => feature.level === level)) ?? "none";
  const warnings =
    fewest < FEW_ROWS
      ? [`Fewer than ${FEW_ROWS} rows (${rows} against ${referenceRows} reference rows): only a large shift can be seen`]
      : [];
  return { verdict, rows, referenceRows, since, until, features, warnings };
}

function compareColumn(column: Column, counts: Float64Array, scale: number) {
  const { cells, ordered, profile } = column;
  const sums = cells.map((cell) => [sum(profile.counts, cell), sum(counts, cell)] as const);
  const joined = joinSparse(cells, sums, Math.min(1, scale));
  const psi = psiFromCounts(
    joined.map(([reference]) => reference),
    joined.map(([, current]) => current),
  );
  const reference = profile.counts.slice(0, ordered);
  const current = counts.subarray(0, ordered);
  const ks = reference.some((n) => n > 0) && current.some((n) => n > 0) ? ksFromCounts(reference, current) : undefined;
  const bins = sums.flatMap(([a, b], i) => (a + b > 0 ? [[cells[i]!.label, a, b] as const] : []));
  return { psi, ks, bins };
}

/**
 * Joins neighbouring cells until each is expected to hold {@link MIN_EXPECTED} rows of the smaller side, judged by the reference
 * alone; what is left over at the end goes to the last.
 */
function joinSparse(
  cells: readonly Cell[],
  sums: readonly (readonly [number, number])[],
  scale: number,
): (readonly [number, number])[] {
  const joined: [number, number][] = [];
  const apart: (readonly [number, number])[] = [];
  let full = true;
  sums.forEach(([reference, current], i) => {
    if (!cells[i]!.joins) {
      apart.push([reference, current]);
      return;
    }
    if (full) joined.push([0, 0]);
    const last = joined.at(-1)!;
    last[0] += reference;
    last[1] += current;
    full = last[0] * scale >= MIN_EXPECTED;
  });
  if (!full && joined.length > 1) {
    const [reference, current] = joined.pop()!;
    joined.at(-1)![0] += reference;
    joined.at(-1)![1] += current;
  }
  return [...joined, ...apart];
}

function sum(counts: ArrayLike<number>, { from, to }: Cell): number {
  let total = 0;
  for (let i = from; i < to; i++) total += counts[i]!;
  return total;
}
