import { invalidInput } from "../core/schema.ts";
import { LIMITS } from "./limits.ts";
import type { SearchOrder, SearchValue } from "./port.ts";

/** A key of an order as a cursor knows it. */
export interface CursorKey extends SearchOrder {
  /** `integer` is a number that a double holds without rounding; some databases compare such columns with nothing else. */
  readonly type: "text" | "integer" | "number";
  /** Whether every record has it. */
  readonly required: boolean;
}

/** What a cursor holds for each key of its order; null for what the record lacks. */
export type Place = readonly (SearchValue | null)[];

/** The cursor behind a record: base64url of JSON. */
export function encodeCursor(keys: readonly CursorKey[], place: Place): string {
  // Escaped to ASCII, which `btoa` takes.
  const json = JSON.stringify([signature(keys), place]).replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return btoa(json).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * The place that a cursor stands for.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for what is no cursor, and for one of another order
 */
export function decodeCursor(cursor: string, keys: readonly CursorKey[]): Place {
  const content = contentOf(cursor);
  if (!Array.isArray(content) || content.length !== 2) throw invalidCursor("expected `next` of the page before");
  const [order, place] = content as [unknown, unknown];
  if (order !== signature(keys)) throw invalidCursor("it belongs to another order; begin again without it");
  if (!Array.isArray(place) || place.length !== keys.length || !place.every((value, i) => isPlace(value, keys[i]!))) {
    throw invalidCursor("expected `next` of the page before");
  }
  return place as Place;
}

function isPlace(value: unknown, { type, required }: CursorKey): boolean {
  if (value === null) return !required;
  // What no store holds cannot be where a page ended, and some databases would refuse it.
  if (type === "text") return typeof value === "string" && !/[\0\p{Surrogate}]/u.test(value);
  return type === "integer" ? Number.isSafeInteger(value) : Number.isFinite(value);
}

function signature(keys: readonly CursorKey[]): string {
  return JSON.stringify(keys.map(({ field, direction, type }) => [field.entity, field.key, type, direction]));
}

function contentOf(cursor: string): unknown {
  if (typeof cursor !== "string" || cursor.length > LIMITS.cursor || !/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined;
  try {
    return JSON.parse(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return undefined;
  }
}

function invalidCursor(message: string) {
  return invalidInput("The cursor", [{ path: ["after"], message }]);
}
