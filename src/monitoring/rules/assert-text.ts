import type { ModelwrightError } from "../../core/errors.ts";
import { invalidInput } from "../../core/schema.ts";

/** Most characters of the texts that stores find rows by. */
const MAX_CHARACTERS = { model: 128, id: 128, version: 128, segment: 128, series: 128, writer: 64 } as const;

/** A text that rows are found by. */
type TextName = keyof typeof MAX_CHARACTERS;

/** Where in what is given something is wrong, for example the `at` of the third one. */
type InputPath = readonly (string | number)[];

/**
 * Refuses a text that some store could not hold and find exactly.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless it is text of 1 to 128 characters (64 of a writer) without NUL characters
 * and lone surrogates
 */
export function assertText(text: string, name: TextName, subject: string, path: InputPath = [name]): void {
  const most = MAX_CHARACTERS[name];
  if (typeof text !== "string" || text.length < 1 || text.length > most) {
    throw refused(subject, path, `expected text of 1 to ${most} characters`);
  }
  if (/\0|\p{Surrogate}/u.test(text)) throw refused(subject, path, "expected text without NUL characters and lone surrogates");
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless it is a time as stores keep it */
export function assertTime(at: number, subject: string, path: InputPath): void {
  if (Number.isSafeInteger(at)) return;
  throw refused(subject, path, `expected whole milliseconds since the epoch, but got ${String(at)}`);
}

/** What was given is not valid. */
export function refused(subject: string, path: InputPath, message: string): ModelwrightError<"INPUT_INVALID"> {
  return invalidInput(subject, [{ path: [...path], message }]);
}
