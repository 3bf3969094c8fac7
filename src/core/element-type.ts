/** How the elements of one ONNX type are kept in JavaScript. */
export interface ElementLayout {
  /** Number in `TensorProto.DataType`. */
  readonly onnx: number;
  /** Bits of one element; 0 for strings. */
  readonly bits: number;
  /** The array that holds the elements; undefined for strings, which are kept in `string[]`. */
  readonly array: ElementArrayConstructor | undefined;
}

type ElementArrayConstructor =
  | Float32ArrayConstructor
  | Float64ArrayConstructor
  | Int8ArrayConstructor
  | Int16ArrayConstructor
  | Int32ArrayConstructor
  | BigInt64ArrayConstructor
  | Uint8ArrayConstructor
  | Uint16ArrayConstructor
  | Uint32ArrayConstructor
  | BigUint64ArrayConstructor;

/**
 * Every ONNX element type. `bool` is one byte of 0 or 1. `float16` and `bfloat16` are kept as bits in 16-bit words (see
 * `toFloat16Bits`), the 8-bit floats as bits in bytes, complex numbers as pairs (real, imaginary), and types of fewer than
 * 8 bits packed from the low bits of each byte up.
 *
 * @source ONNX IR specification, `TensorProto.DataType` of onnx.proto, IR version 13
 */
export const elementTypes = {
  float32: { onnx: 1, bits: 32, array: Float32Array },
  uint8: { onnx: 2, bits: 8, array: Uint8Array },
  int8: { onnx: 3, bits: 8, array: Int8Array },
  uint16: { onnx: 4, bits: 16, array: Uint16Array },
  int16: { onnx: 5, bits: 16, array: Int16Array },
  int32: { onnx: 6, bits: 32, array: Int32Array },
  int64: { onnx: 7, bits: 64, array: BigInt64Array },
  string: { onnx: 8, bits: 0, array: undefined },
  bool: { onnx: 9, bits: 8, array: Uint8Array },
  float16: { onnx: 10, bits: 16, array: Uint16Array },
  float64: { onnx: 11, bits: 64, array: Float64Array },
  uint32: { onnx: 12, bits: 32, array: Uint32Array },
  uint64: { onnx: 13, bits: 64, array: BigUint64Array },
  complex64: { onnx: 14, bits: 64, array: Float32Array },
  complex128: { onnx: 15, bits: 128, array: Float64Array },
  bfloat16: { onnx: 16, bits: 16, array: Uint16Array },
  float8e4m3fn: { onnx: 17, bits: 8, array: Uint8Array },
  float8e4m3fnuz: { onnx: 18, bits: 8, array: Uint8Array },
  float8e5m2: { onnx: 19, bits: 8, array: Uint8Array },
  float8e5m2fnuz: { onnx: 20, bits: 8, array: Uint8Array },
  uint4: { onnx: 21, bits: 4, array: Uint8Array },
  int4: { onnx: 22, bits: 4, array: Uint8Array },
  float4e2m1: { onnx: 23, bits: 4, array: Uint8Array },
  float8e8m0: { onnx: 24, bits: 8, array: Uint8Array },
  uint2: { onnx: 25, bits: 2, array: Uint8Array },
  int2: { onnx: 26, bits: 2, array: Uint8Array },
} as const satisfies Record<string, ElementLayout>;

/** Name of an ONNX element type. */
export type ElementType = keyof typeof elementTypes;

/** The array that holds elements of a type. */
export type ElementData<T extends ElementType = ElementType> = T extends "string"
  ? readonly string[]
  : (typeof elementTypes)[T]["array"] extends { readonly prototype: infer A }
    ? A
    : never;

const names = new Map<number, ElementType>(Object.entries(elementTypes).map(([name, { onnx }]) => [onnx, name as ElementType]));

/** The element type with this number in ONNX; undefined for a number that no released version knows. */
export function elementTypeOf(onnx: number): ElementType | undefined {
  return names.get(onnx);
}

/** How many items of the data array hold `count` elements. */
export function dataLength(type: ElementType, count: number): number {
  const { bits, array } = elementTypes[type];
  return array === undefined ? count : Math.ceil((count * bits) / 8) / array.BYTES_PER_ELEMENT;
}
