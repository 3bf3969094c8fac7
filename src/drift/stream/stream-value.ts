import { invalidInput } from "../../core/schema.ts";

/** Greatest magnitude that detectors of real values take: sums of its squares stay finite for every stream. */
const MAX_MAGNITUDE = 1e100;

/** An error as 0 or 1. @throws a `ModelwrightError` with code `INPUT_INVALID` for anything but 0, 1 and booleans */
export function errorBit(detector: string, value: number | boolean): number {
  if (value === 1 || value === true) return 1;
  if (value === 0 || value === false) return 0;
  throw refused(detector, "0, 1 or a boolean", value);
}

/** A number in [0, 1]. @throws a `ModelwrightError` with code `INPUT_INVALID` for anything but such a number or a boolean */
export function unitValue(detector: string, value: number | boolean): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  throw refused(detector, "a number from 0 to 1 or a boolean", value);
}

/** A number within ±1e100. @throws a `ModelwrightError` with code `INPUT_INVALID` for anything but such a number or a boolean */
export function realValue(detector: string, value: number | boolean): number {
  if (typeof value === "number" && value >= -MAX_MAGNITUDE && value <= MAX_MAGNITUDE) return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  throw refused(detector, "a number from -1e100 to 1e100 or a boolean", value);
}

/** What a refused value is. Only what is no real number is named: the others are data, which errors do not repeat. */
function refused(detector: string, expected: string, value: unknown): Error {
  const kind = typeof value !== "number" ? typeof value : Number.isFinite(value) ? "another number" : String(value);
  return invalidInput(`A value of ${detector}`, [{ path: [], message: `expected ${expected}, but got ${kind}` }]);
}
