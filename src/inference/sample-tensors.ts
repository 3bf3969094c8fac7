import { toBfloat16Bits } from "../core/bfloat16.ts";
import { dataLength, type ElementData, type ElementType, elementTypes } from "../core/element-type.ts";
import { toFloat16Bits } from "../core/float16.ts";
import { type Random, randomInt, randomNormal } from "../core/random.ts";
import { elementCount, type Tensor } from "../core/tensor.ts";
import { newElements } from "./element-codec.ts";
import type { TensorSpec, Tensors } from "./port.ts";

/** Most elements of an input that are made up: a model may declare any extent. */
const maxElements = 1 << 24;

/**
 * Tensors that fit a model's inputs: floats from a normal distribution whose scale differs from row to row, the first row zeros; integers
 * `least` or one more, which most tables take; booleans; short texts.
 *
 * @param rows - extent of each open first axis
 * @param shape - `extent`: that of every other open axis; those after an unknown rank do not exist
 * @returns undefined when an input would be too big to make up
 */
export function sampleTensors(
  specs: readonly TensorSpec[],
  rows: number,
  { extent: openExtent, least }: { readonly extent: number; readonly least: number },
  random: Random,
): Tensors | undefined {
  const tensors: Record<string, Tensor> = {};
  for (const { name, type, dims: declared } of specs) {
    const dims = (declared ?? ["?"]).map((extent, axis) =>
      typeof extent === "number" ? extent : axis === 0 ? rows : openExtent,
    );
    const count = dims.reduce((product, extent) => product * extent, 1);
    if (!(count <= maxElements)) return undefined;
    tensors[name] = { type, dims, data: samples(type, dims, least, random) };
  }
  return tensors;
}

function samples(type: ElementType, dims: readonly number[], least: number, random: Random): ElementData {
  const count = elementCount(dims);
  const data = newElements(type, dataLength(type, count));
  const rowLength = Math.max(1, count / Math.max(1, dims[0] ?? 1));
  for (let i = 0; i < data.length; i++) data[i] = sample(type, Math.floor(i / rowLength), i % rowLength === 0, least, random);
  return data as ElementData;
}

/** @param first - whether it is the first element of its row: that of a type with few values differs from the one of the row before */
function sample(type: ElementType, row: number, first: boolean, least: number, random: Random): number | bigint | string {
  switch (type) {
    case "float32":
    case "float64":
    case "complex64":
    case "complex128":
      return randomNormal(random) * row;
    case "float16":
      return toFloat16Bits(randomNormal(random) * Math.min(row, 2));
    case "bfloat16":
      return toBfloat16Bits(randomNormal(random) * row);
    case "string":
      return ["", "a", "b c"][first ? row % 3 : randomInt(random, 3)]!;
    default: {
      const bit = (first ? row % 2 : randomInt(random, 2)) + (type === "bool" ? 0 : least);
      return elementTypes[type].bits === 64 ? BigInt(bit) : bit;
    }
  }
}
