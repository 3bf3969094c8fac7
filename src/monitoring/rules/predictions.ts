import { type JsonValue, jsonText } from "../../core/json.ts";
import type { NewLabel, NewPrediction, PredictionLabel, PredictionOutput } from "../port.ts";
import { assertText, assertTime, refused } from "./assert-text.ts";

/** A prediction that every store can hold: a copy, with its output as JSON text. */
export interface CheckedPrediction extends Omit<NewPrediction, "output"> {
  readonly output: string;
}

/**
 * The predictions of a batch that stores add, as they were when they were given; of several with one id the first one.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` when one of them, or the model, is not as the port says
 */
export function checkPredictions(model: string, predictions: readonly NewPrediction[]): readonly CheckedPrediction[] {
  assertText(model, "model", "prediction");
  const checked = new Map<string, CheckedPrediction>();
  for (const [i, { id, version, at, segment, output }] of predictions.entries()) {
    assertText(id, "id", "prediction", [i, "id"]);
    assertText(version, "version", "prediction", [i, "version"]);
    assertTime(at, "prediction", [i, "at"]);
    if (segment !== null) assertText(segment, "segment", "prediction", [i, "segment"]);
    const text = outputText(output, i);
    if (!checked.has(id)) checked.set(id, { id, version, at: at + 0, segment, output: text });
  }
  return [...checked.values()];
}

/**
 * The labels of a batch, as they were when they were given.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` when one of them, the model or the window is not as the port says
 */
export function checkLabels(model: string, labels: readonly NewLabel[], windowMs: number): readonly NewLabel[] {
  assertText(model, "model", "label");
  if (!(windowMs >= 0)) throw refused("label", ["windowMs"], `expected milliseconds, at least 0, but got ${String(windowMs)}`);
  return labels.map(({ id, label, at, replaces }, i) => {
    assertText(id, "id", "label", [i, "id"]);
    assertTime(at, "label", [i, "at"]);
    if (!isLabel(label)) throw refused("label", [i, "label"], "expected a finite number or a class");
    if (typeof replaces !== "boolean") throw refused("label", [i, "replaces"], "expected true or false");
    return { id, label: typeof label === "number" ? label + 0 : label, at: at + 0, replaces };
  });
}

/** Whether a value is an output that stores hold. */
export function isOutput(value: unknown): value is PredictionOutput {
  if (isLabel(value)) return true;
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(Number.isFinite);
}

/** Whether a value is a label that stores hold. */
export function isLabel(value: unknown): value is PredictionLabel {
  return typeof value === "string" || Number.isFinite(value);
}

/** The JSON text of an output, in which -0 is 0. */
function outputText(output: PredictionOutput, i: number): string {
  if (!isOutput(output)) {
    throw refused("prediction", [i, "output"], "expected a finite number, a class, or a finite number for each class");
  }
  // Which also refuses what only looks like an object of numbers, a typed array for example.
  return jsonText(output as JsonValue, "The output of a prediction");
}
