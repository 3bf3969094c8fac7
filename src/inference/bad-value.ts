import { ModelwrightError } from "../core/errors.ts";
import { invalidInput } from "../core/schema.ts";
import type { ElementCodec } from "./element-codec.ts";
import { isItems } from "./numeric-kind.ts";

/**
 * The error about a value of a row: `INPUT_MISSING` when there is none, else `INPUT_INVALID`.
 *
 * @param columns - all that the row must have
 * @param array - whether an array with such elements is expected. @defaultValue false
 */
export function badValue(
  column: string,
  columns: readonly string[],
  { expected }: ElementCodec,
  value: unknown,
  row: number,
  array = false,
): ModelwrightError {
  if (value === undefined || value === null) {
    return new ModelwrightError("INPUT_MISSING", `Row ${row} has no value for the column ${JSON.stringify(column)}`, {
      details: { input: column, known: columns },
    });
  }
  const numeric = typeof value === "number" || typeof value === "bigint";
  const given = isItems(value) ? "an array" : numeric ? `another ${typeof value}` : typeof value;
  const message = `expected ${array ? "an array with elements that are each " : ""}${expected}, but got ${given}`;
  return invalidInput("The row", [{ path: [row, column], message }]);
}
