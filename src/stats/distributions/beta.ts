import { assertOrdered, assertPositive, assertProbability } from "./assert-parameter.ts";
import { betaTail, logBetaOf } from "./beta-tail.ts";
import { oddsQuantile, oddsUpperQuantile, shareOf } from "./odds.ts";
import { productDifference } from "./product-difference.ts";

const MAX_SHAPE = 1e15;

const MAX_ARGUMENT = 1e300;

/**
 * Natural logarithm of the beta function Γ(a) Γ(b) / Γ(a + b). Relative error below 1e-13, absolute where the logarithm is near 0.
 *
 * @param a - in (0, 1e300]
 * @param b - in (0, 1e300]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source A. R. DiDonato, A. H. Morris, "Algorithm 708", ACM TOMS 18 (1992), section 2, for what does not cancel
 */
export function logBeta(a: number, b: number): number {
  assertPositive("logBeta", "a", a, MAX_ARGUMENT);
  assertPositive("logBeta", "b", b, MAX_ARGUMENT);
  return logBetaOf(a, b);
}

/**
 * Probability that a beta variate is at most `x`: the regularised incomplete beta function I_x(a, b). Relative error below 1e-10 down
 * to 1e-300; the time does not grow with the shapes.
 *
 * @param x - any number; 0 at and below 0, 1 from 1 on
 * @param a - first shape, in (0, 1e15]
 * @param b - second shape, in (0, 1e15]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source A. R. DiDonato, A. H. Morris, "Algorithm 708: Significant Digit Computation of the Incomplete Beta Function Ratios", ACM TOMS
 * 18 (1992); N. M. Temme's expansion where both shapes are large
 */
export function betaCdf(x: number, a: number, b: number): number {
  assertArguments("betaCdf", x, a, b);
  return x <= 0 ? 0 : x >= 1 ? 1 : betaTail(a, b, x, 1 - x, distance(x, a, b));
}

/**
 * Probability that a beta variate exceeds `x`, as exact as {@link betaCdf}.
 *
 * @param x - any number; 1 at and below 0, 0 from 1 on
 * @param a - first shape, in (0, 1e15]
 * @param b - second shape, in (0, 1e15]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source as {@link betaCdf}
 */
export function betaSf(x: number, a: number, b: number): number {
  assertArguments("betaSf", x, a, b);
  return x <= 0 ? 1 : x >= 1 ? 0 : betaTail(b, a, 1 - x, x, -distance(x, a, b));
}

/**
 * The number that a beta variate is at most with probability `p`: inverse of {@link betaCdf}. Where `b` is far below 1 it may be so
 * near 1 that the nearest double is 1; likewise 0 for `a`.
 *
 * @param p - in [0, 1]; 0 gives 0, 1 gives 1
 * @param a - first shape, in (0, 1e15]
 * @param b - second shape, in (0, 1e15]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 */
export function betaQuantile(p: number, a: number, b: number): number {
  assertProbability("betaQuantile", "p", p);
  assertArguments("betaQuantile", 0, a, b);
  return shareOf(oddsQuantile(p, a, b));
}

/**
 * The number that a beta variate exceeds with probability `p`: inverse of {@link betaSf}.
 *
 * @param p - in [0, 1]; 0 gives 1, 1 gives 0
 * @param a - first shape, in (0, 1e15]
 * @param b - second shape, in (0, 1e15]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 */
export function betaUpperQuantile(p: number, a: number, b: number): number {
  assertProbability("betaUpperQuantile", "p", p);
  assertArguments("betaUpperQuantile", 0, a, b);
  return shareOf(oddsUpperQuantile(p, a, b));
}

function assertArguments(subject: string, x: number, a: number, b: number): void {
  assertOrdered(subject, "x", x);
  assertPositive(subject, "a", a, MAX_SHAPE);
  assertPositive(subject, "b", b, MAX_SHAPE);
}

/** (a + b) x − a, also where a + b is rounded. */
function distance(x: number, a: number, b: number): number {
  const great = Math.max(a, b);
  const sum = a + b;
  const lost = Math.min(a, b) - (sum - great);
  return productDifference(x, sum, a) + x * lost;
}
