import { invalidInput } from "../../core/schema.ts";

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless `value` is a number above 0 and at most `max` */
export function assertPositive(subject: string, name: string, value: number, max = Number.MAX_VALUE): void {
  if (typeof value === "number" && value > 0 && value <= max) return;
  const limit = max === Number.MAX_VALUE ? "a positive number" : `a positive number up to ${max}`;
  throw refusal(subject, name, limit, value);
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN and what is no number; infinities pass */
export function assertOrdered(subject: string, name: string, value: number): void {
  if (typeof value !== "number" || Number.isNaN(value)) throw refusal(subject, name, "a number", value);
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless `value` is in [0, 1] */
export function assertProbability(subject: string, name: string, value: number): void {
  if (!(typeof value === "number" && value >= 0 && value <= 1)) throw refusal(subject, name, "a probability in [0, 1]", value);
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless `value` is a whole number in [0, max] */
export function assertWhole(subject: string, name: string, value: number, max: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= max)) {
    throw refusal(subject, name, `a whole number in [0, ${max}]`, value);
  }
}

/** The error for one parameter. Parameters of distributions are no data, so that the message may repeat them. */
export function refusal(subject: string, name: string, expected: string, value: unknown): Error {
  const got = typeof value === "number" ? value : typeof value;
  return invalidInput(subject, [{ path: [name], message: `expected ${expected}, but got ${got}` }]);
}
