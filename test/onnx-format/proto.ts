import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ModelwrightError } from "../../src/core/errors.ts";
import { readOnnxModel } from "../../src/onnx-format/index.ts";

/** A field: a number becomes a varint, the rest has a length. */
export type Field = readonly [number: number, value: number | string | Uint8Array];

/** A protobuf message, field by field, also one that no honest writer makes. */
export function proto(...fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (const [number, value] of fields) {
    if (typeof value === "number") writer.tag(number, WireType.Varint).int64(value);
    else if (typeof value === "string") writer.tag(number, WireType.LengthDelimited).string(value);
    else writer.tag(number, WireType.LengthDelimited).bytes(value);
  }
  return writer.finish();
}

/** `levels` messages inside one another, each the only field of the one around it; the numbers repeat from the outside in. */
export function nested(numbers: readonly number[], levels: number): Uint8Array<ArrayBuffer> {
  const heads: Uint8Array[] = [];
  let size = 0;
  for (let level = levels - 1; level >= 0; level--) {
    const head = new BinaryWriter()
      .tag(numbers[level % numbers.length]!, WireType.LengthDelimited)
      .uint32(size)
      .finish();
    heads.push(head);
    size += head.length;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const head of heads.reverse()) {
    bytes.set(head, at);
    at += head.length;
  }
  return bytes;
}

/** `count` copies of some bytes. */
export function repeated(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes.length * count);
  for (let i = 0; i < count; i++) all.set(bytes, i * bytes.length);
  return all;
}

/** Fields of a graph that make it complete: a node and an output. */
export const graphFields: readonly Field[] = [
  [1, proto([1, "x"], [2, "y"], [4, "Identity"])],
  [12, proto([1, "y"])],
];

/** A model around fields of its graph; `rest` are fields of the model. */
export function modelOf(graph: readonly Field[], ...rest: readonly Field[]): Uint8Array<ArrayBuffer> {
  return proto([1, 8], [8, proto([2, 17])], [7, proto(...graphFields, ...graph)], ...rest);
}

/** A tensor whose elements are in another file, with these entries. */
export function external(name: string, entries: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  return proto([8, name], ...Object.entries(entries).map(([key, value]) => [13, proto([1, key], [2, value])] as const), [14, 1]);
}

/** Why the bytes are refused; undefined when they are read. Any other error than `MODEL_INVALID` is thrown on. */
export function refusal(bytes: Uint8Array): string | undefined {
  try {
    readOnnxModel(bytes);
    return undefined;
  } catch (error) {
    if (ModelwrightError.is(error, "MODEL_INVALID")) return error.details.reason;
    throw error;
  }
}

/** How many fields the reader looks at during some work. */
export function fieldsRead(work: () => void): number {
  const { tag } = BinaryReader.prototype;
  let count = 0;
  BinaryReader.prototype.tag = function counted() {
    count += 1;
    return tag.call(this);
  };
  try {
    work();
  } finally {
    BinaryReader.prototype.tag = tag;
  }
  return count;
}
