import { assertList, assertSample, isProbability } from "../assert-sample.ts";

/**
 * P-values times how many there are, at most 1: rejecting those below α makes a false rejection anywhere no more likely than α,
 * however the tests depend on each other. In the order given; none gives none. `holm` rejects at least as much, as safely.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for a value outside of [0, 1]
 * @source O. J. Dunn, "Multiple Comparisons Among Means", J. Am. Stat. Assoc. 56 (1961)
 */
export function bonferroni(pValues: ArrayLike<number>): Float64Array {
  assertList("the p-values of bonferroni", pValues);
  if (pValues.length > 0) assertSample("the p-values of bonferroni", pValues, "a number in [0, 1]", isProbability);
  const adjusted = new Float64Array(pValues.length);
  for (let i = 0; i < adjusted.length; i++) adjusted[i] = Math.min(1, pValues[i]! * adjusted.length);
  return adjusted;
}
