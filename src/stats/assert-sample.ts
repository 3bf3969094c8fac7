import type { Issue } from "../core/errors.ts";
import { invalidInput } from "../core/schema.ts";

/** Most problems that one error lists; a column of a million NaN values needs no million issues. */
const MAX_ISSUES = 5;

/**
 * Refuses an empty sample and every value that `accepts` refuses.
 *
 * @param expected - what each value must be, for the message
 * @throws a `ModelwrightError` with code `INPUT_INVALID`
 */
export function assertSample(
  subject: string,
  values: ArrayLike<number>,
  expected: string,
  accepts: (value: number) => boolean,
): void {
  assertList(subject, values);
  const issues: Issue[] = [];
  if (values.length === 0) issues.push({ path: [], message: "expected at least one value" });
  for (let i = 0; i < values.length && issues.length < MAX_ISSUES; i++) {
    const value = values[i]!;
    if (!accepts(value)) issues.push({ path: [i], message: `expected ${expected}, but got ${kindOf(value)}` });
  }
  if (issues.length > 0) throw invalidInput(subject, issues);
}

/** Whether a value is an array, typed or not, or an object like one. Text is none, although it has a length and items. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return typeof value === "object" && value !== null && isCount((value as { readonly length: number }).length);
}

/**
 * Refuses what is no array, such as an argument that was forgotten: TypeScript does so, but not for who writes JavaScript.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID`
 */
export function assertList(subject: string, value: unknown): asserts value is ArrayLike<unknown> {
  if (!isList(value)) throw refused(subject, "an array", value);
}

/**
 * Refuses what is no object, such as an argument that was forgotten; its fields are not looked at.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID`
 */
export function assertObject(subject: string, value: unknown): asserts value is object {
  if (typeof value !== "object" || value === null) throw refused(subject, "an object", value);
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` for what is no function */
export function assertFunction(subject: string, value: unknown): void {
  if (typeof value !== "function") throw refused(subject, "a function", value);
}

function refused(subject: string, expected: string, value: unknown) {
  return invalidInput(subject, [
    { path: [], message: `expected ${expected}, but got ${value === null ? "null" : typeof value}` },
  ]);
}

/** What a refused value is. Only what is no real number is named: the others are data, which errors do not repeat. */
function kindOf(value: unknown): string {
  if (typeof value !== "number") return typeof value;
  return Number.isFinite(value) ? "another number" : String(value);
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless both samples are equally long */
export function assertPaired(subject: string, a: ArrayLike<number>, b: ArrayLike<number>): void {
  assertList(subject, a);
  assertList(subject, b);
  if (a.length !== b.length) {
    throw invalidInput(subject, [
      { path: [], message: `expected two samples of one length, but got ${a.length} and ${b.length}` },
    ]);
  }
}

/** Whether a value is a number of the real line or an infinity. */
export const isOrdered = (value: number): boolean => typeof value === "number" && !Number.isNaN(value);

/** Whether a value is a probability. */
export const isProbability = (value: number): boolean => typeof value === "number" && value >= 0 && value <= 1;

/** Whether a value is a binary label. */
export const isLabel = (value: number): boolean => value === 0 || value === 1;

/** Whether a value is a count. */
export const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Sum of the counts. @throws a `ModelwrightError` with code `INPUT_INVALID` when it is 0 or an item is no count */
export function sampleSize(subject: string, counts: ArrayLike<number>): number {
  assertSample(subject, counts, "a count", isCount);
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i]!;
  assertSample(subject, [sum], "a sum above 0", (value) => value > 0);
  return sum;
}
