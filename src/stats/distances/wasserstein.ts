import { assertFiniteSample } from "../assert-numbers.ts";
import { sorted } from "../sort.ts";
import { distributionGap } from "./distribution-gap.ts";

/**
 * Wasserstein distance of order 1 between two samples, also called earth mover's distance: how far values have to be moved on average to
 * turn one sample into the other, in their unit. Equal to `scipy.stats.wasserstein_distance` without its weights, which are not
 * supported. Time is that of sorting both samples. Infinite only when the distance itself leaves the range of doubles.
 *
 * @param a - finite, at least one value
 * @param b - finite, at least one value
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for an empty sample, NaN or infinities
 * @source S. S. Vallender, "Calculation of the Wasserstein Distance Between Probability Distributions on the Line", Theory Probab. Appl.
 * 18 (1974)
 */
export function wasserstein(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assertFiniteSample("the first sample of wasserstein", a);
  assertFiniteSample("the second sample of wasserstein", b);
  return distributionGap(sorted(a), sorted(b), 1);
}
