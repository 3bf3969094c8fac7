import * as z from "zod";
import { ModelwrightError } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import { invalidConfig, parseOptions } from "../core/options.ts";
import type { TensorSpec } from "./port.ts";
import type { Row, RowValue } from "./row.ts";
import { type Step, type StepContext, step } from "./step.ts";

/** Name of a class. */
export type ClassLabel = string | number;

/** One class of a {@link Classification}. */
export interface ClassProbability<Label extends ClassLabel = ClassLabel> {
  readonly label: Label;
  /** In [0, 1] where the model gives probabilities. */
  readonly probability: number;
}

/** What a classifier says of one sample. */
export interface Classification<Label extends ClassLabel = ClassLabel> extends ClassProbability<Label> {
  /** The most probable classes, best first; those with equal scores in the order of the model. */
  readonly classes: readonly ClassProbability<Label>[];
}

/** Options of {@link classification}. */
export interface ClassificationOptions<Label extends ClassLabel = ClassLabel> {
  /**
   * Output with the class that the model decides for; its value is one of the model's class names.
   *
   * @defaultValue none: the most probable class, or what `threshold` says
   */
  readonly label?: string | undefined;
  /**
   * Output with a score for each class, or for the second one of two.
   *
   * @defaultValue of the outputs besides `label`: the one that the model records class names for, else the one that holds an array,
   * else the only one
   */
  readonly probabilities?: string | undefined;
  /** Names of the classes, in the order of the model; of two, the negative one first. @defaultValue those that the model records, else 0, 1, 2 … */
  readonly labels?: readonly Label[] | undefined;
  /** What makes probabilities of the scores: `softmax` over the classes, `sigmoid` of each, or nothing. @defaultValue "none" */
  readonly activation?: "softmax" | "sigmoid" | "none" | undefined;
  /** Most classes that are answered, at least 1. @defaultValue all */
  readonly topK?: number | undefined;
  /**
   * For two classes: the least probability of the second one at which it is the answer. Not with `label`.
   *
   * @defaultValue 0.5 where the model gives one score; else the more probable class is the answer
   */
  readonly threshold?: number | undefined;
}

const optionsSchema = z
  .strictObject({
    label: z.string().min(1).optional(),
    probabilities: z.string().min(1).optional(),
    labels: z
      .array(z.union([z.string(), z.number()]))
      .min(2)
      .refine((labels) => new Set(labels).size === labels.length, "expected distinct labels")
      .optional(),
    activation: z.enum(["softmax", "sigmoid", "none"]).default("none"),
    topK: z.int().min(1).optional(),
    threshold: z.number().min(0).max(1).optional(),
  })
  .refine(({ label, threshold }) => label === undefined || threshold === undefined, "expected either label or threshold")
  .refine(({ label, probabilities }) => label === undefined || label !== probabilities, "expected two outputs");

type Parsed = z.output<typeof optionsSchema>;

/**
 * A step behind a classifier: from scores, or logits, to the class and its probability.
 *
 * The answer's `label` is what the model says in the output `label`, where one is named; else the most probable class. Its step throws
 * `MODEL_UNSUPPORTED` when the outputs are not as described, and `MODEL_RUN_FAILED` when a score is NaN.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID`
 *
 * @example
 * ```ts
 * import { classification } from "modelwright/inference";
 *
 * const decide = classification({ labels: ["honest", "fraud"], threshold: 0.8 });
 * ```
 */
export function classification<const Label extends ClassLabel = ClassLabel>(
  options: ClassificationOptions<Label> = {},
): Step<Row, Classification<Label>> {
  const parsed = parseOptions(optionsSchema, options, "classification");
  const { label, probabilities, labels, activation, topK, threshold } = parsed;
  const described = [label ?? null, probabilities ?? null, labels ?? null, activation, topK ?? null, threshold ?? null];
  const version = `classification-1 ${canonicalJson(described)}`;
  return step({ version, run: (row: Row, context: StepContext) => classify(row, parsed, context) as Classification<Label> });
}

function classify(row: Row, options: Parsed, context: StepContext): Classification {
  const output = options.probabilities ?? scoresOutput(row, options.label, context);
  const recorded = context.outputs.find(({ name }) => name === output)?.classes;
  const scores = scoresOf(row, output, context);
  const probabilities = probabilitiesOf(scores, output, options);
  const labels = labelsFor(probabilities.length, output, options, recorded);
  // By score where there is one for each class: probabilities of scores that are near each other, or great, may be equal.
  const ranks = scores.length === 1 ? probabilities : scores;
  const threshold = options.threshold ?? (scores.length === 1 ? 0.5 : undefined);
  const decided =
    options.label !== undefined
      ? labelIndex(row, options.label, probabilities.length, [options.labels, recorded])
      : threshold !== undefined
        ? Number(probabilities[1]! >= threshold)
        : ranks.reduce((best, each, i) => (each > ranks[best]! ? i : best), 0);
  // A stable sort keeps the order of those that are equal. Not by difference, which is NaN between infinities.
  const order = [...ranks.keys()].sort((a, b) => Number(ranks[b]! > ranks[a]!) - Number(ranks[a]! > ranks[b]!));
  const entry = (i: number): ClassProbability => ({ label: labels[i]!, probability: probabilities[i]! });
  return { ...entry(decided), classes: order.slice(0, options.topK).map(entry) };
}

function scoresOutput(row: Row, label: string | undefined, { outputs }: StepContext): string {
  const others = Object.keys(row).filter((name) => name !== label);
  const recorded = others.filter((name) => outputs.some((output) => output.name === name && output.classes !== undefined));
  const vectors = others.filter((name) => Array.isArray(row[name]));
  const found = [recorded, vectors, others].find((names) => names.length === 1);
  if (found !== undefined) return found[0]!;
  throw unsupported(`it is not clear which of the outputs ${others.join(", ")} has the scores; name it as probabilities`);
}

function scoresOf(row: Row, output: string, { provider }: StepContext): readonly number[] {
  const given: RowValue | undefined = Object.hasOwn(row, output) ? row[output] : undefined;
  const scores: readonly unknown[] = Array.isArray(given) ? given : [given];
  const name = JSON.stringify(output);
  if (given === undefined) throw unsupported(`there is no output ${name} among ${Object.keys(row).join(", ")}`);
  if (scores.length === 0) throw unsupported(`the output ${name} has no score`);
  if (!scores.every((score) => typeof score === "number")) throw unsupported(`the output ${name} has other values than numbers`);
  const strange = scores.findIndex(Number.isNaN);
  if (strange < 0) return scores;
  throw new ModelwrightError("MODEL_RUN_FAILED", `The output ${name} is NaN at ${strange}, from which no class follows`, {
    details: { provider },
  });
}

/** Least distance from [0, 1] at which a number is taken for something else than a probability with a rounding error. */
const SLACK = 1e-4;

/** Probabilities of the classes; of two for one score. */
function probabilitiesOf(scores: readonly number[], output: string, { activation }: Parsed): readonly number[] {
  const [only = 0] = scores;
  if (scores.length > 1) {
    return activation === "softmax" ? softmax(scores) : activation === "sigmoid" ? scores.map(sigmoid) : scores;
  }
  const name = JSON.stringify(output);
  if (activation === "softmax") throw unsupported(`the softmax of the one score in ${name} is always 1; use sigmoid`);
  // Not 1 less the other: that loses the digits of a small one.
  if (activation === "sigmoid") return [sigmoid(-only), sigmoid(only)];
  if (!(only >= -SLACK && only <= 1 + SLACK))
    throw unsupported(`the one score in ${name} is no probability; set activation to sigmoid if it is a logit`);
  const probability = Math.min(1, Math.max(0, only));
  return [1 - probability, probability];
}

/** Less its greatest element before it is raised, so that nothing overflows; infinities that are the greatest share. */
function softmax(scores: readonly number[]): readonly number[] {
  const greatest = scores.reduce((a, b) => Math.max(a, b));
  const weights = scores.map((score) => (score === greatest ? 1 : Math.exp(score - greatest)));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

/** By the power that does not overflow. */
function sigmoid(score: number): number {
  const power = Math.exp(-Math.abs(score));
  return (score >= 0 ? 1 : power) / (1 + power);
}

function labelsFor(
  count: number,
  output: string,
  { labels, threshold }: Parsed,
  recorded: TensorSpec["classes"],
): readonly ClassLabel[] {
  const issues = [];
  if (labels !== undefined && labels.length !== count)
    issues.push({
      path: ["labels"],
      message: `expected ${count} labels, one for each class of ${output}, but got ${labels.length}`,
    });
  if (threshold !== undefined && count !== 2)
    issues.push({ path: ["threshold"], message: `expected two classes, but ${output} has ${count}` });
  if (issues.length > 0) throw invalidConfig("classification", issues);
  const names = labels ?? recorded ?? Array.from({ length: count }, (_, i) => i);
  if (names.length === count) return names;
  throw unsupported(`it records ${names.length} class names for ${JSON.stringify(output)}, which has ${count} classes`);
}

/** Index of the class that the model names in an output, by the user's names or its own. A number is never taken for an index. */
function labelIndex(row: Row, output: string, count: number, names: readonly (readonly ClassLabel[] | undefined)[]): number {
  const given: RowValue | undefined = Object.hasOwn(row, output) ? row[output] : undefined;
  const name = JSON.stringify(output);
  if (given === undefined) throw unsupported(`there is no output ${name} among ${Object.keys(row).join(", ")}`);
  if (typeof given === "boolean" && count === 2) return Number(given);
  for (const labels of names) {
    const index = labels?.indexOf(given as ClassLabel) ?? -1;
    if (index >= 0) return index;
  }
  throw unsupported(`the class in ${name} is not among the names that are known; give them as labels, as the model does`);
}

function unsupported(reason: string): ModelwrightError<"MODEL_UNSUPPORTED"> {
  return new ModelwrightError("MODEL_UNSUPPORTED", `The model's answer cannot be classified: ${reason}`, { details: { reason } });
}
