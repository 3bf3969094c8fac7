import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { assertPaired, assertSample } from "../assert-sample.ts";
import { logGamma } from "../distributions/gamma.ts";

/** What {@link dirichletLogEValue} holds likely beforehand. */
export interface DirichletLogEValueOptions {
  /** Values that each bin is taken to have held before any were seen, above 0. @defaultValue 0.5 (Jeffreys) */
  readonly prior?: number;
}

const optionsSchema = z.strictObject({ prior: z.number().positive().max(1e6).default(0.5) });

const isWeight = (value: number): boolean => Number.isFinite(value) && value >= 0;

/**
 * Natural logarithm of the evidence that current counts do not follow the reference's shares: of the Bayes factor of "they have shares
 * of their own, drawn from the prior" against "they follow the shares that the reference was drawn with". May be computed after every
 * row of a growing window and compared with ln(1 / α) each time, unlike a p-value; `eBenjaminiHochberg` takes it over many
 * columns.
 *
 * @remarks
 * For whom the guarantee holds. Let shares be drawn from the Dirichlet prior, and the reference and then the current rows independently
 * with them. Then the factor is a martingale that starts at 1, however large the reference, and ever reaches 1 / α with probability at
 * most α (Ville). That is on average over the shares. For given shares it holds in the limit of a large reference; a small one can be
 * unlucky for them, with even shares worst: of windows of 2000 rows without drift, looked at 100 times with α = 5 %, we saw 41 % alarm
 * with 2 reference rows a bin (50 bins), 20 % with 4, 8 % with 6, up to 7 % with 10, and below 3 % with 20 and more; below 2.5 % for
 * uneven shares from 20 rows a bin on. So let the reference have 20 rows for each bin. Rows have to be exchangeable: rows that come in
 * bursts of equal ones need thinning first. The reference may not be chosen after the current rows were seen, nor be added to while a
 * window grows.
 *
 * @param referenceCounts - counts of the reference's bins, at least 0, whole or not; all 0 is allowed, and shows nothing
 * @param currentCounts - counts of the same bins since the window began; all 0 gives 0
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for negative or no finite numbers, no bin or unlike lengths, `CONFIG_INVALID`
 * for wrong options
 * @source I. J. Good, "A Bayesian Significance Test for Multinomial Distributions", J. R. Statist. Soc. B 29 (1967), for the factor;
 * J. Ville, "Étude critique de la notion de collectif" (1939), for looking at it at any time
 *
 * @example
 * ```ts
 * import { dirichletLogEValue } from "modelwright/stats";
 *
 * const reference = [300, 500, 200];
 * const window = [0, 0, 0];
 * for (const bin of [2, 2, 1, 2, 2, 0, 2, 2, 2, 1, 2, 2]) {
 *   window[bin]! += 1;
 *   if (dirichletLogEValue(reference, window) >= Math.log(1 / 0.05)) break; // after 8 rows; one may look after every row
 * }
 * ```
 */
export function dirichletLogEValue(
  referenceCounts: ArrayLike<number>,
  currentCounts: ArrayLike<number>,
  options: DirichletLogEValueOptions = {},
): number {
  const { prior } = parseOptions(optionsSchema, options, "dirichletLogEValue");
  assertSample("the reference counts of dirichletLogEValue", referenceCounts, "a finite number of at least 0", isWeight);
  assertSample("the current counts of dirichletLogEValue", currentCounts, "a finite number of at least 0", isWeight);
  assertPaired("dirichletLogEValue", referenceCounts, currentCounts);
  let reference = 0;
  let current = 0;
  let logE = 0;
  for (let i = 0; i < currentCounts.length; i++) {
    const n = referenceCounts[i]!;
    const m = currentCounts[i]!;
    reference += n;
    current += m;
    if (m > 0) logE += logRise(prior, m) - logRise(prior + n, m);
  }
  const bins = prior * currentCounts.length;
  return current === 0 ? 0 : logE - logRise(bins, current) + logRise(bins + reference, current);
}

/** ln Γ(z + m) / Γ(z). */
function logRise(z: number, m: number): number {
  return logGamma(z + m) - logGamma(z);
}
