import { sharesOf } from "./shares.ts";

/**
 * Total variation distance Σ |p − q| / 2 between two distributions over the same bins: the share of values that would have to move to
 * another bin; a metric in [0, 1].
 *
 * @param p - counts or shares, at least 0; divided by their sum
 * @param q - counts or shares of the same bins
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for negative or no finite numbers, unlike lengths or a sum of 0
 * @source D. A. Levin, Y. Peres, "Markov Chains and Mixing Times" (2017), proposition 4.2
 */
export function totalVariation(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const [a, b] = sharesOf("totalVariation", p, q);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return Math.min(1, sum / 2);
}
