import { assertOrdered, assertProbability } from "./assert-parameter.ts";

/** Below this the sum over the odd numbers converges faster, above it the alternating one. */
const MIDDLE = 1;

/**
 * Probability that Kolmogorov's limit variate is at most `x`: P(√n · D <= x) as n grows. Relative error below 1e-12 while the result
 * is a normal double.
 *
 * @param x - any number; 0 at and below 0, 1 at ∞
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN
 * @source as {@link kolmogorovSf}
 */
export function kolmogorovCdf(x: number): number {
  assertOrdered("kolmogorovCdf", "x", x);
  if (x <= 0) return 0;
  return x < MIDDLE ? lowerTail(x) : 1 - upperTail(x);
}

/**
 * Probability that Kolmogorov's limit variate exceeds `x`: P(√n · D > x) as n grows. Relative error below 1e-13.
 *
 * @param x - any number; 1 at and below 0, 0 at ∞
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN
 * @source A. Kolmogorov, "Sulla determinazione empirica di una legge di distribuzione", G. Ist. Ital. Attuari 4 (1933); W. Feller,
 * "On the Kolmogorov–Smirnov Limit Theorems", Ann. Math. Statist. 19 (1948), eq. 1.4, for the form that converges at small `x`
 */
export function kolmogorovSf(x: number): number {
  assertOrdered("kolmogorovSf", "x", x);
  if (x <= 0) return 1;
  return x < MIDDLE ? 1 - lowerTail(x) : upperTail(x);
}

/**
 * The number that Kolmogorov's limit variate is at or below with probability `p`: inverse of {@link kolmogorovCdf}. Relative error
 * below 1e-12.
 *
 * @param p - in [0, 1]; 0 gives 0, 1 gives ∞
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless `p` is a probability
 * @source as {@link kolmogorovUpperQuantile}
 */
export function kolmogorovQuantile(p: number): number {
  assertProbability("kolmogorovQuantile", "p", p);
  if (p === 0) return 0;
  if (p === 1) return Number.POSITIVE_INFINITY;
  return p <= 0.5 ? solveLower(Math.log(p / Math.sqrt(2 * Math.PI))) : solveUpper(Math.log1p(-p) - Math.LN2);
}

/**
 * The number that Kolmogorov's limit variate exceeds with probability `p`, the critical value of a test: inverse of
 * {@link kolmogorovSf}. Relative error below 1e-12.
 *
 * @param p - in [0, 1]; 0 gives ∞, 1 gives 0
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless `p` is a probability
 * @source I. Newton's method on the logarithm of the nearer tail
 */
export function kolmogorovUpperQuantile(p: number): number {
  assertProbability("kolmogorovUpperQuantile", "p", p);
  if (p === 0) return Number.POSITIVE_INFINITY;
  if (p === 1) return 0;
  return p < 0.5 ? solveUpper(Math.log(p) - Math.LN2) : solveLower(Math.log((1 - p) / Math.sqrt(2 * Math.PI)));
}

/** For 0 < x < 1. */
function lowerTail(x: number): number {
  let sum = 0;
  for (let k = 7; k >= 1; k -= 2) sum += Math.exp(-((k * Math.PI) ** 2) / (8 * x * x));
  return (Math.sqrt(2 * Math.PI) * sum) / x;
}

/** For x >= 1; also right down to 0.8. */
function upperTail(x: number): number {
  let sum = 0;
  for (let k = 5; k >= 1; k--) sum = Math.exp(-2 * k * k * x * x) - sum;
  return 2 * sum;
}

/** The x with ln(upperTail(x) / 2) = `target`, for a target below ln(1/4). All but the first exponential is taken relative to it. */
function solveUpper(target: number): number {
  let x = Math.sqrt(-target / 2);
  for (let i = 0; i < 50; i++) {
    const first = Math.exp(-2 * x * x);
    const rest = 1 - first ** 3 + first ** 8 - first ** 15;
    const bend = 1 - 4 * first ** 3 + 9 * first ** 8 - 16 * first ** 15;
    const step = (Math.log(rest) - 2 * x * x - target) / ((4 * x * bend) / rest);
    x += step;
    if (Math.abs(step) < 1e-9 * x) break;
  }
  return x;
}

/** The x with ln(lowerTail(x) / √(2π)) = `target`. */
function solveLower(target: number): number {
  let x = Math.PI / Math.sqrt(-8 * target);
  for (let i = 0; i < 50; i++) {
    const square = (Math.PI * Math.PI) / (8 * x * x);
    const ratio = Math.exp(-8 * square);
    const rest = 1 + ratio + ratio ** 3;
    const slope = (2 * square * (1 + 9 * ratio + 25 * ratio ** 3)) / rest - 1;
    const step = (x * (Math.log(rest / x) - square - target)) / slope;
    x -= step;
    if (Math.abs(step) < 1e-9 * x) break;
  }
  return x;
}
