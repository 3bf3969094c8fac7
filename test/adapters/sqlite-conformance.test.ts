import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { changesLikeMemory } from "./changes-like-memory.ts";
import { emptySqliteFiles } from "./fixtures/empty-sqlite.ts";
import { newestRowWins } from "./newest-row-wins.ts";
import { sqliteSuites } from "./sqlite-suites.ts";

const folder = mkdtempSync(join(tmpdir(), "modelwright-sqlite-conformance-"));
afterAll(() => rmSync(folder, { recursive: true }));
const place = await emptySqliteFiles(folder);

// Databases in memory, and SQLite through kysely as PostgreSQL and MariaDB are used, pass the same suites in test/soak/sql-stores.soak.ts.
describe("sqlite in a file", () => {
  sqliteSuites(place);
  newestRowWins(
    "sqlite",
    () => {
      const db = sqlite({ path: place() });
      return { ...db.online, [Symbol.asyncDispose]: () => db.close() };
    },
    30,
  );
  changesLikeMemory(
    "changes of a registry",
    () => {
      const db = sqlite({ path: place() });
      return { ...db.registry, [Symbol.asyncDispose]: () => db.close() };
    },
    15,
  );
});
