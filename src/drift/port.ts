/** How a feature's values are compared. `text` is watched by its length, `timestamp` by its hour of the day, `embedding` by its norm and direction. */
export type FeatureKind = "numeric" | "categorical" | "boolean" | "text" | "timestamp" | "embedding";

/** What a column is to the model: its input, its answer, or the truth that is learned later. Drift of each is called data, prediction and target drift. */
export type FeatureRole = "data" | "prediction" | "target";

/** How far a feature, or the worst feature of a window, has moved. */
export type DriftLevel = "none" | "moderate" | "significant";

/** The worst level of any feature, or that there are too few rows to tell. */
export type DriftVerdict = DriftLevel | "insufficient_data";

/** A range that holds the true value with a stated probability, 0.95 unless told. */
export type Interval = readonly [low: number, high: number];

/** Shares of rows in one cell of the comparison. */
export interface DriftBin {
  /** For a human, for example `(1.2, 3.4]`, a category of the reference, `other`, `unseen`, `other or unseen`, `missing`, `non-finite` or `invalid`. */
  readonly label: string;
  /** Share of the reference rows, in [0, 1]. */
  readonly reference: number;
  /** Share of the window's rows, in [0, 1]. */
  readonly current: number;
  /** What the cell adds to PSI, at least 0. */
  readonly contribution: number;
}

/** What may have happened to a feature, read off its counts. */
export interface DriftHint {
  readonly hint:
    | "missing_values"
    | "non_finite_values"
    | "invalid_values"
    | "unseen_categories"
    | "unit_change"
    | "constant"
    | "out_of_range"
    | "one_value";
  /** A sentence for a human, with the numbers. */
  readonly message: string;
}

/** How one feature differs from the reference. */
export interface FeatureDrift {
  readonly feature: string;
  readonly kind: FeatureKind;
  readonly role: FeatureRole;
  /** How much the model depends on it, at least 0; 1 unless told. */
  readonly importance: number;
  readonly level: DriftLevel;
  /** The level after persistence over windows and hysteresis; equals `level` where neither is asked for. */
  readonly confirmed: DriftLevel;
  /** Population stability index over the cells, those in which few rows are expected joined with their neighbours. */
  readonly psi: number;
  /** The index less what chance alone is expected to add; decides the level. */
  readonly psiDebiased: number;
  /** Of the debiased index. */
  readonly psiInterval: Interval;
  /** Probability of an index at least as great without drift. */
  readonly pValue: number;
  /** `pValue` adjusted for the number of features and segments. */
  readonly adjusted: number;
  /** Natural logarithm of the e-value against no drift: evidence that may be looked at as often as one likes. */
  readonly logEValue: number;
  /** Kolmogorov–Smirnov test; only for features with an order and finite values on both sides. */
  readonly ks?: {
    /** Greatest distance of the distribution functions at the edges of the bins: a lower bound of D. */
    readonly statistic: number;
    readonly interval: Interval;
    readonly pValue: number;
    readonly adjusted: number;
  };
  /** Wasserstein distance in standard deviations of the reference, within the reference's range; only where `ks` is. */
  readonly wasserstein?: { readonly statistic: number; readonly interval: Interval };
  /** Maximum mean discrepancy of samples; only for embeddings with rows on both sides. */
  readonly mmd?: { readonly statistic: number; readonly pValue: number; readonly adjusted: number; readonly rows: number };
  /** Mean and standard deviation of the finite values; only for features with an order. Null where there is none. */
  readonly moments?: {
    readonly reference: { readonly mean: number; readonly deviation: number } | null;
    readonly current: { readonly mean: number; readonly deviation: number } | null;
  };
  /** Shares of rows without a value, in [0, 1], and the two-proportion test of them. */
  readonly missing: { readonly reference: number; readonly current: number; readonly pValue: number };
  /** Cells that hold rows on either side. Labels of categories are values of the reference. */
  readonly bins: readonly DriftBin[];
  readonly hints: readonly DriftHint[];
}

/** A feature in the order of how much it explains. */
export interface RootCause {
  readonly feature: string;
  /** Importance times debiased PSI, as a share of the sum over all features, in [0, 1]. */
  readonly share: number;
  readonly level: DriftLevel;
  /** Cells that add most to the index, the greatest first, at most 3. */
  readonly cells: readonly DriftBin[];
  readonly hints: readonly DriftHint[];
}

/** What a check of a window finds in one part of the rows. */
export interface SegmentDrift {
  readonly segment: string;
  readonly verdict: DriftVerdict;
  readonly rows: number;
  readonly referenceRows: number;
  readonly features: readonly FeatureDrift[];
}

/** What a check of a window finds. Plain JSON, without rows. */
export interface DriftReport {
  readonly schemaVersion: 1;
  readonly verdict: DriftVerdict;
  /** The verdict after persistence over windows and hysteresis. */
  readonly confirmed: DriftVerdict;
  /** What counts as evidence. */
  readonly evidence: "p-value" | "e-value";
  /** Rows in the window. */
  readonly rows: number;
  readonly referenceRows: number;
  /** When the first row was observed, milliseconds since the epoch; null without rows. */
  readonly since: number | null;
  /** When the last row was observed, milliseconds since the epoch; null without rows. */
  readonly until: number | null;
  /** Share of the features, weighted by importance, that have moved, in [0, 1]. */
  readonly driftedShare: number;
  /** The worst level of the features of each role that is watched. */
  readonly roles: Readonly<Partial<Record<FeatureRole, DriftLevel>>>;
  /** One for each feature, in the order of the reference; none when there is insufficient data. */
  readonly features: readonly FeatureDrift[];
  /** Features that moved, those that explain most first. */
  readonly rootCause: readonly RootCause[];
  /** Parts of the rows, where the detector has segments. */
  readonly segments: readonly SegmentDrift[];
  /** Why the verdict deserves less trust, for a human. */
  readonly warnings: readonly string[];
}

/** Counts rows in the cells of a reference. */
export interface CellCounter {
  /** Rows counted since the last {@link CellCounter.take}. */
  readonly rows: number;
  /** Counts one row; what is no object counts as missing in every feature. */
  observe(row: unknown): void;
  /** The counts, cells of all features behind one another, and starts anew. */
  take(): Float64Array;
}

/** How many rows of a sum of counts were seen when, milliseconds since the epoch, to the hour or finer: for references that have seasons. */
export type CellTimes = readonly (readonly [at: number, rows: number])[];

/** When the rows of counted cells were seen. */
export interface CellWindow {
  readonly rows: number;
  readonly since: number | null;
  readonly until: number | null;
  /** @defaultValue not told: a seasonal reference is then compared as a whole */
  readonly times?: CellTimes | undefined;
}

/** Port: what a monitor needs of a drift detector. Counts of one `fingerprint` add up. */
export interface DriftSource {
  /** Names the reference whose cells the counts belong to. @throws without a reference */
  readonly fingerprint: string;
  /** Features and how many cells each has, in the order of the counts. */
  readonly layout: readonly { readonly feature: string; readonly cells: number }[];
  /** An empty counter. */
  counter(): CellCounter;
  /** Compares a sum of counts with the reference. */
  compareCells(counts: Float64Array, window: CellWindow): DriftReport;
  /** Debiased PSI of each feature in the order of `layout`, the quick way, for a time line. */
  debiasedPsi(counts: Float64Array, times?: CellTimes): Float64Array;
}
