import { type ElementType, elementTypes } from "../core/element-type.ts";
import { fromFloat16Bits, toFloat16Bits } from "../core/float16.ts";
import type { NumericKind } from "./numeric-kind.ts";
import type { Scalar } from "./row.ts";

/** How values of rows become elements of a tensor of one type, and back. */
export interface ElementCodec {
  /** What {@link ElementCodec.encode} takes, for messages. */
  readonly expected: string;
  /** The element; undefined when the value cannot be one. */
  readonly encode: (value: unknown) => number | bigint | string | undefined;
  /** Whether `set()` writes for each element of such a typed array what {@link ElementCodec.encode} gives. */
  readonly copies: (kind: NumericKind) => boolean;
  readonly decode: (element: number | bigint | string) => Scalar;
}

/** A data array being filled. */
export type Elements = { [index: number]: number | bigint | string; readonly length: number };

const asIs = (element: number | bigint | string): Scalar => element;
const float = (value: unknown) => (typeof value === "number" ? value : typeof value === "boolean" ? Number(value) : undefined);

const never = () => false;

const float16: ElementCodec = {
  expected: "a number",
  encode(value) {
    const number = float(value);
    return number === undefined ? undefined : toFloat16Bits(number);
  },
  copies: never,
  decode: (bits) => fromFloat16Bits(bits as number),
};

/**
 * The codec of a type. That of a packed or exotic type takes no value and gives elements as they are.
 *
 * Floats take every number, NaN and infinities too. A boolean counts as 0 or 1 wherever a number is taken. Integers must be whole
 * and in range, so that nothing wraps around. 64-bit integers take numbers up to 2^53 − 1 and bigints, and are answered as a number
 * where it is exact, as a bigint beyond.
 */
export function elementCodec(type: ElementType): ElementCodec {
  switch (type) {
    case "float32":
    case "float64":
      return { expected: "a number", encode: float, copies: (kind) => !kind.startsWith("Big"), decode: asIs };
    case "float16":
      return float16;
    case "string":
      return {
        expected: "a string",
        encode: (value) => (typeof value === "string" ? value : undefined),
        copies: never,
        decode: asIs,
      };
    case "bool":
      return {
        expected: "a boolean",
        encode: (value) => (typeof value === "boolean" ? Number(value) : undefined),
        copies: never,
        decode: (element) => element !== 0,
      };
    case "int8":
    case "int16":
    case "int32":
      return integer(type, -(2 ** (elementTypes[type].bits - 1)), 2 ** (elementTypes[type].bits - 1) - 1);
    case "uint8":
    case "uint16":
    case "uint32":
      return integer(type, 0, 2 ** elementTypes[type].bits - 1);
    case "int64":
      return bigInteger(type, -(2n ** 63n), 2n ** 63n - 1n);
    case "uint64":
      return bigInteger(type, 0n, 2n ** 64n - 1n);
    default:
      return {
        expected: `a tensor, given to run(): no value of a row can be ${type}`,
        encode: () => undefined,
        copies: never,
        decode: asIs,
      };
  }
}

/** A data array for `length` elements of a type. */
export function newElements(type: ElementType, length: number): Elements {
  const { array } = elementTypes[type];
  return array === undefined ? new Array<string>(length).fill("") : new array(length);
}

type IntegerType = "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64";

/** Not others that could hold no more, apart from the clamped bytes of images: they are checked one by one. */
function ofOwnKind(type: IntegerType): (kind: NumericKind) => boolean {
  const own = elementTypes[type].array.name;
  return (kind) => kind === own || (type === "uint8" && kind === "Uint8ClampedArray");
}

function integer(type: IntegerType, min: number, max: number): ElementCodec {
  return {
    expected: `an integer from ${min} to ${max}`,
    encode(value) {
      const number = float(value);
      return number !== undefined && Number.isInteger(number) && number >= min && number <= max ? number : undefined;
    },
    copies: ofOwnKind(type),
    decode: asIs,
  };
}

function bigInteger(type: IntegerType, min: bigint, max: bigint): ElementCodec {
  return {
    expected: `a bigint from ${min} to ${max} or an integer that a number holds exactly`,
    encode(value) {
      const number = float(value);
      if (number !== undefined && !Number.isSafeInteger(number)) return undefined;
      const big = number === undefined ? value : BigInt(number);
      return typeof big === "bigint" && big >= min && big <= max ? big : undefined;
    },
    copies: ofOwnKind(type),
    decode: (element) => (Number.isSafeInteger(Number(element)) ? Number(element) : element),
  };
}
