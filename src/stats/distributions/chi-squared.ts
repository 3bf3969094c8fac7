import { assertOrdered, assertPositive, assertProbability } from "./assert-parameter.ts";
import { lowerGamma, upperGamma } from "./gamma.ts";
import { gammaQuantile, gammaUpperQuantile } from "./gamma-distribution.ts";

const MAX_DF = 2e15;

/**
 * Probability that a chi-squared variate is at most `x`. Relative error below 1e-10 down to 1e-300.
 *
 * @param x - any number; 0 at and below 0, 1 at ∞
 * @param df - degrees of freedom, in (0, 2e15]; need not be whole
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.4.19
 */
export function chiSquaredCdf(x: number, df: number): number {
  assertOrdered("chiSquaredCdf", "x", x);
  assertPositive("chiSquaredCdf", "df", df, MAX_DF);
  return x <= 0 ? 0 : lowerGamma(df / 2, x / 2, (x - df) / 2);
}

/**
 * Probability that a chi-squared variate exceeds `x`. Relative error below 1e-10 down to 1e-300.
 *
 * @param x - any number; 1 at and below 0, 0 at ∞
 * @param df - degrees of freedom, in (0, 2e15]; need not be whole
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.4.19
 */
export function chiSquaredSf(x: number, df: number): number {
  assertOrdered("chiSquaredSf", "x", x);
  assertPositive("chiSquaredSf", "df", df, MAX_DF);
  return x <= 0 ? 1 : upperGamma(df / 2, x / 2, (x - df) / 2);
}

/**
 * The number that a chi-squared variate is at most with probability `p`: inverse of {@link chiSquaredCdf}.
 *
 * @param p - in [0, 1]; 0 gives 0, 1 gives ∞
 * @param df - degrees of freedom, in (0, 2e15]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 */
export function chiSquaredQuantile(p: number, df: number): number {
  assertProbability("chiSquaredQuantile", "p", p);
  assertPositive("chiSquaredQuantile", "df", df, MAX_DF);
  return gammaQuantile(p, df / 2, 2);
}

/**
 * The number that a chi-squared variate exceeds with probability `p`, the critical value of a test: inverse of {@link chiSquaredSf}.
 *
 * @param p - in [0, 1]; 0 gives ∞, 1 gives 0
 * @param df - degrees of freedom, in (0, 2e15]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 */
export function chiSquaredUpperQuantile(p: number, df: number): number {
  assertProbability("chiSquaredUpperQuantile", "p", p);
  assertPositive("chiSquaredUpperQuantile", "df", df, MAX_DF);
  return gammaUpperQuantile(p, df / 2, 2);
}
