import { invalidInput } from "../../core/schema.ts";
import { type Column, categoryOf, readValue } from "./column.ts";
import { EMBEDDING_SAMPLE, type FeatureCountsState } from "./feature-counts.ts";
import { PartCounts } from "./part-counts.ts";
import { bytesOfState, stateOfBytes } from "./profile-bytes.ts";
import type { ColumnsByName, ProfileLayout } from "./profile-layout.ts";
import { type DriftProfileState, MAX_ROWS, stateSchema } from "./profile-state.ts";
import { parseState, stateInvalid } from "./reference-profile.ts";
import { RowSample, type SampledRow } from "./row-sample.ts";
import { SEASONS } from "./season.ts";

/** Rows that are counted together: enough to be worth it, and few enough to stay in a cache. */
const BLOCK = 256;

/**
 * What was seen of rows, in bounded memory and without them: counts in the bins of a reference, and exact sums. Profiles over one
 * reference add up: the profile of all rows equals, to the last bit, the sum of those of its parts, whatever the parts and their order.
 *
 * {@link DriftDetector.profile} makes one. Rows are not checked against a schema: a value of another type counts as invalid.
 */
export class DriftProfile {
  readonly #layout: ProfileLayout;
  readonly #parts: readonly PartCounts[];
  readonly #sample: RowSample | undefined;
  #since: number | null;
  #until: number | null;

  /** @internal */
  constructor(layout: ProfileLayout, state?: DriftProfileState) {
    this.#layout = layout;
    this.#parts = Array.from({ length: layout.segments.size + 1 }, (_, i) => new PartCounts(layout, state?.parts[i]));
    this.#sample = layout.sampleRows === 0 ? undefined : RowSample.fromJSON(state?.sample ?? [], layout.sampleRows);
    this.#since = state?.since ?? null;
    this.#until = state?.until ?? null;
  }

  /** Rows counted. */
  get rows(): number {
    return this.#parts[0]!.rows;
  }

  /** When the first row was observed, milliseconds since the epoch; null without rows. */
  get since(): number | null {
    return this.#since;
  }

  /** When the last row was observed, milliseconds since the epoch; null without rows. */
  get until(): number | null {
    return this.#until;
  }

  /**
   * Counts of all rows, then of each segment.
   *
   * @internal
   */
  get parts(): readonly PartCounts[] {
    return this.#parts;
  }

  /**
   * Rows for multivariate checks.
   *
   * @internal
   */
  get sample(): RowSample | undefined {
    return this.#sample;
  }

  /**
   * Counts a row.
   *
   * @param at - when it was seen, milliseconds since the epoch
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for a row that is no object or a time that is no finite number; nothing is
   * counted
   */
  observe(row: object, at: number): void {
    if (typeof row !== "object" || row === null || !Number.isFinite(at)) {
      const message = "expected an object, and the time at which it was seen in milliseconds";
      throw invalidInput("The row of a profile", [{ path: [], message }]);
    }
    this.#parts[0]!.observe(row, at);
    const { segmentBy } = this.#layout;
    if (segmentBy !== undefined) this.#segmentOf(readValue(row, segmentBy))?.observe(row, at);
    this.#sample?.add(this.#layout.encode(row));
    this.#saw(at);
  }

  /**
   * Counts the rows at `from` to `to`, feature by feature: bins of one feature fit into a processor's cache, those of all do not.
   *
   * @internal
   */
  observeRows(rows: readonly object[], from: number, to: number, at: number): void {
    for (let first = from; first < to; first += BLOCK) {
      const last = Math.min(to, first + BLOCK);
      const columns: Record<string, unknown[]> = Object.create(null);
      for (const name of this.#layout.names) {
        const values: unknown[] = [];
        for (let row = first; row < last; row++) values.push(readValue(rows[row]!, name));
        columns[name] = values;
      }
      this.observeColumns(columns, 0, last - first, at);
    }
  }

  /**
   * Counts the rows at `from` to `to` of columns, which are there for every watched feature.
   *
   * @internal
   */
  observeColumns(columns: ColumnsByName, from: number, to: number, at: number): void {
    if (from === to) return;
    this.#parts[0]!.observeColumns(columns, from, to, at);
    const { segmentBy } = this.#layout;
    const segments = segmentBy === undefined ? undefined : columns[segmentBy];
    if (segments !== undefined) {
      const rows = new Map<PartCounts, number[]>();
      for (let row = from; row < to; row++) {
        const part = this.#segmentOf(segments[row]);
        const own = part && rows.get(part);
        if (own !== undefined) own.push(row);
        else if (part !== undefined) rows.set(part, [row]);
      }
      for (const [part, own] of rows) part.observeRows(columns, own, at);
    }
    for (let row = from; this.#sample !== undefined && row < to; row++) this.#sample.add(this.#layout.encodeAt(columns, row));
    this.#saw(at);
  }

  /**
   * Adds the counts of another profile over the same reference, as if its rows had been observed here.
   *
   * @param other - a profile, or what {@link DriftProfile.toJSON} or {@link DriftProfile.toBytes} made of one
   * @throws a `ModelwrightError` with code `DRIFT_STATE_INVALID` for damaged state, one over another reference, or more than
   * 2^43 rows together; nothing is added
   */
  merge(other: DriftProfile | DriftProfileState | Uint8Array): void {
    const profile = other instanceof DriftProfile ? other : restoreProfile(this.#layout, other);
    if (profile.#layout !== this.#layout && profile.#layout.fingerprint !== this.#layout.fingerprint) throw anotherReference();
    if (this.rows + profile.rows > MAX_ROWS) {
      throw stateInvalid("The windows have too many rows together to be counted exactly");
    }
    // A profile may be added to itself.
    const added = profile === this ? restoreProfile(this.#layout, this.toJSON()) : profile;
    this.#parts.forEach((part, i) => {
      part.merge(added.#parts[i]!);
    });
    if (added.#sample !== undefined) this.#sample?.merge(added.#sample);
    if (added.#since !== null && added.#until !== null) {
      this.#saw(added.#since);
      this.#saw(added.#until);
    }
  }

  /** The profile as JSON; equal profiles have equal JSON. */
  toJSON(): DriftProfileState {
    return {
      schemaVersion: 1,
      reference: this.#layout.fingerprint,
      since: this.#since,
      until: this.#until,
      parts: this.#parts.map((part) => part.toJSON()),
      sample: this.#sample?.toJSON() ?? null,
    };
  }

  /** The profile in a compact binary form, about one byte for each bin. */
  toBytes(): Uint8Array {
    return bytesOfState(this.toJSON());
  }

  #segmentOf(value: unknown): PartCounts | undefined {
    const segment = categoryOf(value);
    const position = segment === undefined ? undefined : this.#layout.segments.get(segment);
    return position === undefined ? undefined : this.#parts[position + 1];
  }

  #saw(at: number): void {
    this.#since = Math.min(this.#since ?? at, at);
    this.#until = Math.max(this.#until ?? at, at);
  }
}

/**
 * The profile of stored state, over the reference of `layout`.
 *
 * @throws a `ModelwrightError` with code `DRIFT_STATE_INVALID` for damaged state, or one over another reference
 */
export function restoreProfile(layout: ProfileLayout, stored: unknown): DriftProfile {
  const raw = stored instanceof Uint8Array ? stateOfBytes(stored, layout.counts) : stored;
  assertSizes(raw, layout);
  // Parsed by the schema, whose optional members are never undefined.
  const state = parseState(stateSchema, raw, "window") as DriftProfileState;
  if (!fits(state, layout)) throw unfit();
  return new DriftProfile(layout, state);
}

/** What may be a profile over this reference, before each of its members is looked at: a hostile one may have millions. */
function assertSizes(stored: unknown, { fingerprint, segments, columns }: ProfileLayout): void {
  const { reference, parts } = (typeof stored === "object" && stored !== null ? stored : {}) as Readonly<Record<string, unknown>>;
  if (typeof reference === "string" && reference !== fingerprint) throw anotherReference();
  if (!Array.isArray(parts)) return;
  const sized = (part: { readonly features?: readonly { readonly counts?: unknown }[] } | null) =>
    part?.features?.length === columns.length &&
    columns.every(({ bins }, i) => (part.features?.[i]?.counts as ArrayLike<unknown> | undefined)?.length === bins);
  if (parts.length !== segments.size + 1 || !parts.every(sized)) throw unfit();
}

function fits(
  { parts, sample }: DriftProfileState,
  { segments, sampleRows, sampleWidth, season, columns }: ProfileLayout,
): boolean {
  return (
    parts.length === segments.size + 1 &&
    (sample === null) === (sampleRows === 0) &&
    sampleFits(sample ?? [], { capacity: sampleRows, width: sampleWidth, rows: parts[0]!.rows }) &&
    parts.every(
      ({ features, seasons }) =>
        (seasons === null || seasons.length === SEASONS[season?.by ?? "day-of-week"]) &&
        (seasons === null) === (season === undefined) &&
        features.length === columns.length &&
        features.every((feature, i) => featureFits(feature, columns[i]!)),
    )
  );
}

function featureFits({ counts, sums, sample }: FeatureCountsState, column: Column): boolean {
  if (counts.length !== column.bins || (sums !== undefined) !== column.ordered > 0) return false;
  const rows = counts.slice(0, column.ordered).reduce((sum, count) => sum + count, 0);
  if (sums !== undefined && (sums.low === null) !== (rows === 0)) return false;
  const { profile } = column;
  if (profile.kind !== "embedding") return sample === undefined;
  return (
    sample !== undefined &&
    sampleFits(sample, { capacity: EMBEDDING_SAMPLE, width: profile.dimension!, rows }) &&
    sample.every(({ values }) => !values.includes(null))
  );
}

function sampleFits(
  sample: readonly SampledRow[],
  { capacity, width, rows }: { readonly capacity: number; readonly width: number; readonly rows: number },
): boolean {
  return (
    sample.length <= capacity &&
    sample.every(({ values }) => values.length === width) &&
    sample.reduce((sum, { count }) => sum + count, 0) <= rows
  );
}

function unfit() {
  return stateInvalid("The counts of the window do not fit its reference profile");
}

function anotherReference() {
  return stateInvalid("The window was counted against another reference profile");
}
