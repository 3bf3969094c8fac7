import * as z from "zod";
import { invalidInput } from "../../core/schema.ts";

/** A count. */
export const whole = z.int().min(0);

/** The least or the greatest value seen; null while there is none. */
export const extreme = z.number().nullable();

/** Sum of counts; beyond 2^53, where they are no longer exact, it is no safe integer either. */
export function totalOf(counts: readonly number[]): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

/** Whether extremes are there when, and only when, something was counted, and are in order. */
export function areExtremes(count: number, min: number | null, max: number | null): boolean {
  return count === 0 ? min === null && max === null : min !== null && max !== null && min <= max;
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless `other`, to be merged, is of the same class */
export function assertSameClass(subject: string, other: unknown, type: new (...given: never[]) => object): void {
  if (!(other instanceof type)) throw invalidInput(subject, [{ path: [], message: "expected an object of the same class" }]);
}
