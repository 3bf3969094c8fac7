import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, it } from "vitest";
import { mariadb } from "../../src/adapters/mariadb/index.ts";
import { postgres } from "../../src/adapters/postgres/index.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import type { MonitoringStore, NewPrediction } from "../../src/monitoring/port.ts";
import { all } from "../all.ts";
import { requirement } from "../requirement.ts";
import { failure } from "./fixtures/failure.ts";
import { freshMariadbDatabase, whyNoMariadb } from "./fixtures/mariadb-server.ts";
import { freshPostgresSchema, postgresUrl, whyNoPostgres } from "./fixtures/postgres-server.ts";

/** The stores of one database, opened as by another process each time, and a way past them. */
interface Database extends AsyncDisposable {
  open(): AsyncDisposable & { readonly monitoring: MonitoringStore };
  query(text: string): Promise<unknown>;
  /** Statements that make the database refuse a prediction `bad`, a label 666 and a bucket of the series `bad`. */
  readonly refusals: readonly string[];
}

const databases: readonly (readonly [string, () => string | undefined | Promise<string | undefined>, () => Promise<Database>])[] =
  [
    ["SQLite", () => undefined, sqliteFile],
    ["PostgreSQL", whyNoPostgres, postgresSchema],
    ["MariaDB", whyNoMariadb, mariadbDatabase],
  ];

const ALWAYS = { from: 0, to: Number.MAX_SAFE_INTEGER };

function prediction(id: string, output: number): NewPrediction {
  return { id, version: "7", at: 1000 + output, segment: null, output };
}

for (const [name, probe, make] of databases) {
  const described = await requirement(name, probe);
  described(`monitoring stores of one database in ${name}`, () => {
    let database: Database;
    beforeAll(async () => {
      database = await make();
    });
    afterAll(() => database[Symbol.asyncDispose]());

    it("count each new id once when they add the same ones at once", async () => {
      const stores = [database.open(), database.open(), database.open()];
      await Promise.all(stores.map(({ monitoring }) => monitoring.predictions("warm", { ...ALWAYS, limit: 1 })));
      const ids = Array.from({ length: 300 }, (_, i) => `p${i}`);
      for (let round = 0; round < 5; round++) {
        const model = `model ${round}`;
        const counts = await Promise.all(
          stores.flatMap(({ monitoring }, s) =>
            [0, 1, 2].map((call) => {
              const own = ids.filter((_, i) => (i + s + call) % 4 !== 0).map((id) => prediction(id, s * 3 + call));
              return monitoring.addPredictions(model, call === 1 ? own.toReversed() : own);
            }),
          ),
        );
        expect(counts.reduce((a, b) => a + b)).toBe(300);
        const { predictions } = await stores[0]!.monitoring.predictions(model, { ...ALWAYS, limit: 1000 });
        expect(predictions).toHaveLength(300);
        expect(predictions.every(({ at, output }) => at === 1000 + Number(output))).toBe(true);
      }
      await Promise.all(stores.map((db) => db[Symbol.asyncDispose]()));
    });

    it("join each label once when they label the same predictions at once", async () => {
      const stores = [database.open(), database.open()];
      const ids = Array.from({ length: 200 }, (_, i) => `p${i}`);
      const { monitoring } = stores[0]!;
      await monitoring.addPredictions("labelled", ids.map((id) => prediction(id, 0))); // biome-ignore format: one line
      const outcomes = await Promise.all(
        stores.flatMap((db, s) =>
          [0, 1].map((call) => {
            const labels = ids.map((id) => ({ id, label: s, at: 1000, replaces: false }));
            return db.monitoring.addLabels("labelled", call === 1 ? labels.toReversed() : labels, { windowMs: 0 });
          }),
        ),
      );
      const count = (wanted: string) => outcomes.flat().filter((outcome) => outcome === wanted).length;
      expect([count("joined"), count("unchanged") + count("conflict")]).toEqual([200, 600]);
      await Promise.all(stores.map((db) => db[Symbol.asyncDispose]()));
    });

    it("write nothing of a batch with a row that the database refuses, and say so", async () => {
      await using db = database.open();
      const { monitoring } = db;
      const good = Array.from({ length: 300 }, (_, i) => prediction(`good ${i}`, i));
      await monitoring.addPredictions("refused", good.slice(0, 1));
      for (const text of database.refusals) await database.query(text);
      const batch = [...good, prediction("bad", 0)];
      expect((await failure(() => monitoring.addPredictions("refused", batch))).code).toBe("STORE_FAILED");
      const labels = ["good 0", "good 0"].map((id, i) => ({ id, label: 665 + i, at: 0, replaces: true }));
      expect((await failure(() => monitoring.addLabels("refused", labels, { windowMs: 0 }))).code).toBe("STORE_FAILED");
      const content = new Uint8Array([1]);
      const buckets = Array.from({ length: 300 }, (_, i) => ({
        series: i === 299 ? "bad" : "good",
        at: i,
        writer: "w",
        content,
      }));
      expect((await failure(() => monitoring.putBuckets("refused", buckets))).code).toBe("STORE_FAILED");
      const { predictions } = await monitoring.predictions("refused", { ...ALWAYS, limit: 10 });
      expect(predictions.map(({ id, label }) => [id, label])).toEqual([["good 0", null]]);
      expect(await all(monitoring.buckets("refused", ALWAYS))).toEqual([]);
    });
  });
}

async function sqliteFile(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-connections-"));
  const path = join(folder, "models.db");
  const refuse = (event: string, condition: string) =>
    `create trigger ${event.replaceAll(" ", "_")} before ${event} when ${condition} begin select raise(abort, 'refused'); end`;
  return {
    open: () => sqlite({ path }),
    query: async (text) => {
      using file = new DatabaseSync(path);
      file.exec(text);
    },
    refusals: [
      refuse("insert on modelwright_predictions", "new.id = 'bad'"),
      refuse("update on modelwright_predictions", "new.label = '666'"),
      refuse("insert on modelwright_monitoring_buckets", "new.series = 'bad'"),
    ],
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }),
  };
}

/** Constraints that a row breaks, which `insert ignore` of MariaDB would pass over without a sign. */
const constraints = [
  "alter table modelwright_predictions add constraint refuse_id check (id <> 'bad')",
  "alter table modelwright_predictions add constraint refuse_label check (label <> '666')",
  "alter table modelwright_monitoring_buckets add constraint refuse_series check (series <> 'bad')",
];

async function postgresSchema(): Promise<Database> {
  const schema = await freshPostgresSchema();
  return {
    open: () => postgres({ url: postgresUrl, schema: schema.name, maxConnections: 3 }),
    query: (text) => schema.query(text),
    refusals: constraints,
    [Symbol.asyncDispose]: () => schema[Symbol.asyncDispose](),
  };
}

async function mariadbDatabase(): Promise<Database> {
  const database = await freshMariadbDatabase();
  return {
    open: () => mariadb({ url: database.url, maxConnections: 3 }),
    query: (text) => database.query(text),
    refusals: constraints,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
