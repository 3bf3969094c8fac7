import { type Kysely, sql } from "kysely";
import type { KeyedRelation, SearchTarget } from "../../src/adapters/sql/search.ts";
import { searchRows } from "../../src/adapters/sql/search.ts";
import type { Searchable } from "../../src/search/match.ts";
import type { Page, SearchField, SearchQuery } from "../../src/search/port.ts";

/** A record with every sort of thing that a search can look at. */
export interface Sample {
  readonly id: string;
  readonly rank: number;
  readonly label: string | null;
  readonly count: number | null;
  readonly score: number | null;
  /** Attributes that are rows of facts. */
  readonly note: string | null;
  readonly weight: number | null;
  readonly tags: ReadonlyMap<string, string>;
  /** Any double. */
  readonly metrics: ReadonlyMap<string, number>;
  readonly params: ReadonlyMap<string, string | number>;
  readonly aliases: readonly string[];
  readonly datasets: readonly { readonly name: string; readonly digest: string; readonly context: string }[];
}

const tieBreak = [
  { attribute: "rank", direction: "desc" },
  { attribute: "id", direction: "asc" },
] as const;

/** How samples are searched in memory. */
export const searchableSamples: Searchable<Sample> = {
  attributes: { id: "text", rank: "number", label: "text", count: "number", score: "number", note: "text", weight: "number" },
  entities: ["tag", "metric", "param", "alias", "dataset"],
  values: valuesOf,
  tieBreak,
};

function valuesOf(sample: Sample, { entity, key }: SearchField): readonly (string | number)[] {
  switch (entity) {
    case "attribute":
      return [sample[key as "label"]].flatMap((value) => (value === null ? [] : [value]));
    case "tag":
    case "metric":
    case "param":
      return [sample[`${entity}s`].get(key)].flatMap((value) => (value === undefined ? [] : [value]));
    case "alias":
      return sample.aliases;
    case "dataset":
      return sample.datasets.map((dataset) => dataset[key as "name"]);
  }
}

/** What differs between the databases in the making of tables. */
export interface ColumnTypes {
  readonly key: string;
  readonly text: string;
  readonly integer: string;
  readonly number: string;
}

/** Tables of samples, with names of their own. */
export class SampleTables {
  readonly #db: Kysely<unknown>;
  readonly #prefix: string;
  readonly #target: SearchTarget;

  constructor(db: Kysely<unknown>, prefix: string) {
    this.#db = db;
    this.#prefix = prefix;
    const on = { id: "r.id" };
    const facts = (kind: string): KeyedRelation => {
      return { table: `${prefix}_facts`, on, where: { kind }, key: "key", text: "text", number: "number" };
    };
    this.#target = {
      attributes: {
        id: { column: "r.id", type: "text", required: true },
        rank: { column: "r.rank", type: "integer", required: true },
        label: { column: "r.label", type: "text" },
        count: { column: "r.count", type: "integer" },
        score: { column: "r.score", type: "number" },
        note: { fact: facts("attribute"), type: "text" },
        weight: { fact: facts("attribute"), type: "number" },
      },
      relations: {
        tag: facts("tag"),
        metric: facts("metric"),
        param: facts("param"),
        alias: { table: `${prefix}_aliases`, on, columns: { name: "alias" } },
        dataset: { table: `${prefix}_datasets`, on, columns: { name: "name", digest: "digest", context: "context" } },
      },
      tieBreak,
    };
  }

  async create({ key, text, integer, number }: ColumnTypes): Promise<void> {
    const tables: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      records: { id: `${key} not null`, rank: `${integer} not null`, label: text, count: integer, score: number },
      facts: { id: `${key} not null`, kind: `${key} not null`, key: `${key} not null`, text, number },
      aliases: { id: `${key} not null`, alias: `${key} not null` },
      datasets: { id: `${key} not null`, name: `${key} not null`, digest: `${key} not null`, context: `${key} not null` },
    };
    const keys: Readonly<Record<string, readonly string[]>> = { records: ["id"], facts: ["id", "kind", "key"] };
    for (const [name, columns] of Object.entries(tables)) {
      const parts = Object.entries(columns).map(([column, type]) => sql`${sql.id(column)} ${sql.raw(type)}`);
      const primary = (keys[name] ?? []).map((column) => sql.id(column));
      if (primary.length > 0) parts.push(sql`primary key (${sql.join(primary)})`);
      await sql`create table ${sql.table(`${this.#prefix}_${name}`)} (${sql.join(parts)})`.execute(this.#db);
    }
  }

  async drop(): Promise<void> {
    for (const name of ["records", "facts", "aliases", "datasets"]) {
      await sql`drop table ${sql.table(`${this.#prefix}_${name}`)}`.execute(this.#db);
    }
  }

  async fill(samples: readonly Sample[]): Promise<void> {
    for (const name of ["records", "facts", "aliases", "datasets"]) {
      await sql`delete from ${sql.table(`${this.#prefix}_${name}`)}`.execute(this.#db);
    }
    for (const sample of samples) {
      const { id, rank, label, count, score } = sample;
      await this.#insert("records", { id, rank, label, count, score });
      for (const [kind, facts] of factsOf(sample)) {
        for (const [key, value] of facts) {
          const number = typeof value === "number" ? storedNumber(value) : null;
          await this.#insert("facts", { id, kind, key, text: typeof value === "string" ? value : null, number });
        }
      }
      for (const alias of sample.aliases) await this.#insert("aliases", { id, alias });
      for (const dataset of sample.datasets) await this.#insert("datasets", { id, ...dataset });
    }
  }

  /** Ids of the samples on a page. */
  async search(query: SearchQuery): Promise<Page<string>> {
    const db = this.#db as Kysely<{ r: { id: string } }>;
    const table = sql<{ id: string }>`${sql.table(`${this.#prefix}_records`)}`.as("r");
    const { items, next } = await searchRows(db, db.selectFrom(table).select("r.id"), this.#target, query);
    return { items: items.map(({ id }) => id), next };
  }

  async #insert(name: string, row: Readonly<Record<string, string | number | null>>): Promise<void> {
    const columns = Object.keys(row).map((column) => sql.id(column));
    const table = sql.table(`${this.#prefix}_${name}`);
    await sql`insert into ${table} (${sql.join(columns)}) values (${sql.join(Object.values(row))})`.execute(this.#db);
  }
}

function factsOf({
  note,
  weight,
  tags,
  metrics,
  params,
}: Sample): readonly (readonly [string, ReadonlyMap<string, string | number>])[] {
  const attributes = new Map<string, string | number>();
  if (note !== null) attributes.set("note", note);
  if (weight !== null) attributes.set("weight", weight);
  return [
    ["attribute", attributes],
    ["tag", tags],
    ["metric", metrics],
    ["param", params],
  ];
}

/** As the tracking stores keep a metric for searches. */
function storedNumber(value: number): number | null {
  return Number.isNaN(value) ? null : Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value)) + 0;
}
