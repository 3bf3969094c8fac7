import type { JsonValue } from "../../core/json.ts";

/** Deepest nesting of what the stores write; deeper text is not theirs, and could exhaust the stack of whoever walks it. */
const MAX_DEPTH = 110;

/**
 * The object that stored JSON text holds.
 *
 * @param subject - what the text is, for the message
 * @throws a `TypeError` that, unlike that of `JSON.parse`, does not repeat the text: it may hold feature values
 */
export function storedObject(text: string, subject: string): Readonly<Record<string, unknown>> {
  const value = parsed(text);
  if (isObject(value) && isShallow(value, MAX_DEPTH)) return value;
  throw damaged(subject);
}

/** As {@link storedObject}, of any value. */
export function storedValue(text: string, subject: string): JsonValue {
  const value = parsed(text);
  if (value !== undefined && isShallow(value, MAX_DEPTH)) return value as JsonValue;
  throw damaged(subject);
}

/** A stored row that cannot be used. */
export function damaged(subject: string): TypeError {
  return new TypeError(`${subject} is damaged`);
}

/** Whether a value of JSON is an object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value of JSON is an object whose members are all what `is` says. */
export function isMapOf<T>(value: unknown, is: (member: unknown) => member is T): value is Readonly<Record<string, T>> {
  return isObject(value) && Object.values(value).every(is);
}

/** Whether a value of JSON is an array whose items are all what `is` says. */
export function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(is);
}

/** Whether a value of JSON is text. */
export function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Whether a value of JSON is text or null. */
export function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

/** Whether a value of JSON is a number that JSON can write again: `1e999` reads as infinity. */
export function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((member) => isShallow(member, depth - 1));
}
