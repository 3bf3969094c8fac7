import { type ElementType, elementTypeOf } from "../core/element-type.ts";
import { invalidModel } from "./invalid-model.ts";
import type { ProtoInput } from "./proto-input.ts";

/** An input or output of a model as its file declares it. */
export interface OnnxValue {
  readonly name: string;
  /** What kind of value it is; `unknown` when the file does not say, or names a kind of a later ONNX version. */
  readonly kind: "tensor" | "sparse-tensor" | "sequence" | "map" | "optional" | "unknown";
  /** Type of the elements of a tensor; undefined for other kinds and for a type of a later ONNX version. */
  readonly type: ElementType | undefined;
  /** Extents of a tensor: a number, a name for a symbolic one, or `?` for an unknown one; null when the rank is unknown. */
  readonly dims: readonly (number | string)[] | null;
}

type ValueType = Omit<OnnxValue, "name">;
type Dims = (number | string)[];

const untyped: ValueType = { kind: "unknown", type: undefined, dims: null };

/** Reads an input or output. @source onnx.proto, `ValueInfoProto` */
export function readValue(input: ProtoInput): OnnxValue {
  let name = "";
  let type: ValueType | undefined;
  input.message((field) => {
    if (field === 1) name = input.text();
    else if (field === 2) type = once(type, "type", () => readType(input));
    else input.skip();
  });
  return { name, ...(type ?? untyped) };
}

/**
 * Runs `read` for a part that a message has at most once. Parsers of protobuf merge such parts, so a file could say one thing to
 * a reader that does not and another to an engine that does; no writer makes them.
 */
export function once<T>(seen: T | undefined, part: string, read: () => T): T {
  if (seen !== undefined) throw invalidModel(`a message has two of its part ${part}`);
  return read();
}

/** @source onnx.proto, `TypeProto` */
function readType(input: ProtoInput): ValueType {
  let type: ValueType | undefined;
  input.message((field) => {
    if (field === 1) type = once(type, "type", () => readTensorType(input, "tensor"));
    else if (field === 8) type = once(type, "type", () => readTensorType(input, "sparse-tensor"));
    else if (field === 4) type = once(type, "type", () => skipType(input, "sequence"));
    else if (field === 5) type = once(type, "type", () => skipType(input, "map"));
    else if (field === 9) type = once(type, "type", () => skipType(input, "optional"));
    else input.skip();
  });
  return type ?? untyped;
}

function skipType(input: ProtoInput, kind: OnnxValue["kind"]): ValueType {
  input.skip();
  return { ...untyped, kind };
}

function readTensorType(input: ProtoInput, kind: OnnxValue["kind"]): ValueType {
  let type: ElementType | undefined;
  let dims: Dims | undefined;
  input.message((field) => {
    if (field === 1) type = elementTypeOf(input.int32());
    else if (field === 2) dims = once(dims, "shape", () => readShape(input));
    else input.skip();
  });
  return { kind, type, dims: dims ?? null };
}

function readShape(input: ProtoInput): Dims {
  const dims: Dims = [];
  input.message((field) => {
    if (field === 1) dims.push(readDimension(input));
    else input.skip();
  });
  return dims;
}

/** Some exporters write −1 for an extent that they do not know. */
function readDimension(input: ProtoInput): number | string {
  let extent: number | string = "?";
  input.message((field) => {
    if (field === 1) extent = input.int64();
    else if (field === 2) extent = input.text();
    else input.skip();
  });
  return extent === "" || (typeof extent === "number" && extent < 0) ? "?" : extent;
}
