import { type Cell, categoricalCells, joinOrder, orderedCells } from "./cells.ts";
import { EdgeIndex } from "./edge-index.ts";
import {
  CATEGORICAL_REST,
  type CategoricalProfile,
  type FeatureProfile,
  MAX_CATEGORY_LENGTH,
  ORDERED_REST,
  type OrderedProfile,
} from "./reference-profile.ts";
import { seasonOf, timeOf } from "./season.ts";

/** The bins of one feature. */
export type Column = OrderedColumn | CategoricalColumn;

/** The column of a profile. */
export function columnOf(profile: FeatureProfile): Column {
  return "edges" in profile ? new OrderedColumn(profile) : new CategoricalColumn(profile);
}

/** The bins of a feature whose values have an order. */
export class OrderedColumn {
  readonly profile: OrderedProfile;
  /** Cells in which PSI is computed; together they cover every bin once. */
  readonly cells: readonly Cell[];
  /** Positions of the cells that may be joined where few rows are expected, neighbours behind one another. */
  readonly joinOrder: Int32Array;
  /** Number of bins. */
  readonly bins: number;
  /** Number of leading bins in the order of values. */
  readonly ordered: number;
  /** The bin that counts missing values; behind it are infinities and values of another type. */
  readonly missing: number;
  readonly #edges: EdgeIndex;
  readonly #numeric: boolean;

  constructor(profile: OrderedProfile) {
    this.profile = profile;
    this.#edges = new EdgeIndex(profile.edges);
    this.#numeric = profile.kind === "numeric";
    this.ordered = profile.edges.length + 1;
    this.missing = this.ordered;
    this.bins = this.ordered + ORDERED_REST;
    this.cells = orderedCells(profile);
    this.joinOrder = joinOrder(this.cells, "by value");
  }

  /** The bin of a finite number. */
  binOfNumber(value: number): number {
    return this.#edges.find(value);
  }

  /** The bin of any value at all. */
  binOf(value: unknown): number {
    if (this.#numeric && typeof value === "number" && value - value === 0) return this.#edges.find(value);
    const number = this.sizeOf(value);
    return number - number === 0 ? this.#edges.find(number) : this.restOf(value, number);
  }

  /** What the values are ordered by: the number, the length of text, the norm of an embedding; NaN for any other value. */
  sizeOf(value: unknown): number {
    switch (this.profile.kind) {
      case "numeric":
        return typeof value === "number" ? value : Number.NaN;
      case "text":
        return typeof value === "string" ? value.length : Number.NaN;
      case "embedding":
        return normOf(value, this.profile.dimension) ?? Number.NaN;
    }
  }

  /** The bin of a value whose size is not finite. */
  restOf(value: unknown, size: number): number {
    if (isMissing(value)) return this.missing;
    return this.missing + (Number.isNaN(size) ? 2 : 1);
  }
}

/** The bins of a feature whose values are compared by equality. */
export class CategoricalColumn {
  readonly profile: CategoricalProfile;
  readonly cells: readonly Cell[];
  readonly joinOrder: Int32Array;
  readonly bins: number;
  readonly ordered = 0;
  readonly missing: number;
  readonly #bins: ReadonlyMap<string, number>;

  constructor(profile: CategoricalProfile) {
    this.profile = profile;
    const { categories, tail } = profile;
    const other = categories.length;
    this.missing = other + 2;
    this.bins = other + CATEGORICAL_REST;
    this.#bins = new Map([
      ...categories.map((category, i) => [category, i] as const),
      ...tail.map((category) => [category, other] as const),
    ]);
    this.cells = categoricalCells(profile);
    this.joinOrder = joinOrder(this.cells, "by label");
  }

  /** The bin of any value at all. */
  binOf(value: unknown): number {
    if (isMissing(value)) return this.missing;
    const category = this.#textOf(value);
    return category === undefined ? this.missing + 1 : (this.#bins.get(category) ?? this.missing - 1);
  }

  #textOf(value: unknown): string | undefined {
    switch (this.profile.kind) {
      case "timestamp":
        return hourOf(value);
      case "boolean":
        return flagOf(value);
      case "categorical":
        return categoryOf(value);
    }
  }
}

/** Stands for a value that cannot be read; counts as one of another type. */
const UNREADABLE = Symbol("unreadable");

/** A value of a row. A getter that throws does not keep the row's other values from being counted. */
export function readValue(row: object, name: string): unknown {
  try {
    return (row as Readonly<Record<string, unknown>>)[name];
  } catch {
    return UNREADABLE;
  }
}

/** The text by which a category is told from others; undefined for a value that is no category. */
export function categoryOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.length > MAX_CATEGORY_LENGTH ? shortened(value) : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** The text of a boolean; undefined for any other value. */
export function flagOf(value: unknown): string | undefined {
  return typeof value === "boolean" ? String(value) : undefined;
}

/** The hour of the day, UTC, as two digits; undefined for a value that is no time. */
export function hourOf(value: unknown): string | undefined {
  const time = timeOf(value);
  return time === undefined ? undefined : HOURS[seasonOf("hour-of-day", time)];
}

/** The hours of a day. */
export const HOURS: readonly string[] = Array.from({ length: 24 }, (_, hour) => `${hour}`.padStart(2, "0"));

/**
 * The Euclidean norm of an embedding, infinite when one of its numbers is not finite or their squares are too large; undefined for a
 * value that is none, or of another dimension.
 */
export function normOf(value: unknown, dimension: number | null): number | undefined {
  try {
    return typeof value === "object" ? readNorm(value, dimension) : undefined;
  } catch {
    // A proxy may refuse to be read.
    return undefined;
  }
}

function readNorm(value: unknown, dimension: number | null): number | undefined {
  if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && "length" in value)) return undefined;
  const values = value as unknown as ArrayLike<unknown>;
  if (values.length === 0 || (dimension !== null && values.length !== dimension)) return undefined;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const item = values[i];
    if (typeof item !== "number") return undefined;
    sum += item * item;
  }
  return Number.isNaN(sum) ? Number.POSITIVE_INFINITY : Math.sqrt(sum);
}

/** Whether a value stands for no value. */
export function isMissing(value: unknown): boolean {
  return value === undefined || value === null || Number.isNaN(value);
}

/** The beginning of a long text. No surrogate pair is cut in half: a store may refuse text that is not valid Unicode. */
function shortened(text: string): string {
  return text.slice(0, MAX_CATEGORY_LENGTH).replace(/[\uD800-\uDBFF]$/, "");
}
