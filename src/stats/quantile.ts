import { invalidInput } from "../core/schema.ts";
import { assertSample, isProbability } from "./assert-sample.ts";

/**
 * The q-quantile of a sample, linear between order statistics: `numpy.quantile` with its default method, to the last bit.
 * Sorts a copy.
 *
 * @param values - finite, at least one, in any order
 * @param q - in [0, 1]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source R. J. Hyndman, Y. Fan, "Sample Quantiles in Statistical Packages", Am. Stat. 50 (1996), definition 7
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  assertSample("the sample of quantile", values, "a finite number", Number.isFinite);
  if (!isProbability(q)) throw invalidInput("quantile", [{ path: ["q"], message: `expected a number in [0, 1], but got ${q}` }]);
  return quantileOfSorted(Float64Array.from(values).sort(), q);
}

/** As {@link quantile}, of a sample that is sorted and was checked. */
export function quantileOfSorted(sorted: Float64Array, q: number): number {
  const rank = q * (sorted.length - 1);
  const index = Math.floor(rank);
  const low = sorted[index]!;
  const high = sorted[Math.min(index + 1, sorted.length - 1)]!;
  const part = rank - index;
  const span = high - low;
  if (span === Number.POSITIVE_INFINITY) return low * (1 - part) + high * part;
  return part < 0.5 ? low + span * part : high - span * (1 - part);
}
