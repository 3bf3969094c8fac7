import { isBytes } from "../core/chunks.ts";
import type { JsonValue } from "../core/json.ts";
import { invalidInput } from "../core/schema.ts";

/** Deeper values are cycles or mistakes; without a bound they would overflow the stack. */
const MAX_DEPTH = 32;

/** Few enough to be arguments of one call, which must not overflow the stack. */
const CHUNK_BYTES = 4096;

/**
 * A feature value as JSON, for stores; {@link decodeValue} restores it exactly.
 *
 * What JSON carries stays as it is. The rest becomes an object of one member that begins with `$`: `{"$bigint": "42"}`,
 * `{"$number": "NaN"}` (also `Infinity`, `-Infinity` and `-0`), `{"$date": 1700000000000}` (ms since the epoch) and
 * `{"$bytes": "AQI="}` (base64). A plain object that looks like one of these is put into `{"$object": …}`. A member of a nested
 * object that is undefined is left out.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for functions, symbols, undefined, invalid dates, objects that are
 * not plain, and more than 32 levels
 */
export function encodeValue(value: unknown): JsonValue {
  return encode(value, 0);
}

function encode(value: unknown, depth: number): JsonValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? "-0" : String(value) };
    case "bigint":
      return { $bigint: String(value) };
    case "object":
      return value === null ? null : encodeObject(value, depth);
    default:
      throw refused(`a value of type ${typeof value} cannot be stored`);
  }
}

function encodeObject(value: object, depth: number): JsonValue {
  if (depth >= MAX_DEPTH) throw refused(`a value nested deeper than ${MAX_DEPTH} levels, or in itself, cannot be stored`);
  if (Array.isArray(value)) return Array.from(value, (item) => encode(item, depth + 1));
  if (isBytes(value)) return { $bytes: toBase64(value) };
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refused("an invalid Date cannot be stored");
    return { $date: value.getTime() };
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw refused(`an object of class ${value.constructor?.name ?? "unknown"} cannot be stored`);
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const encoded = Object.fromEntries(members.map(([name, member]) => [name, encode(member, depth + 1)]));
  return isTagged(members.map(([name]) => name)) ? { $object: encoded } : encoded;
}

/**
 * The value that {@link encodeValue} wrote.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` when it did not write this
 */
export function decodeValue(value: JsonValue): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(decodeValue);
  const object = value as { readonly [key: string]: JsonValue };
  const names = Object.keys(object);
  return isTagged(names) ? decodeTagged(names[0]!, object[names[0]!]!) : decodeMembers(object);
}

function decodeTagged(tag: string, value: JsonValue): unknown {
  if (tag === "$bigint" && typeof value === "string" && /^-?\d+$/.test(value)) return BigInt(value);
  if (tag === "$number" && typeof value === "string" && /^(?:NaN|-?Infinity|-0)$/.test(value)) return Number(value);
  if (tag === "$date" && typeof value === "number") return new Date(value);
  if (tag === "$bytes" && typeof value === "string" && isBase64(value)) return fromBase64(value);
  if (tag === "$object" && typeof value === "object" && value !== null && !Array.isArray(value)) {
    return decodeMembers(value as { readonly [key: string]: JsonValue });
  }
  throw refused(`a stored ${tag} is damaged or was written by a newer release`);
}

function decodeMembers(object: { readonly [key: string]: JsonValue }): unknown {
  return Object.fromEntries(Object.entries(object).map(([name, member]) => [name, decodeValue(member)]));
}

function isTagged(names: readonly string[]): boolean {
  return names.length === 1 && names[0]!.startsWith("$");
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES));
  return btoa(text);
}

/** A pattern for the whole text would overflow its stack where the text is long. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(text.replace(/={1,2}$/, ""));
}

function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function refused(message: string) {
  return invalidInput("feature value", [{ path: [], message }]);
}
