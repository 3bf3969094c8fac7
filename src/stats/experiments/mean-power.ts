import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { studentTUpperQuantile } from "../distributions/student-t.ts";
import { noncentralTSf } from "./noncentral-t.ts";
import {
  leastEffect,
  leastSizes,
  type PowerDesign,
  powerDesign,
  type SampleSizes,
  sizeOfB,
  sizeSchema,
  wantedPower,
} from "./power-design.ts";

/** What {@link meanPower} is asked. */
export interface MeanPowerOptions extends PowerDesign {
  /** The mean of the treatment less that of the control, finite. */
  readonly effect: number;
  /**
   * Standard deviation of the values of either sample, in their unit, positive.
   *
   * @defaultValue 1, for effects in standard deviations
   */
  readonly deviation?: number;
  /** Units of the control; a whole number of at least 2. */
  readonly size: number;
}

/** What {@link meanSampleSize} is asked. */
export interface MeanSampleSizeOptions extends PowerDesign {
  /** The difference of means that shall be found, not 0. */
  readonly effect: number;
  /**
   * Standard deviation of the values of either sample, in their unit, positive.
   *
   * @defaultValue 1, for effects in standard deviations
   */
  readonly deviation?: number;
  /** Chance of finding it, in (0, 1). @defaultValue 0.8 */
  readonly power?: number;
}

/** What {@link meanMinimumEffect} is asked. */
export interface MeanMinimumEffectOptions extends PowerDesign {
  /**
   * Standard deviation of the values of either sample, in their unit, positive.
   *
   * @defaultValue 1, for effects in standard deviations
   */
  readonly deviation?: number;
  /** Units of the control; a whole number of at least 2. */
  readonly size: number;
  /** Chance of finding the effect, in (0, 1). @defaultValue 0.8 */
  readonly power?: number;
}

const deviation = z.number().gt(0).default(1);
const powerSchema = z.strictObject({ ...powerDesign, effect: z.number(), deviation, size: sizeSchema });
const sizeOptionsSchema = z.strictObject({
  ...powerDesign,
  effect: z.number().refine((effect) => effect !== 0, { error: "expected another effect than 0" }),
  deviation,
  power: wantedPower,
});
const effectSchema = z.strictObject({ ...powerDesign, deviation, size: sizeSchema, power: wantedPower });

/** Standard errors that are found with any power at any number of units: where the t-distribution is beyond doubt. */
const FAR = 1e9;

/**
 * Chance that Student's t-test with the pooled variance finds an effect in samples of fixed size from normal laws; alpha where
 * there is none. Exact, by the noncentral t-distribution.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options
 * @source J. Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988), chapter 2
 */
export function meanPower(options: MeanPowerOptions): number {
  const { effect, size, alpha, sides, ratio, ...rest } = parseOptions(powerSchema, options, "meanPower");
  return powerOf(effect / rest.deviation, size, sizeOfB(size, ratio), alpha, sides);
}

/**
 * The fewest units with which Student's t-test finds a difference of means with the power asked for; see {@link meanPower}.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options or an effect that needs more than 1e15 units
 */
export function meanSampleSize(options: MeanSampleSizeOptions): SampleSizes {
  const { effect, power, alpha, sides, ratio, ...rest } = parseOptions(sizeOptionsSchema, options, "meanSampleSize");
  return leastSizes("meanSampleSize", power, ratio, (a, b) => powerOf(effect / rest.deviation, a, b, alpha, sides));
}

/**
 * The least difference of means, in the unit of `deviation`, that samples of fixed size find with the power asked for; undefined
 * when it is beyond a billion standard errors, which tiny samples at a tiny alpha need. See {@link meanPower}.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options
 */
export function meanMinimumEffect(options: MeanMinimumEffectOptions): number | undefined {
  const { size, power, alpha, sides, ratio, ...rest } = parseOptions(effectSchema, options, "meanMinimumEffect");
  const b = sizeOfB(size, ratio);
  const error = Math.sqrt(1 / size + 1 / b);
  const least = leastEffect(power, FAR * error, (effect) => powerOf(effect, size, b, alpha, sides));
  return least === undefined ? undefined : least * rest.deviation;
}

/** @param effect - in standard deviations */
function powerOf(effect: number, a: number, b: number, alpha: number, sides: 1 | 2): number {
  const df = a + b - 2;
  const shift = Math.abs(effect) / Math.sqrt(1 / a + 1 / b);
  const critical = studentTUpperQuantile(alpha / sides, df);
  // One side at an alpha of 1/2 and more: all of it is near the middle, where the sign of the limit turns.
  if (critical <= 0) return 1 - noncentralTSf(-critical, df, -shift);
  return noncentralTSf(critical, df, shift) + (sides === 2 ? noncentralTSf(critical, df, -shift) : 0);
}
