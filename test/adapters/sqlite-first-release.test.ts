import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import type { Filter } from "../../src/search/port.ts";
import { failure } from "./fixtures/failure.ts";
import { draft, stamp } from "./fixtures/registry-draft.ts";

let folder: string;
let path: string;

/** A database as the first release has left it. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "modelwright-first-"));
  path = join(folder, "models.db");
  const db = new DatabaseSync(path);
  db.exec(readFileSync(new URL("./sqlite-schemas/0001.sql", import.meta.url), "utf8"));
  db.close();
});
afterEach(() => rmSync(folder, { recursive: true }));

const content = {
  files: [{ path: "a", digest: `sha256:${"a".repeat(64)}`, sizeBytes: 1 }],
  format: "text",
  signature: null,
  description: "",
  tags: {},
  metrics: {},
  hyperparameters: {},
  lineage: [],
};

/** Adds a version of model `old` as the first release did. */
function add(text: string): void {
  const db = new DatabaseSync(path);
  db.prepare("insert or ignore into modelwright_models values ('old', 1, 0, 0)").run();
  db.prepare("update modelwright_models set versions = versions + 1, last_version = last_version + 1 where name = 'old'").run();
  const { version } = db.prepare("select last_version as version from modelwright_models where name = 'old'").get()!;
  db.prepare("insert into modelwright_versions values ('old', ?, ?, 'development', 1, 1, ?)").run(
    version!,
    `old ${version}`,
    text,
  );
  db.close();
}

const is = (entity: "attribute" | "tag" | "metric" | "param", key: string, value: string | number): Filter => ({
  op: "=",
  field: { entity, key },
  value,
});

describe("a SQLite database of the first release", () => {
  it("keeps every version as it was, under the new names", async () => {
    const first = {
      ...content,
      description: "naïve 模型 \u0000 \ud800 \\u0000",
      tags: { ["__proto__"]: "own", "": "empty" },
      metrics: { auc: -0.5, seed: Number.MAX_SAFE_INTEGER, tiny: 5e-324 },
      hyperparameters: { list: [1, null, { deep: true }], text: "\u0000", none: null },
      lineage: [
        { kind: "parent", ref: "fraud@1" },
        { kind: "code", ref: "abc" },
      ],
    };
    add(JSON.stringify(first));
    await using db = sqlite({ path });
    const { format, ...same } = first;
    const now = await db.registry.findVersion({ name: "old", version: 1 });
    const added = { framework: null, modelType: null, label: null, directions: {}, dataVersion: null, codeVersion: null };
    expect(now).toEqual({
      ...same,
      ...added,
      flavor: format,
      runId: null,
      inputSchema: null,
      outputSchema: null,
      metadata: {},
      attestation: null,
      legalHold: null,
      name: "old",
      version: 1,
      id: "old 1",
      stage: "development",
      aliases: [],
      createdAt: 1,
      createdBy: null,
      stageChangedAt: 1,
    });
    expect(Object.hasOwn(now!.tags, "__proto__")).toBe(true);
  });

  it("finds versions by what they hold", async () => {
    add(
      JSON.stringify({
        ...content,
        description: "d\u0000d \\u0000",
        tags: { team: "risk", "quote'\"": "it's" },
        metrics: { auc: 0.5 },
        hyperparameters: { depth: 3, on: true, none: null, path: "a\\b", list: ["a\\b", 1] },
      }),
    );
    await using db = sqlite({ path });
    const find = async (where: Filter) => (await db.registry.searchVersions({ limit: 9, where })).items.map(({ id }) => id);
    for (const where of [
      is("attribute", "flavor", "text"),
      is("attribute", "description", "d\ufffdd \\u0000"),
      is("tag", "team", "risk"),
      is("tag", "quote'\"", "it's"),
      is("metric", "auc", 0.5),
      is("param", "depth", 3),
      is("param", "on", "true"),
      is("param", "none", "null"),
      is("param", "path", "a\\b"),
      is("param", "list", JSON.stringify(["a\\b", 1])),
    ]) {
      expect(await find({ op: "and", of: [where, is("attribute", "name", "old")] }), JSON.stringify(where)).toEqual(["old 1"]);
    }
    const models = await db.registry.searchModels({ limit: 9, where: is("attribute", "description", "") });
    expect(models.items.map(({ name }) => name)).toEqual(["Fraud", "fraud", "old"]);
  });

  it("knows which versions descend from others, and which blobs are in use", async () => {
    add(JSON.stringify({ ...content, lineage: [{ kind: "parent", ref: "fraud@1" }] }));
    await using db = sqlite({ path });
    const parent = { kind: "parent", ref: "fraud@1" } as const;
    expect(await db.registry.findLinksTo([parent])).toEqual([{ name: "old", version: 1, ...parent }]);
    expect(await db.registry.findProtections([{ name: "fraud", version: 1 }])).toEqual([[{ kind: "parent", of: "old@1" }]]);
    const { files } = (await db.registry.findVersion({ name: "fraud", version: 1 }))!;
    const used = [...files, ...content.files].map(({ digest }) => digest as `sha256:${string}`);
    expect(await db.registry.markUnreferenced(used, 1)).toEqual([]);
  });

  it("has an empty log, in which nothing is made up, and adds to it", async () => {
    await using db = sqlite({ path });
    expect(await db.registry.listAudit({ after: 0, limit: 9 })).toEqual([]);
    expect((await db.registry.auditHead()).seq).toBe(0);
    await db.registry.insertVersion(draft("new", { label: "1.0.0" }), stamp());
    expect((await db.registry.listAudit({ after: 0, limit: 9 })).map(({ seq, version }) => ({ seq, version }))).toEqual([
      { seq: 1, version: 4 },
    ]);
  });

  it("rolls back to the version that was in production before it was opened", async () => {
    await using db = sqlite({ path });
    const move = { name: "fraud", version: 3, from: "development", to: "production", displaceTo: "archived" };
    await db.registry.moveStage(move, stamp());
    expect((await db.registry.findRollbackTarget("fraud", "production"))?.version).toBe(2);
  });

  it.each([
    ["is no JSON", "{"],
    ["is no object", "[]"],
    ["has no members", "{}"],
    ["has members of other kinds", '{"files":[1,{"digest":2}],"tags":"x","metrics":[1],"description":4,"lineage":[3,{"ref":1}]}'],
    ["is nested too deeply", `{"tags":${"[".repeat(5000)}${"]".repeat(5000)}}`],
  ])("is opened although the content of a version %s; that version stays damaged", async (_, text) => {
    add(text);
    add(JSON.stringify(content));
    await using db = sqlite({ path });
    expect((await db.registry.findVersion({ name: "old", version: 2 }))?.flavor).toBe("text");
    expect((await failure(() => db.registry.findVersion({ name: "old", version: 1 }))).message).toContain("is damaged");
  });

  it("is opened although keys meet that differ in what SQL text cannot hold", async () => {
    add(JSON.stringify({ ...content, tags: { "a\u0000": "1", "a\ufffd": "2" } }));
    await using db = sqlite({ path });
    expect((await db.registry.findVersion({ name: "old", version: 1 }))?.tags).toEqual({ "a\u0000": "1", "a\ufffd": "2" });
  });
});
