import { type RawBuilder, sql } from "kysely";
import type { Filter, SearchField } from "../../search/port.ts";
import {
  ALWAYS,
  type Comparison,
  type Condition,
  compileComparison,
  isPresent,
  type Manners,
  NEVER,
} from "./search-comparison.ts";
import type { KeyedRelation, SearchTarget, SqlAttribute, SqlRelation } from "./search-target.ts";

/**
 * The condition that a filter is. It is true or false, never null: `not` of a comparison with null has to be true.
 *
 * Fields were checked before. Every key and value is a parameter.
 */
export function compileFilter(filter: Filter, target: SearchTarget, manners: Manners): Condition {
  switch (filter.op) {
    case "and":
    case "or": {
      if (filter.of.length === 0) return filter.op === "and" ? ALWAYS : NEVER;
      const parts = filter.of.map((part) => compileFilter(part, target, manners));
      return sql`(${sql.join(parts, filter.op === "and" ? sql` and ` : sql` or `)})`;
    }
    case "not":
      return sql`not ${compileFilter(filter.of, target, manners)}`;
    default:
      return compileField(filter, target, manners);
  }
}

/** Name of the related table in a condition. */
const ROWS = "s";

function compileField(filter: Comparison, { attributes, relations }: SearchTarget, manners: Manners): Condition {
  const { entity, key } = filter.field;
  if (entity === "attribute") {
    const attribute = attributes[key]!;
    if (!("fact" in attribute)) return compileColumn(filter, attribute, manners);
    return compileKeyed(filter, attribute.fact, [attribute.type], manners);
  }
  if (entity !== "alias" && entity !== "dataset") return compileKeyed(filter, relations[entity]!, ["text", "number"], manners);
  const relation = relations[entity]!;
  const test = compileComparison(filter, { text: rowValue(relation.columns[key]!, filter, manners), integer: false }, manners);
  return anyRow(relation, [], test);
}

function compileColumn(
  filter: Comparison,
  { column, type, required = false }: Exclude<SqlAttribute, { readonly fact: KeyedRelation }>,
  manners: Manners,
): Condition {
  const ref = sql.ref(column);
  if (filter.op === "exists") return required ? ALWAYS : isPresent(ref);
  const values = type === "text" ? { text: ref, integer: false } : { number: ref, integer: type === "integer" };
  const test = compileComparison(filter, values, manners);
  return required || test === NEVER ? test : sql`(${isPresent(ref)} and ${test})`;
}

function compileKeyed(
  filter: Comparison,
  relation: KeyedRelation,
  types: readonly ("text" | "number")[],
  manners: Manners,
): Condition {
  const value = (type: "text" | "number") => {
    const column = types.includes(type) ? relation[type] : undefined;
    return column === undefined ? undefined : rowValue(column, filter, manners);
  };
  const test = compileComparison(filter, { text: value("text"), number: value("number"), integer: false }, manners);
  return anyRow(relation, [keyIs(relation, ROWS, filter.field)], test);
}

/**
 * A value in a related row. SQLite without statistics takes an index on the values for a comparison such as `>`, and reads half of it for
 * each record; `+` keeps it to the few rows that the record has.
 */
function rowValue(column: string, { op }: Comparison, { sqlite }: Manners): RawBuilder<unknown> {
  const ref = sql.ref(`${ROWS}.${column}`);
  return sqlite && op !== "=" && op !== "in" ? sql`+${ref}` : ref;
}

function anyRow(relation: SqlRelation, which: readonly Condition[], test: Condition): Condition {
  if (test === NEVER) return NEVER;
  const conditions = [...linksOf(relation, ROWS), ...which, test];
  return sql`exists (select 1 from ${sql.table(relation.table)} as ${sql.ref(ROWS)} where ${sql.join(conditions, sql` and `)})`;
}

/** That rows of a relation, called `alias`, belong to the record. */
export function linksOf({ on, where = {} }: SqlRelation, alias: string): readonly Condition[] {
  return [
    ...Object.entries(on).map(([own, other]): Condition => sql`${sql.ref(`${alias}.${own}`)} = ${sql.ref(other)}`),
    ...Object.entries(where).map(([own, value]): Condition => sql`${sql.ref(`${alias}.${own}`)} = ${value}`),
  ];
}

/** That a row of a relation, called `alias`, is that of a field. */
export function keyIs(relation: KeyedRelation, alias: string, { key }: SearchField): Condition {
  return sql`${sql.ref(`${alias}.${relation.key}`)} = ${key}`;
}
