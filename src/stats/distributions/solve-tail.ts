/** A tail probability as a function of a positive number, with what its inverse needs. */
export interface Tail {
  /** 1 when the probability grows with the number, −1 when it falls. */
  readonly sign: 1 | -1;
  /** The probability. */
  probability(z: number): number;
  /** The density of ln z. */
  density(z: number): number;
  /** The derivative of the logarithm of that density by ln z. */
  slope(z: number): number;
}

/** Bisection alone goes from any bracket of doubles to two neighbours in half as many. */
const MAX_STEPS = 130;

/** A step from a probability so near, relatively, is of third order and ends at the rounding. */
const NEAR = 1e-6;

/** What the bounds are widened by, for their own rounding. */
const SLACK = 1e-9;

/**
 * The positive number with a given tail probability.
 *
 * Halley's method on the logarithm of the probability, as a function of the logarithm of the number. That is concave for gamma and
 * beta distributions, so that it converges from afar too; a bracket keeps it in the range where probabilities are doubles.
 *
 * @param p - in (0, 1)
 * @param low - a positive bound below the number, which may be the number
 * @param start - any guess, also NaN
 * @param high - a bound above the number, likewise
 */
export function solveTail(tail: Tail, p: number, low: number, start: number, high: number): number {
  let below = low * (1 - SLACK);
  let above = high * (1 + SLACK);
  let z = start > low ? Math.min(start, high) : low;
  for (let i = 0; i < MAX_STEPS; i++) {
    const probability = tail.probability(z);
    const gap = Math.log(probability / p);
    if (gap === 0) return z;
    if (gap > 0 === tail.sign > 0) above = z;
    else below = z;
    const rate = (tail.sign * tail.density(z)) / probability;
    const step = gap / rate;
    const bend = 1 - (step * (tail.slope(z) - rate)) / 2;
    let next = z * Math.exp(-step / (bend > 0.5 ? bend : 1));
    if (Math.abs(gap) < NEAR) return next;
    next = Math.min(Math.max(next, low), high);
    z = next > below && next < above ? next : middle(below, above);
    if (z <= below || z >= above) return z;
  }
  return z;
}

/** Between two bounds in the order of magnitude, as doubles lie. */
function middle(low: number, high: number): number {
  return Math.sqrt(low) * Math.sqrt(high);
}
