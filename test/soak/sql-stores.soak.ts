import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { SqlDatabase } from "../../src/adapters/sql/database.ts";
import { sqlMonitoring } from "../../src/adapters/sql/monitoring.ts";
import { sqlRegistry } from "../../src/adapters/sql/registry.ts";
import { isBusy, nodeSqlite } from "../../src/adapters/sqlite/dialect.ts";
import { type SqliteStores, sqlite } from "../../src/adapters/sqlite/index.ts";
import { guard, migrations } from "../../src/adapters/sqlite/migrations.ts";
import { systemClock } from "../../src/core/clock.ts";
import { monitoringStoreConformance } from "../../src/testing/conformance/monitoring-store.ts";
import { registryReferencesConformance } from "../../src/testing/conformance/registry-references.ts";
import { registryStoreConformance } from "../../src/testing/conformance/registry-store.ts";
import { changesLikeMemory } from "../adapters/changes-like-memory.ts";
import { sharedMariadb, whyNoMariadb } from "../adapters/fixtures/mariadb-server.ts";
import { sharedPostgres, whyNoPostgres } from "../adapters/fixtures/postgres-server.ts";
import { logsLikeMemory } from "../adapters/logs-like-memory.ts";
import { monitorsLikeMemory } from "../adapters/monitors-like-memory.ts";
import { newestRowWins } from "../adapters/newest-row-wins.ts";
import { sqliteSuites } from "../adapters/sqlite-suites.ts";
import { requirement } from "../requirement.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const runs = Number(process.env["SOAK_STORE_RUNS"] ?? 200);
const onPostgres = await requirement("PostgreSQL", whyNoPostgres);
const onMariadb = await requirement("MariaDB", whyNoMariadb);

type Stores = Pick<SqliteStores, "registry" | "tracking" | "online" | "monitoring"> & { close(): Promise<void> };

/** Compares the stores of one database with those in memory, over random calls. */
function likeMemory(name: string, stores: () => Promise<Stores>): void {
  async function open<K extends "registry" | "tracking" | "online" | "monitoring">(port: K): Promise<Stores[K]> {
    const db = await stores();
    return { ...db[port], [Symbol.asyncDispose]: () => db.close() };
  }
  newestRowWins(name, () => open("online"), runs);
  logsLikeMemory(name, () => open("tracking"), runs);
  monitorsLikeMemory(name, () => open("monitoring"), runs);
  changesLikeMemory(name, () => open("registry"), runs);
}

onPostgres("postgres", () => {
  const shared = sharedPostgres();
  afterAll(async () => (await shared)[Symbol.asyncDispose]());
  likeMemory("postgres", async () => (await shared).open());
});

onMariadb("mariadb", () => {
  const shared = sharedMariadb();
  afterAll(async () => (await shared)[Symbol.asyncDispose]());
  likeMemory("mariadb", async () => (await shared).open());
});

describe("sqlite in memory", () => {
  sqliteSuites(() => ":memory:");
  likeMemory("sqlite", async () => sqlite({ path: ":memory:" }));
});

describe("sqlite in a file", () => {
  it("has its schema made once when 8 processes open a fresh file at once", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "models.db");
    const fixture = fileURLToPath(new URL("../adapters/fixtures/open-sqlite.ts", import.meta.url));
    const answers = await Promise.all(Array.from({ length: 8 }, () => promisify(execFile)(process.execPath, [fixture, path])));
    expect(answers.map(({ stdout }) => Number(stdout)).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe("sqlite through kysely, as databases behind a network are used", () => {
  const kit = { describe, it, expect };

  function open<T extends AsyncDisposable>(storeOf: (database: SqlDatabase) => T): T {
    const { dialect } = nodeSqlite({ path: ":memory:", busyTimeoutMs: 0, readOnly: false, clock: systemClock });
    const database = new SqlDatabase({ name: "sqlite", dialect, migrations, guard, retryable: isBusy });
    const store = storeOf(database);
    const close = async () => {
      await store[Symbol.asyncDispose]();
      await database.close();
    };
    return { ...store, [Symbol.asyncDispose]: close };
  }

  const openRegistry = () => open((database) => sqlRegistry(database, "sqlite", { durable: false, shared: false }));

  registryStoreConformance(kit, openRegistry);
  registryReferencesConformance(kit, openRegistry);
  changesLikeMemory("changes of a registry", openRegistry, runs);
  monitoringStoreConformance(kit, () => open((database) => sqlMonitoring(database, "sqlite", { durable: false })));
});
