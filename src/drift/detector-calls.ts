import type { DriftLevel } from "./port.ts";
import type { DriftMethod } from "./verdict/methods.ts";

/** Says that a check found drift; the report has the numbers. */
export interface Drifted {
  readonly verdict: "moderate" | "significant";
  /** The level that several windows have shown. */
  readonly confirmed: DriftLevel;
  /** Names of the features that moved, in all rows or in a segment. */
  readonly features: readonly string[];
  /** Rows in the window. */
  readonly rows: number;
  /** When the window's first row was observed, milliseconds since the epoch. */
  readonly since: number | null;
  /** When the window's last row was observed, milliseconds since the epoch. */
  readonly until: number | null;
}

/** Says that the confirmed level has changed with the end of a window. */
export interface DriftConfirmed {
  readonly from: DriftLevel;
  readonly to: DriftLevel;
  /** Names of the features whose level is confirmed, in all rows or in a segment. */
  readonly features: readonly string[];
}

/** Columns of equal length by name, arrays or typed arrays; those that are not watched are passed over. */
export type DriftColumns<Row> = { readonly [K in keyof Row]?: DriftColumn<Row[K] | null | undefined> };

type DriftColumn<Value> = readonly Value[] | (ArrayLike<Value> & ArrayBufferView);

/** What to do with a window. */
export interface CheckOptions {
  /** Whether the window ends: the next row begins a new one. @defaultValue false */
  readonly reset?: boolean | undefined;
  /**
   * Judges by one method alone, with an adjusted p-value below `ksAlpha` as evidence, whatever `evidence` the detector wants, and
   * thresholds of its own; those of psi, e-value, chi-squared and g-test are `psiModerate` and `psiSignificant`. P-values but that of
   * e-value hold for one look.
   *
   * @defaultValue PSI, and beside it the Kolmogorov–Smirnov distance, and of embeddings the maximum mean discrepancy
   */
  readonly method?: DriftMethod | undefined;
}
