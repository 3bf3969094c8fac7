import type { CellCounter } from "../port.ts";
import { cellPositions } from "./cell-counts.ts";
import { type Column, readValue } from "./column.ts";
import type { ProfileLayout } from "./profile-layout.ts";

/** Counts rows in the cells alone, which takes a twentieth of the memory of a profile. */
export class ProfileCells implements CellCounter {
  readonly #columns: readonly Column[];
  readonly #names: readonly string[];
  /** For each feature, the position of each bin's cell among all counts. */
  readonly #cells: readonly Int32Array[];
  #counts: Float64Array;
  #rows = 0;

  constructor({ columns }: ProfileLayout) {
    this.#columns = columns;
    this.#names = columns.map(({ profile }) => profile.feature);
    const { positions, count } = cellPositions(columns);
    this.#cells = positions;
    this.#counts = new Float64Array(count);
  }

  get rows(): number {
    return this.#rows;
  }

  observe(row: unknown): void {
    const values = typeof row === "object" && row !== null ? row : {};
    for (let i = 0; i < this.#columns.length; i++) {
      this.#counts[this.#cells[i]![this.#columns[i]!.binOf(readValue(values, this.#names[i]!))]!]! += 1;
    }
    this.#rows += 1;
  }

  take(): Float64Array {
    const counts = this.#counts;
    this.#counts = new Float64Array(counts.length);
    this.#rows = 0;
    return counts;
  }
}
