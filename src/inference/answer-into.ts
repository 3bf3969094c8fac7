import { type ElementType, elementTypes } from "../core/element-type.ts";
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

/** An `INPUT_UNKNOWN` error about a tensor for an output that is not asked for. */
export function notAsked(name: string, asked: readonly string[]): ModelwrightError<"INPUT_UNKNOWN"> {
  return new ModelwrightError(
    "INPUT_UNKNOWN",
    `There is no answer ${JSON.stringify(name)} to write; asked for are ${asked.join(", ")}`,
    { details: { input: name, known: asked } },
  );
}

/** @throws a {@link ModelwrightError} with code `INPUT_DTYPE` unless answers of a type can be written into `target` */
export function checkTarget(name: string, type: ElementType, target: unknown): void {
  const { type: own, data } = (target ?? {}) as Partial<Tensor>;
  const array = elementTypes[type].array?.name ?? "Array";
  // By tag, because `instanceof` fails for arrays of another realm.
  const tag = Object.prototype.toString.call(data).slice("[object ".length, -1);
  if (own === type && tag === array) return;
  const expected = own === type ? `${type} in ${array}` : type;
  const given = own === type ? `${own} in ${tag}` : isObject(target) ? String(own) : target === null ? "null" : typeof target;
  throw new ModelwrightError("INPUT_DTYPE", `The tensor for ${JSON.stringify(name)} needs to be ${expected}, but is ${given}`, {
    details: { input: name, expected, given },
  });
}

function checkFits(name: string, answer: Tensor | undefined, target: Tensor, asked: readonly string[]): void {
  if (answer === undefined || !asked.includes(name)) throw notAsked(name, asked);
  checkTarget(name, answer.type, target);
  const expected = formatDims(answer.dims);
  const shape = Array.isArray(target.dims) ? formatDims(target.dims) : "without dims";
  if (shape === expected && target.data.length === answer.data.length) return;
  const given = shape === expected ? `${shape} with ${target.data.length} elements` : shape;
  throw new ModelwrightError("INPUT_SHAPE", `The tensor for ${JSON.stringify(name)} needs ${expected}, but is ${given}`, {
    details: { input: name, expected, given },
  });
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
