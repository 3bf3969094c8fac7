import { assertPaired, assertSample } from "../assert-sample.ts";

const isWeight = (value: number): boolean => Number.isFinite(value) && value >= 0;

/**
 * Two arrays of counts or shares, each divided by its sum.
 *
 * @param smoothing - added to each item before
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless both are equally long and hold finite numbers of at least 0 with a finite
 * sum above 0
 */
export function sharesOf(
  subject: string,
  p: ArrayLike<number>,
  q: ArrayLike<number>,
  smoothing = 0,
): readonly [Float64Array, Float64Array] {
  assertPaired(subject, p, q);
  return [
    normalised(`the first argument of ${subject}`, p, smoothing),
    normalised(`the second argument of ${subject}`, q, smoothing),
  ];
}

function normalised(subject: string, weights: ArrayLike<number>, smoothing: number): Float64Array {
  assertSample(subject, weights, "a finite number of at least 0", isWeight);
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i]! + smoothing;
  assertSample(subject, [sum], "a finite sum above 0", (value) => value > 0 && value < Number.POSITIVE_INFINITY);
  return Float64Array.from(weights, (weight) => (weight + smoothing) / sum);
}
