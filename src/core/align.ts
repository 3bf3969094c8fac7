import type { JsonValue } from "./json.ts";

/** Which way a metric is better. */
export type Direction = "maximize" | "minimize";

/** Whether a value is better than the baseline's; `unknown` without a baseline or a direction, and for NaN. */
type Verdict = "better" | "worse" | "equal" | "unknown";

/** What a record has that the baseline has not, or otherwise; `unknown` where one of the two is not known at all. */
type Change = "same" | "added" | "removed" | "changed" | "unknown";

/** A number as JSON can carry it. */
type JsonNumber = number | "NaN" | "Infinity" | "-Infinity";

/** What several records say under one key, in the order of the records. */
export interface Row<T> {
  readonly key: string;
  /** Null for a record that has nothing under the key. */
  readonly cells: readonly ({ readonly value: T } | null)[];
  /** Whether every record has the same value. */
  readonly equal: boolean;
}

/** A row with what changed from the baseline. */
export interface ChangeRow<T> extends Row<T> {
  readonly changes: readonly Change[];
}

/** A metric of one record. */
export interface MetricCell {
  readonly value: JsonNumber;
  /** The value less the baseline's; null where one of them is missing or the difference is not finite. */
  readonly delta: number | null;
  readonly verdict: Verdict;
}

/** A metric of several records, in their order. */
export interface MetricRow {
  readonly key: string;
  /** Null when no record declares one, or two contradict each other. */
  readonly direction: Direction | null;
  /** Null for a record without the metric. */
  readonly cells: readonly (MetricCell | null)[];
  readonly equal: boolean;
}

/** What is compared: a version of a model, a run. */
export interface ComparedRecord {
  /** Names the record in the comparison. */
  readonly label: string;
  readonly facts: Readonly<Record<string, JsonValue>>;
  readonly params: Readonly<Record<string, JsonValue>>;
  /** Any doubles. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly directions: Readonly<Record<string, Direction>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** Records side by side, as JSON can carry it. Rows are in the order of their keys' code units. */
export interface Comparison {
  /** Labels of the records. */
  readonly columns: readonly string[];
  /** Index of the record that the others are compared with. */
  readonly baseline: number;
  readonly facts: readonly Row<JsonValue>[];
  readonly params: readonly Row<JsonValue>[];
  readonly metrics: readonly MetricRow[];
  readonly tags: readonly Row<string>[];
}

/** Puts records side by side. Time grows with what they hold together. */
export function compareRecords(records: readonly ComparedRecord[], baseline: number): Comparison {
  return {
    columns: records.map(({ label }) => label),
    baseline,
    facts: alignRows(records.map(({ facts }) => facts)),
    params: alignRows(records.map(({ params }) => params)),
    metrics: alignMetrics(records, baseline),
    tags: alignRows(records.map(({ tags }) => tags)),
  };
}

/** A row for each key that any of the records has. */
export function alignRows<T extends JsonValue>(records: readonly Readonly<Record<string, T>>[]): readonly Row<T>[] {
  return keysOf(records).map((key) => {
    const cells = records.map((record) => (Object.hasOwn(record, key) ? { value: record[key]! } : null));
    const [first] = cells;
    const equal =
      first !== null && first !== undefined && cells.every((cell) => cell !== null && sameJson(cell.value, first.value));
    return { key, cells, equal };
  });
}

/** As {@link alignRows}, with what changed from the baseline. A record that is null is not known. */
export function alignChanges<T extends JsonValue>(
  records: readonly (Readonly<Record<string, T>> | null)[],
  baseline: number,
): readonly ChangeRow<T>[] {
  return alignRows(records.map((record) => record ?? {})).map((row) => {
    const before = row.cells[baseline] ?? null;
    const changes = row.cells.map((cell, i): Change => {
      if (records[i] === null || records[baseline] === null) return "unknown";
      if (cell === null || before === null) return cell === before ? "same" : cell === null ? "removed" : "added";
      return sameJson(cell.value, before.value) ? "same" : "changed";
    });
    return { ...row, changes };
  });
}

/** A row for each metric that any of the records has. */
export function alignMetrics(
  records: readonly Pick<ComparedRecord, "metrics" | "directions">[],
  baseline: number,
): readonly MetricRow[] {
  return keysOf(records.map(({ metrics }) => metrics)).map((key) => {
    const values = records.map(({ metrics }) => (Object.hasOwn(metrics, key) ? metrics[key]! : undefined));
    const direction = commonDirection(records, key);
    const cells = values.map((value) => (value === undefined ? null : metricCell(value, values[baseline], direction)));
    const equal = values.every((value) => value !== undefined && sameNumber(value, values[0]!));
    return { key, direction, cells, equal };
  });
}

/** The direction that records declare for a metric; null when none does, or two contradict each other. */
export function commonDirection(records: readonly Pick<ComparedRecord, "directions">[], metric: string): Direction | null {
  const declared = new Set(records.flatMap(({ directions }) => (Object.hasOwn(directions, metric) ? [directions[metric]!] : [])));
  const [direction] = declared;
  return declared.size === 1 ? direction! : null;
}

/** A value and how it stands to another. */
export function metricCell(value: number, base: number | undefined, direction: Direction | null): MetricCell {
  // Of 0 and -0 the difference is 0.
  const delta = base === undefined ? Number.NaN : value - base + 0;
  return { value: jsonNumber(value), delta: Number.isFinite(delta) ? delta : null, verdict: verdictOf(value, base, direction) };
}

function verdictOf(value: number, base: number | undefined, direction: Direction | null): Verdict {
  if (base === undefined) return "unknown";
  if (sameNumber(value, base)) return "equal";
  if (direction === null || Number.isNaN(value) || Number.isNaN(base)) return "unknown";
  return value > base === (direction === "maximize") ? "better" : "worse";
}

function jsonNumber(value: number): JsonNumber {
  return Number.isFinite(value) ? value : (String(value) as JsonNumber);
}

function sameNumber(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

function keysOf(records: readonly object[]): readonly string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))].sort();
}

/** Whether two JSON values are equal; the order of an object's members does not count. */
export function sameJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) {
    return false;
  }
  const left = new Map<string, JsonValue>(Object.entries(a));
  const right = Object.entries(b);
  return left.size === right.length && right.every(([key, value]) => left.has(key) && sameJson(left.get(key)!, value));
}
