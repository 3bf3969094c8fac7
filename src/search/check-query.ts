import type { Issue } from "../core/errors.ts";
import { invalidInput } from "../core/schema.ts";
import { LIMITS } from "./limits.ts";
import type { Filter, SearchField, SearchOrder, SearchQuery, SearchValue } from "./port.ts";

/** Where in the query something is. */
type Path = readonly (string | number)[];

type Entity = SearchField["entity"];
type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";

const ENTITIES = ["attribute", "tag", "metric", "param", "alias", "dataset"] as const satisfies readonly Entity[];
const COMPARISONS = ["=", "!=", "<", "<=", ">", ">="] as const satisfies readonly Comparison[];

/**
 * The query, copied, when it has the form of one and is not too large: at most 100 conditions, 20 levels, 1000 values of an `in` and
 * 10 000 of all of them, 8000 characters of a value, 250 of a key, 10 keys of an order, and pages of 50 000 records. Values are finite
 * numbers, or text that every database can hold: without NUL characters and lone surrogates. Which attributes there are is not looked at.
 *
 * Whoever takes a query from outside calls it once; stores do not.
 *
 * @param query - taken to be of any type, as what comes out of JSON is
 * @throws a `ModelwrightError` with code `INPUT_INVALID` that says where the first thing is wrong
 */
export function checkQuery(query: SearchQuery): SearchQuery {
  const { where, orderBy, limit, after } = members(query, [], ["where", "orderBy", "limit", "after"]);
  if (!Number.isInteger(limit) || (limit as number) < 1 || (limit as number) > LIMITS.page) {
    throw wrong(["limit"], `an integer from 1 to ${LIMITS.page}`, limit);
  }
  if (after !== undefined && (typeof after !== "string" || after.length > LIMITS.cursor)) {
    throw wrong(["after"], "`next` of the page before", after);
  }
  const count = { conditions: 0, values: 0 };
  return {
    where: where === undefined ? undefined : checkFilter(where, ["where"], 1, count),
    orderBy: orderBy === undefined ? undefined : checkOrder(orderBy),
    limit: limit as number,
    after,
  };
}

/** What was found so far. */
interface Count {
  conditions: number;
  values: number;
}

function checkFilter(given: unknown, path: Path, depth: number, count: Count): Filter {
  if (depth > LIMITS.depth) throw wrong([], `a filter of at most ${LIMITS.depth} levels`, "a deeper one");
  const op = typeof given === "object" && given !== null ? (given as { op?: unknown }).op : undefined;
  switch (op) {
    case "and":
    case "or": {
      const parts = list(members(given, path, ["op", "of"])["of"], [...path, "of"], LIMITS.conditions);
      // One that is empty has no conditions to be counted by.
      if (parts.length === 0) countCondition(count);
      return { op, of: parts.map((part, i) => checkFilter(part, [...path, "of", i], depth + 1, count)) };
    }
    case "not":
      return { op, of: checkFilter(members(given, path, ["op", "of"])["of"], [...path, "of"], depth + 1, count) };
    default:
      countCondition(count);
      return checkCondition(op, given, path, count);
  }
}

function checkCondition(op: unknown, given: unknown, path: Path, count: Count): Filter {
  switch (op) {
    case "exists":
      return { op, field: checkField(members(given, path, ["op", "field"])["field"], [...path, "field"]) };
    case "in": {
      const { field, values } = members(given, path, ["op", "field", "values"]);
      const all = list(values, [...path, "values"], LIMITS.values);
      count.values += all.length;
      if (count.values > LIMITS.allValues) throw wrong([], `at most ${LIMITS.allValues} values of \`in\` in all`, "more");
      return {
        op,
        field: checkField(field, [...path, "field"]),
        values: all.map((value, i) => checkValue(value, [...path, "values", i])),
      };
    }
    case "like":
    case "ilike": {
      const { field, value } = members(given, path, ["op", "field", "value"]);
      const pattern = checkValue(value, [...path, "value"]);
      if (typeof pattern !== "string") throw wrong([...path, "value"], "text", value);
      return { op, field: checkField(field, [...path, "field"]), value: pattern };
    }
    default: {
      const comparison = COMPARISONS.find((known) => known === op);
      if (comparison === undefined) {
        throw wrong([...path, "op"], `one of and, or, not, ${COMPARISONS.join(", ")}, like, ilike, in, exists`, op);
      }
      const { field, value } = members(given, path, ["op", "field", "value"]);
      return { op: comparison, field: checkField(field, [...path, "field"]), value: checkValue(value, [...path, "value"]) };
    }
  }
}

function countCondition(count: Count): void {
  count.conditions += 1;
  if (count.conditions > LIMITS.conditions) throw wrong([], `a filter of at most ${LIMITS.conditions} conditions`, "more");
}

function checkOrder(given: unknown): readonly SearchOrder[] {
  return list(given, ["orderBy"], LIMITS.orders).map((key, i) => {
    const { field, direction } = members(key, ["orderBy", i], ["field", "direction"]);
    if (direction !== "asc" && direction !== "desc") throw wrong(["orderBy", i, "direction"], "asc or desc", direction);
    return { field: checkField(field, ["orderBy", i, "field"]), direction };
  });
}

function checkField(given: unknown, path: Path): SearchField {
  const { entity, key } = members(given, path, ["entity", "key"]);
  const known = ENTITIES.find((one) => one === entity);
  if (known === undefined) throw wrong([...path, "entity"], `one of ${ENTITIES.join(", ")}`, entity);
  if (typeof key !== "string" || key.length === 0 || key.length > LIMITS.key || !isStorable(key)) {
    throw wrong([...path, "key"], `1 to ${LIMITS.key} characters, without NUL and lone surrogates`, key);
  }
  return { entity: known, key };
}

function checkValue(value: unknown, path: Path): SearchValue {
  // The sign of -0 is none.
  if (typeof value === "number" && Number.isFinite(value)) return value + 0;
  if (typeof value === "string" && value.length <= LIMITS.text && isStorable(value)) return value;
  throw wrong(path, `a finite number, or text of at most ${LIMITS.text} characters, without NUL and lone surrogates`, value);
}

function isStorable(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

function list(given: unknown, path: Path, most: number): readonly unknown[] {
  if (!Array.isArray(given)) throw wrong(path, "an array", given);
  if (given.length > most) throw wrong(path, `at most ${most} items`, `${given.length}`);
  // `map` would pass over holes.
  return Array.from(given);
}

/** The members of an object that has no others. */
function members<K extends string>(given: unknown, path: Path, names: readonly K[]): Readonly<Partial<Record<K, unknown>>> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw wrong(path, "an object", given);
  const unknown = Object.keys(given).find((name) => !names.some((known) => known === name));
  if (unknown !== undefined) throw wrong(path, `the members ${names.join(", ")}`, unknown);
  return given as Readonly<Partial<Record<K, unknown>>>;
}

function wrong(path: Path, expected: string, got: unknown) {
  const text = typeof got === "string" ? got : typeof got === "number" ? `${got}` : got === null ? "null" : typeof got;
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  const issue: Issue = { path: [...path], message: `expected ${expected}, but got ${shown}` };
  return invalidInput("The search", [issue]);
}
