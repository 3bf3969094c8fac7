import { assertList, assertSample } from "../assert-sample.ts";
import { benjaminiHochberg } from "./benjamini-hochberg.ts";

/**
 * The e-BH procedure: for each e-value the least α at which it is rejected, so that rejecting those at or below α keeps the expected
 * share of false rejections at or below α, however the tests depend on each other. In the order given; none gives none.
 *
 * An e-value is at least 0 and on average at most 1 while nothing is wrong, as the likelihood ratio of
 * `dirichletLogEValue` is; from a logarithm take `Math.exp`, of which infinity is a fine value. The procedure is that of
 * Benjamini and Hochberg on the inverse e-values; the e-values need no correction for dependence, which p-values would.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN or a value below 0
 * @source R. Wang, A. Ramdas, "False Discovery Rate Control with E-values", J. R. Statist. Soc. B 84 (2022)
 */
export function eBenjaminiHochberg(eValues: ArrayLike<number>): Float64Array {
  assertList("the e-values of eBenjaminiHochberg", eValues);
  const isEValue = (value: number) => typeof value === "number" && value >= 0;
  if (eValues.length > 0) assertSample("the e-values of eBenjaminiHochberg", eValues, "a number of at least 0", isEValue);
  return benjaminiHochberg(Float64Array.from(eValues, (value) => Math.min(1, 1 / value)));
}
