import { invalidInput } from "../core/schema.ts";
import { assertList, assertSample, isOrdered } from "./assert-sample.ts";

/**
 * Refuses an empty sample and NaN; infinities pass. One tight loop, without a call for each value: samples may hold millions.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID`
 */
export function assertOrderedSample(subject: string, values: ArrayLike<number>): void {
  assertList(subject, values);
  let valid = values.length > 0;
  if (values instanceof Float64Array) for (let i = 0; i < values.length; i++) valid &&= !Number.isNaN(values[i]);
  else for (let i = 0; i < values.length; i++) valid &&= isOrdered(values[i]!);
  if (!valid) refuse(subject, values, "a number", isOrdered);
}

/**
 * Refuses an empty sample, NaN and infinities.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID`
 */
export function assertFiniteSample(subject: string, values: ArrayLike<number>): void {
  assertList(subject, values);
  let valid = values.length > 0;
  if (values instanceof Float64Array) for (let i = 0; i < values.length; i++) valid &&= values[i]! - values[i]! === 0;
  else for (let i = 0; i < values.length; i++) valid &&= Number.isFinite(values[i]);
  if (!valid) refuse(subject, values, "a finite number", Number.isFinite);
}

/** As {@link assertFiniteSample}, and refuses a sample of one value, which says nothing about how values spread. */
export function assertSpreadSample(subject: string, values: ArrayLike<number>): void {
  assertFiniteSample(subject, values);
  if (values.length < 2) throw invalidInput(subject, [{ path: [], message: "expected at least two values, but got one" }]);
}

function refuse(subject: string, values: ArrayLike<number>, expected: string, accepts: (value: number) => boolean): never {
  assertSample(subject, values, expected, accepts);
  throw new TypeError(`${subject} is no array of numbers`);
}
