import { cellCounts } from "./cell-counts.ts";
import { type Column, columnOf, OrderedColumn } from "./column.ts";
import { fingerprint, type Moments, type ReferenceProfile, type SeasonalCounts } from "./reference-profile.ts";
import type { Season } from "./season.ts";

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
  #fingerprint: string | undefined;
  #parts: readonly ReferencePart[] | undefined;

  constructor(reference: ReferenceProfile, { at, sampleRows }: { readonly at: string | undefined; readonly sampleRows: number }) {
    this.reference = reference;
    this.columns = reference.features.map(columnOf);
    this.season = reference.seasons === null || at === undefined ? undefined : { by: reference.seasons.by, at };
    this.segmentBy = reference.segments?.by;
    this.segments = new Map(reference.segments?.parts.map(({ segment }, i) => [segment, i]));
    this.sampleRows = reference.sample === null ? 0 : sampleRows;
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
  encode(row: Readonly<Record<string, unknown>>): (number | null)[] {
    return this.columns
      .filter(({ profile }) => profile.kind !== "embedding")
      .map((column) => {
        const value = row[column.profile.feature];
        if (!(column instanceof OrderedColumn)) {
          const bin = column.binOf(value);
          return bin < column.missing ? bin : null;
        }
        const size = column.sizeOf(value);
        return Number.isFinite(size) ? size : null;
      });
  }
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
