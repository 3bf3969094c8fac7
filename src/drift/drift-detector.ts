import type { Runtime } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { ModelwrightError } from "../core/errors.ts";
import { Emitter, type Event } from "../core/events.ts";
import { deepFreeze } from "../core/freeze.ts";
import { parseOptions } from "../core/options.ts";
import type { InferInput, InferOutput, Schema } from "../core/schema.ts";
import { checkedColumns, checkedRows } from "./checked-input.ts";
import { compareCells, debiasedPsiOfCells } from "./compare-cells.ts";
import { type ComprehensiveReport, comprehensiveOf } from "./comprehensive.ts";
import type { CheckOptions, DriftColumns, DriftConfirmed, Drifted } from "./detector-calls.ts";
import { type DriftDetectorOptions, detectorOptions } from "./detector-options.ts";
import { type DriftDetectorState, parseDetectorState } from "./detector-state.ts";
import { namesOf } from "./named-features.ts";
import type { CellCounter, CellTimes, CellWindow, DriftLevel, DriftReport, DriftSource } from "./port.ts";
import { ProfileCells } from "./profile/cell-counter.ts";
import { DriftProfile, restoreProfile } from "./profile/drift-profile.ts";
import { learnProfile } from "./profile/learn-profile.ts";
import { ProfileLayout } from "./profile/profile-layout.ts";
import type { DriftProfileState } from "./profile/profile-state.ts";
import { parseProfile, type ReferenceProfile, stateInvalid } from "./profile/reference-profile.ts";
import { type ComparedPart, comparePart, compareWindow, type Judging } from "./verdict/compare-window.ts";
import { byMethod, type DriftMethod } from "./verdict/methods.ts";
import { Persistence } from "./verdict/persistence.ts";
import { partsOf } from "./verdict/window-parts.ts";
import { type WatchedFeature, watchedFeatures } from "./watched-feature.ts";
import { WindowPanes } from "./window-panes.ts";

/**
 * Tells whether the rows seen lately still look like the rows that a model was made with.
 *
 * Keeps counts, never rows: a reference is learned once into frozen bins, and each observed row adds one to a bin of each feature.
 * So memory is bounded, the order of rows does not matter, and windows of several processes add up exactly. Numeric features have 250
 * bins of equal mass (or one for each value, up to 20 distinct ones) and categorical ones a bin for each of the 50 most frequent
 * categories that at least 5 rows have; missing, infinite, invalid and unseen values have bins of their own. Unseen categories count as
 * rare ones where the reference has so many rare ones that new ones are to be expected.
 *
 * A feature has moved when the difference is both large and unlikely to be chance: population stability index (PSI, debiased) of at
 * least 0.1 (moderate) or above 0.25 (significant) with an adjusted p-value below 0.01; or Kolmogorov–Smirnov distance of at least 0.1
 * with an adjusted p-value below 0.05 (moderate). Fewer than 30 rows on either side give no verdict. P-values hold for a window that is
 * checked once; `evidence: "e-value"` allows for looking at any time.
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
export class DriftDetector<S extends Schema = Schema> implements DriftSource {
  readonly #schema: S;
  readonly #features: readonly WatchedFeature[];
  readonly #options: ReturnType<typeof parseDetectorOptions>;
  /** Importances are in the order of the reference's features. */
  #judging: Judging;
  readonly #persistence: Persistence;
  readonly #clock: Clock;
  readonly #drifted: Emitter<Drifted>;
  readonly #checked: Emitter<DriftReport>;
  readonly #confirmed: Emitter<DriftConfirmed>;
  /** Fires after a check whose verdict is moderate or significant. */
  readonly onDrifted: Event<Drifted>;
  /** Fires after a window was closed and checked, with its report. */
  readonly onChecked: Event<DriftReport>;
  /** Fires after a closed window has changed the confirmed level, up or down. */
  readonly onConfirmed: Event<DriftConfirmed>;
  #learned: { readonly layout: ProfileLayout; readonly panes: WindowPanes } | undefined;
  #lastConfirmed: DriftLevel = "none";

  /**
   * @param options - schema, watched columns and thresholds; copied
   * @param runtime - clock and logger
   * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for wrong options, or a schema whose columns cannot be told
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` for a reference that is damaged or of other features
   */
  constructor(options: DriftDetectorOptions<S>, { clock = systemClock, logger }: Runtime = {}) {
    this.#options = parseDetectorOptions(options);
    this.#schema = options.schema;
    this.#features = watchedFeatures(this.#options.schema, this.#options.features);
    const { thresholds, correction, evidence, confirm } = this.#options;
    this.#judging = { thresholds, correction, evidence, importance: [] };
    this.#persistence = new Persistence(confirm, thresholds);
    this.#clock = clock;
    this.#drifted = new Emitter(logger);
    this.#checked = new Emitter(logger);
    this.#confirmed = new Emitter(logger);
    this.onDrifted = this.#drifted.event;
    this.onChecked = this.#checked.event;
    this.onConfirmed = this.#confirmed.event;
    if (this.#options.reference !== undefined) this.#adopt(parseProfile(this.#options.reference));
  }

  /** What was learned of the reference, to be stored as JSON and given to other detectors; undefined before {@link DriftDetector.fit}. */
  get reference(): ReferenceProfile | undefined {
    return this.#learned?.layout.reference;
  }

  /**
   * Names the reference, so that counts over another one are not mixed up with its own.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  get fingerprint(): string {
    return this.#known().fingerprint;
  }

  /**
   * The counts of the window; of the running pane where windows slide.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  get window(): DriftProfile {
    return this.#panes().running;
  }

  /**
   * Learns the reference from rows, instead of any earlier one, and starts a new window. Give at least 1000 rows, better 10 000: the
   * smaller side bounds what can be seen.
   *
   * @throws a {@link ModelwrightError} with code `INPUT_INVALID` without rows, for a row that does not satisfy the schema, or for a
   * value that is not of its feature's kind; the earlier reference stays
   */
  fit(rows: Iterable<InferInput<S>>): ReferenceProfile {
    const { season, segmentBy, sampleRows } = this.#options;
    const profile = learnProfile(this.#features, this.#rows([...rows]), { season, segmentBy, sampleRows });
    this.#adopt(profile);
    return profile;
  }

  /**
   * Counts one row or several; all of them or, when one is refused, none. A value that cannot be read, for its getter throws, counts as
   * invalid. Where a window closes by itself its events fire before the rows behind it count.
   *
   * @throws a {@link ModelwrightError} with code `INPUT_INVALID` for a row that does not satisfy the schema, or is no object
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  observe(rows: InferInput<S> | readonly InferInput<S>[]): void {
    this.#known();
    const checked = this.#rows(Array.isArray(rows) ? rows : [rows]);
    this.#count(checked.length, (pane, from, to, now) => {
      if (to - from === 1) pane.observe(checked[from]!, now);
      else pane.observeRows(checked, from, to, now);
    });
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
    const { segmentBy, season } = this.#known();
    const { given, length } = checkedColumns(columns, this.#features, [segmentBy, season?.at]);
    this.#count(length, (pane, from, to, now) => pane.observeColumns(given, from, to, now));
  }

  /**
   * Compares the window with the reference, and fires {@link DriftDetector.onDrifted} when a feature has moved.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  check({ reset = false, method }: CheckOptions = {}): DriftReport {
    const report = this.#report(this.#panes().sum, method, reset);
    if (reset) {
      this.reset();
      this.#closed(report);
    }
    this.#announce(report);
    return report;
  }

  /**
   * Compares the window by every method, and says how far they agree.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  comprehensive(): ComprehensiveReport {
    const profile = this.#panes().sum;
    const parts = partsOf(this.#known(), profile);
    const compared = parts.map(comparePart);
    const { since, until } = profile;
    const report = compareWindow(parts, compared, this.#judging, { since, until });
    return comprehensiveOf(this.#persistence.confirm(report, { closes: false }), compared[0]!, this.#judging);
  }

  /**
   * Compares any profile over the reference, such as a sum of several processes' or of an hour, without touching the window.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference, or for a profile that is damaged or over
   * another one
   */
  compare(
    profile: DriftProfile | DriftProfileState | Uint8Array,
    { method }: { readonly method?: DriftMethod | undefined } = {},
  ): DriftReport {
    const own = this.profile();
    own.merge(profile);
    return this.#compare(partsOf(this.#known(), own), own, method);
  }

  /**
   * An empty profile over the reference, to count rows apart from the window.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  profile(): DriftProfile {
    return new DriftProfile(this.#known());
  }

  /** Starts a new, empty window. The reference stays, and so do confirmed levels. */
  reset(): void {
    this.#learned?.panes.reset();
  }

  /**
   * The windows and the levels of closed ones as JSON; the reference is stored by itself. {@link DriftDetector.restore} goes on from there.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  snapshot(): DriftDetectorState {
    return {
      schemaVersion: 1,
      panes: this.#panes().all.map((pane) => pane.toJSON()),
      levels: this.#persistence.toJSON(),
      confirmed: this.#lastConfirmed,
    };
  }

  /**
   * Goes on from a snapshot, instead of the window and the levels that there are. Of a snapshot with more panes or levels than the
   * detector keeps, the last ones count.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` for a damaged snapshot, or one over another reference; nothing
   * is changed
   */
  restore(state: DriftDetectorState): void {
    const layout = this.#known();
    const { panes, levels, confirmed } = parseDetectorState(state);
    const profiles = panes.map((pane) => restoreProfile(layout, pane));
    this.#persistence.restore(levels, layout.reference);
    this.#panes().restore(profiles);
    this.#lastConfirmed = confirmed;
  }

  /**
   * Adds the counts of another window over the same reference, as if its rows had been observed here, but all in the running pane:
   * where that is full then, it ends.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` for a damaged window, one over another reference, or more than
   * 2^43 rows together; nothing is added
   */
  merge(window: DriftProfile | DriftProfileState | Uint8Array): void {
    const panes = this.#panes();
    panes.running.merge(window);
    panes.endFull();
  }

  /**
   * Features and how many cells each has.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  get layout(): DriftSource["layout"] {
    return this.#known().columns.map(({ profile, cells }) => ({ feature: profile.feature, cells: cells.length }));
  }

  /**
   * Counts rows in the cells of PSI alone, for a monitor that keeps many windows.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference
   */
  counter(): CellCounter {
    return new ProfileCells(this.#known());
  }

  /**
   * Compares counts of cells that {@link DriftDetector.counter} has taken, or a sum of such; with
   * `times` against the seasons in which they were seen. Segments are not told apart.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference, for counts of another length, or unless those
   * of each feature add up to `rows`
   */
  compareCells(counts: Float64Array, window: CellWindow): DriftReport {
    return compareCells(this.#known(), counts, window, this.#judging);
  }

  /**
   * Debiased PSI of each feature, for counts of cells; 0 for all of them below 30 rows.
   *
   * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID` without a reference, or for counts of another length
   */
  debiasedPsi(counts: Float64Array, times?: CellTimes): Float64Array {
    return debiasedPsiOfCells(this.#known(), counts, times);
  }

  /** Counts so many rows, in as many panes as they fill. */
  #count(length: number, count: (pane: DriftProfile, from: number, to: number, now: number) => void): void {
    const now = this.#clock.now();
    for (let from = 0; from < length; ) {
      this.#panes().endLate(now);
      // Looked up anew each time: a listener may have learned another reference.
      const panes = this.#panes();
      const to = Math.min(length, from + panes.room);
      count(panes.running, from, to, now);
      from = to;
      panes.endFull();
    }
  }

  #report(profile: DriftProfile, method: DriftMethod | undefined, closes: boolean): DriftReport {
    return this.#persistence.confirm(this.#compare(partsOf(this.#known(), profile), profile, method), { closes });
  }

  #compare(parts: readonly ComparedPart[], { since, until }: DriftProfile, method: DriftMethod | undefined): DriftReport {
    const compared = parts.map(comparePart);
    const report = compareWindow(parts, compared, this.#judging, { since, until });
    return method === undefined ? report : byMethod(report, compared, method, this.#judging);
  }

  /** The end of a window that ends by itself. */
  #full(window: DriftProfile): void {
    const report = this.#report(window, undefined, true);
    this.#closed(report);
    this.#announce(report);
  }

  #closed(report: DriftReport): void {
    const from = this.#lastConfirmed;
    const to = report.confirmed === "insufficient_data" ? from : report.confirmed;
    // Before the events, so that a snapshot that a listener takes is whole.
    this.#lastConfirmed = to;
    this.#checked.emit(report);
    if (from === to) return;
    this.#confirmed.emit({ from, to, features: namesOf(report, ({ confirmed }) => confirmed !== "none") });
  }

  #announce({ verdict, rows, since, until, ...report }: DriftReport): void {
    if (verdict !== "moderate" && verdict !== "significant") return;
    const confirmed = report.confirmed === "insufficient_data" ? "none" : report.confirmed;
    const features = namesOf(report, ({ level }) => level !== "none");
    this.#drifted.emit({ verdict, confirmed, features, rows, since, until });
  }

  #adopt(reference: ReferenceProfile): void {
    const kinds = new Map(this.#features.map(({ feature, kind, role }) => [feature, `${kind} ${role}`]));
    const other = reference.features.find(({ feature, kind, role }) => kinds.get(feature) !== `${kind} ${role}`)?.feature;
    if (other !== undefined || reference.features.length !== kinds.size) {
      const names = reference.features.map(({ feature, kind }) => `${feature} (${kind})`).join(", ");
      const watched = this.#features.map(({ feature, kind }) => `${feature} (${kind})`).join(", ");
      throw stateInvalid(`The reference profile is of ${names}, but the detector watches ${watched}; fit a new one`);
    }
    const { season, segmentBy, sampleRows } = this.#options;
    if (
      reference.seasons?.by !== season?.by ||
      reference.segments?.by !== segmentBy ||
      (reference.sample === null) !== (sampleRows === 0)
    ) {
      throw stateInvalid("The reference profile has other seasons, segments or samples than the detector; fit a new one");
    }
    // The host gets it, too, and shall not change it under the counts.
    const layout = new ProfileLayout(deepFreeze(reference), { at: season?.at, sampleRows });
    this.#learned = { layout, panes: new WindowPanes(layout, this.#options.window, (full) => this.#full(full)) };
    const importance = new Map(this.#features.map((feature) => [feature.feature, feature.importance]));
    this.#judging = { ...this.#judging, importance: reference.features.map(({ feature }) => importance.get(feature)!) };
    this.#persistence.reset();
    this.#lastConfirmed = "none";
  }

  #known(): ProfileLayout {
    if (this.#learned !== undefined) return this.#learned.layout;
    throw stateInvalid("The detector has no reference to compare with; call fit(rows), or give a stored profile as `reference`");
  }

  #panes(): WindowPanes {
    this.#known();
    return this.#learned!.panes;
  }

  #rows(rows: readonly unknown[]): readonly object[] {
    return checkedRows(this.#options.validate === "always" ? this.#schema : undefined, rows);
  }
}

function parseDetectorOptions(options: unknown) {
  return parseOptions(detectorOptions, options, "DriftDetector");
}
