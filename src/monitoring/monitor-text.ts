import type { Issue } from "../core/errors.ts";

/** Longest id, version, segment, class and error code, in characters. */
export const MAX_TEXT = 128;

/** What no store may be asked to keep: NUL, which PostgreSQL has no room for, and halves of characters. */
const unstorable = /[\0\p{Surrogate}]/u;

/** Whether a value is a text of 1 to 128 characters that every store can keep. */
export function isText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_TEXT && !unstorable.test(value);
}

/** What {@link isText} has refused. */
export function textIssue(path: readonly (string | number)[]): Issue {
  return { path, message: `expected a text of 1 to ${MAX_TEXT} characters, without NUL and lone surrogates` };
}
