import type { Issue } from "../core/errors.ts";
import { invalidInput } from "../core/schema.ts";
import type { Filter, SearchField, SearchOrder, SearchQuery } from "./port.ts";

/** What records may have beside their attributes. */
export type SearchEntity = Exclude<SearchField["entity"], "attribute">;

/** What records of one kind can be searched by. */
export interface SearchableFields {
  /** Attributes by name. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly entities: readonly SearchEntity[];
}

/** A key of a store's own order. Its attribute is one that no record lacks; together, the keys tell any two records apart. */
export interface TieBreak {
  readonly attribute: string;
  readonly direction: "asc" | "desc";
}

/** What is known of an entity that a record may have several of. */
const MEMBERS: Readonly<Partial<Record<SearchEntity, readonly string[]>>> = {
  alias: ["name"],
  dataset: ["name", "digest", "context"],
};

const PLURALS = { tag: "tags", metric: "metrics", param: "params", alias: "aliases", dataset: "data sets" } as const;

/**
 * What is wrong with a field, for whoever searches; undefined when nothing is.
 *
 * @param use - what the field is for: there is no order by what a record may have several of
 */
export function fieldProblem(
  { entity, key }: SearchField,
  { attributes, entities }: SearchableFields,
  use: "filter" | "order" = "filter",
): string | undefined {
  if (entity === "attribute") {
    if (Object.hasOwn(attributes, key)) return undefined;
    return `unknown attribute ${shown(key)}; known are ${Object.keys(attributes).sort().join(", ")}`;
  }
  if (!entities.includes(entity)) {
    return `these records have no ${PLURALS[entity]}; they have ${["attributes", ...entities.map((known) => PLURALS[known])].join(", ")}`;
  }
  const members = MEMBERS[entity];
  if (members === undefined) return undefined;
  if (use === "order") return `there is no order by ${PLURALS[entity]}: a record may have several`;
  if (members.includes(key)) return undefined;
  return `unknown member ${shown(key)} of ${PLURALS[entity]}; known are ${members.join(", ")}`;
}

/**
 * Refuses a query that names something that the records cannot have. Every store begins with it, so that all answer alike.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` that lists every unknown field
 */
export function assertSearchable({ where, orderBy = [] }: SearchQuery, fields: SearchableFields): void {
  const problems = new Set<string>();
  const add = (problem: string | undefined) => problem !== undefined && problems.add(problem);
  for (const { field } of orderBy) add(fieldProblem(field, fields, "order"));
  for (const field of where === undefined ? [] : fieldsOf(where)) add(fieldProblem(field, fields));
  if (problems.size === 0) return;
  const issues: Issue[] = [...problems].map((message) => ({ path: [], message }));
  throw invalidInput("The search", issues);
}

/** Whether two keys of an order look at the same. */
function sameField(a: SearchField, b: SearchField): boolean {
  return a.entity === b.entity && a.key === b.key;
}

/** The order that a query comes down to: its own keys, each once, and then those of the store that it does not name. */
export function completeOrder(orderBy: readonly SearchOrder[], tieBreak: readonly TieBreak[]): readonly SearchOrder[] {
  const own = tieBreak.map(({ attribute, direction }): SearchOrder => {
    return { field: { entity: "attribute", key: attribute }, direction };
  });
  const all = [...orderBy, ...own];
  return all.filter(({ field }, i) => all.findIndex((other) => sameField(other.field, field)) === i);
}

function* fieldsOf(filter: Filter): Generator<SearchField> {
  if ("field" in filter) yield filter.field;
  else if (filter.op === "not") yield* fieldsOf(filter.of);
  else for (const part of filter.of) yield* fieldsOf(part);
}

function shown(key: string): string {
  return JSON.stringify(key.length > 100 ? `${key.slice(0, 100)}…` : key);
}
