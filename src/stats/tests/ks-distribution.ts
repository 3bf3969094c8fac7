import * as z from "zod";
import type { Issue } from "../../core/errors.ts";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { isCount } from "../assert-sample.ts";
import { kolmogorovSf } from "../distributions/kolmogorov.ts";

/** Which distance a Kolmogorov–Smirnov test looks at. */
export interface KsAlternative {
  /**
   * `two-sided`: the distribution functions F of the first and G of the second sample differ; `less`: F is less than G somewhere,
   * so that values of the first sample tend to be greater; `greater`: F is greater than G somewhere. As in SciPy.
   *
   * @defaultValue "two-sided"
   */
  readonly alternative?: "two-sided" | "less" | "greater";
}

export const alternativeSchema = z.enum(["two-sided", "less", "greater"]).default("two-sided");

const optionsSchema = z.strictObject({ alternative: alternativeSchema });

/**
 * Probability that the two-sample Kolmogorov–Smirnov distance is at least `statistic` when both samples, of `n` and `m` values,
 * come from one continuous distribution: exact, by counting lattice paths in O(n · m) time and O(min(n, m)) memory. A tiny
 * probability keeps its relative accuracy, for only positive terms are added.
 *
 * @param statistic - D, D⁻ (`less`) or D⁺ (`greater`); the latter two have one law
 * @param n - values of one sample, an integer of at least 1
 * @param m - values of the other sample; n · m is at most a billion, which takes seconds
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN or other sizes, `CONFIG_INVALID` for wrong options
 * @source T. Viehmann, "Numerically more stable computation of the p-values for the two-sample Kolmogorov-Smirnov test",
 * arXiv:2102.08037 (2021)
 */
export function ksTwoSampleSf(statistic: number, n: number, m: number, options: KsAlternative = {}): number {
  const { alternative } = parseOptions(optionsSchema, options, "ksTwoSampleSf");
  const issues: Issue[] = [];
  if (typeof statistic !== "number" || Number.isNaN(statistic)) {
    issues.push({ path: ["statistic"], message: "expected a number" });
  }
  if (!(isCount(n) && n > 0)) issues.push({ path: ["n"], message: "expected a count above 0" });
  if (!(isCount(m) && m > 0)) issues.push({ path: ["m"], message: "expected a count above 0" });
  if (issues.length === 0 && n * m > MAX_EXACT_CELLS) {
    issues.push({ path: [], message: `expected n · m of at most ${MAX_EXACT_CELLS}` });
  }
  if (issues.length > 0) throw invalidInput("ksTwoSampleSf", issues);
  if (statistic <= 0) return 1;
  if (statistic > 1 + SLACK) return 0;
  // Distances are multiples of 1 / (n · m); one that was rounded down stays what it was.
  return exactKsSf(n, m, Math.min(n * m, Math.ceil(statistic * n * m * (1 - SLACK))), alternative);
}

/** Cells of the lattice that are added up at most. */
export const MAX_EXACT_CELLS = 1_000_000_000;

/** What rounding may have taken off a distance, as a share of it. */
const SLACK = 1e-13;

/**
 * Probability that a random lattice path from (0, 0) to (n, m) meets a point (i, j) with |i·m − j·n| >= gap, or, on one side, with
 * i·m − j·n >= gap.
 *
 * `touched[j]` is that probability for paths to (i, j): 1 where the point itself is as far, else the mean of its two predecessors,
 * weighted i : j, for the last step to (i, j) comes from (i − 1, j) with probability i / (i + j).
 */
export function exactKsSf(a: number, b: number, gap: number, alternative: "two-sided" | "less" | "greater"): number {
  if (gap <= 0) return 1;
  const n = Math.max(a, b);
  const m = Math.min(a, b);
  const twoSided = alternative === "two-sided";
  // Both one-sided distances have one law, so that it does not matter which sample is the first.
  const touched = new Float64Array(m + 1).fill(twoSided ? 1 : 0);
  touched[0] = 0;
  for (let i = 0; i <= n; i++) {
    const low = Math.max(0, Math.floor((i * m - gap) / n) + 1);
    const high = twoSided ? Math.min(m, Math.ceil((i * m + gap) / n) - 1) : m;
    if (low > 0) touched[low - 1] = 1;
    let left = low > 0 ? 1 : 0;
    for (let j = low; j <= high; j++) {
      // Only one product and one sum of a cell wait for the cell before it. At (0, 0) there is no predecessor, and nothing is touched.
      const share = 1 / (i + j || 1);
      left = touched[j]! * (i * share) + left * (j * share);
      touched[j] = left;
    }
  }
  return Math.min(1, touched[m]!);
}

/**
 * Probability that the two-sided distance of two samples, of `n` and `m` values, is at least `statistic`, by the limit law with
 * Stephens' correction for the sizes: Q((√e + 0.12 + 0.11 / √e) · D) with Kolmogorov's Q and e = n·m / (n + m). Nothing is checked.
 *
 * @param n - above 0, whole or not
 * @param m - above 0, whole or not
 * @param statistic - in [0, 1]
 * @source M. A. Stephens, "Use of the Kolmogorov–Smirnov, Cramér–von Mises and Related Statistics Without Extensive Tables", J. R.
 * Statist. Soc. B 32 (1970)
 */
export function ksAsymptoticSf(n: number, m: number, statistic: number): number {
  const root = Math.sqrt((n / (n + m)) * m);
  return kolmogorovSf((root + 0.12 + 0.11 / root) * statistic);
}

/**
 * {@link ksAsymptoticSf}, or, on one side, the limit of the law with its first correction for the sizes, as SciPy has it.
 *
 * @source J. L. Hodges, "The significance probability of the Smirnov two-sample test", Ark. Mat. 3 (1958), eq. 5.3
 */
export function asymptoticKsSf(a: number, b: number, statistic: number, alternative: "two-sided" | "less" | "greater"): number {
  if (alternative === "two-sided") return ksAsymptoticSf(a, b, statistic);
  const n = Math.max(a, b);
  const m = Math.min(a, b);
  const z = Math.sqrt((n / (n + m)) * m) * statistic;
  const correction = ((z * 2) / 3) * ((n + 2 * m) / Math.sqrt(n * m) / Math.sqrt(n + m));
  return Math.min(1, Math.exp(-2 * z * z - correction));
}
