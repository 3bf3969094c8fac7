import { readValue } from "./column.ts";
import { type FeatureCounts, type FeatureCountsState, featureCounts } from "./feature-counts.ts";
import type { ColumnsByName, ProfileLayout } from "./profile-layout.ts";
import { SEASONS, seasonOf, timeOf } from "./season.ts";

/** The counts of all rows, or of one segment's, as JSON. */
export interface PartCountsState {
  readonly rows: number;
  /** In the order of the reference's features. */
  readonly features: readonly FeatureCountsState[];
  /** Rows in each season; null where the reference has none. */
  readonly seasons: readonly number[] | null;
}

/** Counts all rows, or those of one segment. */
export class PartCounts {
  readonly features: readonly FeatureCounts[];
  readonly seasons: Float64Array | undefined;
  rows: number;
  readonly #names: readonly string[];
  readonly #layout: ProfileLayout;

  constructor(layout: ProfileLayout, state?: PartCountsState) {
    this.#layout = layout;
    this.#names = layout.columns.map(({ profile }) => profile.feature);
    this.features = layout.columns.map((column, i) => featureCounts(column, state?.features[i]));
    this.seasons = layout.season && Float64Array.from(state?.seasons ?? new Array<number>(SEASONS[layout.season.by]).fill(0));
    this.rows = state?.rows ?? 0;
  }

  /** Counts a row that was seen at a time in milliseconds since the epoch. */
  observe(row: object, now: number): void {
    for (let i = 0; i < this.features.length; i++) this.features[i]!.observe(readValue(row, this.#names[i]!));
    const { season } = this.#layout;
    if (season !== undefined) this.#countSeason(readValue(row, season.at), now);
    this.rows += 1;
  }

  /** Counts the rows at `from` to `to` of columns. */
  observeColumns(columns: ColumnsByName, from: number, to: number, now: number): void {
    for (let i = 0; i < this.features.length; i++) this.features[i]!.observeColumn(columns[this.#names[i]!]!, from, to);
    const { season } = this.#layout;
    const times = season && columns[season.at];
    for (let row = from; season !== undefined && row < to; row++) this.#countSeason(times?.[row], now);
    this.rows += to - from;
  }

  /** Counts the rows of columns at `rows`. */
  observeRows(columns: ColumnsByName, rows: readonly number[], now: number): void {
    for (let i = 0; i < this.features.length; i++) this.features[i]!.observeRows(columns[this.#names[i]!]!, rows);
    const { season } = this.#layout;
    const times = season && columns[season.at];
    for (let i = 0; season !== undefined && i < rows.length; i++) this.#countSeason(times?.[rows[i]!], now);
    this.rows += rows.length;
  }

  merge(other: PartCounts): void {
    this.features.forEach((own, i) => {
      own.merge(other.features[i]!);
    });
    other.seasons?.forEach((rows, season) => {
      this.seasons![season]! += rows;
    });
    this.rows += other.rows;
  }

  toJSON(): PartCountsState {
    return {
      rows: this.rows,
      features: this.features.map((feature) => feature.toJSON()),
      seasons: this.seasons === undefined ? null : [...this.seasons],
    };
  }

  #countSeason(time: unknown, now: number): void {
    this.seasons![seasonOf(this.#layout.season!.by, timeOf(time) ?? now)]! += 1;
  }
}
