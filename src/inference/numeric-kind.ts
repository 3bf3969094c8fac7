import type { NumericArray } from "./row.ts";

/** Name of a kind of typed array. */
export type NumericKind = `${string}Array`;

// The getter of the language itself: an array of another realm has it, an object that only says that it is one has not.
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const kind = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)!.get!;

/** The kind of a typed array, for example `Float32Array`; undefined for anything else. */
export function numericKind(value: unknown): NumericKind | undefined {
  return kind.call(value) as NumericKind | undefined;
}

/** Whether a value is a plain or a typed array. */
export function isItems(value: unknown): value is readonly unknown[] | NumericArray {
  return typeof value === "object" && (Array.isArray(value) || numericKind(value) !== undefined);
}
