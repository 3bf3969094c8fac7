/**
 * x ln(x / y) − x + y: at least 0, and 0 at x = y only. Where x and y both add up to 1, its sum is Σ x ln(x / y), without that sum's
 * cancellation of terms above and below 0. Infinity where y = 0 < x.
 *
 * @param x - at least 0
 * @param y - at least 0
 */
export function relativeEntropy(x: number, y: number): number {
  if (x === 0) return y;
  if (y === 0) return Number.POSITIVE_INFINITY;
  const t = (x - y) / y;
  if (Math.abs(t) > 0.1) {
    const ratio = x / y;
    return x * (ratio < Number.POSITIVE_INFINITY ? Math.log(ratio) : Math.log(x) - Math.log(y)) - x + y;
  }
  // (1 + t) ln(1 + t) − t = t²/2 − t³/6 + t⁴/12 − …
  let power = t * t;
  let sum = 0;
  for (let k = 2; Math.abs(power) > Number.EPSILON * Math.abs(sum); k++) {
    sum += power / (k * (k - 1));
    power *= -t;
  }
  return y * sum;
}
