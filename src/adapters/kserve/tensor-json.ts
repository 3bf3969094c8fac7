import { type ElementData, elementTypes } from "../../core/element-type.ts";
import { ModelwrightError } from "../../core/errors.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { CarriedType } from "./datatypes.ts";

/**
 * The elements of a tensor as a JSON array, flat. Integers of 64 bits are written as they are, −0 as `-0.0`.
 *
 * @throws a {@link ModelwrightError} with code `INPUT_DTYPE` for 16-bit floats, `INPUT_INVALID` for NaN, infinities and text with a lone
 * surrogate, which have no JSON form
 */
export function writeJsonData(input: string, { type, data }: Tensor): string {
  switch (type) {
    case "float16":
    case "bfloat16":
      throw new ModelwrightError(
        "INPUT_DTYPE",
        `The input ${JSON.stringify(input)} is ${type}, which has no JSON form; use tensors: "binary"`,
        { details: { input, expected: "a type that JSON carries", given: type } },
      );
    case "string":
      return JSON.stringify((data as readonly string[]).map((text) => wellFormed(input, text)));
    case "bool":
      return `[${Array.from(data as Uint8Array, (byte) => byte !== 0).join(",")}]`;
    case "float32":
    case "float64":
      return writeFloats(input, data as Float32Array | Float64Array);
    default:
      return `[${(data as Int32Array).join(",")}]`;
  }
}

/** The text itself. @throws a {@link ModelwrightError} with code `INPUT_INVALID` when it has a lone surrogate, which UTF-8 cannot hold */
export function wellFormed(input: string, text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw unwritable(input, "a text with a lone surrogate cannot be sent");
  return text;
}

function writeFloats(input: string, data: Float32Array | Float64Array): string {
  let negativeZero = false;
  for (const value of data) {
    if (!Number.isFinite(value)) throw unwritable(input, `${value} has no JSON form; use tensors: "binary"`);
    negativeZero ||= Object.is(value, -0);
  }
  // Some parsers take "-0" for an integer, which has no sign.
  return `[${negativeZero ? Array.from(data, (value) => (Object.is(value, -0) ? "-0.0" : value)).join(",") : data.join(",")}]`;
}

function unwritable(input: string, message: string): ModelwrightError<"INPUT_INVALID"> {
  const subject = `The input ${JSON.stringify(input)}`;
  return new ModelwrightError("INPUT_INVALID", `${subject} cannot be written as JSON: ${message}`, {
    details: { subject, issues: [{ path: [input], message }] },
  });
}

/** Integers that a double may not hold, and what is no JSON but is written all the same; the text of strings is stepped over. */
const inexact = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])|-?(?:Infinity|Inf|NaN)/g;

/**
 * Reads JSON so that integers of 16 digits and more keep every digit: they come as strings. So do NaN and infinities, which Triton writes
 * without quotes.
 *
 * @throws a `SyntaxError` when the text is no JSON
 */
export function parseExactJson(text: string): unknown {
  // Digits of a fraction do not count: a float32 often has more.
  if (!/(?<![\d.])\d{16}|NaN|Inf/.test(text)) return JSON.parse(text);
  return JSON.parse(text.replace(inexact, (token) => (token.startsWith('"') ? token : `"${token}"`)));
}

/**
 * The elements of `type` that a flat list from {@link parseExactJson} holds; undefined when an element is not of that type.
 *
 * @param items - as many as the tensor has elements
 */
export function readJsonData(type: CarriedType, items: readonly unknown[]): ElementData | undefined {
  if (type === "string") return items.every((item) => typeof item === "string") ? (items as readonly string[]) : undefined;
  const { array: Constructor } = elementTypes[type];
  const data = new Constructor(items.length);
  for (let i = 0; i < items.length; i++) {
    const element = readers[type]?.(items[i]);
    if (element === undefined) return undefined;
    data[i] = element;
    // A whole number that is out of range has wrapped around.
    if (type !== "float32" && type !== "float64" && data[i] !== element) return undefined;
  }
  return data;
}

const integer = (item: unknown) => (Number.isSafeInteger(item) ? (item as number) : undefined);

const bigInteger = (item: unknown) => {
  if (typeof item === "string") return /^-?\d{1,20}$/.test(item) ? BigInt(item) : undefined;
  return Number.isSafeInteger(item) ? BigInt(item as number) : undefined;
};

const spelled: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["-NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["Inf", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-Inf", Number.NEGATIVE_INFINITY],
]);

const float = (item: unknown) => {
  if (typeof item === "number") return item;
  if (typeof item !== "string") return undefined;
  return spelled.get(item) ?? (/^-?\d{16,400}$/.test(item) ? Number(item) : undefined);
};

/** Reads one element; undefined when it is not of the type. There are none for types that JSON does not carry. */
const readers: Readonly<Partial<Record<CarriedType, (item: unknown) => number | bigint | undefined>>> = {
  bool: (item) => (item === true || item === 1 ? 1 : item === false || item === 0 ? 0 : undefined),
  uint8: integer,
  uint16: integer,
  uint32: integer,
  int8: integer,
  int16: integer,
  int32: integer,
  uint64: bigInteger,
  int64: bigInteger,
  float32: float,
  float64: float,
};
