/** A metric of a sample of rows, as a summary reports it: a number, or why there is none. */
export type MetricEstimate =
  | {
      readonly value: number;
      /** Limits at the confidence asked for; null where there are too few rows for any, or no closed form. */
      readonly interval: readonly [low: number, high: number] | null;
      readonly reason: null;
    }
  | { readonly value: null; readonly interval: null; readonly reason: MissingMetricReason };

/**
 * Why a metric does not exist: `one_class`, all labels are equal; `no_positive_labels` and `no_negative_labels`, no row has label 1
 * or 0; `no_positive_predictions`, no row is called positive; `constant_predictions`, all are called the same; `absent_class`, a class
 * has no rows; `no_scores`, only predicted classes were given; `no_probabilities`, no probabilities were; `constant_labels`, a spread of 0
 * cannot be explained; `zero_labels`, a share of 0 does not exist; `too_few_rows`.
 */
export type MissingMetricReason =
  | "one_class"
  | "no_positive_labels"
  | "no_negative_labels"
  | "no_positive_predictions"
  | "constant_predictions"
  | "absent_class"
  | "no_scores"
  | "no_probabilities"
  | "constant_labels"
  | "zero_labels"
  | "too_few_rows";

/** A metric that exists. */
export function estimate(value: number, interval: readonly [low: number, high: number] | null): MetricEstimate {
  return { value, interval, reason: null };
}

/** A metric that does not. */
export function missing(reason: MissingMetricReason): MetricEstimate {
  return { value: null, interval: null, reason };
}

/** `value` ± `margin`, within the range that the metric has; null for one row, of which no margin is known. */
export function around(
  value: number,
  margin: number,
  low: number = Number.NEGATIVE_INFINITY,
  high: number = Number.POSITIVE_INFINITY,
): readonly [low: number, high: number] | null {
  return Number.isNaN(margin) ? null : [Math.max(low, value - margin), Math.min(high, value + margin)];
}

/** Mean and standard error of the numbers that were added, in one pass. */
export class RunningMean {
  #count = 0;
  #shift = 0;
  #sum = 0;
  #squares = 0;

  add(value: number): void {
    // Distances from the first value instead of from 0, so that the squares of almost equal values do not cancel.
    if (this.#count === 0) this.#shift = value;
    const distance = value - this.#shift;
    this.#count += 1;
    this.#sum += distance;
    this.#squares += distance * distance;
  }

  get mean(): number {
    const mean = this.#shift + this.#sum / this.#count;
    // One infinity less another: the sum of numbers that are at least 0 has left the range of doubles.
    return Number.isNaN(mean) ? Number.POSITIVE_INFINITY : mean;
  }

  /** NaN for one value, and when the mean is infinite. */
  get standardError(): number {
    const spread = Math.max(0, this.#squares - (this.#sum * this.#sum) / this.#count);
    return Math.sqrt(spread / (this.#count - 1) / this.#count);
  }
}
