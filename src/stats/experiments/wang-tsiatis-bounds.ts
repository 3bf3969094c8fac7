import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { normalUpperQuantile } from "../distributions/normal.ts";
import {
  type GroupSequentialDesign,
  informationFractions,
  NO_RETURN,
  sequentialAlpha,
  sidesSchema,
  toLook,
} from "./group-sequential-bounds.ts";
import { NO_BOUND, ScoreProcess } from "./score-process.ts";

/** Design of {@link wangTsiatisBounds}. */
export interface WangTsiatisOptions {
  /**
   * When one looks, as shares of the information at the last look: ascending, in (0, 1], at least 0.001 apart, at most 100, the
   * last one 1.
   */
  readonly looks: readonly number[];
  /** Chance of a false rejection at any look, both sides together, in (0, 0.5]. @defaultValue 0.05 */
  readonly alpha?: number;
  /** 2 rejects for great and for small z; 1 only for great z. @defaultValue 2 */
  readonly sides?: 1 | 2;
  /** How the bounds fall, in [−1, 1]: 0 is O'Brien and Fleming's test, 0.5 Pocock's. @defaultValue 0 */
  readonly shape?: number;
}

const optionsSchema = z.strictObject({
  looks: informationFractions.refine((looks) => looks.at(-1) === 1, { error: "expected the last look at 1" }),
  alpha: sequentialAlpha,
  sides: sidesSchema.default(2),
  shape: z.number().min(-1).max(1).default(0),
});

/**
 * The classic group sequential bounds c · t^(shape − 1/2), with the c that makes the chance of a false rejection alpha. Unlike
 * {@link groupSequentialBounds} they need all looks to be kept as planned.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options
 * @source S. K. Wang, A. A. Tsiatis, "Approximately Optimal One-parameter Boundaries for Group Sequential Trials", Biometrics 43
 * (1987), doi:10.2307/2531959; P. C. O'Brien, T. R. Fleming, "A Multiple Testing Procedure for Clinical Trials", Biometrics 35
 * (1979), doi:10.2307/2530245; S. J. Pocock, "Group Sequential Methods in the Design and Analysis of Clinical Trials", Biometrika
 * 64 (1977), doi:10.1093/biomet/64.2.191
 */
export function wangTsiatisBounds(options: WangTsiatisOptions): GroupSequentialDesign {
  const { looks, alpha, sides, shape } = parseOptions(optionsSchema, options, "wangTsiatisBounds");
  const target = alpha / sides;
  const boundsFor = (constant: number) => looks.map((t) => Math.min(NO_BOUND, constant * t ** (shape - 0.5)));
  const excess = (constant: number) => Math.log(crossings(looks, boundsFor(constant), sides).at(-1)! / target);
  // One look alone needs no more; and no less does it need if all looks were as low as the lowest and exclusive.
  const lowest = Math.min(1, looks[0]! ** (shape - 0.5));
  const constant = rootBetween(excess, normalUpperQuantile(target), normalUpperQuantile(target / looks.length) / lowest);
  const bounds = boundsFor(constant);
  const spent = crossings(looks, bounds, sides);
  return { sides, looks: looks.map((t, i) => toLook(t, bounds[i]!, spent[i]!, sides)) };
}

/**
 * Zero of a falling function by the Illinois variant of regula falsi.
 *
 * @source M. Dowell, P. Jarratt, "A Modified Regula Falsi Method", BIT 11 (1971), doi:10.1007/BF01934364
 */
function rootBetween(f: (x: number) => number, low: number, high: number): number {
  let [a, b] = [low, high];
  let [atA, atB] = [f(a), f(b)];
  // At an end the sign may be that of a rounding.
  if (atA <= 0) return a;
  if (atB >= 0) return b;
  let x = a;
  for (let round = 0, kept = 0; round < 200; round++) {
    const before = x;
    x = Number.isFinite(atB) ? (a * atB - b * atA) / (atB - atA) : (a + b) / 2;
    const value = f(x);
    if (value === 0 || Math.abs(x - before) <= 1e-14 * Math.max(1, x)) break;
    const side = Math.sign(value);
    if (side < 0) [b, atB] = [x, value];
    else [a, atA] = [x, value];
    // An end that stays twice counts half, so that the next step goes beyond the zero.
    if (side === kept && side < 0) atA /= 2;
    else if (side === kept) atB /= 2;
    kept = side;
  }
  return x;
}

/** Chance of having exceeded a bound up to each look, for one side. */
function crossings(looks: readonly number[], bounds: readonly number[], sides: 1 | 2): readonly number[] {
  const process = new ScoreProcess();
  let spent = 0;
  return looks.map((t, i) => {
    const bound = bounds[i]!;
    spent += process.exceeds(t, bound);
    const next = looks[i + 1];
    if (next !== undefined) process.advance(t, sides === 2 ? -bound : -NO_RETURN, bound, next);
    return spent;
  });
}
