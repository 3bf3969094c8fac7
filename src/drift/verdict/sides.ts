import type { Cell } from "../profile/cells.ts";
import { type Column, OrderedColumn } from "../profile/column.ts";
import type { Moments, SeasonalCounts } from "../profile/reference-profile.ts";
import type { RowSample, SampledRow } from "../profile/row-sample.ts";

/** One feature of the reference and of a window, ready to be compared. */
export interface Sides {
  readonly column: Column;
  /** Counts of the cells; weighted ones where there are seasons. */
  readonly reference: Float64Array;
  readonly current: Float64Array;
  /** Rows that the reference's shares rest on: all of them, or the effective number where seasons are weighted. */
  readonly n: number;
  /** Rows of the window. */
  readonly m: number;
  /** Whether the reference's counts are those of seasons, weighted. Its moments are those of all seasons all the same. */
  readonly weighted: boolean;
  /** Counts in the order of values; finer than the cells where both sides have them. Undefined without an order or without values. */
  readonly ordered: Ordered | undefined;
  readonly moments: { readonly reference: Moments | null; readonly current: Moments | null } | undefined;
  /** Rows of an embedding. */
  readonly samples?: { readonly reference: readonly SampledRow[]; readonly current: RowSample };
}

/** Counts of both sides in the order of values. */
export interface Ordered {
  readonly reference: Float64Array;
  readonly current: Float64Array;
  /** Upper edges of the counts; one less than there are. */
  readonly edges: readonly number[];
}

/** What a window is compared with: counts of the features in the cells and, where seasons do not forbid it, in the bins. */
export interface Baseline {
  readonly rows: number;
  /** Cells of all features behind one another. */
  readonly cells: Float64Array;
  /** Bins of each feature; undefined where the cells are weighted. */
  readonly bins: readonly Float64Array[] | undefined;
  readonly moments: readonly (Moments | null)[];
  readonly weighted: boolean;
  /** Share of the window's rows whose season the reference does not know, in [0, 1]. */
  readonly unknown: number;
}

/** The counts of a window. */
export interface Current {
  readonly rows: number;
  readonly cells: Float64Array;
  /** Bins of each feature; undefined where only the cells are known. */
  readonly bins: readonly Float64Array[] | undefined;
  readonly moments: readonly (Moments | null)[] | undefined;
}

/**
 * The baseline for a window of which so many rows fell into each season: the seasons' shares, weighted alike. Their effective number of
 * rows is what a single sample of the same variance has, 1 / Σ wᵢ² / nᵢ.
 *
 * @source L. Kish, "Survey Sampling" (1965), on effective sample sizes
 */
export function seasonalBaseline(
  { rows, cells }: SeasonalCounts,
  window: Float64Array,
  size: number,
  moments: readonly (Moments | null)[],
): Baseline {
  let known = 0;
  window.forEach((count, season) => {
    if (rows[season]! > 0) known += count;
  });
  const total = window.reduce((sum, count) => sum + count, 0);
  const mixed = new Float64Array(size);
  let variance = 0;
  window.forEach((count, season) => {
    const n = rows[season]!;
    if (count === 0 || n === 0) return;
    const weight = count / known;
    variance += (weight * weight) / n;
    cells[season]!.forEach((cell, i) => {
      mixed[i]! += (weight * cell) / n;
    });
  });
  const effective = known === 0 ? 0 : 1 / variance;
  for (let i = 0; i < size; i++) mixed[i]! *= effective;
  return {
    rows: effective,
    cells: mixed,
    bins: undefined,
    moments,
    weighted: true,
    unknown: total === 0 ? 0 : 1 - known / total,
  };
}

/** Both sides of every feature. */
export function sidesOf(columns: readonly Column[], baseline: Baseline, current: Current): Sides[] {
  let at = 0;
  return columns.map((column, i) => {
    const from = at;
    at += column.cells.length;
    const bins = baseline.bins === undefined || current.bins === undefined ? undefined : [baseline.bins[i]!, current.bins[i]!];
    const reference = baseline.cells.slice(from, at);
    const sides = {
      column,
      reference,
      current: current.cells.slice(from, at),
      // Not all rows, where half of them have chosen the categories.
      n: reference.reduce((sum, count) => sum + count, 0),
      m: current.rows,
      weighted: baseline.weighted,
      moments:
        column instanceof OrderedColumn ? { reference: baseline.moments[i]!, current: current.moments?.[i] ?? null } : undefined,
    };
    const ordered = orderedOf(column, sides.reference, sides.current, bins as [Float64Array, Float64Array] | undefined);
    return withoutLateTruth({ ...sides, ordered });
  });
}

function orderedOf(
  column: Column,
  reference: Float64Array,
  current: Float64Array,
  bins: readonly [Float64Array, Float64Array] | undefined,
): Ordered | undefined {
  if (!(column instanceof OrderedColumn)) return undefined;
  const { profile, ordered: fine, cells } = column;
  const coarse = cells.filter(({ to }) => to <= fine).length;
  const counts =
    bins === undefined
      ? {
          reference: reference.slice(0, coarse),
          current: current.slice(0, coarse),
          edges: edgesOf(cells.slice(0, coarse - 1), profile.edges),
        }
      : {
          reference: bins[0].slice(0, fine),
          current: bins[1].slice(0, fine),
          edges: profile.edges,
        };
  return counts.reference.some((count) => count > 0) && counts.current.some((count) => count > 0) ? counts : undefined;
}

function edgesOf(cells: readonly Cell[], edges: readonly number[]): number[] {
  return cells.map(({ to }) => edges[to - 1]!);
}

/** Truth that is not known yet is no value that is missing: of a target, rows without one do not count. */
export function withoutLateTruth<S extends Pick<Sides, "column" | "reference" | "current" | "n" | "m">>(sides: S): S {
  const { column, reference, current, n, m } = sides;
  if (column.profile.role !== "target") return sides;
  const cell = column.cells.findIndex(({ label, from }) => label === "missing" && from === column.missing);
  const known = (counts: Float64Array) => counts.map((count, i) => (i === cell ? 0 : count));
  const total = reference.reduce((sum, count) => sum + count, 0);
  return {
    ...sides,
    reference: known(reference),
    current: known(current),
    n: total === 0 ? 0 : n * (1 - reference[cell]! / total),
    m: m - current[cell]!,
  };
}
