import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { relativeEntropy } from "./relative-entropy.ts";
import { sharesOf } from "./shares.ts";

/** Unit of {@link jensenShannon}. */
export interface JensenShannonOptions {
  /** Base of the logarithm, above 1; with 2 the distance is at most 1. @defaultValue e, with which it is at most √ln 2 = 0.83 */
  readonly base?: number;
}

const optionsSchema = z.strictObject({ base: z.number().gt(1).default(Math.E) });

/**
 * Jensen–Shannon distance between two distributions over the same bins: the square root of the divergence, which is a metric. Equal to
 * `scipy.spatial.distance.jensenshannon`. Bins that are empty on one side are fine.
 *
 * @param p - counts or shares, at least 0; divided by their sum
 * @param q - counts or shares of the same bins
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for negative or no finite numbers, unlike lengths or a sum of 0,
 * `CONFIG_INVALID` for wrong options
 * @source D. M. Endres, J. E. Schindelin, "A New Metric for Probability Distributions", IEEE Trans. Inf. Theory 49 (2003)
 */
export function jensenShannon(p: ArrayLike<number>, q: ArrayLike<number>, options: JensenShannonOptions = {}): number {
  const { base } = parseOptions(optionsSchema, options, "jensenShannon");
  const [a, b] = sharesOf("jensenShannon", p, q);
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const middle = (a[i]! + b[i]!) / 2;
    sum += relativeEntropy(a[i]!, middle) + relativeEntropy(b[i]!, middle);
  }
  return Math.sqrt(sum / 2 / Math.log(base));
}
