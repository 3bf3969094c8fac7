import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { validate } from "../../core/schema.ts";
import { AdaptiveWindow, type WindowRows } from "./adaptive-window.ts";
import type { StreamDetector, StreamMode } from "./stream-detector.ts";
import { commonState, openShare, realSquares, realSum, streamMode } from "./stream-state.ts";
import { realValue } from "./stream-value.ts";

/** Sensitivity and memory of {@link Adwin}. */
export interface AdwinOptions {
  /** Chance of a false cut in one check, in (0, 1); in practice the false alarms are far fewer. @defaultValue 0.002 */
  readonly delta?: number;
  /** Values from one check to the next. @defaultValue 32 */
  readonly clock?: number;
  /** Buckets of one size, an integer in [2, 100]; more make the cuts finer. @defaultValue 5 */
  readonly maxBuckets?: number;
  /** Values that either side of a cut has at least. @defaultValue 5 */
  readonly minWindowLength?: number;
  /** Values in the window below or at which nothing is checked. @defaultValue 10 */
  readonly gracePeriod?: number;
  /** Which way the mean has to move to be told; the window shrinks either way. @defaultValue "both" */
  readonly mode?: StreamMode;
}

/** An {@link Adwin} as JSON. */
export interface AdwinState {
  readonly schemaVersion: 1;
  readonly detector: "adwin";
  readonly options: AdwinOptions;
  readonly drift: boolean;
  readonly warning: boolean;
  readonly observed: number;
  /** Sum of the window. */
  readonly total: number;
  /** Sum of the squared differences from the window's mean. */
  readonly squares: number;
  /** Row i holds buckets of 2^i values, the oldest first. */
  readonly rows: WindowRows;
}

const optionsSchema = z.strictObject({
  delta: openShare.default(0.002),
  clock: z.int().min(1).max(1e9).default(32),
  maxBuckets: z.int().min(2).max(100).default(5),
  minWindowLength: z.int().min(1).max(1e9).default(5),
  gracePeriod: z.int().min(0).max(1e9).default(10),
  mode: streamMode.default("both"),
});

/** More rows than a stream of 2^53 values fills. */
const MAX_ROWS = 53;

const stateSchema = z
  .object({
    ...commonState,
    detector: z.literal("adwin"),
    options: optionsSchema,
    total: realSum,
    squares: realSquares,
    rows: z
      .array(z.object({ totals: z.array(realSum).max(100), squares: z.array(realSquares).max(100) }))
      .min(1)
      .max(MAX_ROWS),
  })
  .refine(
    ({ rows, options, observed }) =>
      rows.every(
        ({ totals, squares }) =>
          totals.length === squares.length && totals.length <= options.maxBuckets && (totals.length > 0 || observed === 0),
      ) && rows.reduce((sum, { totals }, i) => sum + totals.length * 2 ** i, 0) <= observed,
    { path: ["rows"], error: "the buckets do not fit the options or the number of values" },
  );

/**
 * ADWIN: keeps a window of the newest values that is as long as their mean has been constant. Every `clock` values it looks for a cut
 * before and after which the means differ; drift is when there is one.
 *
 * Looks at every cut, as MOA does: River up to 0.21, scikit-multiflow and Frouros leave out the newest bucket of each size and see
 * changes later. As in River the detector begins with an empty window after a drift.
 *
 * Takes numbers within ±1e100 and booleans. Its bound assumes a range of 1: scale other values, or small changes of large values are
 * told too soon. There is no warning level.
 *
 * @source A. Bifet, R. Gavaldà, "Learning from Time-Changing Data with Adaptive Windowing", SDM (2007),
 * doi:10.1137/1.9781611972771.42
 */
export class Adwin implements StreamDetector {
  readonly #options: z.output<typeof optionsSchema>;
  #window: AdaptiveWindow;
  #drift = false;
  #observed = 0;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` */
  constructor(options: AdwinOptions = {}) {
    this.#options = parseOptions(optionsSchema, options, "Adwin");
    this.#window = new AdaptiveWindow(this.#options);
  }

  update(value: number | boolean): this {
    const x = realValue("Adwin", value);
    if (this.#drift) this.reset();
    this.#observed += 1;
    this.#window.add(x);
    const { clock, gracePeriod } = this.#options;
    if (this.#observed % clock === 0 && this.#window.width > gracePeriod) this.#drift = this.#check();
    return this;
  }

  #check(): boolean {
    const { mode } = this.#options;
    const before = this.#window.total / this.#window.width;
    if (!this.#window.shrink()) return false;
    const after = this.#window.total / this.#window.width;
    return mode === "both" || after > before === (mode === "up");
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

  /** Mean of the window. */
  get estimate(): number | undefined {
    return this.#observed === 0 ? undefined : this.#window.total / this.#window.width;
  }

  /** Values in the window. */
  get width(): number {
    return this.#window.width;
  }

  /** Variance of the values in the window, undefined before the first. */
  get variance(): number | undefined {
    return this.#observed === 0 ? undefined : this.#window.squares / this.#window.width;
  }

  reset(): void {
    this.#drift = false;
    this.#observed = 0;
    this.#window = new AdaptiveWindow(this.#options);
  }

  toJSON(): AdwinState {
    return {
      schemaVersion: 1,
      detector: "adwin",
      options: { ...this.#options },
      drift: this.#drift,
      warning: false,
      observed: this.#observed,
      ...this.#window.toJSON(),
    };
  }

  /** @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged */
  static fromJSON(given: AdwinState): Adwin {
    const state = validate(stateSchema, given, "The state of Adwin");
    const detector = new Adwin(state.options);
    detector.#drift = state.drift;
    detector.#observed = state.observed;
    detector.#window.restore(state.total, state.squares, state.rows);
    return detector;
  }
}
