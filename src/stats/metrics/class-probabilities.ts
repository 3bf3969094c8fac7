import * as z from "zod";
import type { Issue } from "../../core/errors.ts";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertList } from "../assert-sample.ts";
import { toNumbers } from "./checked-rows.ts";
import { type ClassLabel, classRows, indexesOf } from "./class-labels.ts";
import { classList } from "./confusion-matrix.ts";

/**
 * Probabilities of every class for each row: an array for each row, or one typed array of all rows after each other, as a model's
 * output tensor has it.
 */
export type ProbabilityRows = readonly ArrayLike<number>[] | Float64Array | Float32Array;

/** Which class each probability is of. */
export interface ClassProbabilitiesOptions {
  /**
   * In the order of the probabilities, without repetition; at least two.
   *
   * @defaultValue the classes of the labels: numbers ascending, then texts by code unit. All of them must be there
   */
  readonly classes?: readonly ClassLabel[];
}

/** Labels and probabilities that fit each other. */
export interface ClassProbabilities {
  readonly classes: readonly ClassLabel[];
  /** Of the class of each row. */
  readonly indexes: Uint32Array;
  /** Row after row; may be the caller's own array and is not to be written to. */
  readonly values: Float64Array;
}

/** How far a row of single-precision numbers, or of some that were rounded for transport, may be from adding up to 1. */
const SLACK = 1e-3;

const MAX_ISSUES = 5;

/** The schema of {@link ClassProbabilitiesOptions}. */
export const classProbabilitiesOptions = z.strictObject({ classes: classList.min(2).optional() });

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless the rows fit the labels, `CONFIG_INVALID` for wrong options */
export function classProbabilities(
  subject: string,
  labels: ArrayLike<ClassLabel>,
  probabilities: ProbabilityRows,
  options: ClassProbabilitiesOptions,
): ClassProbabilities {
  assertList(`the labels of ${subject}`, labels);
  assertList(`the probabilities of ${subject}`, probabilities);
  const classes = parseOptions(classProbabilitiesOptions, options, subject).classes ?? classRows(subject, labels, labels).classes;
  if (classes.length < 2) {
    throw invalidInput(subject, [{ path: ["labels"], message: "expected at least two classes; name them in options.classes" }]);
  }
  if (labels.length === 0) throw invalidInput(subject, [{ path: ["labels"], message: "expected at least one row" }]);
  const indexes = indexesOf(`the labels of ${subject}`, labels, classes);
  const values = flattened(subject, probabilities, labels.length, classes.length);
  assertDistributions(subject, values, classes.length);
  return { classes, indexes, values };
}

function flattened(subject: string, probabilities: ProbabilityRows, rows: number, width: number): Float64Array {
  const refuse = (path: readonly number[], expected: number, got: number) =>
    invalidInput(`the probabilities of ${subject}`, [{ path, message: `expected ${expected} values, but got ${got}` }]);
  if (ArrayBuffer.isView(probabilities)) {
    if (probabilities.length !== rows * width) throw refuse([], rows * width, probabilities.length);
    return toNumbers(probabilities);
  }
  if (probabilities.length !== rows) throw refuse([], rows, probabilities.length);
  const values = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++) {
    const row = probabilities[i];
    if (row?.length !== width) throw refuse([i], width, row?.length ?? 0);
    for (let k = 0; k < width; k++) {
      const value = row[k];
      values[i * width + k] = typeof value === "number" ? value : Number.NaN;
    }
  }
  return values;
}

function assertDistributions(subject: string, values: Float64Array, width: number): void {
  const issues: Issue[] = [];
  for (let start = 0; start < values.length; start += width) {
    let sum = 0;
    let inRange = true;
    for (let k = 0; k < width; k++) {
      const value = values[start + k]!;
      inRange &&= value >= 0 && value <= 1;
      sum += value;
    }
    if (inRange && Math.abs(sum - 1) <= SLACK) continue;
    const message = inRange ? `expected a sum of 1, but got ${sum}` : "expected numbers in [0, 1]";
    if (issues.push({ path: [start / width], message }) === MAX_ISSUES) break;
  }
  if (issues.length > 0) throw invalidInput(`the probabilities of ${subject}`, issues);
}
