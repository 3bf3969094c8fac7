import { sharesOf } from "./shares.ts";

/**
 * Hellinger distance √(Σ (√p − √q)² / 2) between two distributions over the same bins: a metric in [0, 1], 1 when no bin is filled in
 * both.
 *
 * @param p - counts or shares, at least 0; divided by their sum
 * @param q - counts or shares of the same bins
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for negative or no finite numbers, unlike lengths or a sum of 0
 * @source E. Hellinger, "Neue Begründung der Theorie quadratischer Formen von unendlichvielen Veränderlichen", J. reine angew. Math. 136
 * (1909)
 */
export function hellinger(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const [a, b] = sharesOf("hellinger", p, q);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (Math.sqrt(a[i]!) - Math.sqrt(b[i]!)) ** 2;
  return Math.min(1, Math.sqrt(sum / 2));
}
