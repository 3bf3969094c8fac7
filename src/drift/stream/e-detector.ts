import * as z from "zod";
import { invalidConfig, parseOptions } from "../../core/options.ts";
import { invalidInput, validate } from "../../core/schema.ts";
import { normalUpperQuantile } from "../../stats/distributions/normal.ts";
import { scoreInterval } from "../../stats/experiments/proportion-intervals.ts";
import type { StreamDetector, StreamMode } from "./stream-detector.ts";
import { commonState, openShare, streamMode } from "./stream-state.ts";
import { unitValue } from "./stream-value.ts";

/** Baseline and promise of {@link EDetector}. */
export interface EDetectorOptions {
  /** Without a change there is on average at most one alarm in so many values, in [2, 1e15]. @defaultValue 100_000 */
  readonly falseAlarmEvery?: number;
  /** The same for warnings, at most `falseAlarmEvery`. @defaultValue a tenth of `falseAlarmEvery` */
  readonly falseWarningEvery?: number;
  /** Values that are known to be good: their sum and their number. Gives the bounds that are not given. */
  readonly baseline?: { readonly errors: number; readonly rows: number };
  /** How sure it has to be that a bound from the baseline holds, in (0, 1); of both bounds together in mode `both`. @defaultValue 0.95 */
  readonly confidence?: number;
  /** The mean is at most this while there is no rise, in (0, 1). @defaultValue Wilson's upper bound from the baseline */
  readonly upperMean?: number;
  /** The mean is at least this while there is no fall, in (0, 1). @defaultValue Wilson's lower bound from the baseline */
  readonly lowerMean?: number;
  /** Which way the mean has to move. @defaultValue "up" */
  readonly mode?: StreamMode;
}

/** An {@link EDetector} as JSON. */
export interface EDetectorState {
  readonly schemaVersion: 1;
  readonly detector: "e-detector";
  readonly options: EDetectorOptions;
  readonly drift: boolean;
  readonly warning: boolean;
  readonly observed: number;
  readonly sum: number;
  /** Evidence for each alternative. */
  readonly evidence: readonly number[];
}

const optionsSchema = z
  .strictObject({
    falseAlarmEvery: z.number().min(2).max(1e15).default(100_000),
    falseWarningEvery: z.number().min(1).max(1e15).optional(),
    baseline: z
      .strictObject({ errors: z.number().min(0), rows: z.int().min(1) })
      .refine((baseline) => baseline.errors <= baseline.rows, { path: ["errors"], error: "above rows" })
      .optional(),
    confidence: openShare.default(0.95),
    upperMean: openShare.optional(),
    lowerMean: openShare.optional(),
    mode: streamMode.default("up"),
  })
  .refine(({ baseline, upperMean, mode }) => mode === "down" || (baseline ?? upperMean) !== undefined, {
    path: ["baseline"],
    error: "expected a baseline or an upperMean",
  })
  .refine(({ baseline, lowerMean, mode }) => mode === "up" || (baseline ?? lowerMean) !== undefined, {
    path: ["baseline"],
    error: "expected a baseline or a lowerMean",
  })
  .refine(({ falseAlarmEvery, falseWarningEvery }) => (falseWarningEvery ?? 1) <= falseAlarmEvery, {
    path: ["falseWarningEvery"],
    error: "above falseAlarmEvery",
  })
  .refine(({ lowerMean = 0, upperMean = 1 }) => lowerMean <= upperMean, { path: ["lowerMean"], error: "above upperMean" });

type Options = z.output<typeof optionsSchema>;

/** Factors on the odds of the bound that the alternatives have. Changes between two of them are found almost as soon as at one. */
const ODDS_FACTORS: readonly number[] = [1.25, 1.5, 2, 3, 5, 10];

const stateSchema = z.object({
  ...commonState,
  detector: z.literal("e-detector"),
  options: optionsSchema,
  sum: z.number().min(0),
  evidence: z.array(z.number().min(0).max(1e20)).max(2 * ODDS_FACTORS.length),
});

/**
 * E-detector: tells a change of the mean with a promise about false alarms, and is the one to take for error rates. While the mean
 * of each value given those before it keeps to its bound, whatever the distribution and however the values depend on each other, there
 * is on average at most one alarm in `falseAlarmEvery` values.
 *
 * For each of a few alternative means q it multiplies the likelihood ratios of q against the bound, from every past value on, and adds
 * up these products (Shiryaev–Roberts); drift is when the average over the alternatives reaches `falseAlarmEvery`. Without a change each
 * sum less the number of values is a supermartingale, so the mean time to the first alarm cannot be less.
 *
 * The promise is as good as the bound. From a baseline of n rows it is Wilson's one-sided limit, above the true mean in about 95 %
 * of baselines; the more rows, the closer and the sooner changes are seen. With rate 5 % known a rise to 10 % is told after about 270
 * values (one false alarm in 50 000), with a baseline of 1000 rows after about 500. After an alarm the bound stays: while the rate stays
 * high, alarms come again. Build a new detector when the new rate is to be the normal one.
 *
 * Takes numbers in [0, 1] and booleans: errors, or losses, latencies and shares that are scaled to that range. About 20 ns a value.
 *
 * @source J. Shin, A. Ramdas, A. Rinaldo, "E-detectors: A Nonparametric Framework for Sequential Change Detection", New England J. Stat.
 * Data Sci. 2 (2024), arXiv:2203.03532, for the Shiryaev–Roberts form, the promise and the mixture
 */
export class EDetector implements StreamDetector {
  readonly #options: Options;
  readonly #alarm: number;
  readonly #warn: number;
  /** The likelihood ratio of alternative k at x is base[k] + slope[k] · x. */
  readonly #base: Float64Array;
  readonly #slope: Float64Array;
  /**
   * Shiryaev–Roberts sums. No logarithms: a sum is at least the last ratio, which is 1/10 or more, and an alarm comes before
   * it exceeds the threshold times the number of alternatives, so that it neither vanishes nor overflows.
   */
  readonly #sums: Float64Array;
  #drift = false;
  #warning = false;
  #observed = 0;
  #total = 0;

  /**
   * @throws a `ModelwrightError` with code `CONFIG_INVALID`, also where the baseline leaves no room: without a success there is no rise,
   * without an error no fall
   */
  constructor(options: EDetectorOptions) {
    this.#options = parseOptions(optionsSchema, options, "EDetector");
    const { falseAlarmEvery, falseWarningEvery } = this.#options;
    const ratios = likelihoodRatios(this.#options);
    if (ratios.length === 0) {
      throw invalidConfig("EDetector", [
        { path: ["baseline"], message: "leaves no room for a change, or contradicts the bound that is given" },
      ]);
    }
    // Thresholds for the sum over the alternatives instead of their average.
    this.#alarm = falseAlarmEvery * ratios.length;
    this.#warn = (falseWarningEvery ?? falseAlarmEvery / 10) * ratios.length;
    this.#base = Float64Array.from(ratios, ({ base }) => base);
    this.#slope = Float64Array.from(ratios, ({ slope }) => slope);
    this.#sums = new Float64Array(ratios.length);
  }

  update(value: number | boolean): this {
    const x = unitValue("EDetector", value);
    if (this.#drift) this.reset();
    this.#observed += 1;
    this.#total += x;
    const sums = this.#sums;
    const base = this.#base;
    const slope = this.#slope;
    let evidence = 0;
    for (let k = 0; k < sums.length; k++) {
      const next = (sums[k]! + 1) * (base[k]! + slope[k]! * x);
      sums[k] = next;
      evidence += next;
    }
    this.#drift = evidence >= this.#alarm;
    this.#warning = !this.#drift && evidence >= this.#warn;
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

  /** Mean of all values since the detector began or began anew. */
  get estimate(): number | undefined {
    return this.#observed === 0 ? undefined : this.#total / this.#observed;
  }

  /** What is compared with `falseAlarmEvery`; without a change its expectation is at most `observed`. */
  get evidence(): number {
    return this.#sums.reduce((sum, value) => sum + value, 0) / this.#sums.length;
  }

  reset(): void {
    this.#drift = false;
    this.#warning = false;
    this.#observed = 0;
    this.#total = 0;
    this.#sums.fill(0);
  }

  toJSON(): EDetectorState {
    return {
      schemaVersion: 1,
      detector: "e-detector",
      options: given(this.#options),
      drift: this.#drift,
      warning: this.#warning,
      observed: this.#observed,
      sum: this.#total,
      evidence: [...this.#sums],
    };
  }

  /** @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged */
  static fromJSON(written: EDetectorState): EDetector {
    const subject = "The state of EDetector";
    const state = validate(stateSchema, written, subject);
    const alternatives = likelihoodRatios(state.options).length;
    if (alternatives === 0 || alternatives !== state.evidence.length) {
      throw invalidInput(subject, [
        { path: ["evidence"], message: `not for the ${alternatives} alternatives that the options give` },
      ]);
    }
    const detector = new EDetector(given(state.options));
    detector.#drift = state.drift;
    detector.#warning = state.warning;
    detector.#observed = state.observed;
    detector.#total = state.sum;
    detector.#sums.set(state.evidence);
    return detector;
  }
}

/** The options without those that were not given. */
function given(options: Options): EDetectorOptions {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as EDetectorOptions;
}

/**
 * Ratios of Bernoulli likelihoods, which for values in [0, 1] are lines: with r times the odds of the bound m,
 * (1 + (r − 1) x) / (1 + (r − 1) m). At a mean of at most m their expectation is at most 1. For a fall the same with 1 − x and 1 − m.
 * None where the bounds leave no room or contradict each other.
 */
function likelihoodRatios(options: Options): readonly { readonly base: number; readonly slope: number }[] {
  const { baseline, confidence, mode } = options;
  const z = normalUpperQuantile((1 - confidence) / (mode === "both" ? 2 : 1));
  const [low, high] = baseline === undefined ? [0, 1] : scoreInterval(baseline.errors, baseline.rows, z);
  const upper = mode === "down" ? 1 : (options.upperMean ?? high);
  const lower = mode === "up" ? 0 : (options.lowerMean ?? low);
  if (mode === "both" && lower > upper) return [];
  const rises = upper < 1 ? ODDS_FACTORS.map((r) => ratio(r, upper)) : [];
  const falls = lower > 0 ? ODDS_FACTORS.map((r) => ratio(r, 1 - lower)) : [];
  return [...rises, ...falls.map(({ base, slope }) => ({ base: base + slope, slope: -slope }))];
}

function ratio(oddsFactor: number, mean: number): { readonly base: number; readonly slope: number } {
  const base = 1 / (1 + (oddsFactor - 1) * mean);
  return { base, slope: (oddsFactor - 1) * base };
}
