import type { AttributeOf, SearchKind, searchKinds } from "./kinds.ts";
import type { Filter, SearchField, SearchValue } from "./port.ts";

/** Conditions on a field whose values are of type `T`. What each one means is said at {@link Filter}. */
export interface FieldFilters<T extends SearchValue> {
  /** Equal. */
  eq(value: T): Filter;
  /** There, and not equal. */
  ne(value: T): Filter;
  /** Less. */
  lt(value: T): Filter;
  /** Less or equal. */
  lte(value: T): Filter;
  /** Greater. */
  gt(value: T): Filter;
  /** Greater or equal. */
  gte(value: T): Filter;
  /** Equal to one of them; of none, no record matches. */
  in(values: readonly T[]): Filter;
  /** Whether the record has it at all. */
  exists(): Filter;
}

/** Conditions on a field whose values may be text. */
export interface TextFilters<T extends SearchValue = string> extends FieldFilters<T> {
  /** `%` stands for any number of characters, `_` for one; there is no escape. */
  like(pattern: string): Filter;
  /** As `like`, without minding the case of ASCII letters. */
  ilike(pattern: string): Filter;
}

/** The conditions that fit an attribute. Times are numbers: milliseconds since the epoch. */
export type AttributeFilters<
  K extends SearchKind,
  A extends AttributeOf<K>,
> = (typeof searchKinds)[K]["attributes"][A] extends "text" ? TextFilters : FieldFilters<number>;

/** What makes filters of one kind of record. */
interface FilterBuilder<K extends SearchKind> {
  /** Every record when there are none. */
  and(...of: readonly Filter[]): Filter;
  /** No record when there are none. */
  or(...of: readonly Filter[]): Filter;
  /** Every record that the filter does not match. */
  not(of: Filter): Filter;
  /** Conditions on an attribute. */
  attribute<A extends AttributeOf<K>>(name: A): AttributeFilters<K, A>;
  /** Conditions on a tag. */
  tag(key: string): TextFilters;
}

/** Makes filters of models. */
export interface ModelFilterBuilder extends FilterBuilder<"models"> {
  /** The alias points at a version of the model. */
  alias(name: string): Filter;
}

/** Makes filters of versions. */
export interface VersionFilterBuilder extends FilterBuilder<"versions"> {
  /** The alias points at the version. */
  alias(name: string): Filter;
  /** Conditions on a metric. */
  metric(key: string): FieldFilters<number>;
  /** A hyperparameter: numbers are compared with numbers, anything else is text. */
  param(key: string): TextFilters<SearchValue>;
}

/** Makes filters of runs. */
export interface RunFilterBuilder extends FilterBuilder<"runs"> {
  /** By its latest value. */
  metric(key: string): FieldFilters<number>;
  /** Conditions on a param, which is text. */
  param(key: string): TextFilters;
  /** Any of the data sets that the run has used. */
  dataset(member: "name" | "digest" | "context"): TextFilters;
}

/** Makes filters of experiments. */
export interface ExperimentFilterBuilder extends FilterBuilder<"experiments"> {}

const of = {
  and: (...parts: readonly Filter[]): Filter => ({ op: "and", of: parts }),
  or: (...parts: readonly Filter[]): Filter => ({ op: "or", of: parts }),
  not: (part: Filter): Filter => ({ op: "not", of: part }),
  attribute: (key: string): never => conditions({ entity: "attribute", key }) as never,
  tag: (key: string): TextFilters => conditions({ entity: "tag", key }),
  metric: (key: string): FieldFilters<number> => conditions({ entity: "metric", key }),
  param: (key: string): TextFilters<SearchValue> => conditions({ entity: "param", key }),
  dataset: (key: string): TextFilters => conditions({ entity: "dataset", key }),
  alias: (name: string): Filter => conditions<string>({ entity: "alias", key: "name" }).eq(name),
};

/**
 * Makes filters of versions whose names and types the compiler checks.
 *
 * @example
 * ```ts
 * import { versionFilter as filter } from "modelwright/search";
 *
 * const promising = filter.and(
 *   filter.metric("auc").gte(0.9),
 *   filter.attribute("stage").in(["staging", "production"]),
 *   filter.not(filter.alias("champion")),
 * );
 * ```
 */
export const versionFilter: VersionFilterBuilder = pick("and", "or", "not", "attribute", "tag", "alias", "metric", "param");

/** As {@link versionFilter}, of models. */
export const modelFilter: ModelFilterBuilder = pick("and", "or", "not", "attribute", "tag", "alias");

/** As {@link versionFilter}, of runs. */
export const runFilter: RunFilterBuilder = pick("and", "or", "not", "attribute", "tag", "metric", "param", "dataset");

/** As {@link versionFilter}, of experiments. */
export const experimentFilter: ExperimentFilterBuilder = pick("and", "or", "not", "attribute", "tag");

function pick<N extends keyof typeof of>(...names: readonly N[]): Pick<typeof of, N> {
  return Object.freeze(Object.fromEntries(names.map((name) => [name, of[name]]))) as Pick<typeof of, N>;
}

function conditions<T extends SearchValue>(field: SearchField): TextFilters<T> {
  const comparison =
    (op: "=" | "!=" | "<" | "<=" | ">" | ">=") =>
    (value: T): Filter => ({ op, field, value });
  return {
    eq: comparison("="),
    ne: comparison("!="),
    lt: comparison("<"),
    lte: comparison("<="),
    gt: comparison(">"),
    gte: comparison(">="),
    in: (values) => ({ op: "in", field, values: [...values] }),
    exists: () => ({ op: "exists", field }),
    like: (value) => ({ op: "like", field, value }),
    ilike: (value) => ({ op: "ilike", field, value }),
  };
}
