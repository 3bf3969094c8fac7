import { gammaQ } from "./gamma.ts";

/**
 * Probability that a chi-squared variate exceeds `x`. Relative error below 1e-10 down to 1e-300, for up to a million degrees of
 * freedom.
 *
 * @param x - at least 0
 * @param df - degrees of freedom, in (0, 2e10]; need not be whole
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.4.19
 */
export function chiSquaredSf(x: number, df: number): number {
  return gammaQ(df / 2, x / 2);
}
