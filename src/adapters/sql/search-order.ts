import { type RawBuilder, sql } from "kysely";
import type { CursorKey, Place } from "../../search/cursor.ts";
import { completeOrder } from "../../search/fields.ts";
import { ORDERED_CHARACTERS } from "../../search/limits.ts";
import type { SearchOrder, SearchValue } from "../../search/port.ts";
import type { Condition } from "./search-comparison.ts";
import { keyIs, linksOf } from "./search-filter.ts";
import type { KeyedRelation, SearchTarget } from "./search-target.ts";

/** A column that a search is ordered by. */
export interface OrderColumn extends CursorKey {
  readonly ref: RawBuilder<unknown>;
  /** The table that it comes from, unless it is the record's own. */
  readonly join?: { readonly table: string; readonly alias: string; readonly on: Condition } | undefined;
}

/**
 * The columns of an order, in its sequence. What can be a number or a text is two: numbers come before texts, in either direction.
 * Fields were checked before.
 */
export function orderColumns(
  orderBy: readonly SearchOrder[],
  { attributes, relations, tieBreak }: SearchTarget,
): readonly OrderColumn[] {
  return completeOrder(orderBy, tieBreak).flatMap((order, i): readonly OrderColumn[] => {
    const { entity, key } = order.field;
    if (entity !== "attribute") return factColumns(order, relations[entity] as KeyedRelation, `o${i}`, ["number", "text"]);
    const attribute = attributes[key]!;
    if ("fact" in attribute) return factColumns(order, attribute.fact, `o${i}`, [attribute.type]);
    const { column, type, required = false } = attribute;
    return [{ ...order, type, required, ref: sql.ref(column) }];
  });
}

function factColumns(
  order: SearchOrder,
  relation: KeyedRelation,
  alias: string,
  types: readonly ("number" | "text")[],
): readonly OrderColumn[] {
  const join = { table: relation.table, alias, on: all([...linksOf(relation, alias), keyIs(relation, alias, order.field)]) };
  return types.flatMap((type) => {
    const column = relation[type];
    if (column === undefined) return [];
    const value = sql.ref(`${alias}.${column}`);
    const ref = type === "text" ? sql`substr(${value}, 1, ${sql.lit(ORDERED_CHARACTERS)})` : value;
    return [{ ...order, type, required: false, ref, join }];
  });
}

/** The conditions that a row stands behind a place. */
export function behind(columns: readonly OrderColumn[], place: Place): readonly Condition[] {
  const ways = columns.flatMap((column, i): readonly Condition[] => {
    const later = isLater(column, place[i]!);
    if (later === undefined) return [];
    const same = columns.slice(0, i).map((before, j) => isSame(before, place[j]!));
    return [all([...same, later])];
  });
  const reached: Condition = sql`(${sql.join(ways, sql` or `)})`;
  const first = columns[0]!;
  if (!first.required) return [reached];
  // Follows from the other one. It is what lets an index begin at the place.
  return [first.direction === "asc" ? sql`${first.ref} >= ${place[0]}` : sql`${first.ref} <= ${place[0]}`, reached];
}

function isSame({ ref }: OrderColumn, value: SearchValue | null): Condition {
  return value === null ? sql`${ref} is null` : sql`${ref} = ${value}`;
}

/** Undefined where nothing is later: null comes last. */
function isLater({ ref, direction, required }: OrderColumn, value: SearchValue | null): Condition | undefined {
  if (value === null) return undefined;
  const later: Condition = direction === "asc" ? sql`${ref} > ${value}` : sql`${ref} < ${value}`;
  return required ? later : sql`(${later} or ${ref} is null)`;
}

function all(conditions: readonly Condition[]): Condition {
  return sql`(${sql.join(conditions, sql` and `)})`;
}
