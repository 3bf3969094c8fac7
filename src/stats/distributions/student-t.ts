import { assertOrdered, assertPositive, assertProbability } from "./assert-parameter.ts";
import { logFarTail } from "./beta-tail.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { oddsQuantile, oddsSf, oddsUpperQuantile } from "./odds.ts";

/** From here on nothing distinguishes the distribution from the normal one, where that is above 1e-300. */
const NORMAL_FROM = 1e20;

/** From here on the square of a variate over its degrees of freedom is taken by its logarithm. */
const FAR = 1e140;

/**
 * Probability that a variate of Student's t-distribution is at most `t`. Relative error below 1e-10 down to 1e-300.
 *
 * @param t - any number; 0 at −∞, 1 at ∞
 * @param df - degrees of freedom, positive, need not be whole; infinity is the normal distribution
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN or `df` not above 0
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.7.1
 */
export function studentTCdf(t: number, df: number): number {
  assertArguments("studentTCdf", t, df);
  return t <= 0 ? upperTail(-t, df) : 1 - upperTail(t, df);
}

/**
 * Probability that a variate of Student's t-distribution exceeds `t`: {@link studentTCdf} of −`t`.
 *
 * @param t - any number; 1 at −∞, 0 at ∞
 * @param df - degrees of freedom, positive, need not be whole; infinity is the normal distribution
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN or `df` not above 0
 */
export function studentTSf(t: number, df: number): number {
  assertArguments("studentTSf", t, df);
  return t >= 0 ? upperTail(t, df) : 1 - upperTail(-t, df);
}

/**
 * The number that a variate of Student's t-distribution is at most with probability `p`: inverse of {@link studentTCdf}.
 *
 * @param p - in [0, 1]; 0 gives −∞, 1 gives ∞
 * @param df - degrees of freedom, positive; with few of them, quantiles of a small `p` are beyond the doubles and so infinite
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 */
export function studentTQuantile(p: number, df: number): number {
  assertProbability("studentTQuantile", "p", p);
  assertArguments("studentTQuantile", 0, df);
  return p < 0.5 ? -upperQuantile(p, df) : upperQuantile(1 - p, df);
}

/**
 * The number that a variate of Student's t-distribution exceeds with probability `p`: inverse of {@link studentTSf}.
 *
 * @param p - in [0, 1]; 0 gives ∞, 1 gives −∞
 * @param df - degrees of freedom, positive
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 */
export function studentTUpperQuantile(p: number, df: number): number {
  assertProbability("studentTUpperQuantile", "p", p);
  assertArguments("studentTUpperQuantile", 0, df);
  return p <= 0.5 ? upperQuantile(p, df) : -upperQuantile(1 - p, df);
}

function assertArguments(subject: string, t: number, df: number): void {
  assertOrdered(subject, "t", t);
  if (df !== Number.POSITIVE_INFINITY) assertPositive(subject, "df", df);
}

/** For t >= 0. */
function upperTail(t: number, df: number): number {
  if (t === 0) return 0.5;
  if (t === Number.POSITIVE_INFINITY) return 0;
  if (df > NORMAL_FROM) return normalCdf(-t);
  const ratio = t / Math.sqrt(df);
  if (ratio > FAR) return 0.5 * Math.exp(logFarTail(2 * Math.log(t) - Math.log(df), df / 2, 0.5));
  return 0.5 * oddsSf(t < FAR ? (t * t) / df : ratio * ratio, 0.5, df / 2);
}

/** For p <= 0.5. Near 1/2 by way of how far it is from there, which is where the quantile is near 0. */
function upperQuantile(p: number, df: number): number {
  if (p === 0) return Number.POSITIVE_INFINITY;
  if (p === 0.5) return 0;
  if (df > NORMAL_FROM) return -normalQuantile(p);
  const near = p > 0.25 ? oddsQuantile(1 - 2 * p, 0.5, df / 2) : Number.POSITIVE_INFINITY;
  if (near < 1) return Math.sqrt(near) * Math.sqrt(df);
  const odds = oddsUpperQuantile(2 * p, 0.5, df / 2);
  if (odds < FAR * FAR) return Math.sqrt(odds) * Math.sqrt(df);
  const logOdds = (logFarTail(0, df / 2, 0.5) - Math.log(2 * p)) / (df / 2);
  return Math.exp(logOdds / 2 + Math.log(df) / 2);
}
