import { invalidInput } from "../core/schema.ts";

/**
 * Which entity is meant: text, or an integer.
 *
 * A key is its text: 1, 1n and "1" mean the same entity, because a key comes as a number from one system and as text from a URL or
 * a file. "01" is another one. View and key are stored apart, so no two pairs of them clash.
 */
export type EntityKey = string | number | bigint;

/**
 * The key as stores know it.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for empty text, NUL and lone surrogates (which not every store can hold),
 * fractions, and integers beyond 2^53 − 1, which were rounded before they came here
 */
export function encodeKey(key: EntityKey, subject: string): string {
  if (typeof key === "bigint" || (typeof key === "number" && Number.isSafeInteger(key))) return String(key);
  if (typeof key === "string" && key !== "" && !/\0|\p{Surrogate}/u.test(key)) return key;
  const message =
    typeof key === "number"
      ? "the number is not a safe integer; give a bigint or text"
      : "expected an integer or text, not empty and without NUL characters and lone surrogates";
  throw invalidInput(subject, [{ path: [], message }]);
}
