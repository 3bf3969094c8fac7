import { invalidConfig } from "../../core/options.ts";
import type { Design } from "./design.ts";
import type { Matrix } from "./matrix.ts";
import { MAX_COLUMNS } from "./rows.ts";

/** Products of numeric columns that a linear model gets beside the columns themselves. */
export type Terms = "linear" | "squares" | "products";

/** A matrix whose columns belong to columns of the rows that it was made of. */
export interface OwnedMatrix {
  readonly matrix: Matrix;
  /** For each column the indices of its one or two owners. */
  readonly owners: readonly (readonly number[])[];
}

/** Where numbers are cut off before they are multiplied, so that the products keep to about the scale of the rest. */
const MAX_FACTOR = 4;

/**
 * The matrix of a design with squares, or all products, of the scaled numeric values, less the columns that are constant.
 * Without squares a linear model sees no change of spread, and without products none of correlation.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for more than 1000 columns
 */
export function withTerms(design: Design, base: Matrix, terms: Terms): OwnedMatrix {
  const scaled = [...design.scaled.keys()].filter((j) => design.scaled[j]);
  const pairs = scaled.flatMap((a, i) =>
    terms === "products" ? scaled.slice(i).map((b) => [a, b] as const) : terms === "squares" ? [[a, a] as const] : [],
  );
  const width = base.columns + pairs.length;
  if (width > MAX_COLUMNS) {
    const message = `${width} numbers a row are more than ${MAX_COLUMNS}; take fewer terms or leave out columns`;
    throw invalidConfig("the terms", [{ path: ["terms"], message }]);
  }
  const data = new Float64Array(base.rows * width);
  for (let i = 0; i < base.rows; i++) {
    const row = base.data.subarray(i * base.columns, (i + 1) * base.columns);
    data.set(row, i * width);
    for (let k = 0, at = i * width + base.columns; k < pairs.length; k++, at++) {
      data[at] = cut(row[pairs[k]![0]]!) * cut(row[pairs[k]![1]]!);
    }
  }
  const owners = [
    ...Array.from(design.owners, (owner) => [owner]),
    ...pairs.map(([a, b]) => [...new Set([design.owners[a]!, design.owners[b]!])]),
  ];
  return withoutConstants({ matrix: { data, rows: base.rows, columns: width }, owners });
}

function cut(value: number): number {
  return Math.max(-MAX_FACTOR, Math.min(MAX_FACTOR, value));
}

function withoutConstants({ matrix: { data, rows, columns }, owners }: OwnedMatrix): OwnedMatrix {
  const kept: number[] = [];
  for (let j = 0; j < columns; j++) {
    for (let at = j + columns; at < data.length; at += columns) {
      if (data[at] !== data[j]) {
        kept.push(j);
        break;
      }
    }
  }
  const narrow = new Float64Array(rows * kept.length);
  for (let i = 0, at = 0; i < rows; i++) for (const j of kept) narrow[at++] = data[i * columns + j]!;
  return { matrix: { data: narrow, rows, columns: kept.length }, owners: kept.map((j) => owners[j]!) };
}
