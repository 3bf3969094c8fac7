import { ModelwrightError } from "./errors.ts";

/** A value that JSON carries without loss. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * The canonical JSON text of a value: members sorted by UTF-16 code units, no white space, numbers as ECMAScript prints them.
 * Equal values give equal text, so the text can be hashed and signed.
 *
 * @throws a {@link ModelwrightError} with code `INPUT_INVALID` for what JSON cannot carry: NaN, infinities, undefined, bigint,
 * functions, lone surrogates, cycles, and objects that are not plain
 * @source RFC 8785 (JSON Canonicalization Scheme)
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, [], new Set());
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
  parents.add(value);
  const text = Array.isArray(value) ? writeArray(value, path, parents) : writeObject(value, path, parents);
  parents.delete(value);
  return text;
}

function writeArray(value: readonly unknown[], path: (string | number)[], parents: Set<object>): string {
  return `[${Array.from(value, (item, i) => write(item, [...path, i], parents)).join(",")}]`;
}

function writeObject(value: object, path: (string | number)[], parents: Set<object>): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refused(path, "only plain objects have a JSON form");
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${write(key, [...path, key], parents)}:${write(member, [...path, key], parents)}`);
  return `{${members.join(",")}}`;
}

function refused(path: readonly (string | number)[], message: string): ModelwrightError<"INPUT_INVALID"> {
  const at = path.length === 0 ? "" : ` at ${path.join(".")}`;
  return new ModelwrightError("INPUT_INVALID", `A value cannot be written as canonical JSON: ${message}${at}`, {
    details: { subject: "canonical JSON", issues: [{ path: [...path], message }] },
  });
}
