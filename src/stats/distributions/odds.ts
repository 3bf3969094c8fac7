import { betaDensity, betaTail, logFarTail } from "./beta-tail.ts";
import { normalQuantile } from "./normal.ts";
import { productDifference } from "./product-difference.ts";
import { solveTail } from "./solve-tail.ts";

/** Beyond e to this, or its inverse, odds are powers of the probability, to all digits. */
const LOG_HUGE = 640;

/**
 * Probability that the odds x / (1 − x) of a beta variate are at most `z`: what the F distribution and Student's are
 * made of. In odds, what is next to 1 is as exact as what is next to 0.
 *
 * @param z - at least 0, may be infinite
 * @param distance - z b − a, when the caller knows it better than the two numbers tell
 */
export function oddsCdf(z: number, a: number, b: number, distance = productDifference(z, b, a)): number {
  return betaTail(a, b, shareOf(z), 1 / (1 + z), shareOfDistance(z, a, b, distance));
}

/** Probability that the odds of a beta variate exceed `z`: the same, from above. */
export function oddsSf(z: number, a: number, b: number, distance = productDifference(z, b, a)): number {
  return betaTail(b, a, 1 / (1 + z), shareOf(z), -shareOfDistance(z, a, b, distance));
}

/**
 * The odds that a beta variate's are at most with probability `p`, times `unit`; 0 or infinity where the product is beyond the normal
 * doubles.
 */
export function oddsQuantile(p: number, a: number, b: number, unit = 1): number {
  return p <= 0.5 ? lowerQuantile(p, a, b, unit) : 1 / lowerQuantile(1 - p, b, a, 1 / unit);
}

/** The odds that a beta variate's exceed with probability `p`, times `unit`. */
export function oddsUpperQuantile(p: number, a: number, b: number, unit = 1): number {
  return p <= 0.5 ? 1 / lowerQuantile(p, b, a, 1 / unit) : lowerQuantile(1 - p, a, b, unit);
}

/** For p <= 0.5. */
function lowerQuantile(p: number, a: number, b: number, unit: number): number {
  if (p === 0) return 0;
  // The lower tail is below z^a / (a B(a, b)), and is that where z is tiny; the upper tail is below z^−b / (b B(a, b)), likewise.
  const logLow = (Math.log(p) - logFarTail(0, a, b)) / a;
  const logHigh = (logFarTail(0, b, a) - Math.log1p(-p)) / b;
  if (logLow < -LOG_HUGE) return Math.exp(logLow + Math.log(unit));
  if (logHigh > LOG_HUGE) return Math.exp(logHigh + Math.log(unit));
  const low = Math.exp(logLow);
  const high = Math.exp(logHigh);
  const distance = (z: number) => shareOfDistance(z, a, b, productDifference(z, b, a));
  const odds = solveTail(
    {
      sign: 1,
      probability: (z) => betaTail(a, b, shareOf(z), 1 / (1 + z), distance(z)),
      density: (z) => betaDensity(a, b, shareOf(z), 1 / (1 + z), distance(z)),
      slope: (z) => -distance(z),
    },
    p,
    low,
    Math.min(a, b) > 1 ? carterGuess(normalQuantile(p), a, b) : low < 1 ? low / (1 - low) : high,
    high,
  );
  return odds * unit;
}

/** @source A. H. Carter, "Approximation to Percentage Points of the z-Distribution", Biometrika 34 (1947) */
function carterGuess(normal: number, a: number, b: number): number {
  const s = 1 / (2 * a - 1);
  const t = 1 / (2 * b - 1);
  const h = 2 / (s + t);
  const lambda = (normal * normal - 3) / 6;
  const w = (-normal * Math.sqrt(h + lambda)) / h - (t - s) * (lambda + 5 / 6 - 2 / (3 * h));
  return (a / b) * Math.exp(-2 * w);
}

/** z / (1 + z), also for infinity. */
export function shareOf(z: number): number {
  return z > 1 ? 1 / (1 + 1 / z) : z / (1 + z);
}

/** (z b − a) / (1 + z), also where z b is no double. */
function shareOfDistance(z: number, a: number, b: number, distance: number): number {
  return Number.isFinite(distance) ? distance / (1 + z) : b - a / z;
}
