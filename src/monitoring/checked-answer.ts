import type { Issue } from "../core/errors.ts";
import type { ModelTask } from "./model-task.ts";
import { isText, MAX_TEXT } from "./monitor-text.ts";
import type { LoggedPrediction, PredictionLabel, PredictionOutput } from "./port.ts";

/** Most classes of one answer. */
const MAX_ANSWER_CLASSES = 1000;

/** How far a sum of probabilities may be above 1: those of half floats are. */
const SLACK = 1e-2;

/** The most probable class of a map; of equals, the first by name. Undefined when the map is not one of probabilities. */
export function topClass(output: Readonly<Record<string, number>>): string | undefined {
  let top: string | undefined;
  let best = -1;
  let sum = 0;
  let classes = 0;
  for (const name of Object.keys(output)) {
    const probability = output[name];
    if (!(typeof probability === "number" && probability >= 0 && probability <= 1 && isText(name))) return undefined;
    sum += probability;
    classes += 1;
    if (probability > best || (probability === best && name < top!)) {
      best = probability;
      top = name;
    }
  }
  return sum <= 1 + SLACK && classes <= MAX_ANSWER_CLASSES ? top : undefined;
}

/** What is wrong with an answer of this kind of model. */
export function outputIssue(task: ModelTask): Issue {
  const expected = {
    binary: "the probability of the positive class, a number in [0, 1]",
    multiclass: `a class of 1 to ${MAX_TEXT} characters, or a probability for each of at most ${MAX_ANSWER_CLASSES} classes`,
    regression: "a finite number; an answer that is none is a failure, for recordError",
  };
  return { path: ["output"], message: `expected ${expected[task]}` };
}

/** The label as it is kept: 0 and 1 for the classes of a binary task. Undefined when it is none of this kind of model. */
export function keptLabel(
  task: ModelTask,
  label: unknown,
  names: readonly [negative: number | string, positive: number | string],
): PredictionLabel | undefined {
  if (task === "binary") return label === names[1] ? 1 : label === names[0] ? 0 : undefined;
  if (task === "multiclass") return isText(label) ? label : undefined;
  return typeof label === "number" && Number.isFinite(label) ? label : undefined;
}

/** What a label of this kind of model must be, for a message. */
export function labelExpectation(task: ModelTask, names: readonly [number | string, number | string]): string {
  if (task === "binary") return names.map((name) => JSON.stringify(name)).join(" or ");
  return task === "multiclass" ? `a class of 1 to ${MAX_TEXT} characters` : "a finite number";
}

/** The answer with nothing of the caller's in it. */
export function copied(output: PredictionOutput): PredictionOutput {
  return typeof output === "object" && output !== null && !Array.isArray(output) ? { ...output } : output;
}

/** Whether a stored record is one of this kind of model: its task may have been another one once. */
export function fitsTask(task: ModelTask, { output, label }: Pick<LoggedPrediction, "output" | "label">): boolean {
  if (task === "multiclass") {
    if (label !== null && typeof label !== "string") return false;
    return typeof output === "string" || (typeof output === "object" && topClass(output) !== undefined);
  }
  if (label !== null && (task === "binary" ? label !== 0 && label !== 1 : typeof label !== "number")) return false;
  return typeof output === "number" && (task === "regression" || (output >= 0 && output <= 1));
}
