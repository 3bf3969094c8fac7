import type { TieBreak } from "../../search/fields.ts";
import type { SearchValue } from "../../search/port.ts";

/**
 * Rows of another table that belong to a record. Names are of our own tables, never a caller's: columns of `table` without a prefix,
 * those of the record as the select names them, for example `v.name`.
 */
export interface SqlRelation {
  readonly table: string;
  /** Which of its columns equal which columns of the record: `{ name: "v.name", version: "v.version" }`. */
  readonly on: Readonly<Record<string, string>>;
  /** Columns with a fixed value: `{ kind: "tag" }`. @defaultValue none */
  readonly where?: Readonly<Record<string, SearchValue>> | undefined;
}

/** Rows with a key and a value, at most one row for each key of a record. At least one of `text` and `number` is given. */
export interface KeyedRelation extends SqlRelation {
  /** Column of the key. */
  readonly key: string;
  /** Column of values that are text, collated by bytes; null in rows of a number. */
  readonly text?: string | undefined;
  /** Column of values that are numbers, in double precision; null in rows of a text. */
  readonly number?: string | undefined;
}

/** Rows that a record may have any number of. */
interface ListedRelation extends SqlRelation {
  /** Their members by name, each a column of text without nulls: `{ name: "alias" }`. */
  readonly columns: Readonly<Record<string, string>>;
}

/** An attribute that is a column of the record, or a row of facts whose key is the attribute's name. */
export type SqlAttribute =
  | {
      readonly column: string;
      /** `integer` is a column of 64 bits with integers that a double holds, `number` one of double precision. */
      readonly type: "text" | "integer" | "number";
      /** Whether it is never null, so that indexes serve its order. @defaultValue false */
      readonly required?: boolean | undefined;
    }
  | { readonly fact: KeyedRelation; readonly type: "text" | "number" };

/** How the records of a table are searched. */
export interface SearchTarget {
  readonly attributes: Readonly<Record<string, SqlAttribute>>;
  /** What records may have beside attributes; a query that names another entity is refused. */
  readonly relations: {
    readonly tag?: KeyedRelation | undefined;
    readonly metric?: KeyedRelation | undefined;
    readonly param?: KeyedRelation | undefined;
    /** With the one member `name`. */
    readonly alias?: ListedRelation | undefined;
    /** With the members `name`, `digest` and `context`. */
    readonly dataset?: ListedRelation | undefined;
  };
  /** The natural order: attributes that are required columns and together tell any two records apart. */
  readonly tieBreak: readonly TieBreak[];
}
