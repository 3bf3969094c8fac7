import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { normalSf } from "../distributions/normal.ts";
import { type AlphaSpending, alphaSpendingSchema, spentAlpha } from "./alpha-spending.ts";
import { errorRate } from "./confidence.ts";
import { ScoreProcess } from "./score-process.ts";

/** Design of {@link groupSequentialBounds}. */
export interface GroupSequentialOptions {
  /**
   * When one looks, as shares of the information planned (for equal variances: of the sample): ascending, in (0, 1], at least
   * 0.001 apart, at most 100. Should end at 1; what is not spent by then stays unspent.
   */
  readonly looks: readonly number[];
  /** Chance of a false rejection at any look, both sides together, in (0, 0.5]. @defaultValue 0.05 */
  readonly alpha?: number;
  /** 2 rejects for great and for small z, each with half of alpha; 1 only for great z. @defaultValue 2 */
  readonly sides?: 1 | 2;
  /** How alpha is spread over the looks. @defaultValue "obrien-fleming" */
  readonly spending?: AlphaSpending;
}

/** One look of a {@link GroupSequentialDesign}. */
export interface GroupSequentialLook {
  /** Share of the information planned, in (0, 1]. */
  readonly information: number;
  /** Reject when z, or |z| with two sides, is at least this. 40, which no z exceeds by chance, where next to nothing is spent. */
  readonly bound: number;
  /** Chance of a false rejection up to this look, all sides together. */
  readonly alphaSpent: number;
  /** The p-value of a z on the bound if it were the only look. */
  readonly nominalAlpha: number;
}

/** Bounds for planned looks; plain JSON. */
export interface GroupSequentialDesign {
  readonly sides: 1 | 2;
  readonly looks: readonly GroupSequentialLook[];
}

/** Least distance of two looks, which bounds the work. */
const MIN_STEP = 0.001;

/** The schema of information fractions. */
export const informationFractions = z
  .array(z.number().gt(0).max(1))
  .min(1)
  .max(100)
  .refine((looks) => looks.every((look, i) => look - (looks[i - 1] ?? 0) >= MIN_STEP * (1 - 1e-9)), {
    error: `expected ascending fractions, at least ${MIN_STEP} apart`,
  });

/** The schema of the error rate: beyond a half, bounds are negative and mean nothing. */
export const sequentialAlpha = errorRate.max(0.5).default(0.05);

/** The schema of the number of sides. */
export const sidesSchema = z.union([z.literal(1), z.literal(2)]);

const optionsSchema = z.strictObject({
  looks: informationFractions,
  alpha: sequentialAlpha,
  sides: sidesSchema.default(2),
  spending: alphaSpendingSchema.default("obrien-fleming"),
});

/**
 * Bounds for a z statistic at planned looks that keep the chance of a false rejection at all looks together at alpha, by an alpha
 * spending function. The joint law of the looks is integrated recursively to the accuracy of a double, not approximated.
 *
 * The bound of a look depends on the looks up to it alone: when the information at a look is not what was planned, put the
 * fractions that were observed in place of the planned ones and compute anew. The time of a look must not depend on the results
 * seen.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options
 * @source K. K. G. Lan, D. L. DeMets, "Discrete Sequential Boundaries for Clinical Trials", Biometrika 70 (1983),
 * doi:10.1093/biomet/70.3.659
 *
 * @example
 * ```ts
 * import { groupSequentialBounds } from "modelwright/stats";
 *
 * const { looks } = groupSequentialBounds({ looks: [0.25, 0.5, 0.75, 1], alpha: 0.05 });
 * looks.map(({ bound }) => bound); // 4.33, 2.96, 2.36, 2.01: little is spent on the early looks
 * ```
 */
export function groupSequentialBounds(options: GroupSequentialOptions): GroupSequentialDesign {
  const { looks, alpha, sides, spending } = parseOptions(optionsSchema, options, "groupSequentialBounds");
  const process = new ScoreProcess();
  let spent = 0;
  const rows = looks.map((information, i): GroupSequentialLook => {
    const total = spentAlpha(spending, information, alpha / sides);
    const target = total - spent;
    spent = total;
    const bound = process.boundFor(information, target);
    const next = looks[i + 1];
    if (next !== undefined) process.advance(information, sides === 2 ? -bound : -NO_RETURN, bound, next);
    return toLook(information, bound, total, sides);
  });
  return { sides, looks: rows };
}

/** Lower end of the region that is integrated when small z do not stop: what lies below weighs less than a rounding. */
export const NO_RETURN = 10;

/** @param spent - alpha spent up to the look, of one side */
export function toLook(information: number, bound: number, spent: number, sides: 1 | 2): GroupSequentialLook {
  return { information, bound, alphaSpent: sides * spent, nominalAlpha: Math.min(1, sides * normalSf(bound)) };
}
