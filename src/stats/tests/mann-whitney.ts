import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertOrderedSample } from "../assert-numbers.ts";
import { normalSf } from "../distributions/normal.ts";
import { mannWhitneyCdf } from "./mann-whitney-distribution.ts";
import { tieCounts } from "./tie-counts.ts";

/** How {@link mannWhitney} computes its p-value. */
export interface MannWhitneyOptions {
  /**
   * `two-sided`: either sample tends to hold greater values; `greater`: the first one does; `less`: the second one does.
   *
   * @defaultValue "two-sided"
   */
  readonly alternative?: "two-sided" | "less" | "greater";
  /**
   * `exact` counts arrangements, in O(n² · m²) time, as if there were no ties; `asymptotic` is the normal law with the variance that
   * ties leave; `auto` is exact while there are no ties and n · m is at most 10 000, which takes tens of milliseconds.
   *
   * @defaultValue "auto"
   */
  readonly method?: "auto" | "exact" | "asymptotic";
  /** Whether the asymptotic statistic is moved by ½ towards its mean, for it goes in steps. @defaultValue true */
  readonly continuity?: boolean;
}

/** What {@link mannWhitney} finds. */
export interface MannWhitneyResult {
  /** U of the first sample: pairs in which its value is the greater one, and half of those in which both are equal. */
  readonly statistic: number;
  /** Probability of a U at least as far out when both samples come from one distribution. */
  readonly pValue: number;
  /** How the p-value was computed. */
  readonly method: "exact" | "asymptotic";
  /** U / (n · m): how likely a value of the first sample is above one of the second, ties counting half; also the ROC AUC. In [0, 1]. */
  readonly superiority: number;
}

const MAX_AUTO_CELLS = 10_000;
const MAX_EXACT_CELLS = 40_000;

const optionsSchema = z.strictObject({
  alternative: z.enum(["two-sided", "less", "greater"]).default("two-sided"),
  method: z.enum(["auto", "exact", "asymptotic"]).default("auto"),
  continuity: z.boolean().default(true),
});

/**
 * Mann–Whitney U test, also called Wilcoxon's rank-sum test, that neither of two samples tends to hold greater values.
 * Equal to `scipy.stats.mannwhitneyu` for a given method. Time is that of sorting both samples.
 *
 * @param a - one sample, not empty; infinities are ordered like other values
 * @param b - the other sample
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for an empty sample, NaN, or n · m above 40 000 with the exact method,
 * `CONFIG_INVALID` for wrong options
 * @source H. B. Mann, D. R. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other", Ann.
 * Math. Statist. 18 (1947); E. L. Lehmann, "Nonparametrics" (1975), section 1.4, for ties
 */
export function mannWhitney(a: ArrayLike<number>, b: ArrayLike<number>, options: MannWhitneyOptions = {}): MannWhitneyResult {
  const { alternative, method, continuity } = parseOptions(optionsSchema, options, "mannWhitney");
  assertOrderedSample("the first sample of mannWhitney", a);
  assertOrderedSample("the second sample of mannWhitney", b);
  const cells = a.length * b.length;
  if (method === "exact" && cells > MAX_EXACT_CELLS) {
    const message = `the exact method takes at most ${MAX_EXACT_CELLS} pairs of values; use "asymptotic"`;
    throw invalidInput("mannWhitney", [{ path: [], message }]);
  }
  const counts = tieCounts(a, b);
  const ranks = rankSums(counts.a, counts.b);
  const superiority = ranks.u / cells;
  if (method === "exact" || (method === "auto" && !counts.ties && cells <= MAX_AUTO_CELLS)) {
    const pValue = exactPValue(ranks.u, a.length, b.length, alternative);
    return { statistic: ranks.u, pValue, method: "exact", superiority };
  }
  return { statistic: ranks.u, pValue: asymptoticPValue(ranks, alternative, continuity), method: "asymptotic", superiority };
}

/**
 * {@link mannWhitney} on counts in the same ordered bins, whose values count as ties: asymptotic, two-sided, with continuity
 * correction. The counts are not checked: at least 0, whole or not, in either array not all 0.
 */
export function mannWhitneyFromCounts(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
): Pick<MannWhitneyResult, "statistic" | "pValue"> {
  const ranks = rankSums(reference, current);
  return { statistic: ranks.u, pValue: asymptoticPValue(ranks, "two-sided", true) };
}

/** Number of values, U of the first sample, and how much of the variance ties leave. */
interface RankSums {
  readonly n: number;
  readonly m: number;
  readonly u: number;
  /** 1 without ties, 0 when all values are equal. */
  readonly untied: number;
}

function rankSums(a: ArrayLike<number>, b: ArrayLike<number>): RankSums {
  let n = 0;
  let m = 0;
  let u = 0;
  let cubes = 0;
  for (let i = 0; i < a.length; i++) {
    const inA = a[i]!;
    const inB = b[i]!;
    const tied = inA + inB;
    u += inA * (m + inB / 2);
    n += inA;
    m += inB;
    cubes += tied * (tied - 1) * (tied + 1);
  }
  const total = n + m;
  const untied = total > 1 ? Math.max(0, 1 - cubes / (total * (total - 1) * (total + 1))) : 0;
  return { n, m, u, untied };
}

function exactPValue(u: number, n: number, m: number, alternative: "two-sided" | "less" | "greater"): number {
  const other = n * m - u;
  if (alternative === "greater") return mannWhitneyCdf(Math.ceil(other), n, m);
  if (alternative === "less") return mannWhitneyCdf(Math.ceil(u), n, m);
  return Math.min(1, 2 * mannWhitneyCdf(Math.ceil(Math.min(u, other)), n, m));
}

function asymptoticPValue(
  { n, m, u, untied }: RankSums,
  alternative: "two-sided" | "less" | "greater",
  continuity: boolean,
): number {
  const variance = n * m * ((n + m + 1) / 12) * untied;
  if (!(variance > 0)) return 1;
  const above = u - (n * m) / 2;
  const distance = alternative === "greater" ? above : alternative === "less" ? -above : Math.abs(above);
  const p = normalSf((distance - (continuity ? 0.5 : 0)) / Math.sqrt(variance));
  return alternative === "two-sided" ? Math.min(1, 2 * p) : p;
}
