import { ModelwrightError } from "../core/errors.ts";
import { formatDims, type Tensor } from "../core/tensor.ts";
import { type JobAnswer, ownOutputs } from "./batching/job.ts";
import type { Tensors } from "./port.ts";

/**
 * The outputs of a job as its caller gets them: in memory of their own, those named in `into` in the tensors given there. Nothing is
 * written unless all of them fit.
 *
 * @throws a {@link ModelwrightError} with code `INPUT_UNKNOWN` for a tensor whose output was not asked for, `INPUT_DTYPE` or
 * `INPUT_SHAPE` for one that the answer does not fit in
 */
export function answerInto(answer: JobAnswer, asked: readonly string[], into: Tensors | undefined): Tensors {
  const own = ownOutputs(answer);
  if (into === undefined) return own;
  const given = Object.keys(into);
  for (const name of given) checkFits(name, own[name], into[name]!, asked);
  const filled: Record<string, Tensor> = { ...own };
  for (const name of given) {
    const target = into[name]!;
    const { data } = own[name]!;
    if (ArrayBuffer.isView(data)) (target.data as Uint8Array).set(data as Uint8Array);
    else for (const [i, item] of data.entries()) (target.data as string[])[i] = item;
    filled[name] = target;
  }
  return filled;
}

function checkFits(name: string, answer: Tensor | undefined, target: Tensor, asked: readonly string[]): void {
  if (answer === undefined || !asked.includes(name)) {
    throw new ModelwrightError(
      "INPUT_UNKNOWN",
      `There is no answer ${JSON.stringify(name)} to write; asked for are ${asked.join(", ")}`,
      { details: { input: name, known: asked } },
    );
  }
  const sameArray = Object.prototype.toString.call(target.data) === Object.prototype.toString.call(answer.data);
  if (target.type !== answer.type || !sameArray) {
    throw new ModelwrightError(
      "INPUT_DTYPE",
      `The tensor for ${JSON.stringify(name)} needs to be ${answer.type}, but is ${target.type}`,
      { details: { input: name, expected: answer.type, given: String(target.type) } },
    );
  }
  const expected = formatDims(answer.dims);
  const shape = formatDims(target.dims);
  if (shape === expected && target.data.length === answer.data.length) return;
  throw new ModelwrightError("INPUT_SHAPE", `The tensor for ${JSON.stringify(name)} needs ${expected}, but is ${shape}`, {
    details: { input: name, expected, given: shape },
  });
}
