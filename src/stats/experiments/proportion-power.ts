import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { normalSf, normalUpperQuantile } from "../distributions/normal.ts";
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

/** What {@link proportionPower} is asked. */
export interface ProportionPowerOptions extends PowerDesign {
  /** The proportion of the control, in [0, 1]. */
  readonly baseline: number;
  /** The proportion of the treatment less that of the control; both within [0, 1]. */
  readonly effect: number;
  /** Units of the control; a whole number of at least 2. */
  readonly size: number;
}

/** What {@link proportionSampleSize} is asked. */
export interface ProportionSampleSizeOptions extends PowerDesign {
  /** The proportion of the control, in [0, 1]. */
  readonly baseline: number;
  /** The difference that shall be found: the proportion of the treatment less that of the control; not 0. */
  readonly effect: number;
  /** Chance of finding it, in (0, 1). @defaultValue 0.8 */
  readonly power?: number;
}

/** What {@link proportionMinimumEffect} is asked. */
export interface ProportionMinimumEffectOptions extends PowerDesign {
  /** The proportion of the control, in [0, 1]. */
  readonly baseline: number;
  /** Units of the control; a whole number of at least 2. */
  readonly size: number;
  /** Chance of finding the effect, in (0, 1). @defaultValue 0.8 */
  readonly power?: number;
  /** Which way the proportion is expected to go. @defaultValue "up" */
  readonly direction?: "up" | "down";
}

const share = z.number().min(0).max(1);
const within = {
  check: ({ baseline, effect }: { baseline: number; effect: number }) => baseline + effect >= 0 && baseline + effect <= 1,
  params: { path: ["effect"], error: "expected the proportion of the treatment to be in [0, 1]" },
};

const powerSchema = z
  .strictObject({ ...powerDesign, baseline: share, effect: z.number(), size: sizeSchema })
  .refine(within.check, within.params);

const sizeOptionsSchema = z
  .strictObject({
    ...powerDesign,
    baseline: share,
    effect: z.number().refine((effect) => effect !== 0, { error: "expected another effect than 0" }),
    power: wantedPower,
  })
  .refine(within.check, within.params);

const effectSchema = z.strictObject({
  ...powerDesign,
  baseline: share,
  size: sizeSchema,
  power: wantedPower,
  direction: z.enum(["up", "down"]).default("up"),
});

/**
 * Chance that the z-test of two proportions, with the pooled variance, finds an effect in samples of fixed size; alpha where
 * there is none. Normal approximation: coarse where less than about five successes or failures are expected.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options
 * @source J. L. Fleiss, B. Levin, M. C. Paik, "Statistical Methods for Rates and Proportions" (2003), section 4.2, without
 * continuity correction
 */
export function proportionPower(options: ProportionPowerOptions): number {
  const { baseline, effect, size, alpha, sides, ratio } = parseOptions(powerSchema, options, "proportionPower");
  return powerOf(baseline, effect, size, sizeOfB(size, ratio), alpha, sides);
}

/**
 * The fewest units with which the z-test of two proportions finds an effect with the power asked for; see {@link
 * proportionPower}.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options or an effect that needs more than 1e15 units
 *
 * @example
 * ```ts
 * import { proportionSampleSize } from "modelwright/stats";
 *
 * const { a, b } = proportionSampleSize({ baseline: 0.04, effect: 0.01, power: 0.8 }); // from 4 % to 5 %: 6745 users each
 * ```
 */
export function proportionSampleSize(options: ProportionSampleSizeOptions): SampleSizes {
  const { baseline, effect, power, alpha, sides, ratio } = parseOptions(sizeOptionsSchema, options, "proportionSampleSize");
  return leastSizes("proportionSampleSize", power, ratio, (a, b) => powerOf(baseline, effect, a, b, alpha, sides));
}

/**
 * The least effect, as a difference of proportions and below 0 when it goes down, that samples of fixed size find with the power
 * asked for; undefined when they find none. See {@link proportionPower}.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options
 */
export function proportionMinimumEffect(options: ProportionMinimumEffectOptions): number | undefined {
  const { baseline, size, power, direction, alpha, sides, ratio } = parseOptions(
    effectSchema,
    options,
    "proportionMinimumEffect",
  );
  const sign = direction === "up" ? 1 : -1;
  const sizeB = sizeOfB(size, ratio);
  const least = leastEffect(power, direction === "up" ? 1 - baseline : baseline, (effect) =>
    powerOf(baseline, sign * effect, size, sizeB, alpha, sides),
  );
  return least === undefined ? undefined : sign * least;
}

function powerOf(baseline: number, effect: number, a: number, b: number, alpha: number, sides: 1 | 2): number {
  const rate = Math.min(1, Math.max(0, baseline + effect));
  const pooled = baseline + effect * (b / (a + b));
  const underNull = Math.sqrt(Math.max(0, pooled * (1 - pooled)) * (1 / a + 1 / b));
  const underEffect = Math.sqrt((baseline * (1 - baseline)) / a + (rate * (1 - rate)) / b);
  const critical = normalUpperQuantile(alpha / sides) * underNull;
  const size = Math.abs(effect);
  if (underEffect === 0) return size > critical ? 1 : 0;
  return normalSf((critical - size) / underEffect) + (sides === 2 ? normalSf((critical + size) / underEffect) : 0);
}
