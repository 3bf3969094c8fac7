import { assertList, assertSample, isProbability } from "../assert-sample.ts";
import { sortOrder } from "../sort.ts";

/**
 * P-values adjusted for how many there are, step by step: rejecting those below α makes a false rejection anywhere no more likely
 * than α, however the tests depend on each other. In the order given; none gives none.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for a value outside of [0, 1]
 * @source S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scand. J. Stat. 6 (1979)
 */
export function holm(pValues: ArrayLike<number>): Float64Array {
  assertList("the p-values of holm", pValues);
  const count = pValues.length;
  if (count > 0) assertSample("the p-values of holm", pValues, "a number in [0, 1]", isProbability);
  const adjusted = new Float64Array(count);
  let greatest = 0;
  sortOrder(pValues).forEach((index, i) => {
    greatest = Math.max(greatest, Math.min(1, pValues[index]! * (count - i)));
    adjusted[index] = greatest;
  });
  return adjusted;
}
