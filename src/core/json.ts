import { ModelwrightError } from "./errors.ts";

/** A value that JSON carries without loss. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * The canonical JSON text of a value: members sorted by UTF-16 code units, no white space, numbers as ECMAScript prints them.
 * Equal values give equal text, so the text can be hashed and signed.
 *
 * The sign of -0 is lost. An object that occurs twice is written twice.
 *
 * @throws a {@link ModelwrightError} with code `INPUT_INVALID` for what JSON cannot carry: NaN, infinities, undefined, bigint,
 * functions, lone surrogates, cycles, objects that are not plain, and nesting deeper than 100
 * @source RFC 8785 (JSON Canonicalization Scheme)
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, [], new Set());
}

/** Deepest nesting, so that hostile data cannot exhaust the stack. */
const MAX_DEPTH = 100;

/**
 * The JSON text of a value, members in their own order. Reading it gives an equal value, but that -0 becomes 0.
 *
 * @param subject - what the value is, for the message
 * @throws a {@link ModelwrightError} with code `INPUT_INVALID` for what `JSON.stringify` would drop or change silently: NaN,
 * infinities, undefined, bigint, functions, objects that are not plain; and for nesting deeper than 100, which cycles are too
 */
export function jsonText(value: JsonValue, subject: string): string {
  assertJson(value, [], subject);
  return JSON.stringify(value);
}

function assertJson(value: unknown, path: (string | number)[], subject: string): void {
  if (value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value)) return;
  if (typeof value !== "object") {
    throw notJson(subject, path, `${typeof value === "number" ? value : typeof value} has no JSON form`);
  }
  if (!Array.isArray(value) && !isPlain(value)) throw notJson(subject, path, "only plain objects have a JSON form");
  if (path.length > MAX_DEPTH) throw notJson(subject, [], `nested deeper than ${MAX_DEPTH}`);
  for (const [key, member] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    path.push(key);
    assertJson(member, path, subject);
    path.pop();
  }
}

function notJson(subject: string, path: readonly (string | number)[], message: string): ModelwrightError<"INPUT_INVALID"> {
  const at = path.length === 0 ? "" : ` at ${path.join(".")}`;
  return new ModelwrightError("INPUT_INVALID", `${subject} cannot be written as JSON: ${message}${at}`, {
    details: { subject, issues: [{ path: [...path], message }] },
  });
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function write(value: unknown, path: (string | number)[], parents: Set<object>): string {
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw refused(path, `${value} has no JSON form`);
    return JSON.stringify(value);
  }
  if (typeof value === "string") {
    if (/\p{Surrogate}/u.test(value)) throw refused(path, "a string with a lone surrogate has no canonical form");
    return JSON.stringify(value);
  }
  if (typeof value !== "object") throw refused(path, `${typeof value} has no JSON form`);
  if (parents.has(value)) throw refused(path, "a cycle has no JSON form");
  if (path.length > MAX_DEPTH) throw refused([], `nested deeper than ${MAX_DEPTH}`);
  parents.add(value);
  const text = Array.isArray(value) ? writeArray(value, path, parents) : writeObject(value, path, parents);
  parents.delete(value);
  return text;
}

function writeArray(value: readonly unknown[], path: (string | number)[], parents: Set<object>): string {
  return `[${Array.from(value, (item, i) => writeAt(i, item, path, parents)).join(",")}]`;
}

function writeObject(value: object, path: (string | number)[], parents: Set<object>): string {
  if (!isPlain(value)) throw refused(path, "only plain objects have a JSON form");
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${writeAt(key, key, path, parents)}:${writeAt(key, member, path, parents)}`);
  return `{${members.join(",")}}`;
}

function writeAt(key: string | number, value: unknown, path: (string | number)[], parents: Set<object>): string {
  path.push(key);
  const text = write(value, path, parents);
  path.pop();
  return text;
}

function refused(path: readonly (string | number)[], message: string): ModelwrightError<"INPUT_INVALID"> {
  const at = path.length === 0 ? "" : ` at ${path.join(".")}`;
  return new ModelwrightError("INPUT_INVALID", `A value cannot be written as canonical JSON: ${message}${at}`, {
    details: { subject: "canonical JSON", issues: [{ path: [...path], message }] },
  });
}
