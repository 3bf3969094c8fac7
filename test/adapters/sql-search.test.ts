import fc from "fast-check";
import { Kysely, MysqlDialect, PostgresDialect } from "kysely";
import { createPool } from "mysql2";
import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeSqlite } from "../../src/adapters/sqlite/dialect.ts";
import { systemClock } from "../../src/core/clock.ts";
import { searchArray } from "../../src/search/match.ts";
import type { Page, SearchQuery } from "../../src/search/port.ts";
import { requirement } from "../requirement.ts";
import { arbitraryQuery, arbitrarySamples } from "../search/arbitrary-search.ts";
import { type ColumnTypes, type Sample, SampleTables, searchableSamples } from "../search/search-tables.ts";

const host = "127.0.0.1";

/** A database that the tests may use, and how columns are made there. */
interface Server {
  readonly open: () => Kysely<unknown>;
  readonly types: ColumnTypes;
  readonly samples: number;
  readonly queries: number;
}

const sqlite: Server = {
  open: () => {
    const options = { path: ":memory:", busyTimeoutMs: 0, readOnly: false, clock: systemClock };
    return new Kysely({ dialect: nodeSqlite(options).dialect });
  },
  types: { key: "text", text: "text", integer: "integer", number: "real" },
  samples: 10,
  queries: 250,
};

const postgres: Server = {
  open: () => {
    // Compiling a filter of the greatest size takes PostgreSQL seconds.
    const pool = new Pool({ host, port: 5432, user: "postgres", database: "test", max: 2, options: "-c jit=off" });
    return new Kysely({ dialect: new PostgresDialect({ pool }) });
  },
  types: { key: 'text collate "C"', text: 'text collate "C"', integer: "bigint", number: "double precision" },
  samples: 3,
  queries: 100,
};

const mariadb: Server = {
  open: () => {
    const pool = createPool({ host, port: 3306, user: "root", database: "test", connectionLimit: 2 });
    return new Kysely({ dialect: new MysqlDialect({ pool }) });
  },
  types: {
    key: "varchar(250) character set utf8mb4 collate utf8mb4_nopad_bin",
    text: "text character set utf8mb4 collate utf8mb4_nopad_bin",
    integer: "bigint",
    number: "double",
  },
  samples: 3,
  queries: 100,
};

agrees(describe, "SQLite", sqlite);
agrees(await requirement("PostgreSQL", () => probe(postgres)), "PostgreSQL", postgres);
agrees(await requirement("MariaDB", () => probe(mariadb)), "MariaDB", mariadb);

/** Why a server cannot be used; undefined when it can. */
async function probe({ open }: Server): Promise<string | undefined> {
  const db = open();
  try {
    await db.selectNoFrom(({ lit }) => lit(1).as("one")).execute();
    return undefined;
  } catch (error) {
    return `${error}`;
  } finally {
    await db.destroy();
  }
}

function agrees(define: (title: string, body: () => void) => void, name: string, server: Server): void {
  define(`a search in ${name}`, () => {
    let db: Kysely<unknown>;
    let tables: SampleTables;

    beforeAll(async () => {
      db = server.open();
      tables = new SampleTables(db, `modelwright_search_${crypto.randomUUID().slice(0, 8)}`);
      await tables.create(server.types);
    });
    afterAll(async () => {
      await tables.drop();
      await db.destroy();
    });

    it("answers as a search in memory does, on all pages", async () => {
      for (const [seed, samples] of fc.sample(arbitrarySamples, { numRuns: server.samples, seed: 1 }).entries()) {
        await tables.fill(samples);
        await fc.assert(
          fc.asyncProperty(arbitraryQuery, async (query) => {
            const wanted = await pages((page) => inMemory(samples, page), query);
            expect(await pages((page) => tables.search(page), query)).toEqual(wanted);
          }),
          { numRuns: server.queries, seed },
        );
      }
    }, 120_000);

    it("compares any two texts, patterns and numbers as a search in memory does", async () => {
      const texts = [
        "a",
        "A",
        "é",
        "É",
        "%",
        "_",
        "\\",
        "\\\\",
        "!",
        "a!",
        "*",
        "?",
        "[",
        "]",
        "[a]",
        "a'b",
        "\u{1F600}",
        "k",
        "\u212a",
        "a ",
      ];
      const numbers = [
        0,
        1,
        -1,
        0.1,
        0.2,
        0.1 + 0.2,
        0.3,
        5e-324,
        2 ** 53,
        1e21,
        1e-7,
        Number.MAX_VALUE,
        Number.NaN,
        Number.NEGATIVE_INFINITY,
      ];
      const samples = [...texts, ...numbers].map((value, i) => {
        const params = new Map([["k", value]]);
        return { ...empty, id: `${i}`, params, label: typeof value === "string" ? value : null, metrics: numbersOf(params) };
      });
      await tables.fill(samples);
      for (const value of [...texts, ...numbers.filter((one) => Math.abs(one) <= Number.MAX_VALUE)]) {
        for (const op of ["=", "!=", "<", "<=", ">", ">=", "like", "ilike"] as const) {
          if (typeof value !== "string" && (op === "like" || op === "ilike")) continue;
          for (const field of [
            { entity: "param", key: "k" },
            { entity: "metric", key: "k" },
            { entity: "attribute", key: "label" },
          ] as const) {
            const query: SearchQuery = { where: { op, field, value } as never, limit: 100 };
            expect(await tables.search(query), JSON.stringify(query)).toEqual(inMemory(samples, query));
          }
        }
      }
    }, 60_000);

    it("compares integers with numbers that are none, and with those beyond 64 bits", async () => {
      const counts = [null, 0, 1, 2, -1, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER];
      const samples = counts.map((count, i) => ({ ...empty, id: `${i}`, count }));
      await tables.fill(samples);
      for (const value of [0.5, -0.5, 1, 1.5, 1e19, -1e19, 1e300, -1e300, 2 ** 53, -(2 ** 53), 5e-324]) {
        for (const op of ["=", "!=", "<", "<=", ">", ">="] as const) {
          const field = { entity: "attribute", key: "count" } as const;
          for (const where of [
            { op, field, value },
            { op: "not", of: { op, field, value } },
            { op: "in", field, values: [value, 2] },
          ] as const) {
            const query: SearchQuery = { where, limit: 100 };
            expect(await tables.search(query), JSON.stringify(where)).toEqual(inMemory(samples, query));
          }
        }
      }
    });

    it("takes keys and values for data, whatever they say", async () => {
      const hostile = [
        `'; drop table x; --`,
        `" or 1=1 --`,
        "` or 1=1 --",
        "\\' or 1=1 --",
        "?",
        "$1",
        ":a",
        "@a",
        "/*",
        "--",
        "%' or '1'='1",
      ];
      const samples = hostile.map((text, i) => ({ ...empty, id: `${i}`, tags: new Map([[text, text]]) }));
      await tables.fill(samples);
      for (const [i, text] of hostile.entries()) {
        const field = { entity: "tag", key: text } as const;
        for (const where of [
          { op: "=", field, value: text },
          { op: "in", field, values: [text] },
          { op: "exists", field },
        ] as const) {
          const orderBy = [{ field, direction: "desc" }] as const;
          expect(await tables.search({ where, orderBy, limit: 20 })).toEqual({ items: [`${i}`], next: undefined });
        }
      }
    });

    it("takes a filter of the greatest size", async () => {
      await tables.fill([empty]);
      const field = { entity: "tag", key: "k" } as const;
      const all = Array.from(
        { length: 90 },
        (_, i) => ({ op: "ilike", field, value: `${i}abcdefghijklmnopqrstuvwxyz%` }) as const,
      );
      const lists = Array.from({ length: 10 }, (_, i) => {
        return { op: "in", field, values: Array.from({ length: 1000 }, (_, j) => `${i}${j}`) } as const;
      });
      const where = { op: "not", of: { op: "or", of: [...all, ...lists] } } as const;
      expect(await tables.search({ where, limit: 1 })).toEqual({ items: [empty.id], next: undefined });
      const long = { op: "like", field: { entity: "attribute", key: "label" }, value: "!*\u{1F600}".repeat(2000) } as const;
      expect(await tables.search({ where: long, limit: 1 })).toEqual({ items: [], next: undefined });
    });

    it("refuses a cursor that the database could not compare with, before it asks", async () => {
      const { next } = await pagesOf(tables, 2);
      const content = atob(next!.replaceAll("-", "+").replaceAll("_", "/"));
      expect(content).toContain('[1,"0"]');
      for (const place of [
        '[1.5,"0"]',
        '[1e300,"0"]',
        '[null,"0"]',
        '["1","0"]',
        '[1,"\\u0000"]',
        '[1,"\\ud800"]',
        '[1,"0",2]',
      ]) {
        const after = btoa(content.replace('[1,"0"]', place)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
        await expect(tables.search({ limit: 1, after })).rejects.toThrow("expected `next` of the page before");
      }
    });

    it("refuses what it does not know as a search in memory does", async () => {
      const attribute = (key: string) => ({ entity: "attribute", key }) as const;
      const place = (await pagesOf(tables, 2)).next;
      for (const query of [
        { where: { op: "=", field: attribute("color"), value: 1 }, limit: 1 },
        { where: { op: "not", of: { op: "exists", field: attribute("__proto__") } }, limit: 1 },
        { where: { op: "or", of: [{ op: "exists", field: { entity: "dataset", key: "source" } }] }, limit: 1 },
        { orderBy: [{ field: { entity: "alias", key: "name" }, direction: "asc" }], limit: 1 },
        { orderBy: [{ field: attribute("constructor"), direction: "asc" }], limit: 1 },
        { limit: 1, after: "" },
        { limit: 1, after: "nonsense" },
        { limit: 1, after: btoa("[1,2]").replaceAll("=", "") },
        { limit: 1, after: place, orderBy: [{ field: attribute("label"), direction: "asc" }] },
      ] satisfies readonly SearchQuery[]) {
        const refused = (error: unknown) => ({ error: (error as Error).message, code: (error as { code?: string }).code });
        const wanted = await Promise.resolve()
          .then(() => inMemory([], query))
          .catch(refused);
        expect(wanted).toMatchObject({ code: "INPUT_INVALID" });
        expect(await tables.search(query).catch(refused)).toEqual(wanted);
      }
    });
  });
}

const empty: Sample = {
  id: "0",
  rank: 1,
  label: null,
  count: null,
  score: null,
  note: null,
  weight: null,
  tags: new Map(),
  metrics: new Map(),
  params: new Map(),
  aliases: [],
  datasets: [],
};

function numbersOf(values: ReadonlyMap<string, string | number>): ReadonlyMap<string, number> {
  return new Map([...values].flatMap(([key, value]) => (typeof value === "number" ? [[key, value] as const] : [])));
}

async function pagesOf(tables: SampleTables, count: number): Promise<Page<string>> {
  await tables.fill(Array.from({ length: count }, (_, i) => ({ ...empty, id: `${i}` })));
  return tables.search({ limit: 1 });
}

function inMemory(samples: readonly Sample[], query: SearchQuery): Page<string> {
  const { items, next } = searchArray(samples, query, searchableSamples);
  return { items: items.map(({ id }) => id), next };
}

/** The items of each page. */
async function pages(
  read: (query: SearchQuery) => Page<string> | Promise<Page<string>>,
  query: SearchQuery,
): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  let after: string | undefined;
  do {
    const page = await read({ ...query, after });
    expect(page.items.length).toBeLessThanOrEqual(query.limit);
    all.push(page.items);
    if (all.length > 100) throw new Error("the pages do not end");
    after = page.next;
  } while (after !== undefined);
  return all;
}
