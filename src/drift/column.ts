import { binIndex, nextDown } from "../stats/bins.ts";
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
  if (typeof value === "string") return value.length > MAX_CATEGORY_LENGTH ? shortened(value) : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** The beginning of a long text. No surrogate pair is cut in half: a store may refuse text that is not valid Unicode. */
function shortened(text: string): string {
  return text.slice(0, MAX_CATEGORY_LENGTH).replace(/[\uD800-\uDBFF]$/, "");
}

/** Whether a value stands for no value. */
export function isMissing(value: unknown): boolean {
  return value === undefined || value === null || Number.isNaN(value);
}

/**
 * Share of singletons in the reference above which new categories are to be expected, and so no sign of drift by themselves. Below,
 * they add too little to PSI to make it large.
 *
 * @source I. J. Good, "The Population Frequencies of Species and the Estimation of Population Parameters", Biometrika 40 (1953)
 */
const MAX_NEW_SHARE = 0.01;

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
    this.cells = [...numericCells(profile), ...restCells(this.missing)];
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
    const { categories, tail, counts, singletons } = profile;
    const other = categories.length;
    this.missing = other + 2;
    this.#bins = new Map([
      ...categories.map((category, i) => [category, i] as const),
      ...tail.map((category) => [category, other] as const),
    ]);
    this.cells = [
      ...categories.map((label, i) => ({ label, from: i, to: i + 1, joins: true })),
      ...(singletons > MAX_NEW_SHARE * counts.reduce((sum, count) => sum + count, 0)
        ? [{ label: "other or unseen", from: other, to: other + 2, joins: true }]
        : [
            { label: "other", from: other, to: other + 1, joins: true },
            { label: "unseen", from: other + 1, to: other + 2, joins: false },
          ]),
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

/** What is below or above every reference value stays apart, so that a sentinel such as -1 is seen. */
function numericCells({ edges, coarse, counts }: NumericProfile): Cell[] {
  const bounds = coarse ?? [...edges.keys()];
  const labels = coarse === null ? valueLabels(edges) : rangeLabels(bounds.map((position) => edges[position]!));
  const ends = [...bounds.map((position) => position + 1), edges.length + 1];
  return ends.map((to, i) => {
    const from = ends[i - 1] ?? 0;
    return { label: labels[i]!, from, to, joins: counts.slice(from, to).some((count) => count > 0) };
  });
}

function valueLabels([, ...values]: readonly number[]): string[] {
  return [`< ${values[0]}`, ...values.map(String), `> ${values.at(-1)}`];
}

function rangeLabels(bounds: readonly number[]): string[] {
  if (bounds.length === 0) return ["any"];
  const leastAlone = bounds.length > 1 && bounds[0] === nextDown(bounds[1]!);
  const [first, ...others] = shortTexts(leastAlone ? bounds.slice(1) : bounds);
  const texts = [first!, ...others];
  return [
    ...(leastAlone ? [`< ${first}`, first!] : [`<= ${first}`]),
    ...others.map((text, i) => `(${texts[i]}, ${text}]`),
    `> ${texts.at(-1)}`,
  ];
}

/** The numbers with as few digits as tell them apart, at least 4. */
function shortTexts(values: readonly number[]): string[] {
  for (let digits = 4; ; digits++) {
    const rounded = values.map((value) => Number(value.toPrecision(digits)));
    if (digits === 17 || (new Set(rounded).size === values.length && rounded.every(Number.isFinite))) return rounded.map(String);
  }
}
