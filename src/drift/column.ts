import { binIndex } from "../stats/bins.ts";
import { type CategoricalProfile, type FeatureProfile, MAX_CATEGORY_LENGTH, type NumericProfile } from "./reference-profile.ts";

/** A cell of the comparison: a run of fine bins. */
export interface Cell {
  /** For a human, for example `(1.2, 3.4]`, a category, or `missing`. */
  readonly label: string;
  /** First bin. */
  readonly from: number;
  /** Behind the last bin. */
  readonly to: number;
  /** Whether it may be joined with its neighbours where few values are expected. */
  readonly joins: boolean;
}

/** Sorts the values of one feature into the bins of its profile. */
export interface Column {
  readonly profile: FeatureProfile;
  /** Cells in which PSI is computed; together they cover every bin once. */
  readonly cells: readonly Cell[];
  /** Number of leading bins in the order of values; 0 for categories. */
  readonly ordered: number;
  /** The bin that counts missing values; the next one counts invalid ones. */
  readonly missing: number;
  /** The bin of any value at all. */
  binOf(value: unknown): number;
}

/** The column of a profile. */
export function columnOf(profile: FeatureProfile): Column {
  return profile.kind === "numeric" ? new NumericColumn(profile) : new CategoricalColumn(profile);
}

/** The text by which a category is told from others; undefined for a value that is no category. */
export function categoryOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.length > MAX_CATEGORY_LENGTH ? value.slice(0, MAX_CATEGORY_LENGTH) : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** Whether a value stands for no value. */
export function isMissing(value: unknown): boolean {
  return value === undefined || value === null || Number.isNaN(value);
}

class NumericColumn implements Column {
  readonly profile: NumericProfile;
  readonly cells: readonly Cell[];
  readonly ordered: number;
  readonly missing: number;
  readonly #edges: Float64Array;

  constructor(profile: NumericProfile) {
    this.profile = profile;
    this.#edges = Float64Array.from(profile.edges);
    this.ordered = profile.edges.length + 1;
    this.missing = this.ordered;
    this.cells = [
      ...(profile.coarse === null ? valueCells(profile.edges) : rangeCells(profile.edges, profile.coarse)),
      ...restCells(this.missing),
    ];
  }

  binOf(value: unknown): number {
    if (typeof value === "number" && value - value === 0) return binIndex(this.#edges, value);
    return isMissing(value) ? this.missing : this.missing + 1;
  }
}

class CategoricalColumn implements Column {
  readonly profile: CategoricalProfile;
  readonly cells: readonly Cell[];
  readonly ordered = 0;
  readonly missing: number;
  readonly #bins: ReadonlyMap<string, number>;

  constructor(profile: CategoricalProfile) {
    this.profile = profile;
    const { categories, tail } = profile;
    const other = categories.length;
    this.missing = other + 2;
    this.#bins = new Map([
      ...categories.map((category, i) => [category, i] as const),
      ...tail.map((category) => [category, other] as const),
    ]);
    this.cells = [
      ...categories.map((label, i) => ({ label, from: i, to: i + 1, joins: true })),
      { label: "other", from: other, to: other + 1, joins: true },
      { label: "unseen", from: other + 1, to: other + 2, joins: false },
      ...restCells(this.missing),
    ];
  }

  binOf(value: unknown): number {
    if (isMissing(value)) return this.missing;
    const category = categoryOf(value);
    return category === undefined ? this.missing + 1 : (this.#bins.get(category) ?? this.missing - 1);
  }
}

function restCells(missing: number): Cell[] {
  return [
    { label: "missing", from: missing, to: missing + 1, joins: false },
    { label: "invalid", from: missing + 1, to: missing + 2, joins: false },
  ];
}

/** One cell for each value; what is below and above all of them stays apart, so that a sentinel such as -1 is seen. */
function valueCells(edges: readonly number[]): Cell[] {
  const last = edges.length;
  return [
    { label: `< ${short(edges[1]!)}`, from: 0, to: 1, joins: false },
    ...edges.slice(1).map((edge, i) => ({ label: short(edge), from: i + 1, to: i + 2, joins: true })),
    { label: `> ${short(edges[last - 1]!)}`, from: last, to: last + 1, joins: false },
  ];
}

function rangeCells(edges: readonly number[], coarse: readonly number[]): Cell[] {
  const bounds = coarse.map((position) => short(edges[position]!));
  const ends = [...coarse.map((position) => position + 1), edges.length + 1];
  return ends.map((to, i) => ({
    label:
      bounds.length === 0
        ? "any"
        : i === 0
          ? `<= ${bounds[0]}`
          : i < bounds.length
            ? `(${bounds[i - 1]}, ${bounds[i]}]`
            : `> ${bounds[i - 1]}`,
    from: i === 0 ? 0 : ends[i - 1]!,
    to,
    joins: true,
  }));
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
