import { assertPaired, assertSample, isLabel, isOrdered, isProbability } from "../assert-sample.ts";

/**
 * Binary labels as bytes, and a number for each of them. Both are read once, in loops that see one kind of array each, whatever the
 * caller has; they may be the caller's own arrays and are not to be written to.
 */
export interface BinaryRows {
  /** 0 or 1. */
  readonly labels: Uint8Array;
  readonly values: Float64Array;
  /** How many labels are 1. */
  readonly positives: number;
}

/** What each value beside a binary label has to be. */
const RULES = {
  score: { expected: "a number", accepts: isOrdered },
  // Text that reads as a number is none.
  probability: { expected: "a number in [0, 1]", accepts: (value: number) => isOrdered(value) && isProbability(value) },
  label: { expected: "0 or 1", accepts: isLabel },
} as const;

/**
 * @param kind - `score`: any number but NaN; `probability`: in [0, 1]; `label`: 0 or 1
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for no rows, other values or unequal lengths
 */
export function binaryRows(
  subject: string,
  labels: ArrayLike<number>,
  values: ArrayLike<number>,
  kind: "score" | "probability" | "label",
): BinaryRows {
  assertPaired(subject, labels, values);
  const bytes = labelBytes(subject, labels);
  const numbers = toNumbers(values);
  const { expected, accepts } = RULES[kind];
  if (!allWithin(numbers, kind)) {
    assertSample(`the ${kind === "label" ? "prediction" : kind}s of ${subject}`, values, expected, accepts);
  }
  let positives = 0;
  for (let i = 0; i < bytes.length; i++) positives += bytes[i]!;
  return { labels: bytes, values: numbers, positives };
}

/** Binary labels as bytes; the array itself when it holds bytes. @throws a `ModelwrightError` with code `INPUT_INVALID` for none or others */
function labelBytes(subject: string, labels: ArrayLike<number>): Uint8Array {
  const bytes = labels instanceof Uint8Array ? labels : new Uint8Array(labels.length);
  let valid = labels.length > 0;
  if (labels === bytes) {
    let bits = 0;
    for (let i = 0; i < bytes.length; i++) bits |= bytes[i]!;
    valid &&= bits <= 1;
  } else {
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i];
      if (label === 1) bytes[i] = 1;
      else if (label !== 0) valid = false;
    }
  }
  if (!valid) assertSample(`the labels of ${subject}`, labels, "0 or 1", isLabel);
  return bytes;
}

/** The values as doubles, what is no number as NaN; the array itself when it holds doubles. */
export function toNumbers(values: ArrayLike<unknown>): Float64Array {
  if (values instanceof Float64Array) return values;
  const numbers = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    numbers[i] = typeof value === "number" ? value : Number.NaN;
  }
  return numbers;
}

function allWithin(values: Float64Array, kind: "score" | "probability" | "label"): boolean {
  let refused = values.length === 0 ? 1 : 0;
  if (kind === "score") for (let i = 0; i < values.length; i++) refused += Number.isNaN(values[i]) ? 1 : 0;
  else for (let i = 0; i < values.length; i++) refused += values[i]! >= 0 && values[i]! <= 1 ? 0 : 1;
  if (kind === "label") for (let i = 0; i < values.length; i++) refused += values[i] === 0 || values[i] === 1 ? 0 : 1;
  return refused === 0;
}
