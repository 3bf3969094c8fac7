/** 1 minus Euler's constant: the slope of ln Γ at 2. */
const ONE_MINUS_EULER = 0.42278433509846713;

/** Riemann's zeta function less 1, at 2, 3, ... */
const ZETA_MINUS_ONE = [
  0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993, 0.01734306198444914, 0.008349277381922827,
  0.00407735619794434, 0.0020083928260822143, 0.0009945751278180853, 0.0004941886041194645, 0.0002460865533080483,
  0.00012271334757848915, 6.124813505870483e-5, 3.058823630702049e-5, 1.528225940865187e-5, 7.637197637899763e-6,
  3.81729326499984e-6, 1.908212716553939e-6, 9.539620338727962e-7, 4.769329867878064e-7, 2.38450502727733e-7,
  1.1921992596531106e-7, 5.960818905125948e-8, 2.980350351465228e-8, 1.4901554828365043e-8, 7.45071178983543e-9,
];

/** Taylor coefficients of ln Γ(2 + t), from that of t. */
const AT_TWO = [ONE_MINUS_EULER, ...ZETA_MINUS_ONE.map((zeta, i) => ((i % 2 === 0 ? 1 : -1) * zeta) / (i + 2))];

/** {@link AT_TWO} with as many terms more as distances up to 0.75 need; beyond the list ζ(n) − 1 is 2^−n + 3^−n to all digits. */
const FAR_FROM_TWO = Array.from({ length: 46 }, (_, i) => {
  const n = i + 1;
  return n <= AT_TWO.length ? AT_TWO[i]! : ((n % 2 === 0 ? 1 : -1) * (2 ** -n + 3 ** -n)) / n;
});

/** The whole polynomial of ln Γ(2 + t); ln Γ(2) = 0. */
const LOG_GAMMA_AT_TWO = [0, ...FAR_FROM_TWO];

/** Coefficients B(2k) / (2k (2k − 1)) of Stirling's series, from k = 1. */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];

/** The constant of Stirling's formula. */
export const HALF_LOG_TWO_PI = Math.log(2 * Math.PI) / 2;

/** From here on Stirling's series is exact to the rounding. */
export const STIRLING_FROM = 10;

/** ln Γ(2 + t) for |t| <= 0.5. */
function logGammaAtTwo(t: number): number {
  let sum = 0;
  for (let i = AT_TWO.length - 1; i >= 0; i--) sum = t * (AT_TWO[i]! + sum);
  return sum;
}

/** ln Γ(1 + t) for −0.5 <= t <= 1.5, without loss next to 0. */
export function logGamma1p(t: number): number {
  return t <= 0.5 ? logGammaAtTwo(t) - Math.log1p(t) : logGammaAtTwo(t - 1);
}

/** ln Γ(z) of a positive number. */
export function logGammaOf(z: number): number {
  if (z < 0.5) return logGamma1p(z) - Math.log(z);
  if (z < 1.5) return logGamma1p(z - 1);
  if (z >= STIRLING_FROM) return (z - 0.5) * Math.log(z) - z + HALF_LOG_TWO_PI + stirlingSeries(z);
  let rest = z;
  let factor = 1;
  while (rest > 2.5) {
    rest -= 1;
    factor *= rest;
  }
  return Math.log(factor) + logGammaAtTwo(rest - 2);
}

/** What Stirling's formula lacks of ln Γ(z), for any positive number. */
export function stirlingCorrection(z: number): number {
  return z >= STIRLING_FROM ? stirlingSeries(z) : logGammaOf(z) - (z - 0.5) * Math.log(z) + z - HALF_LOG_TWO_PI;
}

/** The same for z >= {@link STIRLING_FROM}. */
function stirlingSeries(z: number): number {
  const inverseSquare = 1 / (z * z);
  let sum = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) sum = sum * inverseSquare + STIRLING[k]!;
  return sum / z;
}

/**
 * ln Γ(z + step) − ln Γ(z) for a positive `z` and 0 <= step <= 1/4. Exact also where the step is tiny against `z`: the polynomials are
 * divided by it before anything is rounded.
 */
export function logGammaStep(z: number, step: number): number {
  if (z >= STIRLING_FROM) {
    const slope = (z - 0.5) * Math.log1p(step / z) - step;
    return slope + step * (Math.log(z + step) + stirlingSlope(z, z + step));
  }
  let sum = 0;
  let rest = z;
  while (rest > 2) {
    rest -= 1;
    sum += Math.log1p(step / rest);
  }
  while (rest < 1.5 - step / 2) {
    sum -= Math.log1p(step / rest);
    rest += 1;
  }
  return sum + step * slopeOf(LOG_GAMMA_AT_TWO, rest - 2, rest - 2 + step);
}

/**
 * (p(s) − p(t)) / (s − t) of the polynomial p(t) = c0 + c1 t + ..., by Horner's scheme for a divided difference: no cancellation, and
 * the slope where s = t.
 */
function slopeOf(coefficients: readonly number[], t: number, s: number): number {
  let value = 0;
  let slope = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) {
    slope = value + s * slope;
    value = coefficients[i]! + t * value;
  }
  return slope;
}

/** (stirlingSeries(s) − stirlingSeries(z)) / (s − z). */
function stirlingSlope(z: number, s: number): number {
  const u = 1 / z;
  const v = 1 / s;
  let value = 0;
  let divided = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) {
    divided = value * (u + v) + v * v * divided;
    value = value * u * u + STIRLING[k]!;
  }
  // From a divided difference of value(u) to that of u · value(u), and from the inverses to the numbers.
  return -(value + v * divided) * u * v;
}

/** The zero of ψ, to twice the digits of a double. */
const DIGAMMA_ZERO = 1.4616321449683622;
const DIGAMMA_ZERO_REST = 9.549995429965697e-17;

/** Taylor coefficients of ψ(2 + t). */
const DIGAMMA_AT_TWO = FAR_FROM_TWO.map((coefficient, i) => coefficient * (i + 1));

/** ψ(x) for 1.25 <= x <= 2.25, as the distance from its zero times a slope: no loss next to the zero. */
export function digammaAtTwo(x: number): number {
  return (x - DIGAMMA_ZERO - DIGAMMA_ZERO_REST) * slopeOf(DIGAMMA_AT_TWO, DIGAMMA_ZERO - 2, x - 2);
}
