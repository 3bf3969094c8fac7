import { assertPositive, refusal } from "./assert-parameter.ts";
import { deviance } from "./deviance.ts";
import { digammaAtTwo, logGamma1p, logGammaOf, STIRLING_FROM, stirlingCorrection } from "./gamma-series.ts";
import { bend, MIN_SIZE, uniformTail } from "./uniform-tail.ts";

/** Above this order a double hardly tells the points of the distribution apart. */
const MAX_ORDER = 1e15;

/** Coefficients B(2k) / 2k of the asymptotic series of ψ, from k = 1. */
const DIGAMMA = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12];

/** Far more than are ever needed, so that no rounding can keep a loop going. */
const MAX_TERMS = 10_000;

const GAMMA_BEND = bend(1, 0);

/**
 * Natural logarithm of the gamma function of a positive number. Relative error below 1e-14, also next to its zeros at 1 and 2.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless `z` is positive and finite
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 6.1.33 (series at 2), 6.1.15 (recurrence),
 * 6.1.40 (Stirling)
 */
export function logGamma(z: number): number {
  assertPositive("logGamma", "z", z);
  return logGammaOf(z);
}

/**
 * Digamma function ψ, the derivative of {@link logGamma}. Relative error below 1e-13, also next to its zero at 1.46.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless `x` is positive and finite
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 6.3.5 (recurrence), 6.3.14 (series), 6.3.18
 */
export function digamma(x: number): number {
  assertPositive("digamma", "x", x);
  if (x >= STIRLING_FROM) {
    const inverseSquare = 1 / (x * x);
    let sum = 0;
    for (let k = DIGAMMA.length - 1; k >= 0; k--) sum = inverseSquare * (DIGAMMA[k]! + sum);
    return Math.log(x) - 0.5 / x - sum;
  }
  let sum = 0;
  let rest = x;
  for (; rest > 2.25; rest -= 1) sum += 1 / (rest - 1);
  for (; rest < 1.25; rest += 1) sum -= 1 / rest;
  return sum + digammaAtTwo(rest);
}

/**
 * Regularised lower incomplete gamma function P(a, x) = γ(a, x) / Γ(a): the probability that a gamma variate of shape `a` is at most
 * `x`. Relative error below 1e-10 down to 1e-300; the time does not grow with `a`.
 *
 * @param a - order, in (0, 1e15]
 * @param x - at least 0; infinity gives 1
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source as {@link gammaQ}
 */
export function gammaP(a: number, x: number): number {
  assertArguments("gammaP", a, x);
  return lowerGamma(a, x, x - a);
}

/**
 * Regularised upper incomplete gamma function Q(a, x) = Γ(a, x) / Γ(a): the probability that a gamma variate of shape `a` exceeds
 * `x`. Computed as an upper tail, never as 1 minus something near 1: relative error below 1e-10 down to 1e-300. The time does not
 * grow with `a`.
 *
 * @param a - order, in (0, 1e15]
 * @param x - at least 0; infinity gives 0
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source W. Gautschi, "A Computational Procedure for Incomplete Gamma Functions", ACM TOMS 5 (1979), for small `a` and `x`;
 * NIST Digital Library of Mathematical Functions, 8.11.4 (series) and 8.9.2 (continued fraction); `uniformTail` for large `a`
 */
export function gammaQ(a: number, x: number): number {
  assertArguments("gammaQ", a, x);
  return upperGamma(a, x, x - a);
}

/** P(a, x) of valid arguments. @param distance - x − a, as exactly as the caller knows it */
export function lowerGamma(a: number, x: number, distance: number): number {
  if (x === 0) return 0;
  if (x === Number.POSITIVE_INFINITY) return 1;
  if (a >= MIN_SIZE) {
    const exponent = a * deviance(distance / a, x / a);
    if (exponent < a / 2) {
      return distance < 0 ? uniformTail(a, exponent, -1, GAMMA_BEND) : 1 - uniformTail(a, exponent, 1, GAMMA_BEND);
    }
  }
  if (a < 1 && x < 1) return power(a, x);
  if (x < a + 1) return gammaDensity(a, x, distance) * lowerSeries(a, x);
  return 1 - gammaDensity(a, x, distance) * upperFraction(a, x);
}

/** Q(a, x) of valid arguments. @param distance - x − a, as exactly as the caller knows it */
export function upperGamma(a: number, x: number, distance: number): number {
  if (x === 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  if (a >= MIN_SIZE) {
    const exponent = a * deviance(distance / a, x / a);
    if (exponent < a / 2) {
      return distance > 0 ? uniformTail(a, exponent, 1, GAMMA_BEND) : 1 - uniformTail(a, exponent, -1, GAMMA_BEND);
    }
  }
  if (a < 1 && x < 1) return oneLessPower(a, x);
  if (a >= 1 && x < a + 1) return 1 - gammaDensity(a, x, distance) * lowerSeries(a, x);
  return gammaDensity(a, x, distance) * upperFraction(a, x);
}

/**
 * x^a e^−x / Γ(a), the density in ln x. For large `a` by way of the relative distance of `x`, so that the large logarithms cancel
 * before rounding.
 */
export function gammaDensity(a: number, x: number, distance: number): number {
  if (a < STIRLING_FROM) return Math.exp(a * Math.log(x) - x - logGammaOf(a));
  return Math.sqrt(a / (2 * Math.PI)) * Math.exp(-a * deviance(distance / a, x / a) - stirlingCorrection(a));
}

function assertArguments(subject: string, a: number, x: number): void {
  assertPositive(subject, "a", a, MAX_ORDER);
  if (!(typeof x === "number" && x >= 0)) throw refusal(subject, "x", "a number of at least 0", x);
}

/** P(a, x) for a < 1 and x < 1. */
function power(a: number, x: number): number {
  return Math.min(1, Math.exp(a * Math.log(x) - logGamma1p(a)) * (1 + a * powerSum(a, x)));
}

/** Q(a, x) for a < 1 and x < 1, with the first term of the series taken from 1 exactly. */
function oneLessPower(a: number, x: number): number {
  const exponent = a * Math.log(x) - logGamma1p(a);
  return Math.min(1, -Math.expm1(exponent) - Math.exp(exponent) * a * powerSum(a, x));
}

/** The sum of (−x)ⁿ / (n! (a + n)) from n = 1. */
function powerSum(a: number, x: number): number {
  let term = 1;
  let sum = 0;
  for (let n = 1; Math.abs(term) > (Number.EPSILON / 2) * Math.abs(sum); n++) {
    term *= -x / n;
    sum += term / (a + n);
  }
  return sum;
}

/** P(a, x) over the density, for x < a + 1. */
function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > (Number.EPSILON / 2) * sum; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** Q(a, x) over the density, by the modified Lentz algorithm. */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = Number.MAX_VALUE;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n < MAX_TERMS; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    const step = c * d;
    value *= step;
    if (Math.abs(step - 1) <= Number.EPSILON) break;
  }
  return value;
}
