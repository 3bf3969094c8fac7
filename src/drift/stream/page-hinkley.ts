import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { validate } from "../../core/schema.ts";
import type { StreamDetector, StreamMode } from "./stream-detector.ts";
import { commonState, realSum, share, streamMode } from "./stream-state.ts";
import { realValue } from "./stream-value.ts";

/** Sensitivity of {@link PageHinkley}. */
export interface PageHinkleyOptions {
  /** Values before anything is told. @defaultValue 30 */
  readonly minInstances?: number;
  /** Deviation from the mean that is not counted, in units of the input. @defaultValue 0.005 */
  readonly delta?: number;
  /** Cumulative deviation that is drift, in units of the input. @defaultValue 50 */
  readonly threshold?: number;
  /** What remains of the cumulative deviation at each value, in (0, 1]. @defaultValue 0.9999 */
  readonly alpha?: number;
  /** Which way the mean has to move. @defaultValue "both" */
  readonly mode?: StreamMode;
}

/** A {@link PageHinkley} as JSON. */
export interface PageHinkleyState {
  readonly schemaVersion: 1;
  readonly detector: "page-hinkley";
  readonly options: PageHinkleyOptions;
  readonly drift: boolean;
  readonly warning: boolean;
  readonly observed: number;
  readonly mean: number;
  /** Cumulative deviation less `delta` each, and the least that it was. */
  readonly rise: { readonly sum: number; readonly least: number };
  /** Cumulative deviation plus `delta` each, and the greatest that it was. */
  readonly fall: { readonly sum: number; readonly greatest: number };
}

const optionsSchema = z.strictObject({
  minInstances: z.int().min(1).max(1e9).default(30),
  delta: z.number().min(0).max(1e100).default(0.005),
  threshold: z.number().gt(0).max(1e100).default(50),
  alpha: share.gt(0).default(0.9999),
  mode: streamMode.default("both"),
});

const stateSchema = z.object({
  ...commonState,
  detector: z.literal("page-hinkley"),
  options: optionsSchema,
  mean: realSum,
  rise: z.object({ sum: realSum, least: realSum }),
  fall: z.object({ sum: realSum, greatest: realSum }),
});

/**
 * Page–Hinkley test for a change of the mean: cumulates the deviations from the running mean, each less `delta`; drift is when the
 * sum exceeds the least that it was by `threshold`. For falls the same, mirrored.
 *
 * The threshold is in units of the input: 50 is much for errors of 0 and 1 (a rise from 1 % to 3 % is mostly missed within 5000),
 * and a matter of a few values for large ones. There is no warning level.
 *
 * Takes numbers within ±1e100 and booleans.
 *
 * @units input unit for `delta` and `threshold`
 * @source E. S. Page, "Continuous Inspection Schemes", Biometrika 41 (1954), doi:10.1093/biomet/41.1-2.100
 */
export class PageHinkley implements StreamDetector {
  readonly #options: z.output<typeof optionsSchema>;
  readonly #rises: boolean;
  readonly #falls: boolean;
  #drift = false;
  #observed = 0;
  #mean = 0;
  #rise = 0;
  #leastRise = Number.POSITIVE_INFINITY;
  #fall = 0;
  #greatestFall = Number.NEGATIVE_INFINITY;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` */
  constructor(options: PageHinkleyOptions = {}) {
    this.#options = parseOptions(optionsSchema, options, "PageHinkley");
    this.#rises = this.#options.mode !== "down";
    this.#falls = this.#options.mode !== "up";
  }

  update(value: number | boolean): this {
    const x = realValue("PageHinkley", value);
    if (this.#drift) this.reset();
    const { minInstances, delta, threshold, alpha } = this.#options;
    this.#observed += 1;
    this.#mean += (x - this.#mean) / this.#observed;
    const deviation = x - this.#mean;
    this.#rise = alpha * this.#rise + deviation - delta;
    this.#fall = alpha * this.#fall + deviation + delta;
    if (this.#rise < this.#leastRise) this.#leastRise = this.#rise;
    if (this.#fall > this.#greatestFall) this.#greatestFall = this.#fall;
    if (this.#observed >= minInstances) {
      this.#drift =
        (this.#rises && this.#rise - this.#leastRise > threshold) || (this.#falls && this.#greatestFall - this.#fall > threshold);
    }
    return this;
  }

  get drift(): boolean {
    return this.#drift;
  }

  /** Always false. */
  get warning(): boolean {
    return false;
  }

  get observed(): number {
    return this.#observed;
  }

  get estimate(): number | undefined {
    return this.#observed === 0 ? undefined : this.#mean;
  }

  reset(): void {
    this.#drift = false;
    this.#observed = 0;
    this.#mean = 0;
    this.#rise = 0;
    this.#leastRise = Number.POSITIVE_INFINITY;
    this.#fall = 0;
    this.#greatestFall = Number.NEGATIVE_INFINITY;
  }

  toJSON(): PageHinkleyState {
    const empty = this.#observed === 0;
    return {
      schemaVersion: 1,
      detector: "page-hinkley",
      options: { ...this.#options },
      drift: this.#drift,
      warning: false,
      observed: this.#observed,
      mean: this.#mean,
      rise: { sum: this.#rise, least: empty ? 0 : this.#leastRise },
      fall: { sum: this.#fall, greatest: empty ? 0 : this.#greatestFall },
    };
  }

  /** @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged */
  static fromJSON(given: PageHinkleyState): PageHinkley {
    const state = validate(stateSchema, given, "The state of PageHinkley");
    const detector = new PageHinkley(state.options);
    if (state.observed === 0) return detector;
    detector.#drift = state.drift;
    detector.#observed = state.observed;
    detector.#mean = state.mean;
    detector.#rise = state.rise.sum;
    detector.#leastRise = state.rise.least;
    detector.#fall = state.fall.sum;
    detector.#greatestFall = state.fall.greatest;
    return detector;
  }
}
