import * as z from "zod";
import { validate } from "../../core/schema.ts";
import { assertList } from "../assert-sample.ts";
import { areExtremes, assertSameClass, extreme, whole } from "./sketch-state.ts";

/** A {@link Moments} as JSON. */
export interface MomentsState {
  readonly schemaVersion: 1;
  readonly count: number;
  readonly nonFinite: number;
  readonly min: number | null;
  readonly max: number | null;
  /** The sums are of values divided by 2 to this power. */
  readonly exponent: number;
  readonly mean: number;
  /** Sums of the second, third and fourth powers of distances from the mean. */
  readonly sums: readonly [second: number, third: number, fourth: number];
}

/** Exponents of the unit go up in these steps, so that changes of it are rare. */
const STEP = 128;
const LEAST_EXPONENT = -896;
const GREATEST_EXPONENT = 896;

const stateSchema = z
  .object({
    schemaVersion: z.literal(1),
    count: whole,
    nonFinite: whole,
    min: extreme,
    max: extreme,
    exponent: z.int().min(LEAST_EXPONENT).max(GREATEST_EXPONENT).multipleOf(STEP),
    mean: z
      .number()
      .min(-(2 ** STEP))
      .max(2 ** STEP),
    sums: z.tuple([z.number().min(0), z.number(), z.number().min(0)]),
  })
  .refine(({ count, min, max }) => areExtremes(count, min, max), { path: ["min"], error: "min and max do not fit the count" })
  .refine(({ min, max, exponent }) => exponent === exponentOf(Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0))), {
    path: ["exponent"],
    error: "not that of the greatest value",
  });

/**
 * Running mean, variance, skewness and kurtosis of numbers: constant memory, one pass, merges across workers and minutes.
 *
 * Adding and merging round: another order or grouping changes the last digits. For n values the relative error of the variance stays
 * below about n·κ·2^−53 and in practice near κ·2^−53·√n, with κ = √(1 + mean²/variance), and the mean's absolute error below the
 * same multiple of the standard deviation. Count, extremes and `nonFinite` are exact. Values of any size are fine: sums are kept in
 * units of a power of 2 near the greatest value, so that no fourth power leaves the range of doubles.
 *
 * @source P. Pébay, "Formulas for Robust, One-Pass Parallel Computation of Covariances and Arbitrary-Order Statistical Moments",
 * Sandia report SAND2008-6212 (2008); T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for Computing the Sample Variance",
 * Am. Stat. 37 (1983), for the error
 *
 * @example
 * ```ts
 * import { Moments } from "modelwright/stats";
 *
 * const here = new Moments();
 * here.addAll([1, 2, 3, 4]);
 * const there = Moments.fromJSON(JSON.parse(JSON.stringify(here))); // in another process
 * there.add(10);
 * here.merge(there);
 * here.mean; // 3.33, of 9 values
 * ```
 */
export class Moments {
  #count = 0;
  #nonFinite = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #exponent = LEAST_EXPONENT;
  /** 2^−exponent. */
  #perUnit = 2 ** -LEAST_EXPONENT;
  /** What is not below it in size needs a greater unit. */
  #limit = 2 ** (LEAST_EXPONENT + STEP);
  #mean = 0;
  #second = 0;
  #third = 0;
  #fourth = 0;

  /** Takes a value. What is no finite number is counted apart. */
  add(value: number): void {
    if (!Number.isFinite(value)) {
      this.#nonFinite += 1;
      return;
    }
    if (Math.abs(value) >= this.#limit) this.#scaleTo(exponentOf(Math.abs(value)));
    // Adding 0 turns -0, whose sign JSON does not carry, into 0.
    if (value < this.#min) this.#min = value + 0;
    if (value > this.#max) this.#max = value + 0;
    const before = this.#count;
    const n = before + 1;
    this.#count = n;
    const shift = value * this.#perUnit - this.#mean;
    const part = shift / n;
    const square = part * part;
    const term = shift * part * before;
    this.#mean += part;
    this.#fourth += term * square * (n * n - 3 * n + 3) + 6 * square * this.#second - 4 * part * this.#third;
    this.#third += term * part * (n - 2) - 3 * part * this.#second;
    this.#second += term;
  }

  /** Takes values, as {@link add} does one by one. */
  addAll(values: ArrayLike<number>): void {
    assertList("the values of Moments.addAll", values);
    for (let i = 0; i < values.length; i++) this.add(values[i]!);
  }

  /** Adds what `other` has taken, which stays as it is. */
  merge(other: Moments): void {
    assertSameClass("Moments.merge", other, Moments);
    this.#nonFinite += other.#nonFinite;
    if (other.#count === 0) return;
    this.#scaleTo(Math.max(this.#exponent, other.#exponent));
    const r = 2 ** (other.#exponent - this.#exponent);
    const second = other.#second * r * r;
    const third = other.#third * r * r * r;
    const fourth = other.#fourth * r * r * r * r;
    const a = this.#count;
    const b = other.#count;
    const n = a + b;
    const shift = other.#mean * r - this.#mean;
    const ofA = a / n;
    const ofB = b / n;
    const square = shift * shift;
    const cross = square * a * ofB;
    this.#fourth +=
      fourth +
      cross * square * (ofA * ofA - ofA * ofB + ofB * ofB) +
      6 * square * (ofA * ofA * second + ofB * ofB * this.#second) +
      4 * shift * (ofA * third - ofB * this.#third);
    this.#third += third + cross * shift * (ofA - ofB) + 3 * shift * (ofA * second - ofB * this.#second);
    this.#second += second + cross;
    this.#mean += shift * ofB;
    this.#count = n;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Finite values taken. */
  get count(): number {
    return this.#count;
  }

  /** Other values taken: NaN and infinities. */
  get nonFinite(): number {
    return this.#nonFinite;
  }

  /** The least finite value; undefined when there is none. */
  get min(): number | undefined {
    return this.#count === 0 ? undefined : this.#min;
  }

  /** The greatest finite value; undefined when there is none. */
  get max(): number | undefined {
    return this.#count === 0 ? undefined : this.#max;
  }

  /** Undefined when there is no value. */
  get mean(): number | undefined {
    if (this.#count === 0) return undefined;
    // Rounding must not push the mean of equal values out of their range.
    return Math.min(this.#max, Math.max(this.#min, this.#mean / this.#perUnit));
  }

  /** With divisor n − 1; infinite beyond the range of doubles, undefined below two values. */
  get variance(): number | undefined {
    return this.#count < 2 ? undefined : this.#second / (this.#count - 1) / this.#perUnit / this.#perUnit;
  }

  /** Square root of the variance; undefined below two values. */
  get standardDeviation(): number | undefined {
    return this.#count < 2 ? undefined : Math.sqrt(this.#second / (this.#count - 1)) / this.#perUnit;
  }

  /** g1 = m₃ / m₂^1.5 of central moments with divisor n, as `scipy.stats.skew`; undefined for equal or no values. */
  get skewness(): number | undefined {
    return this.#second === 0 ? undefined : (this.#third / this.#second) * Math.sqrt(this.#count / this.#second);
  }

  /** Excess kurtosis g2 = m₄ / m₂² − 3 of central moments with divisor n, as `scipy.stats.kurtosis`; undefined for equal or no values. */
  get kurtosis(): number | undefined {
    return this.#second === 0 ? undefined : (this.#fourth / this.#second) * (this.#count / this.#second) - 3;
  }

  /** The state as JSON; `fromJSON` restores it. */
  toJSON(): MomentsState {
    return {
      schemaVersion: 1,
      count: this.#count,
      nonFinite: this.#nonFinite,
      min: this.min ?? null,
      max: this.max ?? null,
      exponent: this.#exponent,
      mean: this.#mean + 0,
      sums: [this.#second, this.#third + 0, this.#fourth],
    };
  }

  /**
   * The moments that {@link Moments.toJSON} wrote.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged
   */
  static fromJSON(given: MomentsState): Moments {
    const state = validate(stateSchema, given, "The state of moments");
    const moments = new Moments();
    moments.#scaleTo(state.exponent);
    moments.#count = state.count;
    moments.#nonFinite = state.nonFinite;
    moments.#min = state.min ?? Number.POSITIVE_INFINITY;
    moments.#max = state.max ?? Number.NEGATIVE_INFINITY;
    moments.#mean = state.mean;
    [moments.#second, moments.#third, moments.#fourth] = state.sums;
    return moments;
  }

  /** Goes over to a unit that is not smaller; exact but for what is too small beside it to count. */
  #scaleTo(exponent: number): void {
    if (exponent === this.#exponent) return;
    const r = 2 ** (this.#exponent - exponent);
    this.#mean *= r;
    this.#second *= r * r;
    this.#third = this.#third * r * r * r;
    this.#fourth = this.#fourth * r * r * r * r;
    this.#exponent = exponent;
    this.#perUnit = 2 ** -exponent;
    this.#limit = exponent === GREATEST_EXPONENT ? Number.POSITIVE_INFINITY : 2 ** (exponent + STEP);
  }
}

/** The exponent of the unit for sizes up to this one. */
function exponentOf(size: number): number {
  let exponent = LEAST_EXPONENT;
  while (exponent < GREATEST_EXPONENT && size >= 2 ** (exponent + STEP)) exponent += STEP;
  return exponent;
}
