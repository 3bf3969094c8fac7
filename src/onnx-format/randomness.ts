import type { OnnxModelInfo } from "./read-model.ts";
import { type NodeNames, surveyNodes } from "./survey-nodes.ts";

/** @source ONNX operators, and contrib operators of ONNX Runtime */
const random: ReadonlySet<string> = new Set([
  "ai.onnx:Bernoulli",
  "ai.onnx:Multinomial",
  "ai.onnx:RandomNormal",
  "ai.onnx:RandomNormalLike",
  "ai.onnx:RandomUniform",
  "ai.onnx:RandomUniformLike",
  "com.microsoft:Sampling",
]);

/** They drop at random when their input at this position says so, and pass their data on when it is absent. */
const dropouts: ReadonlyMap<string, number> = new Map([
  ["ai.onnx:Dropout", 2],
  ["com.microsoft:BiasDropout", 4],
  ["com.microsoft:BitmaskDropout", 2],
  ["com.microsoft:BitmaskBiasDropout", 4],
]);

/** Before, `Dropout` had an attribute in the place of the input, and trained where it was absent. */
const dropoutOpset = 7;

/**
 * Whether a model may draw its answers at random, so that they can be neither compared nor kept: it has an operator of random numbers,
 * also inside subgraphs and functions, or a dropout that is told whether it trains. A seed does not help: an engine goes on from it
 * with each run.
 *
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` when the bytes are damaged
 */
export function usesRandomness(bytes: Uint8Array, { operators, opsets }: Pick<OnnxModelInfo, "operators" | "opsets">): boolean {
  if (operators.some((operator) => random.has(operator))) return true;
  if (!operators.some((operator) => dropouts.has(operator))) return false;
  let found = operators.includes("ai.onnx:Dropout") && (opsets["ai.onnx"] ?? dropoutOpset) < dropoutOpset;
  const node = ({ operator, inputs }: NodeNames) => {
    const position = dropouts.get(operator);
    found ||= position !== undefined && (inputs[position] ?? "") !== "";
  };
  surveyNodes(bytes, { node, functionNode: node });
  return found;
}
