import type { Compilable, CompiledQuery, Kysely } from "kysely";
import { directOf } from "./direct.ts";
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

/** The queries that were compiled to be kept, by their trees, which all their executions share. */
const kept = new WeakSet<CompiledQuery["query"]>();

/** Whether the text of a query comes again and again, so that a server may keep it prepared. */
export function isPrepared({ query }: CompiledQuery): boolean {
  return kept.has(query);
}

const slot: Parameter = (name) => new Slot(name) as never;

/** A query that was compiled once. */
export type Prepared<Row> = (db: Kysely<Tables>, values: Readonly<Record<string, unknown>>) => Promise<Row[]>;

/**
 * A query whose text is compiled on first use and kept, because compiling costs more than running it; where the database works in this
 * thread it is run at once, without kysely. Use it where calls are many; a query that returns nothing yields no rows. One prepared
 * query is for one dialect: make it where its store is made.
 *
 * @param build - the query, with `parameter("name")` wherever a call supplies a value
 */
export function prepared<Row>(build: (db: Kysely<Tables>, parameter: Parameter) => Compilable<Row>): Prepared<Row> {
  let compiled: CompiledQuery<Row> | undefined;
  return async (db, values) => {
    if (compiled === undefined) {
      compiled = build(db, slot).compile();
      kept.add(compiled.query);
    }
    const parameters = compiled.parameters.map((value) => (value instanceof Slot ? values[value.name] : value));
    const query = { ...compiled, parameters };
    return directOf<Row>(db, query) ?? (await db.executeQuery<Row>(query)).rows;
  };
}
