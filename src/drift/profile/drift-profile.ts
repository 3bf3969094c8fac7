import { categoryOf } from "./column.ts";
import { type ColumnsByName, PartCounts } from "./part-counts.ts";
import { bytesOfState, stateOfBytes } from "./profile-bytes.ts";
import type { ProfileLayout } from "./profile-layout.ts";
import { type DriftProfileState, stateSchema } from "./profile-state.ts";
import { parseState, stateInvalid } from "./reference-profile.ts";
import { RowSample } from "./row-sample.ts";

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
   */
  observe(row: object, at: number): void {
    const values = row as Readonly<Record<string, unknown>>;
    this.#parts[0]!.observe(values, at);
    const { segmentBy } = this.#layout;
    if (segmentBy !== undefined) this.#segmentOf(values[segmentBy])?.observe(values, at);
    this.#sample?.add(this.#layout.encode(values));
    this.#saw(at);
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
    for (let row = from; segmentBy !== undefined && row < to; row++) {
      this.#segmentOf(columns[segmentBy]?.[row])?.observeColumns(columns, row, row + 1, at);
    }
    for (let row = from; this.#sample !== undefined && row < to; row++) {
      const values = Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values?.[row]]));
      this.#sample.add(this.#layout.encode(values));
    }
    this.#saw(at);
  }

  /**
   * Adds the counts of another profile over the same reference, as if its rows had been observed here.
   *
   * @param other - a profile, or what {@link DriftProfile.toJSON} or {@link DriftProfile.toBytes} made of one
   * @throws a `ModelwrightError` with code `DRIFT_STATE_INVALID` for damaged state, one over another reference, or more than
   * 2^53 − 1 rows together; nothing is added
   */
  merge(other: DriftProfile | DriftProfileState | Uint8Array): void {
    const profile = other instanceof DriftProfile ? other : restoreProfile(this.#layout, other);
    if (profile.#layout !== this.#layout && profile.#layout.fingerprint !== this.#layout.fingerprint) throw anotherReference();
    if (!Number.isSafeInteger(this.rows + profile.rows)) {
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
    const position = this.#layout.segments.get(categoryOf(value) ?? "");
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
  const state = parseState(stateSchema, stored instanceof Uint8Array ? stateOfBytes(stored) : stored, "window");
  if (state.reference !== layout.fingerprint) throw anotherReference();
  const { columns, season } = layout;
  const fits =
    state.parts.length === layout.segments.size + 1 &&
    (state.sample === null) === (layout.sampleRows === 0) &&
    (state.sample?.length ?? 0) <= Math.max(layout.sampleRows, 0) &&
    state.parts.every(
      ({ features, seasons }) =>
        (seasons === null) === (season === undefined) &&
        features.length === columns.length &&
        features.every(
          ({ counts, sums, sample }, i) =>
            counts.length === columns[i]!.bins &&
            (sums !== undefined) === columns[i]!.ordered > 0 &&
            (sample !== undefined) === (columns[i]!.profile.kind === "embedding"),
        ),
    );
  if (!fits) throw stateInvalid("The counts of the window do not fit its reference profile");
  // Parsed by the schema, whose optional members are never undefined.
  return new DriftProfile(layout, state as DriftProfileState);
}

function anotherReference() {
  return stateInvalid("The window was counted against another reference profile");
}
