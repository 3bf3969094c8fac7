import { assertOrdered } from "./assert-parameter.ts";

/** Step of the trapezoidal rule. The rule's own error is e^(−π²/h²), 7e-18. */
const STEP = 0.5;

/** e^(−(n h)²) for n = 1, 2, ...; the next one is below 1e-18. */
const NODES = Array.from({ length: 12 }, (_, i) => Math.exp(-(((i + 1) * STEP) ** 2)));

/** Above this the pole of the integrand lies outside of the strip that the trapezoidal rule sees. */
const FAR = 6;

/**
 * Error function 2/√π ∫ e^(−t²) dt from 0 to `x`. Relative error below 1e-15.
 *
 * @param x - any number; erf(±∞) = ±1
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN
 * @source NIST Digital Library of Mathematical Functions, 7.6.2, below 0.5; else 1 − erfc
 */
export function erf(x: number): number {
  assertOrdered("erf", "x", x);
  if (Math.abs(x) < 0.5) return series(x);
  return x > 0 ? 1 - scaledErfc(x) * gaussian(x) : scaledErfc(-x) * gaussian(x) - 1;
}

/**
 * Complementary error function 1 − erf(x), without the subtraction. Relative error below 1e-15 while the result is a normal double,
 * that is up to 26.5.
 *
 * @param x - any number; erfc(−∞) = 2, erfc(∞) = 0
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN
 * @source C. Chiarella, A. Reichel, "On the Evaluation of Integrals Related to the Error Function", Math. Comp. 22 (1968); F. Matta,
 * A. Reichel, "Uniform Computation of the Error Function and Other Related Functions", Math. Comp. 25 (1971)
 */
export function erfc(x: number): number {
  assertOrdered("erfc", "x", x);
  if (Math.abs(x) < 0.5) return 1 - series(x);
  return x > 0 ? scaledErfc(x) * gaussian(x) : 2 - scaledErfc(-x) * gaussian(x);
}

/** e^(x²) erfc(x) for x >= 0: what is left of a normal tail without its exponential. */
export function scaledErfc(x: number): number {
  if (x < 0.5) return (1 - series(x)) * Math.exp(x * x);
  if (x > 1e8) return 1 / (x * Math.sqrt(Math.PI));
  const square = x * x;
  let sum = 0;
  for (let n = NODES.length; n >= 1; n--) sum += NODES[n - 1]! / (square + (n * STEP) ** 2);
  const rule = (STEP / Math.PI) * (1 / x + 2 * x * sum);
  return x < FAR ? rule - (2 * Math.exp(square)) / Math.expm1((2 * Math.PI * x) / STEP) : rule;
}

/** e^(−x²), with the rounding of the square made good: it would cost x² roundings. */
function gaussian(x: number): number {
  if (Math.abs(x) > 40) return 0;
  const high = Math.fround(x);
  return Math.exp(-high * high) * Math.exp((high - x) * (high + x));
}

/** erf for |x| < 0.5: all terms have one sign. */
function series(x: number): number {
  const square = x * x;
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > (Number.EPSILON / 4) * Math.abs(sum); n++) {
    term *= square / (n + 0.5);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-square) * sum;
}
