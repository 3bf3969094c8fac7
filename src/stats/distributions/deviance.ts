/**
 * t − ln(1 + t) for t > −1, without cancellation at 0: how far, in units of the logarithm of a likelihood, a rate is from 1 + t times
 * itself.
 *
 * @param ratio - 1 + t, needed only where t is next to −1
 */
export function deviance(t: number, ratio: number): number {
  if (t < -0.9) return t - Math.log(ratio);
  if (Math.abs(t) > 0.1) return t - Math.log1p(t);
  let power = t * t;
  let sum = 0;
  for (let k = 2; Math.abs(power) > (Number.EPSILON / 2) * Math.abs(sum); k++) {
    sum += power / k;
    power *= -t;
  }
  return sum;
}
