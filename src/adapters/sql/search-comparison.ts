import { type RawBuilder, type SqlBool, sql } from "kysely";
import { foldAscii, lettersOf } from "../../search/like.ts";
import type { Filter, SearchValue } from "../../search/port.ts";

export type Condition = RawBuilder<SqlBool>;

/** A filter that looks at one field. */
export type Comparison = Exclude<Filter, { readonly op: "and" | "or" | "not" }>;

/** How a database differs from the others. */
export interface Manners {
  /** Whether its `like` minds no case and `glob` does, and an index is taken without knowing whether it helps: as SQLite does. */
  readonly sqlite: boolean;
  /** Whether its `lower` changes ASCII letters only. */
  readonly asciiLower: boolean;
}

/** The expressions that hold the values of a field; those of the other type are missing. */
export interface Values {
  readonly text?: RawBuilder<unknown> | undefined;
  readonly number?: RawBuilder<unknown> | undefined;
  /** Whether `number` takes integers only, so that databases refuse to compare it with other numbers. */
  readonly integer: boolean;
}

/** A condition that no record satisfies. */
export const NEVER: Condition = sql`(1 = 0)`;

/** A condition that every record satisfies. */
export const ALWAYS: Condition = sql`(1 = 1)`;

/** A comparison with the values of a field. Null where the value is. */
export function compileComparison(filter: Comparison, { text, number, integer }: Values, manners: Manners): Condition {
  switch (filter.op) {
    case "exists": {
      const present = [text, number].flatMap((value): Condition[] => (value === undefined ? [] : [isPresent(value)]));
      return sql`(${sql.join(present, sql` or `)})`;
    }
    case "like":
    case "ilike":
      return text === undefined ? NEVER : like(text, filter, manners);
    case "in": {
      const isNumber = (value: SearchValue) => (integer ? Number.isSafeInteger(value) : typeof value === "number");
      const tests = [
        ...within(
          text,
          filter.values.filter((value) => typeof value === "string"),
        ),
        ...within(number, filter.values.filter(isNumber)),
      ];
      return tests.length === 0 ? NEVER : sql`(${sql.join(tests, sql` or `)})`;
    }
    default: {
      const { op, value } = filter;
      if (typeof value === "string") return text === undefined ? NEVER : compare(text, op, value);
      if (number === undefined) return NEVER;
      return integer ? compareInteger(number, op, value) : compare(number, op, value);
    }
  }
}

/** Whether a value is there. */
export function isPresent(value: RawBuilder<unknown>): Condition {
  return sql`(${value} is not null)`;
}

type Relation = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** Each operator as SQL has it; written out, so that nothing that comes from outside can become SQL. */
const OPERATORS: Readonly<Record<Relation, RawBuilder<unknown>>> = {
  "=": sql`=`,
  "!=": sql`<>`,
  "<": sql`<`,
  "<=": sql`<=`,
  ">": sql`>`,
  ">=": sql`>=`,
};

function compare(left: RawBuilder<unknown>, op: Relation, right: SearchValue): Condition {
  return sql`(${left} ${OPERATORS[op]} ${right})`;
}

/** With numbers that a column of integers can be compared with: PostgreSQL refuses others. */
function compareInteger(left: RawBuilder<unknown>, op: Relation, right: number): Condition {
  if (op === "=" || op === "!=") {
    if (Number.isSafeInteger(right)) return compare(left, op, right);
    return op === "=" ? NEVER : isPresent(left);
  }
  const below = op === "<" || op === "<=";
  if (Math.abs(right) > Number.MAX_SAFE_INTEGER) return below === right > 0 ? isPresent(left) : NEVER;
  if (Number.isInteger(right)) return compare(left, op, right);
  return below ? compare(left, "<=", Math.floor(right)) : compare(left, ">=", Math.ceil(right));
}

function within(left: RawBuilder<unknown> | undefined, values: readonly SearchValue[]): readonly Condition[] {
  return left === undefined || values.length === 0 ? [] : [sql`${left} in (${sql.join(values)})`];
}

/**
 * `like` without an escape, minding case everywhere but in `ilike`. PostgreSQL and MariaDB take `\` for an escape unless another is
 * named; that one has to be escaped then.
 */
function like(
  text: RawBuilder<unknown>,
  { op, value }: { readonly op: "like" | "ilike"; readonly value: string },
  { sqlite, asciiLower }: Manners,
): Condition {
  const pattern = value.replaceAll(/%+/g, "%");
  if (op === "like" && sqlite) return sql`(${text} glob ${globOf(pattern)})`;
  const escaped = pattern.replaceAll("!", "!!");
  if (op === "like") return sql`(${text} like ${escaped} escape '!')`;
  const folded = asciiLower ? sql`lower(${text})` : lettersFolded(text, pattern);
  return sql`(${folded} like ${foldAscii(escaped)} escape '!')`;
}

/** Text with those ASCII letters in lower case that a pattern has; the case of others makes no difference. */
function lettersFolded(text: RawBuilder<unknown>, pattern: string): RawBuilder<unknown> {
  let folded = text;
  for (const letter of lettersOf(pattern)) folded = sql`replace(${folded}, ${letter.toUpperCase()}, ${letter})`;
  return folded;
}

/** A pattern of `like` as SQLite's GLOB has it, where a set of one is the character itself. */
function globOf(pattern: string): string {
  return pattern.replaceAll(/[%_*?[]/g, (mark) => (mark === "%" ? "*" : mark === "_" ? "?" : `[${mark}]`));
}
