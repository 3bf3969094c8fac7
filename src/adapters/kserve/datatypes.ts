import type { ElementType } from "../../core/element-type.ts";

/**
 * The element types that the protocol has, by its own names.
 *
 * @source Open Inference Protocol v2, "Tensor Data Types"; BF16 as in Triton's
 */
const datatypes = {
  bool: "BOOL",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
  float16: "FP16",
  float32: "FP32",
  float64: "FP64",
  string: "BYTES",
  bfloat16: "BF16",
} as const satisfies Partial<Record<ElementType, string>>;

/** An element type that the protocol carries. */
export type CarriedType = keyof typeof datatypes;

/** Every element type that the protocol carries as binary data. */
export const binaryTypes = Object.keys(datatypes) as readonly CarriedType[];

/** Those that it carries as JSON, which has no form for the 16-bit floats. */
export const jsonTypes: readonly CarriedType[] = binaryTypes.filter((type) => type !== "float16" && type !== "bfloat16");

const types = new Map<string, CarriedType>(binaryTypes.map((type) => [datatypes[type], type]));

/** The protocol's name of an element type. */
export function datatypeOf(type: CarriedType): string {
  return datatypes[type];
}

/** The element type of this name; undefined when there is none. Some servers write the name in lower case. */
export function typeOfDatatype(datatype: string): CarriedType | undefined {
  return types.get(datatype.toUpperCase());
}
