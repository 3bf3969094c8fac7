import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { validate } from "../../core/schema.ts";
import type { StreamDetector, StreamMode } from "./stream-detector.ts";
import { commonState, realSquares, realSum, streamMode } from "./stream-state.ts";
import { realValue } from "./stream-value.ts";

/** Target and sensitivity of {@link Cusum}. */
export interface CusumOptions {
  /** What the values should be like: mean and standard deviation, in units of the input. @defaultValue learned from the first values */
  readonly target?: { readonly mean: number; readonly deviation: number };
  /** Values from which the target is learned where none is given, at least 2. @defaultValue 30 */
  readonly minInstances?: number;
  /** k: deviation from the target that is not counted, in standard deviations; half the change to look for. @defaultValue 0.5 */
  readonly slack?: number;
  /** h: cumulative deviation that is drift, in standard deviations. @defaultValue 5 */
  readonly threshold?: number;
  /** Which way the mean has to move. @defaultValue "both" */
  readonly mode?: StreamMode;
  /** Behaves as River does, without the guard that {@link Cusum} describes. @defaultValue false */
  readonly compat?: boolean;
}

/** A {@link Cusum} as JSON. */
export interface CusumState {
  readonly schemaVersion: 1;
  readonly detector: "cusum";
  readonly options: CusumOptions;
  readonly drift: boolean;
  readonly warning: boolean;
  readonly observed: number;
  /** Mean of all values. */
  readonly mean: number;
  /** Sum of squared differences from the mean of the values that the target is learned from. */
  readonly squares: number;
  /** Null while it is being learned. */
  readonly target: { readonly mean: number; readonly deviation: number } | null;
  /** The two sums, in units of the input. */
  readonly rise: number;
  readonly fall: number;
}

const MAX = 1e100;
const optionsSchema = z.strictObject({
  target: z.strictObject({ mean: z.number().min(-MAX).max(MAX), deviation: z.number().gt(0).max(MAX) }).optional(),
  minInstances: z.int().min(2).max(1e9).default(30),
  slack: z.number().min(0).max(1e6).default(0.5),
  threshold: z.number().gt(0).max(1e6).default(5),
  mode: streamMode.default("both"),
  compat: z.boolean().default(false),
});

const stateSchema = z.object({
  ...commonState,
  detector: z.literal("cusum"),
  options: optionsSchema,
  mean: realSum,
  squares: realSquares,
  target: z.object({ mean: realSum, deviation: realSum.min(0) }).nullable(),
  rise: realSum.min(0),
  fall: realSum.min(0),
});

/**
 * Tabular CUSUM chart: two sums of the deviations from a target, one for rises and one for falls, each less a slack and never below
 * 0; drift is when one exceeds the threshold.
 *
 * The target is given, or learned from the first values and then kept. With the default k and h, normal values and a known target
 * there is a false alarm about every 465 values, and a change by one standard deviation is told after about 10; with a target that
 * is learned it depends on the luck of the first values. There is no warning level.
 *
 * Other libraries have a fault here: first values that are all equal give a deviation of 0, after which any other value is drift.
 * Here learning goes on until the values differ.
 *
 * Takes numbers within ±1e100 and booleans.
 *
 * @source E. S. Page, "Continuous Inspection Schemes", Biometrika 41 (1954), doi:10.1093/biomet/41.1-2.100; D. C. Montgomery,
 * "Introduction to Statistical Quality Control", chapter 9, for the tabular form
 */
export class Cusum implements StreamDetector {
  readonly #options: z.output<typeof optionsSchema>;
  readonly #rises: boolean;
  readonly #falls: boolean;
  #drift = false;
  #observed = 0;
  #mean = 0;
  #squares = 0;
  #learning = true;
  #target = 0;
  #deviation = 0;
  #rise = 0;
  #fall = 0;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` */
  constructor(options: CusumOptions = {}) {
    this.#options = parseOptions(optionsSchema, options, "Cusum");
    this.#rises = this.#options.mode !== "down";
    this.#falls = this.#options.mode !== "up";
    this.reset();
  }

  update(value: number | boolean): this {
    const x = realValue("Cusum", value);
    if (this.#drift) this.reset();
    this.#observed += 1;
    const difference = x - this.#mean;
    this.#mean += difference / this.#observed;
    if (this.#learning) {
      this.#squares += difference * (x - this.#mean);
      if (!this.#learn()) return this;
    }
    const { slack, threshold } = this.#options;
    const deviation = x - this.#target;
    this.#rise = Math.max(0, this.#rise + deviation - slack * this.#deviation);
    this.#fall = Math.max(0, this.#fall - deviation - slack * this.#deviation);
    const limit = threshold * this.#deviation;
    this.#drift = (this.#rises && this.#rise > limit) || (this.#falls && this.#fall > limit);
    return this;
  }

  /** Takes mean and deviation of the values so far for the target when there are enough; answers whether the newest is to be tested. */
  #learn(): boolean {
    const { minInstances, compat } = this.#options;
    if (this.#observed < minInstances) return false;
    if (this.#squares === 0 && !compat) return false;
    this.#learning = false;
    this.#target = this.#mean;
    this.#deviation = Math.sqrt(this.#squares / (this.#observed - 1));
    // The value that ended a longer wait is far from the others by its nature.
    return this.#observed === minInstances;
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

  /** Mean of all values since the detector began or began anew. */
  get estimate(): number | undefined {
    return this.#observed === 0 ? undefined : this.#mean;
  }

  reset(): void {
    const { target } = this.#options;
    this.#drift = false;
    this.#observed = 0;
    this.#mean = 0;
    this.#squares = 0;
    this.#learning = target === undefined;
    this.#target = target?.mean ?? 0;
    this.#deviation = target?.deviation ?? 0;
    this.#rise = 0;
    this.#fall = 0;
  }

  toJSON(): CusumState {
    const { target, ...options } = this.#options;
    return {
      schemaVersion: 1,
      detector: "cusum",
      options: { ...options, ...(target !== undefined && { target: { ...target } }) },
      drift: this.#drift,
      warning: false,
      observed: this.#observed,
      mean: this.#mean,
      squares: this.#squares,
      target: this.#learning ? null : { mean: this.#target, deviation: this.#deviation },
      rise: this.#rise,
      fall: this.#fall,
    };
  }

  /** @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged */
  static fromJSON(given: CusumState): Cusum {
    const state = validate(stateSchema, given, "The state of Cusum");
    const { target, ...options } = state.options;
    const detector = new Cusum({ ...options, ...(target !== undefined && { target }) });
    detector.#drift = state.drift;
    detector.#observed = state.observed;
    detector.#mean = state.mean;
    detector.#squares = state.squares;
    detector.#learning = state.target === null;
    detector.#target = state.target?.mean ?? 0;
    detector.#deviation = state.target?.deviation ?? 0;
    detector.#rise = state.rise;
    detector.#fall = state.fall;
    return detector;
  }
}
