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
  /** When one looks, as shares of the information at the last look: ascending, in (0, 1], at least 0.001 apart, at most 100, the last one 1. */
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
 * (1987), doi:10.2307/2531959; P. C. O'Brien, T. R. Fleming, "A Multiple Testing Procedure for Clinical Trials", Biometrics 35 (1979),
 * doi:10.2307/2530245; S. J. Pocock, "Group Sequential Methods in the Design and Analysis of Clinical Trials", Biometrika 64 (1977),
 * doi:10.1093/biomet/64.2.191
 */
export function wangTsiatisBounds(options: WangTsiatisOptions): GroupSequentialDesign {
  const { looks, alpha, sides, shape } = parseOptions(optionsSchema, options, "wangTsiatisBounds");
  const target = alpha / sides;
  const boundsFor = (constant: number) => looks.map((t) => Math.min(NO_BOUND, constant * t ** (shape - 0.5)));
  // One look alone needs less, all looks as if they were exclusive need more.
  let low = normalUpperQuantile(target);
  let high = NO_BOUND;
  let constant = low;
  for (let round = 0; round < 100 && high - low > 1e-13 * high; round++) {
    const spent = crossings(looks, boundsFor(constant), sides).at(-1)!;
    if (spent > target) low = constant;
    else high = constant;
    // Near the solution the logarithm of the chance falls as that of a normal tail.
    const step = Math.log(spent / target) / Math.max(constant, 0.5);
    const guess = constant + step;
    constant = guess > low && guess < high ? guess : (low + high) / 2;
    if (Math.abs(step) < 1e-14) break;
  }
  const bounds = boundsFor(constant);
  const spent = crossings(looks, bounds, sides);
  return { sides, looks: looks.map((t, i) => toLook(t, bounds[i]!, spent[i]!, sides)) };
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
