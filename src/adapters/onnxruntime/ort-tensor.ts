import type { ElementData, ElementType } from "../../core/element-type.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { OrtTensor } from "./library.ts";

/** The element types that ONNX Runtime takes and gives through JavaScript. Others make it fail, some by ending the process. */
export const ortElementTypes = [
  "float32",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "int64",
  "string",
  "bool",
  "float16",
  "float64",
  "uint32",
  "uint64",
] as const satisfies readonly ElementType[];

/**
 * The tensor as ONNX Runtime reads it, over the same array. A plain object, not the engine's class: where the platform has
 * `Float16Array`, the class refuses the 16-bit words that the engine itself wants.
 */
export function toOrt(tensor: Tensor): OrtTensor {
  return { type: tensor.type, dims: tensor.dims, data: tensor.data, location: "cpu" };
}

/** A tensor that ONNX Runtime gave, over the same memory. */
export function fromOrt({ type, dims, data }: Pick<OrtTensor, "type" | "dims" | "data">): Tensor {
  return { type: type as ElementType, dims, data: wordsOf(type, data) as ElementData };
}

/** The elements over the same memory, float16 as words: it comes in a `Float16Array` where the platform has it. */
export function wordsOf(type: string, data: OrtTensor["data"]): OrtTensor["data"] {
  const floats = type === "float16" && ArrayBuffer.isView(data) && !(data instanceof Uint16Array);
  return floats ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : data;
}
