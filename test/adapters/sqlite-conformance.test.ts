import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SqlDatabase } from "../../src/adapters/sql/database.ts";
import { sqlMonitoring } from "../../src/adapters/sql/monitoring.ts";
import { sqlRegistry } from "../../src/adapters/sql/registry.ts";
import { isBusy, nodeSqlite } from "../../src/adapters/sqlite/dialect.ts";
import { type SqliteStores, sqlite } from "../../src/adapters/sqlite/index.ts";
import { guard, migrations } from "../../src/adapters/sqlite/migrations.ts";
import { systemClock } from "../../src/core/clock.ts";
import { keyValueStoreConformance } from "../../src/testing/conformance/key-value-store.ts";
import { monitoringStoreConformance } from "../../src/testing/conformance/monitoring-store.ts";
import { onlineStoreConformance } from "../../src/testing/conformance/online-store.ts";
import { registryReferencesConformance } from "../../src/testing/conformance/registry-references.ts";
import { registryStoreConformance } from "../../src/testing/conformance/registry-store.ts";
import { changesLikeMemory } from "./changes-like-memory.ts";
import { newestRowWins } from "./newest-row-wins.ts";

const folder = mkdtempSync(join(tmpdir(), "modelwright-sqlite-conformance-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;

describe.each([
  ["in memory", () => ":memory:"],
  ["in a file", () => join(folder, `${files++}.db`)],
])("sqlite %s", (_, place) => {
  const kit = { describe, it, expect };

  /** One store of a database that ends with it. */
  function open<K extends "registry" | "online" | "keyValues" | "monitoring">(port: K): SqliteStores[K] {
    const db = sqlite({ path: place() });
    return { ...db[port], [Symbol.asyncDispose]: () => db.close() };
  }

  registryStoreConformance(kit, () => open("registry"));
  registryReferencesConformance(kit, () => open("registry"));
  onlineStoreConformance(kit, () => open("online"));
  keyValueStoreConformance(kit, () => open("keyValues"));
  monitoringStoreConformance(kit, () => open("monitoring"));
  newestRowWins("sqlite", () => open("online"));
  changesLikeMemory("changes of a registry", () => open("registry"), 30);
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
  changesLikeMemory("changes of a registry", openRegistry);
  monitoringStoreConformance(kit, () => open((database) => sqlMonitoring(database, "sqlite", { durable: false })));
});
