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

/** A stored row that cannot be used. */
export function damaged(subject: string): TypeError {
  return new TypeError(`${subject} is damaged`);
}

/** Whether a value of JSON is an object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
