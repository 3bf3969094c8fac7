import type { ModelwrightError } from "../core/errors.ts";
import { checkTarget, notAsked } from "./answer-into.ts";
import { checkOutputs } from "./check-tensors.ts";
import type { TensorSpec, Tensors } from "./port.ts";

/** Options of `InferenceSession.run`. */
export interface RunOptions {
  /** The names to answer. @defaultValue all tensor outputs */
  readonly outputs?: readonly string[] | undefined;
  /** Tensors to write answers into, by output, of the type and extents of the answer; they are answered in its place. */
  readonly into?: Tensors | undefined;
}

/** What a run is to answer, and where to. */
export interface CheckedRunOptions {
  readonly outputs: readonly string[];
  readonly into: Tensors | undefined;
}

/**
 * Copies of the options, which nobody changes after the check.
 *
 * @param specs - the outputs of the model
 * @param all - their names, which are answered where no name is given
 * @throws a `TypeError` for options of another form; a {@link ModelwrightError} with code `INPUT_UNKNOWN` for an output that the model
 * has not, or a tensor whose output is not asked for; `INPUT_DTYPE` for a tensor of another type than its output
 */
export function checkRunOptions(options: RunOptions, specs: readonly TensorSpec[], all: readonly string[]): CheckedRunOptions {
  if (!isRecord(options)) throw new TypeError("run() takes its options as an object");
  for (const key in options) {
    if (key === "outputs" || key === "into") continue;
    const takes = "it takes outputs and into, and a signal or a time limit as its third argument";
    throw new TypeError(`run() has no option ${JSON.stringify(key)}; ${takes}`);
  }
  const { outputs: names, into } = options;
  const outputs = names === undefined ? all : checkedNames(names, specs, all);
  return { outputs, into: into === undefined ? undefined : checkedTargets(into, outputs, specs) };
}

function checkedNames(names: readonly string[], specs: readonly TensorSpec[], all: readonly string[]): readonly string[] {
  const outputs: readonly unknown[] = Array.isArray(names) ? [...names] : [undefined];
  if (!outputs.every((name) => typeof name === "string")) throw new TypeError("run() takes as outputs an array of names");
  checkOutputs(specs, outputs);
  return outputs.length === 0 ? all : outputs;
}

function checkedTargets(given: Tensors, outputs: readonly string[], specs: readonly TensorSpec[]): Tensors {
  if (!isRecord(given)) throw new TypeError("run() takes as into an object of tensors by the names of outputs");
  const into: Tensors = { ...given };
  for (const name of Object.keys(into)) {
    if (!outputs.includes(name)) throw notAsked(name, outputs);
    checkTarget(name, specs.find((spec) => spec.name === name)!.type, into[name]);
  }
  return into;
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
