import * as z from "zod";
import type { Runtime } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { ModelwrightError } from "../core/errors.ts";
import { Emitter, type Event } from "../core/events.ts";
import { parseOptions, standardSchema } from "../core/options.ts";
import { type InferInput, type InferOutput, invalidInput, type Schema, validate } from "../core/schema.ts";
import { type Column, columnOf } from "./column.ts";
import { compareWindow, type DriftReport, type DriftThresholds, thresholdsSchema } from "./drift-report.ts";
import { type FeatureKinds, type WatchedFeature, watchedFeatures } from "./feature-kind.ts";
import { learnProfile } from "./learn-profile.ts";
import {
  type DriftWindow,
  fingerprint,
  parseProfile,
  parseWindow,
  type ReferenceProfile,
  stateInvalid,
} from "./reference-profile.ts";

/** How to watch rows. */
export interface DriftDetectorOptions<S extends Schema = Schema> {
  /** Schema of a row: zod, or any other Standard Schema. */
  readonly schema: S;
  /**
   * Columns to watch, and how: `numeric` by the order of numbers, `categorical` by equality of text, booleans or numbers.
   *
   * @defaultValue every column of a zod object schema; needed for other schemas, and for columns of other types
   */
  readonly features?: FeatureKinds<InferOutput<S>> | undefined;
  /** A profile that {@link DriftDetector.fit} made, here or elsewhere. @defaultValue none; call `fit` before observing */
  readonly reference?: ReferenceProfile | undefined;
  /** When a difference is called drift. */
  readonly thresholds?: DriftThresholds | undefined;
  /**
   * Whether rows are checked against the schema before they count. With `never` they are taken as they are: a value of another type
   * counts as invalid, and no row but one that is no object is refused.
   *
   * @defaultValue "always"
   */
  readonly validate?: "always" | "never" | undefined;
}

/** Says that a check found drift; the report has the numbers. */
export interface Drifted {
  readonly verdict: "moderate" | "significant";
  /** Names of the features that moved. */
  readonly features: readonly string[];
  /** Rows in the window. */
  readonly rows: number;
  /** When the window's first row was observed, milliseconds since the epoch. */
  readonly since: number | null;
  /** When the window's last row was observed, milliseconds since the epoch. */
  readonly until: number | null;
}

/** Columns of equal length by name, arrays or typed arrays; those that are not watched are passed over. */
export type DriftColumns<Row> = { readonly [K in keyof Row]?: DriftColumn<Row[K] | null | undefined> };

type DriftColumn<Value> = readonly Value[] | (ArrayLike<Value> & ArrayBufferView);

const optionsSchema = z.strictObject({
  schema: standardSchema,
  features: z.record(z.string(), z.enum(["numeric", "categorical"]).optional()).optional(),
  reference: z.unknown().optional(),
  thresholds: thresholdsSchema.default(() => thresholdsSchema.parse({})),
  validate: z.enum(["always", "never"]).default("always"),
});

/**
 * Tells whether the rows seen lately still look like the rows that a model was made with.
 *
 * Keeps counts, never rows: a reference is learned once into frozen bins, and each observed row adds one to a bin of each feature.
 * So memory is bounded, the order of rows does not matter, and windows of several processes add up exactly. Numeric features have 250
 * bins of equal mass (or one for each value, up to 20 distinct ones) and categorical ones a bin for each of the 50 most frequent
 * categories that at least 5 rows have; missing, invalid and unseen values have bins of their own. Unseen categories count as rare
 * ones where the reference has so many rare ones that new ones are to be expected.
 *
 * A feature has moved when the difference is both large and unlikely to be chance: population stability index (PSI, debiased) of at
 * least 0.1 (moderate) or above 0.25 (significant) with an adjusted p-value below 0.01; or Kolmogorov–Smirnov distance of at least 0.1
 * with an adjusted p-value below 0.05 (moderate). Fewer than 30 rows on either side give no verdict. The p-values hold for a window
 * that is checked once: checking a growing window over and over finds drift more often than they say.
 *
 * @example
 * ```ts
 * import { DriftDetector } from "modelwright";
 * import { z } from "zod";
 *
 * const input = z.object({ amount: z.number().nullable(), country: z.string() });
 * const training = Array.from({ length: 1000 }, (_, i) => ({ amount: i % 97, country: i % 3 === 0 ? "CH" : "DE" }));
 *
 * const drift = new DriftDetector({ schema: input });
 * drift.fit(training);
 * drift.onDrifted(({ verdict, features }) => console.warn(verdict, features));
 * for (let i = 0; i < 500; i++) drift.observe({ amount: i % 150, country: "CH" });
 * const report = drift.check({ reset: true }); // verdict "significant": country, and amount
 * ```
 *
 * @source B. Yurdakul, "Statistical Properties of Population Stability Index", dissertation, Western Michigan University (2018); N.
 * Smirnov, Ann. Math. Statist. 19 (1948); Y. Benjamini, Y. Hochberg, J. R. Statist. Soc. B 57 (1995)
 */
export class DriftDetector<S extends Schema = Schema> {
  readonly #schema: S;
  readonly #features: readonly WatchedFeature[];
  readonly #thresholds: Required<DriftThresholds>;
  readonly #validate: boolean;
  readonly #clock: Clock;
  readonly #drifted: Emitter<Drifted>;
  /** Fires after a check whose verdict is moderate or significant. */
  readonly onDrifted: Event<Drifted>;
  #reference: ReferenceProfile | undefined;
  /** Fingerprint of the reference, once it was needed: hashing a profile takes milliseconds. */
  #fingerprint: string | undefined;
  #columns: readonly Column[] = [];
  #counts: readonly Float64Array[] = [];
  #rows = 0;
  #since: number | null = null;
  #until: number | null = null;

  /**
   * @param options - schema, watched columns and thresholds; copied
   * @param runtime - clock and logger
   * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for wrong options, or a schema whose columns cannot be told
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` for a reference that is damaged or of other features
   */
  constructor(options: DriftDetectorOptions<S>, { clock = systemClock, logger }: Runtime = {}) {
    const parsed = parseOptions(optionsSchema, options, "DriftDetector");
    this.#schema = options.schema;
    this.#features = watchedFeatures(parsed.schema, parsed.features);
    this.#thresholds = parsed.thresholds;
    this.#validate = parsed.validate === "always";
    this.#clock = clock;
    this.#drifted = new Emitter(logger);
    this.onDrifted = this.#drifted.event;
    if (parsed.reference !== undefined) this.#adopt(parseProfile(parsed.reference));
  }

  /** What was learned of the reference, to be stored as JSON and given to other detectors; undefined before {@link DriftDetector.fit}. */
  get reference(): ReferenceProfile | undefined {
    return this.#reference;
  }

  /**
   * Learns the reference from rows, instead of any earlier one, and starts a new window. Give at least 1000 rows, better 10 000: the
   * smaller side bounds what can be seen.
   *
   * @throws a {@link ModelwrightError} with code `INPUT_INVALID` without rows, for a row that does not satisfy the schema, or for a
   * value that is not of its feature's kind; the earlier reference stays
   */
  fit(rows: Iterable<InferInput<S>>): ReferenceProfile {
    const profile = learnProfile(this.#features, this.#checked([...rows]));
    this.#adopt(profile);
    return profile;
  }

  /**
   * Counts one row or several; all of them or, when one is refused, none.
   *
   * @throws a {@link ModelwrightError} with code `INPUT_INVALID` for a row that does not satisfy the schema, or is no object
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  observe(rows: InferInput<S> | readonly InferInput<S>[]): void {
    this.#requireReference();
    const checked = this.#checked(Array.isArray(rows) ? rows : [rows]);
    for (let i = 0; i < this.#columns.length; i++) {
      const column = this.#columns[i]!;
      const counts = this.#counts[i]!;
      const { feature } = column.profile;
      for (const row of checked) counts[column.binOf((row as Readonly<Record<string, unknown>>)[feature])]! += 1;
    }
    this.#add(checked.length, this.#clock.now());
  }

  /**
   * Counts rows that are given as columns, the fastest way in. They are not checked against the schema: a value of another type counts
   * as invalid.
   *
   * @throws a {@link ModelwrightError} with code `INPUT_MISSING` when a watched feature has no column, `INPUT_INVALID` when the columns
   * are no arrays or of unequal length; nothing is counted
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  observeColumns(columns: DriftColumns<InferOutput<S>>): void {
    this.#requireReference();
    const given = columns as Readonly<Record<string, ArrayLike<unknown> | undefined>>;
    const values = this.#columns.map(({ profile: { feature } }) => {
      if (given[feature]?.length !== undefined) return given[feature];
      const message = `The columns to observe lack ${JSON.stringify(feature)}; every watched feature needs one`;
      throw new ModelwrightError("INPUT_MISSING", message, { details: { input: feature, known: Object.keys(given) } });
    });
    // Not any object with a length: JSON can claim any length.
    const strange = values.findIndex((column) => !Array.isArray(column) && !ArrayBuffer.isView(column));
    if (strange >= 0) {
      const path = [this.#columns[strange]!.profile.feature];
      throw invalidInput("The batch of columns", [{ path, message: "expected an array or a typed array" }]);
    }
    const length = values[0]!.length;
    const unequal = values.findIndex((column) => column.length !== length);
    if (unequal >= 0) {
      const path = [this.#columns[unequal]!.profile.feature];
      throw invalidInput("The batch of columns", [
        { path, message: `expected ${length} values, but got ${values[unequal]!.length}` },
      ]);
    }
    this.#columns.forEach((column, i) => {
      const counts = this.#counts[i]!;
      const items = values[i]!;
      for (let row = 0; row < length; row++) counts[column.binOf(items[row])]! += 1;
    });
    this.#add(length, this.#clock.now());
  }

  /**
   * Compares the window with the reference, and fires {@link DriftDetector.onDrifted} when a feature has moved.
   *
   * @param options - `reset` starts a new window afterwards
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  check({ reset = false }: { readonly reset?: boolean } = {}): DriftReport {
    const referenceRows = this.#requireReference().rows;
    const report = compareWindow(
      { columns: this.#columns, counts: this.#counts, rows: this.#rows, referenceRows, since: this.#since, until: this.#until },
      this.#thresholds,
    );
    if (reset) this.reset();
    const { verdict, rows, since, until } = report;
    if (verdict === "moderate" || verdict === "significant") {
      const features = report.features.filter(({ level }) => level !== "none").map(({ feature }) => feature);
      this.#drifted.emit({ verdict, features, rows, since, until });
    }
    return report;
  }

  /** Starts a new, empty window. The reference stays. */
  reset(): void {
    for (const counts of this.#counts) counts.fill(0);
    this.#rows = 0;
    this.#since = null;
    this.#until = null;
  }

  /**
   * The window's counts as JSON, to be stored or sent. {@link DriftDetector.merge} of an empty detector over the same reference
   * restores it.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  snapshot(): DriftWindow {
    const reference = this.#requireReference();
    this.#fingerprint ??= fingerprint(reference);
    return {
      schemaVersion: 1,
      reference: this.#fingerprint,
      rows: this.#rows,
      since: this.#since,
      until: this.#until,
      counts: this.#counts.map((counts) => [...counts]),
    };
  }

  /**
   * Adds the counts of another window over the same reference, as if its rows had been observed here.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` for a damaged window, one over another reference, or more than
   * 2^53 − 1 rows together; nothing is added
   */
  merge(window: DriftWindow): void {
    const reference = this.#requireReference();
    this.#fingerprint ??= fingerprint(reference);
    const { rows, since, until, counts } = parseWindow(window, reference, this.#fingerprint);
    if (!Number.isSafeInteger(this.#rows + rows))
      throw stateInvalid("The windows have too many rows together to be counted exactly");
    this.#counts.forEach((own, i) => {
      for (let bin = 0; bin < own.length; bin++) own[bin]! += counts[i]![bin]!;
    });
    if (since === null || until === null) return;
    this.#add(rows, until);
    this.#since = Math.min(this.#since ?? since, since);
  }

  #add(rows: number, at: number): void {
    if (rows === 0) return;
    this.#rows += rows;
    this.#since = Math.min(this.#since ?? at, at);
    this.#until = Math.max(this.#until ?? at, at);
  }

  #adopt(reference: ReferenceProfile): void {
    const kinds = new Map(this.#features.map(({ feature, kind }) => [feature, kind]));
    const other = reference.features.find(({ feature, kind }) => kinds.get(feature) !== kind)?.feature;
    if (other !== undefined || reference.features.length !== kinds.size) {
      const names = reference.features.map(({ feature, kind }) => `${feature} (${kind})`).join(", ");
      const watched = this.#features.map(({ feature, kind }) => `${feature} (${kind})`).join(", ");
      throw stateInvalid(`The reference profile is of ${names}, but the detector watches ${watched}; fit a new one`);
    }
    this.#reference = reference;
    this.#fingerprint = undefined;
    this.#columns = reference.features.map(columnOf);
    this.#counts = reference.features.map(({ counts }) => new Float64Array(counts.length));
    this.reset();
  }

  #requireReference(): ReferenceProfile {
    if (this.#reference !== undefined) return this.#reference;
    throw stateInvalid("The detector has no reference to compare with; call fit(rows), or give a stored profile as `reference`");
  }

  #checked(rows: readonly unknown[]): readonly object[] {
    if (this.#validate) {
      return rows.map((row, i) => asObject(validate(this.#schema, row, rows.length === 1 ? "The row" : `Row ${i}`), i));
    }
    rows.forEach(asObject);
    return rows as readonly object[];
  }
}

function asObject(row: unknown, index: number): object {
  if (typeof row === "object" && row !== null) return row;
  throw invalidInput("The batch of rows", [
    { path: [index], message: `expected an object, but got ${row === null ? "null" : typeof row}` },
  ]);
}
