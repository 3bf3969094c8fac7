import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Kysely } from "kysely";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nodeSqlite } from "../../src/adapters/sqlite/dialect.ts";
import { type SqliteStores, sqlite } from "../../src/adapters/sqlite/index.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { Digest } from "../../src/core/digest.ts";
import type { SearchOrder } from "../../src/search/port.ts";
import { draft, stamp } from "./fixtures/registry-draft.ts";

const digest: Digest = `sha256:${"a".repeat(64)}`;
const descending = (key: string): SearchOrder => ({ field: { entity: "attribute", key }, direction: "desc" });

let folder: string;
let db: SqliteStores;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "modelwright-sqlite-plans-"));
  db = sqlite({ path: join(folder, "models.db") });
  await db.registry.insertVersion(draft("one", { label: "1.0.0" }), stamp());
  await db.registry.insertVersion(draft("two"), stamp());
});
afterEach(async () => {
  vi.restoreAllMocks();
  await db.close();
  rmSync(folder, { recursive: true });
});

/** How SQLite finds the rows of what is prepared while `work` runs. */
async function plans(work: () => Promise<unknown>): Promise<readonly string[]> {
  const prepare = vi.spyOn(DatabaseSync.prototype, "prepare");
  await work();
  const texts = prepare.mock.calls.map(([text]) => text).filter((text) => /^(?:select|update|delete) /.test(text));
  prepare.mockRestore();
  const beside = new DatabaseSync(join(folder, "models.db"));
  try {
    return texts.flatMap((text) =>
      beside
        .prepare(`explain query plan ${text}`)
        .all()
        .map(({ detail }) => `${detail}`),
    );
  } finally {
    beside.close();
  }
}

describe("a registry in SQLite", () => {
  it.each<[string, () => Promise<unknown>]>([
    ["a version by its number", () => db.registry.findVersion({ name: "fraud", version: 1 })],
    ["a version by its label", () => db.registry.findVersion({ name: "fraud", label: "1.0.0" })],
    ["a version by its stage", () => db.registry.findVersion({ name: "fraud", stage: "development" })],
    ["a version by its alias", () => db.registry.findVersion({ name: "fraud", alias: "champion" })],
    ["events of stages", () => db.registry.listStageEvents({ name: "fraud", direction: "desc", limit: 5 })],
    ["entries of the log", () => db.registry.listAudit({ after: 0, limit: 5 })],
    ["entries of the log about a model", () => db.registry.listAudit({ after: 0, limit: 5, name: "fraud" })],
    ["links", () => db.registry.findLinksTo([{ kind: "run", ref: "x" }, { kind: "run", ref: "y" }])], // biome-ignore format: one line
    ["what protects a version", () => db.registry.findProtections([{ name: "fraud", version: 1 }])],
    ["where a rollback leads", () => db.registry.findRollbackTarget("fraud", "production")],
    ["marks of blobs", () => db.registry.claimBlobs([digest])],
    ["references to blobs", () => db.registry.markUnreferenced([digest], 1)],
    ["what a version leaves when it is deleted", () => db.registry.deleteVersion("fraud", 2, "development", stamp())],
    [
      "the holder of a stage",
      () =>
        db.registry.moveStage(
          { name: "fraud", version: 1, from: "development", to: "production", displaceTo: "archived" },
          stamp(),
        ),
    ],
  ])("finds %s by an index", async (_, work) => {
    const found = await plans(work);
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((step) => step.startsWith("SCAN"))).toEqual([]);
  });

  it.each<[string, SearchOrder[]]>([
    ["by name", []],
    ["by age", [descending("created_at")]],
  ])("reads a page in the order %s without sorting", async (_, orderBy) => {
    const found = await plans(() => db.registry.searchVersions({ limit: 1, orderBy }));
    expect(found[0]).toMatch(/^SCAN v USING INDEX/);
    expect(found.filter((step) => step.includes("TEMP B-TREE"))).toEqual([]);
  });

  it("looks at entries into exclusive stages alone, however many versions were registered and moved", async () => {
    const found = await plans(async () => {
      await db.registry.moveStage({ name: "fraud", version: 1, from: "development", to: "production", displaceTo: "x" }, stamp());
      await db.registry.findProtections([{ name: "fraud", version: 1 }]);
      await db.registry.findRollbackTarget("fraud", "production");
    });
    const events = found.filter((step) => step.includes("modelwright_stage_events"));
    expect(events.length).toBeGreaterThanOrEqual(4);
    expect(events.filter((step) => !step.includes("INDEX modelwright_stage_events_exclusive"))).toEqual([]);
  });

  it("claims blobs that nobody has marked while another connection is writing", async () => {
    using writing = new DatabaseSync(join(folder, "models.db"));
    writing.exec("begin immediate");
    expect(await db.registry.claimBlobs([digest, digest], { timeoutMs: 1000 })).toEqual([]);
    writing.exec("rollback");
    await db.registry.markUnreferenced([digest], 1);
    await db.registry.fenceBlobs([digest], { collector: "c", at: 9, markedBefore: 5, takeOverBefore: 0 });
    expect(await db.registry.claimBlobs([digest])).toEqual([digest]);
    await db.registry.releaseBlobs([digest]);
    expect(await db.registry.claimBlobs([digest])).toEqual([]);
  });
});

describe("kysely over node:sqlite", () => {
  it("leaves out locks, and nothing else that a select says", async () => {
    const { dialect } = nodeSqlite({ path: ":memory:", busyTimeoutMs: 0, readOnly: false, clock: systemClock });
    const own = new Kysely<{ rows: { a: number } }>({ dialect });
    await own.schema.createTable("rows").addColumn("a", "integer").execute();
    await own
      .insertInto("rows")
      .values([{ a: 1 }, { a: 1 }])
      .execute();
    expect(await own.selectFrom("rows").select("a").distinct().forUpdate().execute()).toEqual([{ a: 1 }]);
    await own.destroy();
  });
});
