import { assertList, assertSample, isProbability } from "../assert-sample.ts";

/**
 * P-values adjusted for how many there are: rejecting those below α keeps the expected share of false rejections below α, for
 * independent or positively dependent tests. In the order given; none gives none.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for a value outside of [0, 1]
 * @source Y. Benjamini, Y. Hochberg, "Controlling the False Discovery Rate", J. R. Statist. Soc. B 57 (1995)
 */
export function benjaminiHochberg(pValues: ArrayLike<number>): Float64Array {
  assertList("the p-values of benjaminiHochberg", pValues);
  const count = pValues.length;
  if (count > 0) assertSample("the p-values of benjaminiHochberg", pValues, "a number in [0, 1]", isProbability);
  const descending = Array.from({ length: count }, (_, i) => i).sort((a, b) => pValues[b]! - pValues[a]!);
  const adjusted = new Float64Array(count);
  let least = 1;
  descending.forEach((index, i) => {
    least = Math.min(least, pValues[index]! * (count / (count - i)));
    adjusted[index] = least;
  });
  return adjusted;
}
