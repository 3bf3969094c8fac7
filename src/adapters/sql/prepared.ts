import type { Compilable, CompiledQuery, Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Stands for a parameter while a query is compiled. */
class Slot {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A parameter of a {@link prepared} query; `never`, so that it fits every column. */
type Parameter = (name: string) => never;

const slot: Parameter = (name) => new Slot(name) as never;

/** A query that was compiled once. */
export type Prepared<Row> = (db: Kysely<Tables>, values: Readonly<Record<string, unknown>>) => Promise<Row[]>;

/**
 * A query whose text is compiled on first use and kept, because compiling costs more than running it. Use it where calls are
 * many; a query that returns nothing yields no rows.
 *
 * @param build - the query, with `parameter("name")` wherever a call supplies a value
 */
export function prepared<Row>(build: (db: Kysely<Tables>, parameter: Parameter) => Compilable<Row>): Prepared<Row> {
  let compiled: CompiledQuery<Row> | undefined;
  return async (db, values) => {
    compiled ??= build(db, slot).compile();
    const parameters = compiled.parameters.map((value) => (value instanceof Slot ? values[value.name] : value));
    return (await db.executeQuery<Row>({ ...compiled, parameters })).rows;
  };
}
