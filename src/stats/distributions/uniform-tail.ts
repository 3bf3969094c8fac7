import { scaledErfc } from "./erf.ts";

/** Terms of the series in the distance. At a distance of 1 they fall below 1e-16. */
const MAX_TERMS = 32;

/** The series converges up to a distance of 2√π. */
const REACH = 2 * Math.sqrt(Math.PI);

/** From this size on, and for distances below 1, {@link uniformTail} is exact to about 1e-15. */
export const MIN_SIZE = 20;

/**
 * Coefficients of ζ / v(ζ), where v is the solution of v v' = ζ (1 + linear · v − square · v²) with v ~ ζ: how a distribution is bent
 * against the normal one. A gamma distribution has (1, 0).
 */
export function bend(linear: number, square: number, terms: number = MAX_TERMS): Float64Array {
  const v = new Float64Array(terms + 2);
  const squared = new Float64Array(terms + 3);
  v[1] = 1;
  squared[2] = 1;
  for (let k = 3; k <= terms + 2; k++) {
    squared[k] = (2 / k) * (linear * v[k - 2]! - square * squared[k - 2]!);
    let rest = squared[k]!;
    for (let i = 2; i <= k - 2; i++) rest -= v[i]! * v[k - i]!;
    v[k - 1] = rest / 2;
  }
  const coefficients = new Float64Array(terms + 1);
  coefficients[0] = 1;
  for (let n = 1; n <= terms; n++) {
    let sum = 0;
    for (let j = 1; j <= n; j++) sum -= v[j + 1]! * coefficients[n - j]!;
    coefficients[n] = sum;
  }
  return coefficients;
}

/** How many coefficients {@link uniformTail} needs: fewer than 32 for a large size, for its points are near the middle. */
export function termsFor(size: number, exponent: number): number {
  if (size < 1000) return MAX_TERMS;
  return Math.min(MAX_TERMS, Math.max(10, Math.ceil(39 / Math.log(REACH / Math.sqrt((2 * exponent) / size)))));
}

/**
 * Tail of a gamma or beta distribution beyond a point on its own side of the middle, by an expansion that holds from the middle far
 * into the tail.
 *
 * With the point's distance ζ, the upper tail is ½ erfc(ζ √(size/2)) + e^(−size ζ²/2) S(ζ) / √(2π size). Differentiating gives
 * S' − size ζ S = size (1 − g f), with f the coefficients of {@link bend} and g a constant; hence a recurrence for the power series of
 * S, run backward, whose first row yields g.
 *
 * @param size - the smaller shape, at least {@link MIN_SIZE}
 * @param exponent - size ζ²/2
 * @param side - 1 for the upper tail of a point above the middle, −1 for the lower tail of a point below it
 * @source N. M. Temme, "On the Computation of the Incomplete Gamma Functions for Large Values of the Parameters", in "Algorithms for
 * Approximation" (1987); A. Gil, J. Segura, N. M. Temme, "Efficient and Accurate Algorithms for the Computation and Inversion of the
 * Incomplete Gamma Function Ratios", SIAM J. Sci. Comput. 34 (2012). The same equation with another f holds for the beta distribution
 */
export function uniformTail(size: number, exponent: number, side: 1 | -1, f: Float64Array): number {
  const distance = side * Math.sqrt((2 * exponent) / size);
  let previous = 0; // coefficient n + 1
  let current = 0; // coefficient n
  let sum = 0;
  let first = 0;
  for (let n = f.length - 1; n >= 1; n--) {
    const next = f[n]! + ((n + 1) * previous) / size;
    previous = current;
    current = next;
    if (n === 2) first = next;
    sum = sum * distance + next;
  }
  const correction = sum / (1 + first / size) / Math.sqrt(2 * Math.PI * size);
  return Math.exp(-exponent) * (scaledErfc(Math.sqrt(exponent)) / 2 + side * correction);
}
