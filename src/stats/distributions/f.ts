import { assertOrdered, assertPositive, assertProbability } from "./assert-parameter.ts";
import { logFarTail } from "./beta-tail.ts";
import { oddsCdf, oddsQuantile, oddsSf, oddsUpperQuantile } from "./odds.ts";

const MAX_DF = 2e15;

/** Beyond these odds, or below their inverse, the tail is a power of them, and they themselves may be no double. */
const FAR = 1e280;

/**
 * Probability that an F variate is at most `x`. Relative error below 1e-10 down to 1e-300.
 *
 * @param x - any number; 0 at and below 0, 1 at ∞
 * @param df1 - degrees of freedom of the numerator, in (0, 2e15]; need not be whole
 * @param df2 - degrees of freedom of the denominator, in (0, 2e15]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.6.2
 */
export function fCdf(x: number, df1: number, df2: number): number {
  assertArguments("fCdf", x, df1, df2);
  if (x <= 0) return 0;
  const odds = x * (df1 / df2);
  if (odds < 1 / FAR) return Math.exp(logFarTail(-logOdds(x, df1, df2), df1 / 2, df2 / 2));
  if (odds > FAR) return -Math.expm1(logFarTail(logOdds(x, df1, df2), df2 / 2, df1 / 2));
  return oddsCdf(odds, df1 / 2, df2 / 2, (df1 / 2) * (x - 1));
}

/**
 * Probability that an F variate exceeds `x`, the p-value of an F-test. Relative error below 1e-10 down to 1e-300.
 *
 * @param x - any number; 1 at and below 0, 0 at ∞
 * @param df1 - degrees of freedom of the numerator, in (0, 2e15]; need not be whole
 * @param df2 - degrees of freedom of the denominator, in (0, 2e15]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.6.2
 */
export function fSf(x: number, df1: number, df2: number): number {
  assertArguments("fSf", x, df1, df2);
  if (x <= 0) return 1;
  const odds = x * (df1 / df2);
  if (odds < 1 / FAR) return -Math.expm1(logFarTail(-logOdds(x, df1, df2), df1 / 2, df2 / 2));
  if (odds > FAR) return Math.exp(logFarTail(logOdds(x, df1, df2), df2 / 2, df1 / 2));
  return oddsSf(odds, df1 / 2, df2 / 2, (df1 / 2) * (x - 1));
}

/**
 * The number that an F variate is at most with probability `p`: inverse of {@link fCdf}; 0 or ∞ where it is beyond the doubles.
 *
 * @param p - in [0, 1]; 0 gives 0, 1 gives ∞
 * @param df1 - degrees of freedom of the numerator, in (0, 2e15]
 * @param df2 - degrees of freedom of the denominator, in (0, 2e15]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 */
export function fQuantile(p: number, df1: number, df2: number): number {
  assertProbability("fQuantile", "p", p);
  assertArguments("fQuantile", 0, df1, df2);
  return oddsQuantile(p, df1 / 2, df2 / 2, df2 / df1);
}

/**
 * The number that an F variate exceeds with probability `p`, the critical value of an F-test: inverse of {@link fSf}.
 *
 * @param p - in [0, 1]; 0 gives ∞, 1 gives 0
 * @param df1 - degrees of freedom of the numerator, in (0, 2e15]
 * @param df2 - degrees of freedom of the denominator, in (0, 2e15]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 */
export function fUpperQuantile(p: number, df1: number, df2: number): number {
  assertProbability("fUpperQuantile", "p", p);
  assertArguments("fUpperQuantile", 0, df1, df2);
  return oddsUpperQuantile(p, df1 / 2, df2 / 2, df2 / df1);
}

function assertArguments(subject: string, x: number, df1: number, df2: number): void {
  assertOrdered(subject, "x", x);
  assertPositive(subject, "df1", df1, MAX_DF);
  assertPositive(subject, "df2", df2, MAX_DF);
}

/** ln(x df1 / df2). */
function logOdds(x: number, df1: number, df2: number): number {
  return Math.log(x) + Math.log(df1) - Math.log(df2);
}
