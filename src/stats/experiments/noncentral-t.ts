import { gammaP } from "../distributions/gamma.ts";
import { normalPdf, normalSf } from "../distributions/normal.ts";

/** Weights below e to this, against the greatest, are left out. */
const NEGLIGIBLE = -45;

/** Standard deviations of a normal variate beyond which nothing is left of a double. */
const BEYOND = 38;

/**
 * Probability that a variate of the noncentral t-distribution exceeds `t`: that (Z + shift) / S does, where S² is a chi-squared
 * variate over its degrees of freedom. The trapezoid rule, over ln S or over Z, whichever leaves the smoother integrand; for
 * functions so smooth it is exact to the rounding.
 *
 * @param t - positive
 * @param df - degrees of freedom, at least 1
 * @param shift - noncentrality
 * @source N. L. Johnson, B. L. Welch, "Applications of the Non-central t-Distribution", Biometrika 31 (1940),
 * doi:10.1093/biomet/31.3-4.362
 */
export function noncentralTSf(t: number, df: number, shift: number): number {
  if (shift - BEYOND > t * (1 + BEYOND / Math.sqrt(df))) return 1;
  return shift > Math.max(BEYOND, Math.sqrt(2 * df)) ? overNormal(t, df, shift) : overDeviation(t, df, shift);
}

/** For shifts that are small against the spread of S, or moderate. */
function overDeviation(t: number, df: number, shift: number): number {
  const step = Math.min(1 / Math.sqrt(2 * df) / 4, 0.14, 0.5 / (1 + Math.max(0, shift)));
  let total = 0;
  let above = 0;
  for (const side of [1, -1]) {
    for (let i = side === 1 ? 0 : 1; ; i++) {
      const log = side * i * step;
      // ln of the density of ln S, less its greatest: df (u − (e^2u − 1) / 2).
      const exponent = df * (log - Math.expm1(2 * log) / 2);
      if (exponent < NEGLIGIBLE) break;
      const weight = Math.exp(exponent);
      total += weight;
      above += weight * normalSf(t * Math.exp(log) - shift);
    }
  }
  return Math.min(1, above / total);
}

/** For shifts so great that Z + shift is positive. */
function overNormal(t: number, df: number, shift: number): number {
  const step = 0.25;
  let above = 0;
  for (let i = -Math.floor(9 / step); i * step <= 9; i++) {
    const ratio = (i * step + shift) / t;
    above += step * normalPdf(i * step) * gammaP(df / 2, (df / 2) * ratio * ratio);
  }
  return Math.min(1, above);
}
