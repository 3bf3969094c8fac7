import { assertOrdered, assertProbability, assertWhole, refusal } from "./assert-parameter.ts";
import { betaTail, logBetaOf } from "./beta-tail.ts";
import { deviance } from "./deviance.ts";
import { stirlingCorrection } from "./gamma-series.ts";
import { normalQuantile, normalUpperQuantile } from "./normal.ts";
import { productDifference } from "./product-difference.ts";

const MAX_TRIALS = 1e15;

/**
 * Natural logarithm of the number of ways to choose `k` of `n`. Relative error below 1e-12.
 *
 * @param n - whole, in [0, 1e15]
 * @param k - whole, in [0, n]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 */
export function logChoose(n: number, k: number): number {
  assertWhole("logChoose", "n", n, MAX_TRIALS);
  assertWhole("logChoose", "k", k, n);
  const fewer = Math.min(k, n - k);
  if (fewer === 0) return 0;
  return fewer === 1 ? Math.log(n) : -logBetaOf(fewer + 1, n - fewer + 1) - Math.log(n + 1);
}

/**
 * Probability of `k` successes in `n` independent trials. Relative error below 1e-11 down to 1e-300.
 *
 * @param k - a whole number; 0 outside of [0, n]
 * @param n - trials: whole, in [0, 1e15]
 * @param p - probability of a success
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000)
 */
export function binomialPmf(k: number, n: number, p: number): number {
  assertArguments("binomialPmf", n, p);
  if (!Number.isInteger(k)) throw refusal("binomialPmf", "k", "a whole number", k);
  if (k < 0 || k > n) return 0;
  if (k === 0) return p === 1 ? Number(n === 0) : Math.exp(n * Math.log1p(-p));
  if (k === n) return p ** n;
  if (p === 0 || p === 1) return 0;
  const misses = n - k;
  const distance = productDifference(p, n, k);
  const exponent = k * deviance(distance / k, (p * n) / k) + misses * deviance(-distance / misses, ((1 - p) * n) / misses);
  const correction = stirlingCorrection(n) - stirlingCorrection(k) - stirlingCorrection(misses);
  return Math.sqrt(n / (2 * Math.PI * k) / misses) * Math.exp(correction - exponent);
}

/**
 * Probability of at most `k` successes in `n` independent trials. Relative error below 1e-10 down to 1e-300; the time does not grow
 * with `n`.
 *
 * @param k - any number: between two whole ones the smaller counts
 * @param n - trials: whole, in [0, 1e15]
 * @param p - probability of a success
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.5.24
 */
export function binomialCdf(k: number, n: number, p: number): number {
  assertArguments("binomialCdf", n, p);
  assertOrdered("binomialCdf", "k", k);
  const hits = Math.floor(k);
  if (hits < 0) return 0;
  if (hits >= n) return 1;
  return betaTail(n - hits, hits + 1, 1 - p, p, -productDifference(p, n + 1, hits + 1));
}

/**
 * Probability of more than `k` successes in `n` independent trials, as exact as {@link binomialCdf}.
 *
 * @param k - any number: between two whole ones the smaller counts
 * @param n - trials: whole, in [0, 1e15]
 * @param p - probability of a success
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.5.24
 */
export function binomialSf(k: number, n: number, p: number): number {
  assertArguments("binomialSf", n, p);
  assertOrdered("binomialSf", "k", k);
  const hits = Math.floor(k);
  if (hits < 0) return 1;
  if (hits >= n) return 0;
  return betaTail(hits + 1, n - hits, p, 1 - p, productDifference(p, n + 1, hits + 1));
}

/**
 * The least number of successes whose {@link binomialCdf} is at least `q`.
 *
 * @param q - in [0, 1]; 0 gives 0, 1 gives `n`, or 0 when `p` is 0
 * @param n - trials: whole, in [0, 1e15]
 * @param p - probability of a success
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source E. A. Cornish, R. A. Fisher, "Moments and Cumulants in the Specification of Distributions", Rev. Inst. Int. Stat. 5 (1938), for
 * the start; then Newton's method and bisection
 */
export function binomialQuantile(q: number, n: number, p: number): number {
  assertProbability("binomialQuantile", "q", q);
  assertArguments("binomialQuantile", n, p);
  if (q === 0 || p === 0) return 0;
  if (q === 1 || p === 1) return n;
  const z = normalQuantile(q);
  const deviation = Math.sqrt(n * p * (1 - p));
  let guess = within(n * p + z * deviation + ((1 - 2 * p) * (z * z - 1)) / 6, n);
  for (let i = 0; i < 2; i++) {
    const reached = binomialCdf(guess, n, p);
    const step = (reached * Math.log(reached / q)) / binomialPmf(guess, n, p);
    if (Number.isFinite(step)) guess = within(guess - step, n);
  }
  return leastReaching((k) => binomialCdf(k, n, p) >= q, guess, n);
}

/**
 * The least number of successes whose {@link binomialSf}, the probability of more, is at most `q`: exact for a tiny `q`, where
 * {@link binomialQuantile} of 1 − q would round it away.
 *
 * @param q - in [0, 1]; 0 gives `n`, or 0 when `p` is 0, 1 gives 0
 * @param n - trials: whole, in [0, 1e15]
 * @param p - probability of a success
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source as {@link binomialQuantile}
 */
export function binomialUpperQuantile(q: number, n: number, p: number): number {
  assertProbability("binomialUpperQuantile", "q", q);
  assertArguments("binomialUpperQuantile", n, p);
  if (q === 1 || p === 0) return 0;
  if (q === 0 || p === 1) return n;
  const z = normalUpperQuantile(q);
  const deviation = Math.sqrt(n * p * (1 - p));
  let guess = within(n * p + z * deviation + ((1 - 2 * p) * (z * z - 1)) / 6, n);
  for (let i = 0; i < 2; i++) {
    const left = binomialSf(guess, n, p);
    const step = (left * Math.log(left / q)) / binomialPmf(guess, n, p);
    if (Number.isFinite(step)) guess = within(guess + step, n);
  }
  return leastReaching((k) => binomialSf(k, n, p) <= q, guess, n);
}

/** The least k in [0, n] that is enough, when n is, from a guess outward and then by bisection. */
function leastReaching(enough: (k: number) => boolean, guess: number, n: number): number {
  let low = guess; // all below are too few
  let high = guess; // enough
  if (enough(guess)) {
    for (let stride = 1; low > 0 && enough(low - 1); stride *= 2) {
      high = low - 1;
      low = Math.max(0, high - stride);
    }
  } else {
    for (let stride = 1; !enough(high); stride *= 2) {
      low = high + 1;
      high = Math.min(n, high + stride);
    }
  }
  while (low < high) {
    const between = Math.floor((low + high) / 2);
    if (enough(between)) high = between;
    else low = between + 1;
  }
  return high;
}

/** The whole number in [0, n] that is next to `value`. */
function within(value: number, n: number): number {
  return value > 0 ? Math.min(n, Math.round(value)) : 0;
}

function assertArguments(subject: string, n: number, p: number): void {
  assertWhole(subject, "n", n, MAX_TRIALS);
  assertProbability(subject, "p", p);
}
