import type { Issue } from "../core/errors.ts";

/** Longest texts, in characters, and most entries of one batch. */
export const LIMITS = {
  key: 250,
  /** Digest and context of a data set. */
  label: 128,
  path: 512,
  param: 6000,
  tag: 8000,
  source: 1_048_576,
  metrics: 1000,
  params: 100,
  tags: 100,
  datasets: 100,
  artifacts: 100,
} as const;

/** Collects what is wrong with a value, one issue after the other. */
export class Issues {
  readonly all: Issue[] = [];

  add(path: readonly (string | number)[], message: string): void {
    // A hostile key is not repeated in full.
    const shown = path.map((part) => (typeof part === "string" ? cut(part) : part));
    this.all.push({ path: shown, message });
  }

  /** Text of `min` to `max` characters that every database can hold and search. */
  text(path: readonly (string | number)[], value: unknown, min: number, max: number): void {
    if (typeof value !== "string" || value.length < min || value.length > max)
      this.add(path, `expected text of ${min} to ${max} characters`);
    else if (!isStorable(value)) this.add(path, "expected text without NUL characters and lone surrogates");
  }
}

/** Greatest distance from the epoch that a `Date` has, ms. @source ECMA-262, Time Values and Time Range */
const MAX_TIME = 8.64e15;

/** Whether it is a time in whole milliseconds since the epoch that a `Date` can show. */
export function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Math.abs(value as number) <= MAX_TIME;
}

/** The text, cut when it is longer than a message should show. */
export function cut(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

/** As {@link cut}, quoted. */
export function shown(text: string): string {
  return JSON.stringify(cut(text));
}

/** Says which of something there are, the first few by name. */
export function thereAre(names: readonly string[]): string {
  if (names.length === 0) return "it has none";
  const first = names.slice(0, 10).map(shown).join(", ");
  return names.length <= 10 ? `it has ${first}` : `it has ${first} and ${names.length - 10} more`;
}

/** Whether every database can hold and search the text. */
export function isStorable(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is refused
  return !/[\u0000\p{Surrogate}]/u.test(text);
}

/** The text as every database can hold it, cut to `max` characters. */
export function storable(text: string, max: number): string {
  return text
    .slice(0, max)
    .replaceAll("\u0000", "\ufffd")
    .replaceAll(/\p{Surrogate}/gu, "\ufffd");
}

/** Whether a path means the same file, and one inside the folder that it is relative to, on every platform. */
export function isArtifactPath(path: unknown): boolean {
  if (typeof path !== "string" || path.length > LIMITS.path) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f\\\p{Surrogate}]|^[A-Za-z]:/u.test(path)) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
