/**
 * Probability that U of two samples from one continuous distribution is at most `u`: of all pairs, so many have the greater value in
 * the first sample. Adds positive terms only, so that a tiny one keeps its relative accuracy. O(n · m · u) time, O(min(n, m) · u)
 * memory.
 *
 * The greatest of i + j values is in the first sample with probability i / (i + j), and then above all j of the second.
 *
 * @param u - an integer of at least 0
 * @param n - values of one sample, at least 1
 * @param m - values of the other sample
 * @source H. B. Mann, D. R. Whitney, Ann. Math. Statist. 18 (1947), the recurrence of section 3
 */
export function mannWhitneyCdf(u: number, n: number, m: number): number {
  // U of either sample has the same law, and so has n · m − U.
  if (u >= n * m) return 1;
  if (2 * u >= n * m) return 1 - mannWhitneyCdf(n * m - u - 1, n, m);
  const many = Math.max(n, m);
  const few = Math.min(n, m);
  const width = u + 1;
  // shares[j] holds the law for i values against j, as far as u.
  const shares = Array.from({ length: few + 1 }, () => new Float64Array(width));
  for (const share of shares) share[0] = 1;
  for (let i = 1; i <= many; i++) {
    for (let j = 1; j <= few; j++) {
      const share = shares[j]!;
      const shorter = shares[j - 1]!;
      const greatest = i / (i + j);
      const last = Math.min(u, i * j);
      for (let k = last; k >= j; k--) share[k] = share[k - j]! * greatest + shorter[k]! * (1 - greatest);
      for (let k = Math.min(j - 1, last); k >= 0; k--) share[k] = shorter[k]! * (1 - greatest);
    }
  }
  return shares[few]!.reduce((sum, share) => sum + share, 0);
}
