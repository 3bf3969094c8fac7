import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SqlDatabase } from "../../src/adapters/sql/database.ts";
import { sqlMonitoring } from "../../src/adapters/sql/monitoring.ts";
import { sqlRegistry } from "../../src/adapters/sql/registry.ts";
import { isBusy, nodeSqlite } from "../../src/adapters/sqlite/dialect.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { guard, migrations } from "../../src/adapters/sqlite/migrations.ts";
import { systemClock } from "../../src/core/clock.ts";
import { monitoringStoreConformance } from "../../src/testing/conformance/monitoring-store.ts";
import { registryReferencesConformance } from "../../src/testing/conformance/registry-references.ts";
import { registryStoreConformance } from "../../src/testing/conformance/registry-store.ts";
import { changesLikeMemory } from "./changes-like-memory.ts";
import { emptySqliteFiles } from "./fixtures/empty-sqlite.ts";
import { newestRowWins } from "./newest-row-wins.ts";
import { sqliteSuites } from "./sqlite-suites.ts";

const folder = mkdtempSync(join(tmpdir(), "modelwright-sqlite-conformance-"));
afterAll(() => rmSync(folder, { recursive: true }));
const place = await emptySqliteFiles(folder);

// Databases in memory pass the same suites in test/soak/sql-stores.soak.ts.
describe("sqlite in a file", () => {
  sqliteSuites(place);
  newestRowWins("sqlite", () => {
    const db = sqlite({ path: place() });
    return { ...db.online, [Symbol.asyncDispose]: () => db.close() };
  });
  changesLikeMemory(
    "changes of a registry",
    () => {
      const db = sqlite({ path: place() });
      return { ...db.registry, [Symbol.asyncDispose]: () => db.close() };
    },
    15,
  );
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
  changesLikeMemory("changes of a registry", openRegistry, 20);
  monitoringStoreConformance(kit, () => open((database) => sqlMonitoring(database, "sqlite", { durable: false })));
});
