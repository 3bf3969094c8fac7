import * as z from "zod";
import { invalidConfig } from "../../core/options.ts";
import { validate } from "../../core/schema.ts";
import { quantileOfSorted } from "../../stats/quantile.ts";
import type { Matrix } from "./matrix.ts";
import { type Cell, type CellRow, type Column, MAX_COLUMNS } from "./rows.ts";

/** A {@link Design} as JSON. */
export interface DesignState {
  readonly schemaVersion: 1;
  readonly encoders: readonly Encoder[];
}

/** How one column becomes numbers. */
type Encoder =
  | { readonly name: string; readonly kind: "numeric"; readonly center: number; readonly scale: number }
  | { readonly name: string; readonly kind: "categorical"; readonly categories: readonly string[] };

/** Categories that count apart unless told. */
const MAX_LEARNED_CATEGORIES = 50;

/** Where scaled numbers are cut off, so that one outlier or infinity cannot outweigh all other rows. */
const MAX_SCALED = 10;

/** An interquartile range of the normal distribution, in standard deviations. */
const NORMAL_IQR = 1.3489795003921634;

/** A zod schema of the state. */
export const designState: z.ZodType<DesignState> = z.strictObject({
  schemaVersion: z.literal(1),
  encoders: z
    .array(
      z.discriminatedUnion("kind", [
        z.strictObject({
          name: z.string().max(200),
          kind: z.literal("numeric"),
          center: z.number(),
          scale: z.number().positive(),
        }),
        z.strictObject({
          name: z.string().max(200),
          kind: z.literal("categorical"),
          categories: z.array(z.string().max(10_000)).max(MAX_COLUMNS),
        }),
      ]),
    )
    .min(1)
    .max(MAX_COLUMNS),
});

/**
 * Turns rows of cells into rows of finite numbers, the way it was learned from some rows.
 *
 * A numeric column gives two: its value less the median, divided by the interquartile range of a normal distribution's (by the
 * standard deviation where that is 0), cut off at ±10, and 0 where there is none; and 1 where there is none, else 0. A categorical
 * column gives 1 or 0 for each of its categories, then for all others, then for none.
 */
export class Design {
  readonly #encoders: readonly Encoder[];
  /** Index of each number's column. */
  readonly owners: Int32Array;
  /** Whether each number is the scaled value of a numeric column. */
  readonly scaled: readonly boolean[];

  private constructor(encoders: readonly Encoder[]) {
    this.#encoders = encoders;
    const widths = encoders.map((encoder) => (encoder.kind === "numeric" ? 2 : encoder.categories.length + 2));
    this.owners = Int32Array.from(widths.flatMap((width, i) => Array.from({ length: width }, () => i)));
    this.scaled = encoders.flatMap(({ kind }, i) => Array.from({ length: widths[i]! }, (_, k) => kind === "numeric" && k === 0));
  }

  /**
   * @param rows - that fit the columns; of several samples, all count alike
   * @throws a `ModelwrightError` with code `CONFIG_INVALID` for more than 1000 numbers a row
   */
  static learn(columns: readonly Column[], rows: readonly CellRow[]): Design {
    const design = new Design(columns.map((column, j) => learnEncoder(column, rows, j)));
    if (design.owners.length > MAX_COLUMNS) {
      const message = `${design.owners.length} numbers a row are more than ${MAX_COLUMNS}; leave out columns or categories`;
      throw invalidConfig("the columns", [{ path: [], message }]);
    }
    return design;
  }

  /** Names of the columns. */
  get columns(): readonly string[] {
    return this.#encoders.map(({ name }) => name);
  }

  /** The columns, categories as they were learned. */
  describe(): readonly Column[] {
    return this.#encoders.map((encoder) =>
      encoder.kind === "numeric"
        ? { name: encoder.name, kind: "numeric" }
        : { name: encoder.name, kind: "categorical", categories: encoder.categories },
    );
  }

  /** One row of numbers for each row of cells, which fit the columns. */
  matrix(rows: readonly CellRow[]): Matrix {
    const width = this.owners.length;
    const data = new Float64Array(rows.length * width);
    let offset = 0;
    for (const [j, encoder] of this.#encoders.entries()) {
      if (encoder.kind === "numeric") {
        const { center, scale } = encoder;
        for (let i = 0, at = offset; i < rows.length; i++, at += width) {
          const cell = rows[i]![j];
          if (isMissing(cell)) data[at + 1] = 1;
          else data[at] = Math.max(-MAX_SCALED, Math.min(MAX_SCALED, ((cell as number) - center) / scale));
        }
        offset += 2;
        continue;
      }
      const { categories } = encoder;
      const indices = new Map(categories.map((category, k) => [category, k]));
      for (let i = 0, at = offset; i < rows.length; i++, at += width) {
        const cell = rows[i]![j];
        data[at + (isMissing(cell) ? categories.length + 1 : (indices.get(String(cell)) ?? categories.length))] = 1;
      }
      offset += categories.length + 2;
    }
    return { data, rows: rows.length, columns: width };
  }

  /** The state as JSON; `fromJSON` restores it. */
  toJSON(): DesignState {
    return { schemaVersion: 1, encoders: this.#encoders };
  }

  /** @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged */
  static fromJSON(given: DesignState): Design {
    const { encoders } = validate(designState, given, "The state of a design");
    const total = encoders.reduce((sum, one) => sum + (one.kind === "numeric" ? 2 : one.categories.length + 2), 0);
    validate(z.number().max(MAX_COLUMNS), total, "The number of columns of a design");
    return new Design(encoders);
  }
}

function isMissing(cell: Cell): cell is null | undefined {
  return cell === null || cell === undefined || Number.isNaN(cell);
}

function learnEncoder(column: Column, rows: readonly CellRow[], j: number): Encoder {
  if (column.kind === "numeric") return { name: column.name, kind: "numeric", ...learnScale(rows, j) };
  return { name: column.name, kind: "categorical", categories: [...new Set(column.categories ?? frequentCategories(rows, j))] };
}

/** The most frequent ones; of equally frequent ones those first in the order of UTF-16 code units. */
function frequentCategories(rows: readonly CellRow[], j: number): string[] {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const cell = row[j];
    if (isMissing(cell)) continue;
    const category = String(cell);
    counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, MAX_LEARNED_CATEGORIES)
    .map(([category]) => category);
}

function learnScale(rows: readonly CellRow[], j: number): { readonly center: number; readonly scale: number } {
  const values = new Float64Array(rows.length);
  let count = 0;
  for (const row of rows) {
    const cell = row[j];
    if (Number.isFinite(cell)) values[count++] = cell as number;
  }
  if (count === 0) return { center: 0, scale: 1 };
  const sorted = values.subarray(0, count).sort();
  const center = quantileOfSorted(sorted, 0.5);
  const range = quantileOfSorted(sorted, 0.75) - quantileOfSorted(sorted, 0.25);
  const candidates = [range / NORMAL_IQR, deviation(sorted), Math.abs(center), 1];
  return { center: center + 0, scale: candidates.find((scale) => scale > 0 && scale < Number.POSITIVE_INFINITY) ?? 1 };
}

function deviation(values: Float64Array): number {
  let mean = 0;
  for (let i = 0; i < values.length; i++) mean += (values[i]! - mean) / (i + 1);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) ** 2;
  return Math.sqrt(squares / values.length);
}
