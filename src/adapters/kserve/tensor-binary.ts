import type { ElementData } from "../../core/element-type.ts";
import { type Tensor, tensorBytes } from "../../core/tensor.ts";
import { wellFormed } from "./tensor-json.ts";

/**
 * The elements of a tensor as binary data: little-endian, row-major, without gaps; each text with its length in front, in 4 bytes.
 *
 * @returns for numbers the tensor's own memory
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for text with a lone surrogate
 * @source Triton Inference Server, "Binary Tensor Data Extension"
 */
export function writeBinaryData(input: string, tensor: Tensor): Uint8Array {
  if (tensor.type !== "string") return tensorBytes(tensor);
  const encoder = new TextEncoder();
  const texts = (tensor.data as readonly string[]).map((text) => encoder.encode(wellFormed(input, text)));
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + 4 + text.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const text of texts) {
    view.setUint32(at, text.length, true);
    bytes.set(text, at + 4);
    at += 4 + text.length;
  }
  return bytes;
}

/**
 * The texts in binary data; undefined when it does not hold exactly `count` of them.
 *
 * @throws a `TypeError` when a text is not UTF-8
 */
export function readBinaryTexts(bytes: Uint8Array, count: number): ElementData<"string"> | undefined {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  let at = 0;
  while (texts.length < count) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) return undefined;
    texts.push(decoder.decode(bytes.subarray(at + 4, end)));
    at = end;
  }
  return at === bytes.length ? texts : undefined;
}
