import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { relativeEntropy } from "./relative-entropy.ts";
import { sharesOf } from "./shares.ts";

/** Unit and smoothing of {@link kullbackLeibler}. */
export interface KullbackLeiblerOptions {
  /** Base of the logarithm, above 1. @defaultValue e */
  readonly base?: number;
  /**
   * Added to each item of both arrays before they are divided by their sums, in the unit of the items; 0.5 suits counts and keeps the
   * divergence finite. At least 0.
   *
   * @defaultValue 0
   */
  readonly smoothing?: number;
}

const optionsSchema = z.strictObject({
  base: z.number().gt(1).default(Math.E),
  smoothing: z.number().min(0).default(0),
});

/**
 * Kullback–Leibler divergence Σ p ln(p / q) of `q` from `p` over the same bins, `scipy.stats.entropy(p, q)`. Not symmetric, at least 0,
 * and Infinity when a bin is empty in `q` but not in `p`: what then is wanted is mostly a `smoothing` of 0.5 or `jensenShannon`.
 *
 * @param p - counts or shares, at least 0; divided by their sum
 * @param q - counts or shares of the same bins
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for negative or no finite numbers, unlike lengths or a sum of 0,
 * `CONFIG_INVALID` for wrong options
 * @source S. Kullback, R. A. Leibler, "On Information and Sufficiency", Ann. Math. Statist. 22 (1951)
 */
export function kullbackLeibler(p: ArrayLike<number>, q: ArrayLike<number>, options: KullbackLeiblerOptions = {}): number {
  const { base, smoothing } = parseOptions(optionsSchema, options, "kullbackLeibler");
  const [a, b] = sharesOf("kullbackLeibler", p, q, smoothing);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += relativeEntropy(a[i]!, b[i]!);
  return sum / Math.log(base);
}
