import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { validate } from "../../core/schema.ts";
import type { StreamDetector } from "./stream-detector.ts";
import { commonState, openShare, share } from "./stream-state.ts";
import { unitValue } from "./stream-value.ts";

/** Levels and memory of {@link HddmW}. */
export interface HddmWOptions {
  /** Chance of a false drift at one cut, in (0, 1). @defaultValue 0.001 */
  readonly driftConfidence?: number;
  /** Chance of a false warning at one cut, at least that of drift. @defaultValue 0.005 */
  readonly warningConfidence?: number;
  /** Weight of the newest value, in (0, 1). @defaultValue 0.05 */
  readonly lambda?: number;
  /** Whether a fall of the mean counts, too. @defaultValue false */
  readonly twoSided?: boolean;
}

/** A weighted mean and the bound on the sum of its squared weights; null without a value. */
export type HddmWMean = { readonly mean: number; readonly weight: number } | null;

/** An {@link HddmW} as JSON. */
export interface HddmWState {
  readonly schemaVersion: 1;
  readonly detector: "hddm-w";
  readonly options: HddmWOptions;
  readonly drift: boolean;
  readonly warning: boolean;
  readonly observed: number;
  readonly all: HddmWMean;
  /** Values up to the cut where the mean's upper bound was lowest, and those after it. */
  readonly lowest: { readonly before: HddmWMean; readonly after: HddmWMean };
  /** Values up to the cut where the mean's lower bound was highest, and those after it; empty in a one-sided test. */
  readonly highest: { readonly before: HddmWMean; readonly after: HddmWMean };
}

const optionsSchema = z
  .strictObject({
    driftConfidence: openShare.default(0.001),
    warningConfidence: openShare.default(0.005),
    lambda: openShare.default(0.05),
    twoSided: z.boolean().default(false),
  })
  .refine((options) => options.driftConfidence <= options.warningConfidence, {
    path: ["warningConfidence"],
    error: "below driftConfidence",
  });

const weighted = z.object({ mean: share, weight: share }).nullable();
const cutState = z.object({ before: weighted, after: weighted });
const stateSchema = z.object({
  ...commonState,
  detector: z.literal("hddm-w"),
  options: optionsSchema,
  all: weighted,
  lowest: cutState,
  highest: cutState,
});

/**
 * Drift Detection Method based on McDiarmid's bound, with exponentially weighted averages: as {@link HddmA}, but the newest values
 * weigh most, so that it is quick with large sudden changes. Its memory is about 2/λ values (40), so changes that do not show within
 * as many, a rise from 5 % to 10 % for one, are hardly ever told.
 *
 * Takes numbers in [0, 1] and booleans; 1 is an error. River takes 0 and 1 only, for which both do the same.
 *
 * @source I. Frías-Blanco et al., "Online and Non-Parametric Drift Detection Methods Based on Hoeffding's Bounds", IEEE TKDE 27
 * (2015), doi:10.1109/TKDE.2014.2345382
 */
export class HddmW implements StreamDetector {
  readonly #options: z.output<typeof optionsSchema>;
  /** ln(1 / δ) / 2 of drift and warning. */
  readonly #driftFactor: number;
  readonly #warningFactor: number;
  #drift = false;
  #warning = false;
  #observed = 0;
  readonly #all: Sample;
  readonly #lowest: Cut;
  readonly #highest: Cut;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` */
  constructor(options: HddmWOptions = {}) {
    this.#options = parseOptions(optionsSchema, options, "HddmW");
    this.#driftFactor = -Math.log(this.#options.driftConfidence) / 2;
    this.#warningFactor = -Math.log(this.#options.warningConfidence) / 2;
    const { lambda } = this.#options;
    this.#all = new Sample(lambda);
    this.#lowest = new Cut(lambda, 1);
    this.#highest = new Cut(lambda, -1);
  }

  update(value: number | boolean): this {
    const x = unitValue("HddmW", value);
    if (this.#drift) this.reset();
    this.#observed += 1;
    this.#all.add(x);
    const bound = Math.sqrt(this.#all.weight * this.#driftFactor);
    this.#lowest.add(x, this.#all, bound);
    this.#drift = this.#lowest.isChange(this.#driftFactor);
    this.#warning = this.#lowest.isChange(this.#warningFactor);
    if (this.#options.twoSided) {
      this.#highest.add(x, this.#all, bound);
      this.#drift ||= this.#highest.isChange(this.#driftFactor);
      this.#warning ||= this.#highest.isChange(this.#warningFactor);
    }
    if (this.#drift) this.#warning = false;
    return this;
  }

  get drift(): boolean {
    return this.#drift;
  }

  get warning(): boolean {
    return this.#warning;
  }

  get observed(): number {
    return this.#observed;
  }

  /** The exponentially weighted mean. */
  get estimate(): number | undefined {
    return this.#observed === 0 ? undefined : this.#all.mean;
  }

  reset(): void {
    this.#drift = false;
    this.#warning = false;
    this.#observed = 0;
    this.#all.clear();
    this.#lowest.clear();
    this.#highest.clear();
  }

  toJSON(): HddmWState {
    return {
      schemaVersion: 1,
      detector: "hddm-w",
      options: { ...this.#options },
      drift: this.#drift,
      warning: this.#warning,
      observed: this.#observed,
      all: this.#all.toJSON(),
      lowest: this.#lowest.toJSON(),
      highest: this.#highest.toJSON(),
    };
  }

  /** @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged */
  static fromJSON(given: HddmWState): HddmW {
    const state = validate(stateSchema, given, "The state of HddmW");
    const detector = new HddmW(state.options);
    detector.#drift = state.drift;
    detector.#warning = state.warning;
    detector.#observed = state.observed;
    detector.#all.restore(state.all);
    detector.#lowest.restore(state.lowest, detector.#driftFactor);
    detector.#highest.restore(state.highest, detector.#driftFactor);
    return detector;
  }
}

/** An exponentially weighted mean, begun by its first value, and what bounds the sum of its squared weights. */
class Sample {
  readonly #lambda: number;
  mean = 0;
  /** As in MOA and River 1 without a value, so that the first counts for less than the 1 that it weighs. */
  weight = 1;
  empty = true;

  constructor(lambda: number) {
    this.#lambda = lambda;
  }

  add(x: number): void {
    const rest = 1 - this.#lambda;
    this.mean = this.empty ? x : this.#lambda * x + rest * this.mean;
    this.weight = this.#lambda * this.#lambda + rest * rest * this.weight;
    this.empty = false;
  }

  copy(other: Sample): void {
    this.mean = other.mean;
    this.weight = other.weight;
    this.empty = other.empty;
  }

  clear(): void {
    this.mean = 0;
    this.weight = 1;
    this.empty = true;
  }

  toJSON(): HddmWMean {
    return this.empty ? null : { mean: this.mean, weight: this.weight };
  }

  restore(state: HddmWMean): void {
    this.mean = state?.mean ?? 0;
    this.weight = state?.weight ?? 1;
    this.empty = state === null;
  }
}

/** The cut before which the mean was lowest (direction 1) or highest (−1), and what came before and after it. */
class Cut {
  readonly #before: Sample;
  readonly #after: Sample;
  readonly #direction: 1 | -1;
  /** Bound of the mean before the cut, times the direction; that of the values before it, so it needs no place in the state. */
  #bound = Number.POSITIVE_INFINITY;

  constructor(lambda: number, direction: 1 | -1) {
    this.#before = new Sample(lambda);
    this.#after = new Sample(lambda);
    this.#direction = direction;
  }

  /** Moves the cut behind `x` where the bound of the mean of `all` values is new, else counts `x` to what came after. */
  add(x: number, all: Sample, bound: number): void {
    const here = this.#direction * all.mean + bound;
    if (here < this.#bound) {
      this.#bound = here;
      this.#before.copy(all);
      this.#after.clear();
    } else this.#after.add(x);
  }

  isChange(factor: number): boolean {
    if (this.#before.empty || this.#after.empty) return false;
    const difference = this.#direction * (this.#after.mean - this.#before.mean);
    return difference > Math.sqrt((this.#before.weight + this.#after.weight) * factor);
  }

  clear(): void {
    this.#before.clear();
    this.#after.clear();
    this.#bound = Number.POSITIVE_INFINITY;
  }

  toJSON(): { readonly before: HddmWMean; readonly after: HddmWMean } {
    return { before: this.#before.toJSON(), after: this.#after.toJSON() };
  }

  restore({ before, after }: { readonly before: HddmWMean; readonly after: HddmWMean }, factor: number): void {
    this.#before.restore(before);
    this.#after.restore(after);
    this.#bound = before === null ? Number.POSITIVE_INFINITY : this.#direction * before.mean + Math.sqrt(before.weight * factor);
  }
}
