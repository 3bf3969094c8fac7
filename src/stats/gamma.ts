import { invalidInput } from "../core/schema.ts";

const EPSILON = Number.EPSILON / 2;

/** Above this order the sums of {@link gammaQ} would need too many terms. */
const MAX_ORDER = 1e10;

/** 1 minus Euler's constant. */
const ONE_MINUS_EULER = 0.42278433509846713;

/** Riemann's zeta function less 1, at 2, 3, ... */
const ZETA_MINUS_ONE = [
  0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993, 0.01734306198444914, 0.008349277381922827,
  0.00407735619794434, 0.0020083928260822143, 0.0009945751278180853, 0.0004941886041194645, 0.0002460865533080483,
  0.00012271334757848915, 6.124813505870483e-5, 3.058823630702049e-5, 1.528225940865187e-5, 7.637197637899763e-6,
  3.81729326499984e-6, 1.908212716553939e-6, 9.539620338727962e-7, 4.769329867878064e-7, 2.38450502727733e-7,
  1.1921992596531106e-7, 5.960818905125948e-8, 2.980350351465228e-8, 1.4901554828365043e-8, 7.45071178983543e-9,
];

/** Coefficients B(2k) / (2k (2k − 1)) of Stirling's series, from k = 1. */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];

/**
 * Natural logarithm of the gamma function of a positive number. Relative error below 1e-14, also next to its zeros at 1 and 2.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless `z` is positive and finite
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 6.1.33 (series at 2), 6.1.15 (recurrence),
 * 6.1.40 (Stirling)
 */
export function logGamma(z: number): number {
  if (!(z > 0 && z < Number.POSITIVE_INFINITY)) {
    throw invalidInput("logGamma", [{ path: ["z"], message: `expected a positive number, but got ${z}` }]);
  }
  if (z < 0.5) return logGamma1p(z) - Math.log(z);
  if (z < 1.5) return logGamma1p(z - 1);
  if (z >= 10) return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + stirlingCorrection(z);
  let rest = z;
  let factor = 1;
  while (rest > 2.5) {
    rest -= 1;
    factor *= rest;
  }
  return Math.log(factor) + logGammaAtTwo(rest - 2);
}

/**
 * Regularised upper incomplete gamma function Q(a, x) = Γ(a, x) / Γ(a): the probability that a gamma variate of shape `a` exceeds
 * `x`. Computed as an upper tail, never as 1 minus something near 1: relative error below 1e-10 down to 1e-300.
 * Time grows with the square root of `a`.
 *
 * @param a - order, in (0, 1e10]
 * @param x - at least 0; infinity gives 0
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source W. Gautschi, "A Computational Procedure for Incomplete Gamma Functions", ACM TOMS 5 (1979), for small `a` and `x`;
 * NIST Digital Library of Mathematical Functions, 8.11.4 (series) and 8.9.2 (continued fraction)
 */
export function gammaQ(a: number, x: number): number {
  if (!(a > 0 && a <= MAX_ORDER)) {
    throw invalidInput("gammaQ", [{ path: ["a"], message: `expected a number in (0, ${MAX_ORDER}], but got ${a}` }]);
  }
  if (!(x >= 0)) throw invalidInput("gammaQ", [{ path: ["x"], message: `expected a number of at least 0, but got ${x}` }]);
  if (x === 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  if (a < 1) return x < 1 ? smallQ(a, x) : density(a, x) * upperFraction(a, x);
  return x < a + 1 ? 1 - density(a, x) * lowerSeries(a, x) : density(a, x) * upperFraction(a, x);
}

/** ln Γ(2 + t) for |t| <= 0.5. */
function logGammaAtTwo(t: number): number {
  let sum = 0;
  for (let n = ZETA_MINUS_ONE.length + 1; n >= 2; n--) {
    sum = t * (((n % 2 === 0 ? 1 : -1) * ZETA_MINUS_ONE[n - 2]!) / n + sum);
  }
  return t * (ONE_MINUS_EULER + sum);
}

/** ln Γ(1 + t) for -0.5 <= t <= 1.5, without loss next to 0. */
function logGamma1p(t: number): number {
  return t <= 0.5 ? logGammaAtTwo(t) - Math.log1p(t) : logGammaAtTwo(t - 1);
}

/** What Stirling's formula lacks of ln Γ(z), for z >= 10. */
function stirlingCorrection(z: number): number {
  const inverseSquare = 1 / (z * z);
  let sum = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) sum = sum * inverseSquare + STIRLING[k]!;
  return sum / z;
}

/** x^a e^-x / Γ(a). For large `a` by way of the relative distance of `x`, so that the large logarithms cancel before rounding. */
function density(a: number, x: number): number {
  if (a < 10) return Math.exp(a * Math.log(x) - x - logGamma(a));
  return Math.sqrt(a / (2 * Math.PI)) * Math.exp(-a * deviance((x - a) / a) - stirlingCorrection(a));
}

/** t − ln(1 + t), without cancellation at 0. */
function deviance(t: number): number {
  if (Math.abs(t) > 0.1) return t - Math.log1p(t);
  let power = t * t;
  let sum = 0;
  for (let k = 2; Math.abs(power) > EPSILON * Math.abs(sum); k++) {
    sum += power / k;
    power *= -t;
  }
  return sum;
}

/** Q for a < 1 and x < 1: 1 − x^a / Γ(1 + a) and the rest of the alternating series. */
function smallQ(a: number, x: number): number {
  const exponent = a * Math.log(x) - logGamma1p(a);
  let term = 1;
  let sum = 0;
  for (let n = 1; Math.abs(term) > EPSILON * Math.abs(sum); n++) {
    term *= -x / n;
    sum += term / (a + n);
  }
  return -Math.expm1(exponent) - Math.exp(exponent) * a * sum;
}

/** P(a, x) over the density, for x < a + 1. */
function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > EPSILON * sum; n++) {
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
  for (let n = 1; ; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    const step = c * d;
    value *= step;
    if (Math.abs(step - 1) <= Number.EPSILON) return value;
  }
}
