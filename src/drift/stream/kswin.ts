import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { randomInt, seeded } from "../../core/random.ts";
import { validate } from "../../core/schema.ts";
import { criticalGap, gapOfSorted, gapPValue } from "./equal-samples-ks.ts";
import type { StreamDetector } from "./stream-detector.ts";
import { commonState, openShare, realSum, share } from "./stream-state.ts";
import { realValue } from "./stream-value.ts";

/** Windows and levels of {@link Kswin}. */
export interface KswinOptions {
  /** The p-value at which a test says drift, in (0, 1). @defaultValue 0.005 */
  readonly alpha?: number;
  /** Values in the window, at least 2 `statSize` and at most 20 000. @defaultValue 100 */
  readonly windowSize?: number;
  /** Newest values that are compared with as many older ones, drawn at random. @defaultValue 30 */
  readonly statSize?: number;
  /** Distance of the distribution functions that drift has to exceed, in [0, 1]. @defaultValue 0.1 */
  readonly minDistance?: number;
  /** Decides which older values are drawn: same seed and values, same answers. @defaultValue 0 */
  readonly seed?: number;
}

/** A {@link Kswin} as JSON. */
export interface KswinState {
  readonly schemaVersion: 1;
  readonly detector: "kswin";
  readonly options: KswinOptions;
  readonly drift: boolean;
  readonly warning: boolean;
  readonly observed: number;
  /** Gap of the last test, `statSize` times its statistic; null before the first. */
  readonly gap: number | null;
  /** The newest values, the oldest first. */
  readonly window: readonly number[];
}

const MAX_WINDOW_SIZE = 20_000;
const MAX_STAT_SIZE = MAX_WINDOW_SIZE / 2;

const optionsSchema = z
  .strictObject({
    alpha: openShare.default(0.005),
    windowSize: z.int().min(2).max(MAX_WINDOW_SIZE).default(100),
    statSize: z.int().min(1).max(MAX_STAT_SIZE).default(30),
    minDistance: share.default(0.1),
    seed: z.int().default(0),
  })
  .refine((options) => 2 * options.statSize <= options.windowSize, {
    path: ["windowSize"],
    error: "below 2 statSize, so that there are too few older values to draw from",
  })
  // Refinements run although a size is refused: what one that is too large would cost is not to be spent.
  .refine(({ statSize, alpha }) => statSize > MAX_STAT_SIZE || criticalGap(statSize, alpha) <= statSize, {
    path: ["alpha"],
    error: "so small that no two samples of statSize values reach it",
  });

const stateSchema = z
  .object({
    ...commonState,
    detector: z.literal("kswin"),
    options: optionsSchema,
    gap: z.int().min(0).nullable(),
    window: z.array(realSum).max(MAX_WINDOW_SIZE),
  })
  .refine(({ window, observed, options }) => window.length === Math.min(observed, options.windowSize), {
    path: ["window"],
    error: "not as long as values were taken",
  });

/**
 * KSWIN: a Kolmogorov–Smirnov test of the newest values of a sliding window against as many of its older ones, at every value once the
 * window is full. Sees changes of the whole distribution, not of the mean alone.
 *
 * A test at each value makes a false alarm about every 750 values at the default `alpha`, and every 14 000 at 1e-4; a smaller `alpha`
 * wants larger windows. Ties make it less sensitive: for errors of 0 and 1 other detectors are better. O(statSize · log(statSize) + windowSize)
 * time a value. As in River the window is emptied after a drift. There is no warning level.
 *
 * Takes numbers within ±1e100 and booleans.
 *
 * @source C. Raab, M. Heusinger, F.-M. Schleif, "Reactive Soft Prototype Computing for Concept Drift Streams", Neurocomputing 416
 * (2020), doi:10.1016/j.neucom.2019.11.111
 */
export class Kswin implements StreamDetector {
  readonly #options: z.output<typeof optionsSchema>;
  /** The least gap that is drift. */
  readonly #critical: number;
  readonly #window: Float64Array;
  readonly #older: Float64Array;
  readonly #newer: Float64Array;
  #drift = false;
  #observed = 0;
  #gap: number | undefined;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` */
  constructor(options: KswinOptions = {}) {
    this.#options = parseOptions(optionsSchema, options, "Kswin");
    const { alpha, windowSize, statSize, minDistance } = this.#options;
    let critical = criticalGap(statSize, alpha);
    while (critical / statSize <= minDistance) critical += 1;
    this.#critical = critical;
    this.#window = new Float64Array(windowSize);
    this.#older = new Float64Array(windowSize - statSize);
    this.#newer = new Float64Array(statSize);
  }

  update(value: number | boolean): this {
    const x = realValue("Kswin", value);
    if (this.#drift) this.reset();
    const { windowSize } = this.#options;
    if (this.#observed < windowSize) this.#window[this.#observed] = x;
    else {
      this.#window.copyWithin(0, 1);
      this.#window[windowSize - 1] = x;
    }
    this.#observed += 1;
    if (this.#observed >= windowSize) this.#test();
    return this;
  }

  #test(): void {
    const { statSize, windowSize, seed } = this.#options;
    const older = this.#older;
    const oldest = windowSize - statSize;
    older.set(this.#window.subarray(0, oldest));
    // The draw follows from seed and position alone, so that the state needs no generator's.
    const random = seeded(seed + Math.imul(this.#observed, 0x85eb_ca6b));
    for (let i = 0; i < statSize; i++) {
      const j = i + randomInt(random, oldest - i);
      const drawn = older[j]!;
      older[j] = older[i]!;
      older[i] = drawn;
    }
    this.#newer.set(this.#window.subarray(oldest));
    this.#gap = gapOfSorted(older.subarray(0, statSize).sort(), this.#newer.sort());
    this.#drift = this.#gap >= this.#critical;
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

  /** Mean of the newest `statSize` values, or of all while there are fewer. */
  get estimate(): number | undefined {
    const end = Math.min(this.#observed, this.#options.windowSize);
    const start = Math.max(0, end - this.#options.statSize);
    let sum = 0;
    for (let i = start; i < end; i++) sum += this.#window[i]!;
    return end === 0 ? undefined : sum / (end - start);
  }

  /** The p-value of the last test, undefined before the first. Many tests are made: it is no chance of a false alarm. */
  get pValue(): number | undefined {
    return this.#gap === undefined ? undefined : gapPValue(this.#options.statSize, this.#gap);
  }

  reset(): void {
    this.#drift = false;
    this.#observed = 0;
    this.#gap = undefined;
  }

  toJSON(): KswinState {
    return {
      schemaVersion: 1,
      detector: "kswin",
      options: { ...this.#options },
      drift: this.#drift,
      warning: false,
      observed: this.#observed,
      gap: this.#gap ?? null,
      window: [...this.#window.subarray(0, Math.min(this.#observed, this.#options.windowSize))],
    };
  }

  /** @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged */
  static fromJSON(given: KswinState): Kswin {
    const state = validate(stateSchema, given, "The state of Kswin");
    const detector = new Kswin(state.options);
    detector.#drift = state.drift;
    detector.#observed = state.observed;
    detector.#gap = state.gap ?? undefined;
    detector.#window.set(state.window);
    return detector;
  }
}
