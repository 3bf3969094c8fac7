import { deviance } from "./deviance.ts";
import { HALF_LOG_TWO_PI, logGamma1p, logGammaStep, stirlingCorrection } from "./gamma-series.ts";
import { bend, MIN_SIZE, termsFor, uniformTail } from "./uniform-tail.ts";

/** Far more than are ever needed, so that no rounding can keep a loop going. */
const MAX_TERMS = 10_000;

/**
 * Regularised incomplete beta function I_x(a, b) for positive `a`, `b`; the upper tail is I_y(b, a), with −`distance`. The time does
 * not grow with the shapes.
 *
 * @param x - in [0, 1]
 * @param y - 1 − x, as exactly as the caller knows it
 * @param distance - (a + b) x − a, equal to x b − y a, as exactly as the caller knows it: large shapes multiply its error
 * @source A. R. DiDonato, A. H. Morris, "Algorithm 708: Significant Digit Computation of the Incomplete Beta Function Ratios", ACM TOMS
 * 18 (1992), for the fraction and the series; {@link uniformTail} where both shapes are large
 */
export function betaTail(a: number, b: number, x: number, y: number, distance: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const size = Math.min(a, b);
  if (size >= MIN_SIZE) {
    const exponent = betaDeviance(a, b, x, y, distance);
    if (exponent < size / 2) {
      const great = Math.max(a, b) / (a + b);
      const f = bend((b - a) / (a + b) / Math.sqrt(great), size / (a + b), termsFor(size, exponent));
      return distance < 0 ? uniformTail(size, exponent, -1, f) : 1 - uniformTail(size, exponent, 1, f);
    }
  }
  // The mean is not the place to part: the fraction is good up to (a + 1) / (a + b + 2).
  if (distance <= y - x) return a < 1 ? power(a, b, x) : betaDensity(a, b, x, y, distance) * fraction(a, b, x, y, distance);
  return b < 1 ? oneLessPower(b, a, y) : 1 - betaDensity(a, b, x, y, distance) * fraction(b, a, y, x, -distance);
}

/** x^a y^b / B(a, b): the density of ln(x / y). */
export function betaDensity(a: number, b: number, x: number, y: number, distance: number): number {
  const sum = a + b;
  const peak = Math.sqrt(((Math.min(a, b) / sum) * Math.max(a, b)) / (2 * Math.PI));
  return (
    peak * Math.exp(stirlingCorrection(sum) - stirlingCorrection(a) - stirlingCorrection(b) - betaDeviance(a, b, x, y, distance))
  );
}

/** ln B(a, b), without cancellation where one shape is far greater than the other. */
export function logBetaOf(a: number, b: number): number {
  const small = Math.min(a, b);
  const great = Math.max(a, b);
  if (small < 0.25) return logGamma1p(small) - Math.log(small) - logGammaStep(great, small);
  const sum = a + b;
  const unlikely = small * Math.log(small / sum) + great * Math.log1p(-small / sum);
  return (
    HALF_LOG_TWO_PI -
    Math.log((small / sum) * great) / 2 +
    unlikely +
    stirlingCorrection(small) +
    (stirlingCorrection(great) - stirlingCorrection(sum))
  );
}

/** ln of z^−a / (a B(a, b)): the upper tail of odds so great that 1 + 1/odds is 1. @param logOdds - ln z */
export function logFarTail(logOdds: number, a: number, b: number): number {
  return -a * logOdds - logShapeBeta(a, b);
}

/** ln(a B(a, b)) = ln Γ(1 + a) + ln Γ(b) − ln Γ(a + b), near 0 where `a` is. */
function logShapeBeta(a: number, b: number): number {
  return a < 0.25 ? logGamma1p(a) - logGammaStep(b, a) : Math.log(a) + logBetaOf(a, b);
}

/** a ln(a / (a + b) / x) + b ln(b / (a + b) / y), a sum of two numbers that are not negative. */
function betaDeviance(a: number, b: number, x: number, y: number, distance: number): number {
  const sum = a + b;
  return a * deviance(distance / a, x / (a / sum)) + b * deviance(-distance / b, y / (b / sum));
}

/** I_x(a, b) over the density for a >= 1, by the even part of the continued fraction and the modified Lentz algorithm. */
function fraction(a: number, b: number, x: number, y: number, distance: number): number {
  const sum = a + b;
  let value = (a / (a + 1)) * (1 - distance);
  let c = value;
  let d = 0;
  for (let n = 1; n < MAX_TERMS; n++) {
    const place = a + 2 * n - 1;
    const numerator = ((a + n - 1) / place) * (((sum + n - 1) / place) * x) * (n * (b - n) * x);
    const denominator = n + (n * (b - n) * x) / place + ((a + n) / (place + 2)) * (1 - distance + n * (1 + y));
    d = 1 / (numerator * d + denominator);
    c = denominator + numerator / c;
    const step = c * d;
    value *= step;
    if (Math.abs(step - 1) <= Number.EPSILON) break;
  }
  return 1 / value;
}

/** I_x(a, b) for a < 1 and x up to (a + 1) / (a + b + 2), where the fraction's first rows would cancel. */
function power(a: number, b: number, x: number): number {
  return Math.min(1, Math.exp(a * Math.log(x) - logShapeBeta(a, b)) * (1 + a * powerSum(a, b, x)));
}

/** 1 − I_x(a, b) for the same arguments, with the first term of the series taken from 1 exactly. */
function oneLessPower(a: number, b: number, x: number): number {
  const exponent = a * Math.log(x) - logShapeBeta(a, b);
  return Math.min(1, -Math.expm1(exponent) - Math.exp(exponent) * a * powerSum(a, b, x));
}

/** The sum of (1 − b)(2 − b)...(n − b) xⁿ / (n! (a + n)) from n = 1. */
function powerSum(a: number, b: number, x: number): number {
  let term = 1;
  let sum = 0;
  for (let n = 1; n < MAX_TERMS; n++) {
    term *= ((n - b) / n) * x;
    const next = term / (a + n);
    sum += next;
    if (Math.abs(next) <= (Number.EPSILON / 2) * Math.abs(sum)) break;
  }
  return sum;
}
