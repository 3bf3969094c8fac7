import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { binaryRows } from "./checked-rows.ts";
import { assertRows, type ClassLabel, classRows, indexesOf } from "./class-labels.ts";

/** How often binary predictions were right and wrong. */
export interface ConfusionMatrix {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly trueNegatives: number;
  readonly falseNegatives: number;
}

/** How often each class was predicted for each class. */
export interface MulticlassConfusionMatrix {
  readonly classes: readonly ClassLabel[];
  /** `counts[i][j]` rows of class `classes[i]` were predicted to be `classes[j]`. */
  readonly counts: readonly (readonly number[])[];
}

/** How {@link multiclassConfusionMatrix} arranges its counts. */
export interface MulticlassConfusionMatrixOptions {
  /**
   * The order of the classes, without repetition; may hold classes without rows.
   *
   * @defaultValue those of the labels and the predictions: numbers ascending, then texts by code unit
   */
  readonly classes?: readonly ClassLabel[];
}

/** A matrix of more cells would rather be a mistake, such as a regression's targets, than of use. */
const MAX_CLASSES = 2000;

/** The schema of a list of classes. */
export const classList = z
  .array(z.union([z.string(), z.number()]))
  .min(1)
  .max(MAX_CLASSES)
  .refine((classes) => new Set(classes).size === classes.length, { error: "expected each class once" });

const optionsSchema = z.strictObject({ classes: classList.optional() });

/**
 * Counts of right and wrong binary predictions.
 *
 * @param labels - 0 or 1, at least one
 * @param predictions - 0 or 1
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths
 */
export function confusionMatrix(labels: ArrayLike<number>, predictions: ArrayLike<number>): ConfusionMatrix {
  const rows = binaryRows("confusionMatrix", labels, predictions, "label");
  let predicted = 0;
  let truePositives = 0;
  for (let i = 0; i < rows.labels.length; i++) {
    predicted += rows.values[i]!;
    truePositives += rows.labels[i]! * rows.values[i]!;
  }
  const falsePositives = predicted - truePositives;
  return {
    truePositives,
    falsePositives,
    trueNegatives: rows.labels.length - rows.positives - falsePositives,
    falseNegatives: rows.positives - truePositives,
  };
}

/**
 * Counts of predictions for any number of classes.
 *
 * @param labels - texts or finite numbers, at least one; `1` and `"1"` are two classes
 * @param predictions - as many
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other labels, unequal lengths, a label that is none of the given classes,
 * or more than 2000 classes; `CONFIG_INVALID` for wrong options
 */
export function multiclassConfusionMatrix(
  labels: ArrayLike<ClassLabel>,
  predictions: ArrayLike<ClassLabel>,
  options: MulticlassConfusionMatrixOptions = {},
): MulticlassConfusionMatrix {
  const { classes: given } = parseOptions(optionsSchema, options, "multiclassConfusionMatrix");
  const { classes, truth, guess } = given ? arranged(labels, predictions, given) : found(labels, predictions);
  const counts = classes.map(() => new Array<number>(classes.length).fill(0));
  for (let i = 0; i < truth.length; i++) counts[truth[i]!]![guess[i]!]! += 1;
  return { classes, counts };
}

function arranged(labels: ArrayLike<ClassLabel>, predictions: ArrayLike<ClassLabel>, classes: readonly ClassLabel[]) {
  assertRows("multiclassConfusionMatrix", labels, predictions);
  return {
    classes,
    truth: indexesOf("the labels of multiclassConfusionMatrix", labels, classes),
    guess: indexesOf("the predictions of multiclassConfusionMatrix", predictions, classes),
  };
}

function found(labels: ArrayLike<ClassLabel>, predictions: ArrayLike<ClassLabel>) {
  const rows = classRows("multiclassConfusionMatrix", labels, predictions);
  if (rows.classes.length > MAX_CLASSES) {
    throw invalidInput("multiclassConfusionMatrix", [
      { path: [], message: `expected at most ${MAX_CLASSES} classes, but got ${rows.classes.length}` },
    ]);
  }
  const index = (code: number) => rows.rank[code]!;
  return {
    classes: rows.classes,
    truth: Uint32Array.from(rows.labels, index),
    guess: Uint32Array.from(rows.predictions, index),
  };
}
