import { cellCounts } from "./cell-counts.ts";
import { type Column, columnOf, OrderedColumn, readValue } from "./column.ts";
import { fingerprint, type Moments, type ReferenceProfile, type SeasonalCounts, stateInvalid } from "./reference-profile.ts";
import { SEASONS, type Season } from "./season.ts";

/** Columns of equal length by name, of which rows are counted. */
export type ColumnsByName = Readonly<Record<string, ArrayLike<unknown> | undefined>>;

/** All rows of the reference, or those of a segment, ready to be compared. */
export interface ReferencePart {
  /** Null for all rows. */
  readonly segment: string | null;
  readonly rows: number;
  /** Of the bins of each feature. */
  readonly bins: readonly Float64Array[];
  /** Of the cells of all features behind one another. */
  readonly cells: Float64Array;
  readonly moments: readonly (Moments | null)[];
  readonly seasons: SeasonalCounts | null;
}

/** What the counts of a window need to know of the reference; shared by all of them. */
export class ProfileLayout {
  readonly reference: ReferenceProfile;
  readonly columns: readonly Column[];
  /** How rows are told apart in time, and the column that has the time. */
  readonly season: { readonly by: Season; readonly at: string } | undefined;
  /** The column that has the segment. */
  readonly segmentBy: string | undefined;
  /** Position of each segment. */
  readonly segments: ReadonlyMap<string, number>;
  /** Rows of the sample for multivariate checks; 0 for none. */
  readonly sampleRows: number;
  /** Columns that are read of a row, each once. */
  readonly names: readonly string[];
  /** Those that the sample of rows holds. */
  readonly #sampled: readonly Column[];
  #fingerprint: string | undefined;
  #parts: readonly ReferencePart[] | undefined;

  constructor(reference: ReferenceProfile, { at, sampleRows }: { readonly at: string | undefined; readonly sampleRows: number }) {
    this.reference = reference;
    this.columns = reference.features.map(columnOf);
    this.season = reference.seasons === null || at === undefined ? undefined : { by: reference.seasons.by, at };
    this.segmentBy = reference.segments?.by;
    this.segments = new Map(reference.segments?.parts.map(({ segment }, i) => [segment, i]));
    this.sampleRows = reference.sample === null ? 0 : sampleRows;
    const names = [...this.columns.map(({ profile }) => profile.feature), this.season?.at, this.segmentBy];
    this.names = [...new Set(names.filter((name) => name !== undefined))];
    this.#sampled = this.columns.filter(({ profile }) => profile.kind !== "embedding");
    if (!this.#fits()) throw stateInvalid("The seasons or the sample of the reference profile do not fit its features");
  }

  /** Most counts of a profile. */
  get counts(): number {
    const seasons = this.season === undefined ? 0 : SEASONS[this.season.by];
    return (this.segments.size + 1) * this.columns.reduce((sum, { bins }) => sum + bins, seasons);
  }

  /** Numbers of a row of the sample. */
  get sampleWidth(): number {
    return this.#sampled.length;
  }

  /** Whether what the schema of a reference cannot see is there for every cell and column. */
  #fits(): boolean {
    const { seasons, segments, sample } = this.reference;
    return (
      [seasons, ...(segments?.parts.map((part) => part.seasons) ?? [])].every((one) => one === null || this.#seasonFits(one)) &&
      (sample ?? []).every(({ values }) => values.length === this.sampleWidth)
    );
  }

  #seasonFits({ rows, cells }: SeasonalCounts): boolean {
    return cells.every((own, season) => {
      let at = 0;
      const bounded = this.columns.every((column) => {
        const counts = own.slice(at, at + column.cells.length);
        at += column.cells.length;
        // Fewer than the rows where some of them have chosen the bins.
        return counts.reduce((sum, count) => sum + count, 0) <= rows[season]!;
      });
      return rows[season] === 0 ? own.length === 0 : bounded && own.length === at;
    });
  }

  /** Names the reference. Computed once, for it takes milliseconds. */
  get fingerprint(): string {
    this.#fingerprint ??= fingerprint(this.reference);
    return this.#fingerprint;
  }

  /** All rows, then those of each segment. */
  get parts(): readonly ReferencePart[] {
    this.#parts ??= partsOf(this.reference, this.columns);
    return this.#parts;
  }

  /** A row as numbers, for the sample: null where it has no value or one that cannot be compared. */
  encode(row: object): (number | null)[] {
    return this.#sampled.map((column) => encoded(column, readValue(row, column.profile.feature)));
  }

  /** A row of columns as numbers. */
  encodeAt(columns: ColumnsByName, row: number): (number | null)[] {
    return this.#sampled.map((column) => encoded(column, columns[column.profile.feature]![row]));
  }
}

function encoded(column: Column, value: unknown): number | null {
  if (!(column instanceof OrderedColumn)) {
    const bin = column.binOf(value);
    return bin < column.missing ? bin : null;
  }
  const size = column.sizeOf(value);
  return Number.isFinite(size) ? size : null;
}

function partsOf({ rows, features, seasons, segments }: ReferenceProfile, columns: readonly Column[]): ReferencePart[] {
  const all = {
    segment: null,
    rows,
    counts: features.map(({ counts }) => counts),
    moments: features.map((feature) => ("edges" in feature ? feature.moments : null)),
    seasons,
  };
  return [all, ...(segments?.parts ?? [])].map(({ counts, ...part }) => {
    const bins = counts.map((own) => Float64Array.from(own));
    return { ...part, bins, cells: cellCounts(columns.map((column, i) => ({ column, bins: bins[i]! }))) };
  });
}
