import type { Issue } from "../../core/errors.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertList } from "../assert-sample.ts";

/** A class: text or a finite number. `1` and `"1"` are two classes; `0` and `-0` are one. */
export type ClassLabel = string | number;

/** Labels and predictions as indexes of classes. */
export interface ClassRows {
  /** Every class of the labels and the predictions once: numbers ascending, then texts by code unit. */
  readonly classes: readonly ClassLabel[];
  /** Codes of the labels; `rank[code]` is the index of the class. */
  readonly labels: Uint8Array | Uint32Array;
  readonly predictions: Uint8Array | Uint32Array;
  readonly rank: Uint32Array;
}

const MAX_ISSUES = 5;

/**
 * Finds the classes and counts nothing yet. Whole numbers from 0 to 255 are their own codes; others are looked up, one lookup a row.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for no rows, unequal lengths, or a label that is neither text nor finite
 */
export function classRows(subject: string, labels: ArrayLike<ClassLabel>, predictions: ArrayLike<ClassLabel>): ClassRows {
  assertRows(subject, labels, predictions);
  const bytes = byteRows(labels, predictions);
  if (bytes) return { ...bytes, ...classesOfBytes(bytes) };
  const codes = new Map<ClassLabel, number>();
  const coded = [lookUp(subject, "labels", labels, codes), lookUp(subject, "predictions", predictions, codes)] as const;
  const classes = [...codes.keys()].sort(byClass);
  const rank = new Uint32Array(classes.length);
  classes.forEach((label, index) => {
    rank[codes.get(label)!] = index;
  });
  return { classes, labels: coded[0], predictions: coded[1], rank };
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless there is a row, and a prediction for each label */
export function assertRows(subject: string, labels: ArrayLike<unknown>, predictions: ArrayLike<unknown>): void {
  assertList(`the labels of ${subject}`, labels);
  assertList(`the predictions of ${subject}`, predictions);
  if (labels.length > 0 && labels.length === predictions.length) return;
  const message =
    labels.length === predictions.length
      ? "expected at least one row"
      : `expected two samples of one length, but got ${labels.length} and ${predictions.length}`;
  throw invalidInput(subject, [{ path: [], message }]);
}

/**
 * The index of each label in `classes`.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for a label that is none of the classes
 */
export function indexesOf(subject: string, labels: ArrayLike<ClassLabel>, classes: readonly ClassLabel[]): Uint32Array {
  assertList(subject, labels);
  const codes = new Map(classes.map((label, index) => [label, index]));
  const indexes = new Uint32Array(labels.length);
  const issues: Issue[] = [];
  for (let i = 0; i < labels.length; i++) {
    const index = codes.get(labels[i]!);
    if (index !== undefined) indexes[i] = index;
    else if (issues.push({ path: [i], message: "expected one of the classes" }) === MAX_ISSUES) break;
  }
  if (issues.length > 0) throw invalidInput(subject, issues);
  return indexes;
}

/** Numbers ascending, then texts by code unit. */
function byClass(a: ClassLabel, b: ClassLabel): number {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Labels and predictions as bytes, or nothing when one is no whole number from 0 to 255. */
export function byteRows(
  labels: ArrayLike<ClassLabel>,
  predictions: ArrayLike<ClassLabel>,
): { readonly labels: Uint8Array; readonly predictions: Uint8Array } | undefined {
  const labelBytes = bytesOf(labels);
  const predictionBytes = labelBytes && bytesOf(predictions);
  return labelBytes && predictionBytes && { labels: labelBytes, predictions: predictionBytes };
}

function bytesOf(labels: ArrayLike<ClassLabel>): Uint8Array | undefined {
  if (labels instanceof Uint8Array) return labels;
  const bytes = new Uint8Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (typeof label !== "number") return undefined;
    bytes[i] = label;
    if (bytes[i] !== label) return undefined;
  }
  return bytes;
}

function classesOfBytes({ labels, predictions }: { readonly labels: Uint8Array; readonly predictions: Uint8Array }) {
  const seen = new Uint8Array(256);
  for (let i = 0; i < labels.length; i++) {
    seen[labels[i]!] = 1;
    seen[predictions[i]!] = 1;
  }
  const classes: number[] = [];
  const rank = new Uint32Array(256);
  seen.forEach((isSeen, code) => {
    if (isSeen === 1) rank[code] = classes.push(code) - 1;
  });
  return { classes, rank };
}

function lookUp(subject: string, name: string, labels: ArrayLike<ClassLabel>, codes: Map<ClassLabel, number>): Uint32Array {
  const found = new Uint32Array(labels.length);
  const issues: Issue[] = [];
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    let code = codes.get(label);
    if (code === undefined) {
      if (typeof label !== "string" && !Number.isFinite(label)) {
        if (issues.push({ path: [name, i], message: "expected text or a finite number" }) === MAX_ISSUES) break;
        continue;
      }
      code = codes.size;
      codes.set(label, code);
    }
    found[i] = code;
  }
  if (issues.length > 0) throw invalidInput(subject, issues);
  return found;
}
