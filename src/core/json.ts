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
 * functions, lone surrogates, cycles, objects that are not plain, nesting deeper than 100, and more than a million members and names
 * @source RFC 8785 (JSON Canonicalization Scheme)
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, [], { parents: new Set(), members: 0 });
}

/** Deepest nesting, so that hostile data cannot exhaust the stack. */
const MAX_DEPTH = 100;

/** Most members of one value, so that it cannot hold up the event loop. */
const MAX_MEMBERS = 1_000_000;

/**
 * The JSON text of a value, members in their own order. Reading it gives an equal value, but that -0 becomes 0.
 *
 * @param subject - what the value is, for the message
 * @throws a {@link ModelwrightError} with code `INPUT_INVALID` for what `JSON.stringify` would drop or change silently: NaN,
 * infinities, undefined, bigint, functions, objects that are not plain; for nesting deeper than 100, which cycles are too; and for more
 * than a million members, which a few objects can stand for when each occurs twice in another
 */
export function jsonText(value: JsonValue, subject: string): string {
  assertJson(value, [], subject, { members: 0 });
  return JSON.stringify(value);
}

function assertJson(value: unknown, path: (string | number)[], subject: string, seen: { members: number }): void {
  if (value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value)) return;
  if (typeof value !== "object") {
    throw notJson(subject, path, `${typeof value === "number" ? value : typeof value} has no JSON form`);
  }
  if (!Array.isArray(value) && !isPlain(value)) throw notJson(subject, path, "only plain objects have a JSON form");
  if (path.length > MAX_DEPTH) throw notJson(subject, [], `nested deeper than ${MAX_DEPTH}`);
  for (const [key, member] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    if (++seen.members > MAX_MEMBERS) throw notJson(subject, [], `more than ${MAX_MEMBERS} members`);
    path.push(key);
    assertJson(member, path, subject, seen);
    path.pop();
  }
}

function notJson(subject: string, path: readonly (string | number)[], message: string): ModelwrightError<"INPUT_INVALID"> {
  const at = path.length === 0 ? "" : ` at ${path.join(".")}`;
  return new ModelwrightError("INPUT_INVALID", `${subject} cannot be written as JSON: ${message}${at}`, {
    details: { subject, issues: [{ path: [...path], message }] },
  });
}

/** By what its prototype has, because objects of another realm have a prototype of their own (jest runs tests in one). */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.hasOwn(prototype as object, "isPrototypeOf");
}

/** Where a walk through a value is, and how far it has come. */
interface Seen {
  readonly parents: Set<object>;
  members: number;
}

function write(value: unknown, path: (string | number)[], seen: Seen): string {
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
  if (seen.parents.has(value)) throw refused(path, "a cycle has no JSON form");
  if (path.length > MAX_DEPTH) throw refused([], `nested deeper than ${MAX_DEPTH}`);
  seen.parents.add(value);
  const text = Array.isArray(value) ? writeArray(value, path, seen) : writeObject(value, path, seen);
  seen.parents.delete(value);
  return text;
}

function writeArray(value: readonly unknown[], path: (string | number)[], seen: Seen): string {
  return `[${Array.from(value, (item, i) => writeAt(i, item, path, seen)).join(",")}]`;
}

function writeObject(value: object, path: (string | number)[], seen: Seen): string {
  if (!isPlain(value)) throw refused(path, "only plain objects have a JSON form");
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${writeAt(key, key, path, seen)}:${writeAt(key, member, path, seen)}`);
  return `{${members.join(",")}}`;
}

function writeAt(key: string | number, value: unknown, path: (string | number)[], seen: Seen): string {
  if (++seen.members > MAX_MEMBERS) throw refused([], `more than ${MAX_MEMBERS} members`);
  path.push(key);
  const text = write(value, path, seen);
  path.pop();
  return text;
}

function refused(path: readonly (string | number)[], message: string): ModelwrightError<"INPUT_INVALID"> {
  const at = path.length === 0 ? "" : ` at ${path.join(".")}`;
  return new ModelwrightError("INPUT_INVALID", `A value cannot be written as canonical JSON: ${message}${at}`, {
    details: { subject: "canonical JSON", issues: [{ path: [...path], message }] },
  });
}
