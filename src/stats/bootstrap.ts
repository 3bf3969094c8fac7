import * as z from "zod";
import { parseOptions, passed } from "../core/options.ts";
import { type Random, seeded } from "../core/random.ts";
import { invalidInput } from "../core/schema.ts";
import { assertFunction, assertSample } from "./assert-sample.ts";
import { normalCdf, normalQuantile } from "./distributions/normal.ts";
import { confidenceLevel } from "./experiments/confidence.ts";
import { quantileOfSorted } from "./quantile.ts";
import { sorted } from "./sort.ts";

/** How a bootstrap draws and what it concludes. */
export interface BootstrapOptions {
  /** Samples to draw, from 100 to 1 000 000. @defaultValue 2000 */
  readonly resamples?: number;
  /** Share of such intervals that hold the true value, in (0, 1). @defaultValue 0.95 */
  readonly confidence?: number;
  /**
   * `percentile`: quantiles of what the resamples gave; `bca`: these, corrected for bias and for a spread that depends on the value,
   * at the cost of up to 500 more evaluations.
   *
   * @defaultValue "percentile"
   */
  readonly method?: "percentile" | "bca";
  /** The same one draws the same resamples; its low 32 bits count. @defaultValue 1 */
  readonly seed?: number;
  /** Draws instead of the generator that has `seed`. */
  readonly random?: Random;
}

/** What a bootstrap finds. */
export interface BootstrapResult {
  /** The statistic of the sample itself. */
  readonly estimate: number;
  readonly interval: readonly [low: number, high: number];
  /** Standard deviation of what the resamples gave. */
  readonly standardError: number;
  /** Resamples that gave a finite number. */
  readonly resamples: number;
  /** Resamples that gave NaN or infinity, which are left out. Many of them make the interval unreliable. */
  readonly skipped: number;
}

/** Options with their defaults. */
interface BootstrapPlan {
  readonly resamples: number;
  readonly confidence: number;
  readonly method: "percentile" | "bca";
  readonly random: Random;
}

/** What every bootstrap can be told. */
export const bootstrapShape = {
  resamples: z.int().min(100).max(1_000_000).default(2000),
  confidence: confidenceLevel,
  method: z.enum(["percentile", "bca"]).default("percentile"),
  seed: z.int().default(1),
  random: passed<Random>("a source of random numbers", isRandom).optional(),
};

const optionsSchema = z.strictObject(bootstrapShape);

/** Most parts of a sample that are left out in turn to find the acceleration of BCa. */
const MAX_PARTS = 500;

/**
 * Interval of any statistic of a sample, from samples drawn of it with replacement. Needs independent values. Percentile intervals are
 * too short with few values, by about a tenth with 20 of them. Time grows with `resamples` times that of the statistic.
 *
 * @param values - finite, at least two
 * @param statistic - a number of a sample, which it must neither change nor keep; NaN where there is none
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values, a statistic that is not finite for the sample itself, or not for
 * half of the resamples; `CONFIG_INVALID` for wrong options
 * @source B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 13 and 14
 */
export function bootstrapInterval(
  values: ArrayLike<number>,
  statistic: (sample: Float64Array) => number,
  options: BootstrapOptions = {},
): BootstrapResult {
  const { seed, random = seeded(seed), ...plan } = parseOptions(optionsSchema, options, "bootstrapInterval");
  assertSample("the sample of bootstrapInterval", values, "a finite number", Number.isFinite);
  assertFunction("the statistic of bootstrapInterval", statistic);
  const sample = Float64Array.from(values);
  const draw = new Float64Array(sample.length);
  const evaluate = (rows: Uint32Array) => {
    const part = rows.length === draw.length ? draw : draw.subarray(0, rows.length);
    for (let i = 0; i < rows.length; i++) part[i] = sample[rows[i]!]!;
    return statistic(part);
  };
  const bootstrap = new Bootstrap("bootstrapInterval", sample.length, evaluate);
  const replicates = bootstrap.replicate({ ...plan, random }, undefined);
  return bootstrap.conclude({ ...plan, random }, replicates);
}

/** Draws rows of a table by number and evaluates something of them. */
export class Bootstrap {
  readonly #subject: string;
  readonly #rows: number;
  readonly #evaluate: (rows: Uint32Array) => number;
  /** Of all rows. */
  readonly estimate: number;

  /** @throws a `ModelwrightError` with code `INPUT_INVALID` for fewer than two rows, or an estimate that is not finite */
  constructor(subject: string, rows: number, evaluate: (rows: Uint32Array) => number) {
    if (rows < 2) throw invalidInput(subject, [{ path: [], message: "expected at least two rows" }]);
    this.#subject = subject;
    this.#rows = rows;
    this.#evaluate = evaluate;
    this.estimate = evaluate(Uint32Array.from({ length: rows }, (_, i) => i));
    if (!Number.isFinite(this.estimate)) throw this.#refused("a finite number of the sample itself");
  }

  /**
   * What each resample gave, ascending; without what is not finite.
   *
   * @param strata - rows of each group, of which as many as it has are drawn; all rows are one group unless told
   */
  replicate({ resamples, random }: BootstrapPlan, strata: readonly Uint32Array[] | undefined): Float64Array {
    const rows = new Uint32Array(this.#rows);
    const found = new Float64Array(resamples);
    let count = 0;
    for (let resample = 0; resample < resamples; resample++) {
      if (strata === undefined) for (let i = 0; i < rows.length; i++) rows[i] = drawIndex(random, rows.length);
      else drawStrata(strata, rows, random);
      const value = this.#evaluate(rows);
      if (Number.isFinite(value)) found[count++] = value;
    }
    if (count * 2 < resamples) throw this.#refused("a finite number of at least half of the resamples");
    return sorted(found.subarray(0, count));
  }

  /** The interval that the replicates give. */
  conclude({ resamples, confidence, method }: BootstrapPlan, replicates: Float64Array): BootstrapResult {
    const tail = (1 - confidence) / 2;
    const levels = method === "bca" ? this.#correctedLevels(tail, replicates) : ([tail, 1 - tail] as const);
    return {
      estimate: this.estimate,
      interval: [quantileOfSorted(replicates, levels[0]), quantileOfSorted(replicates, levels[1])],
      standardError: deviation(replicates),
      resamples: replicates.length,
      skipped: resamples - replicates.length,
    };
  }

  /** @source B. Efron, "Better Bootstrap Confidence Intervals", JASA 82 (1987), doi:10.1080/01621459.1987.10478410 */
  #correctedLevels(tail: number, replicates: Float64Array): readonly [low: number, high: number] {
    let below = 0;
    for (const value of replicates) below += value < this.estimate ? 1 : value === this.estimate ? 0.5 : 0;
    // Kept half a replicate away from 0 and 1, whose normal quantiles are infinite.
    const share = Math.min(replicates.length - 0.5, Math.max(0.5, below)) / replicates.length;
    const bias = normalQuantile(share);
    const acceleration = this.#acceleration();
    const level = (z: number) => {
      const room = 1 - acceleration * (bias + z);
      return normalCdf(bias + (bias + z) / Math.max(room, Number.EPSILON));
    };
    return [level(normalQuantile(tail)), level(-normalQuantile(tail))];
  }

  /** Skewness of the values that are left when one part of the rows after the other is left out, over 6 √parts; 0 where none is known. */
  #acceleration(): number {
    const parts = Math.min(this.#rows, MAX_PARTS);
    const values: number[] = [];
    for (let part = 0; part < parts; part++) {
      // Every parts-th row, not a block of neighbours, which would differ from each other where the rows are in some order.
      const kept = new Uint32Array(this.#rows - Math.ceil((this.#rows - part) / parts));
      for (let row = 0, next = 0; row < this.#rows; row++) if (row % parts !== part) kept[next++] = row;
      const value = this.#evaluate(kept);
      if (Number.isFinite(value)) values.push(value);
    }
    if (values.length === 0) return 0;
    const { distances } = centred(values);
    let squares = 0;
    let cubes = 0;
    for (const distance of distances) {
      squares += distance * distance;
      cubes -= distance * distance * distance;
    }
    return squares > 0 ? cubes / (6 * squares ** 1.5) : 0;
  }

  #refused(expected: string) {
    return invalidInput(this.#subject, [{ path: [], message: `expected the statistic to be ${expected}` }]);
  }
}

function drawStrata(strata: readonly Uint32Array[], rows: Uint32Array, random: Random): void {
  let next = 0;
  for (const stratum of strata) {
    for (let i = 0; i < stratum.length; i++) rows[next++] = stratum[drawIndex(random, stratum.length)]!;
  }
}

function deviation(values: Float64Array): number {
  const { distances, scale } = centred(values);
  let squares = 0;
  for (const distance of distances) squares += distance * distance;
  return scale * Math.sqrt(squares / (values.length - 1));
}

/** Distances from the mean in multiples of the greatest one, so that powers of them stay in the range of doubles. */
function centred(values: ArrayLike<number>): { readonly distances: Float64Array; readonly scale: number } {
  const distances = Float64Array.from(values);
  const size = divideByGreatest(distances);
  // From the first one, so that equal values have no distance at all.
  const first = distances[0]!;
  let mean = 0;
  for (const value of distances) mean += (value - first) / distances.length;
  for (let i = 0; i < distances.length; i++) distances[i] = distances[i]! - first - mean;
  const spread = divideByGreatest(distances);
  return { distances, scale: size * spread };
}

/** Divides values by the greatest of their magnitudes, which it answers; zeros are left alone. */
function divideByGreatest(values: Float64Array): number {
  let greatest = 0;
  for (const value of values) greatest = Math.max(greatest, Math.abs(value));
  if (greatest > 0) for (let i = 0; i < values.length; i++) values[i] = values[i]! / greatest;
  return greatest;
}

/** Uniform in [0, bound), but for a bias of bound / 2^32, which is less than any bootstrap shows and takes a quarter of the time of none. */
function drawIndex(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}

function isRandom(value: unknown): boolean {
  const random = value as Partial<Random> | null | undefined;
  return typeof random?.next === "function" && typeof random.uint32 === "function";
}
