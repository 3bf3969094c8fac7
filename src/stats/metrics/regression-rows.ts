import { assertPaired, assertSample } from "../assert-sample.ts";
import { toNumbers } from "./checked-rows.ts";

/**
 * Labels and predictions in multiples of `unit`, which is 1 unless their magnitude is so far from 1 that fourth powers of them leave
 * the range of doubles; then it is a power of 2, and what is 10^300 times smaller counts as 0. The arrays may be the caller's own and are not to be written to.
 */
export interface RegressionRows {
  readonly labels: Float64Array;
  readonly predictions: Float64Array;
  readonly unit: number;
}

/** Fourth powers of up to 2^53 values between these limits are in the range of doubles, and precise. */
const MAX_PLAIN = 2 ** 200;
const MIN_PLAIN = 2 ** -150;

/** @throws a `ModelwrightError` with code `INPUT_INVALID` for no rows, unequal lengths, or a value that is not finite */
export function regressionRows(subject: string, labels: ArrayLike<number>, predictions: ArrayLike<number>): RegressionRows {
  assertPaired(subject, labels, predictions);
  const truth = toNumbers(labels);
  const guess = toNumbers(predictions);
  const greatest = Math.max(greatestMagnitude(truth), greatestMagnitude(guess));
  if (!(greatest < Number.POSITIVE_INFINITY) || truth.length === 0) {
    assertSample(`the labels of ${subject}`, labels, "a finite number", Number.isFinite);
    assertSample(`the predictions of ${subject}`, predictions, "a finite number", Number.isFinite);
  }
  if (greatest === 0 || (greatest >= MIN_PLAIN && greatest <= MAX_PLAIN)) return { labels: truth, predictions: guess, unit: 1 };
  // 2^1023 is the greatest power that is a double, and 2^-1022 the least one with a double for its inverse.
  const unit = 2 ** Math.min(1023, Math.max(-1022, Math.floor(Math.log2(greatest))));
  return { labels: truth.map((value) => value / unit), predictions: guess.map((value) => value / unit), unit };
}

/** NaN when there is one. */
function greatestMagnitude(values: Float64Array): number {
  let greatest = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = Math.abs(values[i]!);
    if (value > greatest) greatest = value;
    // Times 0, anything but NaN and infinity adds nothing.
    sum += value * 0;
  }
  return greatest + sum;
}

/** The mean, which is finite as the values are between −2^200 and 2^200. */
export function meanOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
