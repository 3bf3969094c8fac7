import { invalidInput } from "../core/schema.ts";

/**
 * Probability that Kolmogorov's limit variate exceeds `x`: P(√n · D > x) as n grows. Relative error below 1e-13.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN
 * @source A. Kolmogorov, "Sulla determinazione empirica di una legge di distribuzione", G. Ist. Ital. Attuari 4 (1933); W. Feller,
 * "On the Kolmogorov–Smirnov Limit Theorems", Ann. Math. Statist. 19 (1948), eq. 1.4, for the form that converges at small `x`
 */
export function kolmogorovSf(x: number): number {
  if (Number.isNaN(x)) throw invalidInput("kolmogorovSf", [{ path: ["x"], message: "expected a number, but got NaN" }]);
  if (x <= 0) return 1;
  let sum = 0;
  if (x < 1) {
    for (let k = 7; k >= 1; k -= 2) sum += Math.exp(-((k * Math.PI) ** 2) / (8 * x * x));
    return 1 - (Math.sqrt(2 * Math.PI) * sum) / x;
  }
  for (let k = 5; k >= 1; k--) sum = Math.exp(-2 * k * k * x * x) - sum;
  return 2 * sum;
}
