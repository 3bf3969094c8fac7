import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import type { Digest } from "../../src/core/digest.ts";
import type { RegistryStore } from "../../src/registry/port.ts";
import { auditHash, emptyAuditHead } from "../../src/registry/rules/audit-chain.ts";
import { failure } from "./fixtures/failure.ts";
import { draft, stamp } from "./fixtures/registry-draft.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "modelwright-sqlite-registry-"));
  path = join(folder, "models.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs SQL on the file beside the stores. */
function beside(sql: string): void {
  const db = new DatabaseSync(path);
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}

/** What SQL answers on the file beside the stores. */
function seen(sql: string): unknown[] {
  const db = new DatabaseSync(path);
  try {
    return db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    db.close();
  }
}

const digest = (n: number): Digest => `sha256:${n.toString(16).padStart(64, "0")}`;

const file = (n: number) => ({ path: `${n}.bin`, digest: digest(n), sizeBytes: n });

/** Reads the whole log and recomputes it. */
async function checkedLog(registry: RegistryStore): Promise<readonly string[]> {
  const entries = await registry.listAudit({ after: 0, limit: 1000 });
  let head = emptyAuditHead;
  for (const entry of entries) {
    const { hash, ...unsealed } = entry;
    expect(unsealed.seq).toBe(head.seq + 1);
    expect(unsealed.previousHash).toBe(head.hash);
    expect(await auditHash(unsealed)).toBe(hash);
    head = { seq: entry.seq, hash };
  }
  expect(await registry.auditHead()).toEqual(head);
  return entries.map(({ action, name, version }) => `${action} ${name}@${version}`);
}

describe("a registry in a SQLite file", () => {
  it("is found again when the file is opened again, down to the last hash of its log", async () => {
    const given = draft("one", {
      label: "1.0.0",
      tags: { team: "risk" },
      files: [file(1)],
      lineage: [{ kind: "code", ref: "abc" }],
      hyperparameters: { layers: [64, { dropout: 0.5 }] },
    });
    let before: unknown;
    {
      await using db = sqlite({ path });
      await db.registry.insertVersion(given, stamp());
      await db.registry.setAlias("fraud", "champion", 1, stamp(2));
      await db.registry.noteVersion("fraud", 1, { legalHold: "case 7" }, stamp(3));
      before = await db.registry.findVersion({ name: "fraud", label: "1.0.0" });
    }
    await using db = sqlite({ path });
    expect(await db.registry.findVersion({ name: "fraud", alias: "champion" })).toEqual(before);
    expect(before).toMatchObject({ ...given, aliases: ["champion"], legalHold: "case 7", createdBy: "ada", createdAt: 1 });
    expect(await checkedLog(db.registry)).toEqual(["version.registered fraud@1", "alias.set fraud@1", "version.updated fraud@1"]);
  });

  it("answers at once what another connection has changed, also of versions that it has read before", async () => {
    await using a = sqlite({ path });
    await using b = sqlite({ path });
    await a.registry.insertVersion(draft("one"), stamp());
    await a.registry.insertVersion(draft("two"), stamp());
    const ref = { name: "fraud", version: 1 };
    const first = await b.registry.findVersion(ref);
    expect(first).toMatchObject({ stage: "development", aliases: [], description: "", lineage: [] });
    await a.registry.moveStage({ ...ref, from: "development", to: "staging" }, stamp(5));
    await a.registry.setAlias("fraud", "b", 1, stamp());
    await a.registry.setAlias("fraud", "a", 1, stamp());
    await a.registry.noteVersion("fraud", 1, { description: "noted" }, stamp());
    await a.registry.addLineage("fraud", 1, [{ kind: "parent", ref: "fraud@2" }], stamp());
    expect(await b.registry.findVersion(ref)).toEqual({
      ...first,
      stage: "staging",
      stageChangedAt: 5,
      aliases: ["a", "b"],
      description: "noted",
      lineage: [{ kind: "parent", ref: "fraud@2" }],
    });
    await a.registry.addLineage("fraud", 1, [{ kind: "run", ref: "r1" }], stamp());
    expect((await b.registry.findVersion(ref))?.lineage).toHaveLength(2);
    await a.registry.deleteAlias("fraud", "a", stamp());
    expect((await b.registry.findVersion(ref))?.aliases).toEqual(["b"]);
    await a.registry.deleteAlias("fraud", "b", stamp());
    await a.registry.deleteVersion("fraud", 1, "staging", stamp());
    expect(await b.registry.findVersion(ref)).toBeUndefined();
    expect((await b.registry.searchVersions({ limit: 10 })).items.map(({ version }) => version)).toEqual([2]);
  });

  it("does not take a new version for a deleted one of the same id", async () => {
    await using db = sqlite({ path });
    await db.registry.insertVersion(draft("one", { flavor: "first" }), stamp());
    await db.registry.findVersion({ name: "fraud", version: 1 });
    await db.registry.deleteVersion("fraud", 1, "development", stamp());
    await db.registry.insertVersion(draft("one", { flavor: "second" }), stamp());
    expect(await db.registry.findVersion({ name: "fraud", version: 2 })).toMatchObject({ version: 2, flavor: "second" });
  });

  it("forgets nothing when it has read more than it keeps", async () => {
    await using db = sqlite({ path });
    const long = "x".repeat(200_000);
    for (let i = 1; i <= 40; i++) await db.registry.insertVersion(draft(`id${i}`, { metadata: { i, long } }), stamp());
    for (let round = 0; round < 2; round++) {
      const { items } = await db.registry.searchVersions({ limit: 100 });
      expect(items.map(({ metadata }) => metadata["i"])).toEqual(Array.from({ length: 40 }, (_, i) => 40 - i));
    }
  });

  it("writes and finds more at once than one statement takes", async () => {
    await using db = sqlite({ path });
    const many = Array.from({ length: 300 }, (_, i) => i);
    const tags = Object.fromEntries(many.map((i) => [`tag${i}`, `${i}`]));
    const lineage = many.map((i) => ({ kind: "dataset" as const, ref: `d${i}` }));
    await db.registry.insertVersion(draft("one", { tags, lineage, files: many.map(file) }), stamp());
    const links = await db.registry.findLinksTo(lineage);
    expect(links.map(({ ref }) => ref)).toEqual(lineage.map(({ ref }) => ref));
    const unknown = [digest(1000), ...many.map(digest), digest(1001)];
    expect(await db.registry.markUnreferenced(unknown, 5)).toEqual([
      { digest: digest(1000), since: 5 },
      { digest: digest(1001), since: 5 },
    ]);
  });

  it("gives each entry of the log its own number, in the order of the changes, when several connections write", async () => {
    const stores = Array.from({ length: 4 }, () => sqlite({ path }));
    await Promise.all(
      stores.flatMap(({ registry }, i) =>
        Array.from({ length: 5 }, (_, j) => registry.insertVersion(draft(`${i}-${j}`, { name: `model${i}` }), stamp())),
      ),
    );
    expect(await checkedLog(stores[0]!.registry)).toHaveLength(20);
    await Promise.all(stores.map((db) => db.close()));
  });

  it("reads its memory within a transaction as before it, until it ends", async () => {
    await using db = sqlite({ path: ":memory:" });
    await db.registry.insertVersion(draft("one"), stamp());
    const moving = db.registry.moveStage({ name: "fraud", version: 1, from: "development", to: "staging" }, stamp());
    const stages = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        for (let turn = 0; turn < i; turn++) await Promise.resolve();
        return (await db.registry.findVersion({ name: "fraud", version: 1 }))?.stage;
      }),
    );
    await moving;
    expect([...new Set(stages)].filter((stage) => stage !== "development" && stage !== "staging")).toEqual([]);
    const aborted = new AbortController();
    const failing = db.registry.moveStage(
      { name: "fraud", version: 1, from: "staging", to: "production" },
      { ...stamp(), at: 0.5 },
      { signal: aborted.signal },
    );
    const meanwhile = Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        for (let turn = 0; turn < i; turn++) await Promise.resolve();
        return (await db.registry.findVersion({ name: "fraud", version: 1 }))?.stage;
      }),
    );
    await expect(failing).rejects.toThrow();
    expect(new Set(await meanwhile)).toEqual(new Set(["staging"]));
  });
});

describe("the audit log in a SQLite file", () => {
  beforeEach(async () => {
    await using db = sqlite({ path });
    await db.registry.insertVersion(draft("one"), stamp());
  });

  it.each([
    ["changed", "update modelwright_audit set actor = 'eve'"],
    ["deleted from", "delete from modelwright_audit"],
  ])("cannot be %s by SQL", async (_, sql) => {
    expect(() => beside(sql)).toThrow("the audit log can only be added to");
    expect(seen("select actor from modelwright_audit")).toEqual([{ actor: "ada" }]);
  });

  it("undoes a change that it cannot log", async () => {
    beside("create trigger refuse before insert on modelwright_audit begin select raise(abort, 'the disk says no'); end");
    await using db = sqlite({ path });
    const error = await failure(() => db.registry.insertVersion(draft("two"), stamp()));
    expect(error.code).toBe("STORE_FAILED");
    expect(await db.registry.findModel("fraud")).toMatchObject({ versions: 1, latestVersion: 1 });
    expect(seen("select count(*) as facts from modelwright_version_facts where version = 2")).toEqual([{ facts: 0 }]);
  });

  it("is missed when its head is gone", async () => {
    beside("delete from modelwright_audit_head");
    await using db = sqlite({ path });
    for (const work of [() => db.registry.auditHead(), () => db.registry.insertVersion(draft("two"), stamp())]) {
      expect((await failure(work)).message).toContain("the head of the audit log is damaged");
    }
  });

  it("says that an entry is damaged without repeating it", async () => {
    beside(`drop trigger modelwright_audit_update; update modelwright_audit set after = '{"secret'`);
    await using db = sqlite({ path });
    const error = await failure(() => db.registry.listAudit({ after: 0, limit: 1 }));
    expect(error.code).toBe("STORE_FAILED");
    expect(error.message).not.toContain("secret");
  });
});

describe("a damaged row", () => {
  const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;

  it.each([
    ["content that is no JSON", "content = '{\"secret'"],
    ["content of another kind", "content = '[]'"],
    ["content without files", "content = json_remove(content, '$.files')"],
    [
      "a file with a path for a digest",
      `content = json_set(content, '$.files', json('[{"path":"a","digest":"../secret","sizeBytes":1}]'))`,
    ],
    ["a metric that is no number", "content = json_set(content, '$.metrics', json('{\"auc\":\"secret\"}'))"],
    ["a metric that JSON cannot write", 'content = replace(content, \'"metrics":{}\', \'"metrics":{"auc":1e999}\')'],
    ["a signature of text", "content = json_set(content, '$.signature', 'secret')"],
    ["an envelope without signatures", "content = json_set(content, '$.attestation', json('{\"payload\":\"secret\"}'))"],
    ["metadata that is nested too deeply", `content = replace(content, '"metadata":{}', '"metadata":{"secret":${deep}}')`],
    ["notes that are no JSON", "notes = 'secret'"],
    ["a tag that is a number", "notes = json_set(notes, '$.tags', json('{\"secret\":1}'))"],
    ["lineage that is no list", "lineage = '{\"secret\":1}'"],
    ["lineage that is nested too deeply", `lineage = '${deep}'`],
    ["an edge without a reference", 'lineage = \'[{"kind":"secret"}]\''],
  ])("with %s fails by itself and says so without repeating it", async (_, change) => {
    await using db = sqlite({ path });
    await db.registry.insertVersion(draft("one"), stamp());
    await db.registry.insertVersion(draft("two"), stamp());
    beside(`update modelwright_versions set ${change} where version = 1`);
    const error = await failure(() => db.registry.findVersion({ name: "fraud", version: 1 }));
    expect(error.code).toBe("STORE_FAILED");
    expect(error.retryable).toBe(false);
    expect(error.message).toMatch(/is damaged$/);
    expect(error.message).not.toContain("secret");
    expect((await db.registry.findVersion({ name: "fraud", version: 2 }))?.id).toBe("two");
  });

  it("of a model or an approval fails as well", async () => {
    await using db = sqlite({ path });
    await db.registry.insertVersion(draft("one"), stamp());
    const request = { id: "a1", name: "fraud", version: 1, from: "development", to: "staging", needed: 1, comment: "" };
    await db.registry.insertApproval(request, stamp());
    beside("update modelwright_models set notes = '{\"secret\":1}'; update modelwright_approvals set request = '{\"secret\":1}'");
    for (const work of [() => db.registry.findModel("fraud"), () => db.registry.findApproval("a1")]) {
      const error = await failure(work);
      expect(error.code).toBe("STORE_FAILED");
      expect(error.message).not.toContain("secret");
    }
  });
});
