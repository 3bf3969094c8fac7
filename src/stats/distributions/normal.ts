import { assertOrdered, assertProbability } from "./assert-parameter.ts";
import { erf, scaledErfc } from "./erf.ts";

const ROOT_TWO_PI = Math.sqrt(2 * Math.PI);

/** From here to 1/2 the quantile is sought from the middle, where it is near 0. */
const MIDDLE = 0.25;

/**
 * Density of the standard normal distribution. Relative error below 1e-15.
 *
 * @param x - any number; 0 at the infinities
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN
 */
export function normalPdf(x: number): number {
  assertOrdered("normalPdf", "x", x);
  return bell(x) / ROOT_TWO_PI;
}

/**
 * Probability that a standard normal variate is at most `x`. Relative error below 1e-14 in both tails, while the result is a normal
 * double.
 *
 * @param x - any number; 0 at −∞, 1 at ∞
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN
 * @source NIST Digital Library of Mathematical Functions, 7.18; the error function is {@link erfc}'s
 */
export function normalCdf(x: number): number {
  assertOrdered("normalCdf", "x", x);
  return x <= 0 ? upperTail(-x) : 1 - upperTail(x);
}

/**
 * Probability that a standard normal variate exceeds `x`: {@link normalCdf} of −`x`, so that the upper tail is as exact as the lower.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN
 */
export function normalSf(x: number): number {
  assertOrdered("normalSf", "x", x);
  return x >= 0 ? upperTail(x) : 1 - upperTail(-x);
}

/**
 * The number that a standard normal variate is at most with probability `p`: inverse of {@link normalCdf}. Relative error below
 * 1e-14, also next to 1/2 and down to the least positive double.
 *
 * @param p - in [0, 1]; 0 gives −∞, 1 gives ∞
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless `p` is a probability
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.2.23, for the start; then Halley's method on
 * the logarithm of the tail
 */
export function normalQuantile(p: number): number {
  assertProbability("normalQuantile", "p", p);
  return p < 0.5 ? -upperQuantile(p) : upperQuantile(1 - p);
}

/**
 * The number that a standard normal variate exceeds with probability `p`: inverse of {@link normalSf}, −{@link normalQuantile}.
 *
 * @param p - in [0, 1]; 0 gives ∞, 1 gives −∞
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless `p` is a probability
 */
export function normalUpperQuantile(p: number): number {
  assertProbability("normalUpperQuantile", "p", p);
  return p <= 0.5 ? upperQuantile(p) : -upperQuantile(1 - p);
}

/** e^(−x²/2), with the rounding of the square made good. */
function bell(x: number): number {
  if (Math.abs(x) > 40) return 0;
  const high = Math.fround(x);
  return Math.exp((-high * high) / 2) * Math.exp(((high - x) * (high + x)) / 2);
}

/** For x >= 0. */
function upperTail(x: number): number {
  return x > 40 ? 0 : 0.5 * bell(x) * scaledErfc(x * Math.SQRT1_2);
}

/** For p <= 0.5. */
function upperQuantile(p: number): number {
  if (p === 0) return Number.POSITIVE_INFINITY;
  const target = Math.log(p);
  const t = Math.sqrt(-2 * target);
  let x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  if (p > MIDDLE) {
    const middle = 0.5 - p;
    for (let i = 0; i < 2; i++) {
      const step = (erf(x * Math.SQRT1_2) / 2 - middle) * (ROOT_TWO_PI / bell(x));
      x -= step / (1 + (x * step) / 2);
    }
    return middle === 0 ? 0 : x;
  }
  // In logarithms nothing underflows, and the start is so near that two steps of third order end at the rounding.
  for (let i = 0; i < 2; i++) {
    const scaled = scaledErfc(x * Math.SQRT1_2);
    const gap = Math.log(scaled / 2) - (x * x) / 2 - target;
    const hazard = Math.sqrt(2 / Math.PI) / scaled;
    x += gap / hazard / (1 + (gap * (x - hazard)) / (2 * hazard));
  }
  return x;
}
