import { truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { fs } from "../../src/adapters/fs/index.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { FeatureServer, featureView, ModelRegistry, memoryBlobs, type OnlineStore } from "../../src/index.ts";
import { all } from "../all.ts";

const view = featureView({ name: "v", entity: "user", schema: z.object({ a: z.unknown() }) });
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelwright-hostile-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Expects a call to fail by the store's fault, and the error not to repeat what is stored. */
const expectFailed = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => "no error",
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: "STORE_FAILED" });
  expect(JSON.stringify(error)).not.toContain("secret");
};

describe("a stored version that somebody has edited", () => {
  const changes: [string, (content: Record<string, unknown>) => unknown][] = [
    ["null", () => null],
    ["an array", () => []],
    ["a number", () => 5],
    ["without members", () => ({})],
    ["without files", (content) => ({ ...content, files: null })],
    ["with a file that has no digest", (content) => ({ ...content, files: [{ path: "x", digest: 5, sizeBytes: 1 }] })],
    ["with a digest that is a path", (content) => ({ ...content, files: [{ path: "x", digest: "../x", sizeBytes: 1 }] })],
    ["with a metric that is no number", (content) => ({ ...content, metrics: { auc: "secret" } })],
    ["with a signature of another shape", (content) => ({ ...content, signature: { inputs: 5 } })],
  ];

  async function edited(change: (text: string) => string) {
    const path = join(folder, `${++files}.db`);
    const db = sqlite({ path });
    const registry = new ModelRegistry({ store: db.registry, blobs: memoryBlobs() });
    await registry.register({ name: "m", flavor: "text", files: { a: Uint8Array.of(1) }, hyperparameters: { deep: "here" } });
    using raw = new DatabaseSync(path);
    const { content } = raw.prepare("select content from modelwright_versions").get() as { content: string };
    raw.prepare("update modelwright_versions set content = ?").run(change(content));
    return { registry, [Symbol.asyncDispose]: () => db.close() };
  }

  const texts: [string, (text: string) => string][] = [
    ...changes.map(([title, change]): [string, (text: string) => string] => [
      title,
      (text) => JSON.stringify(change(JSON.parse(text))),
    ]),
    ["no JSON", () => "secret{"],
    ["nested without end", (text) => text.replace('"here"', nested(50_000))],
  ];

  it.each(texts)("is refused, and not repeated in the error: %s", async (_, change) => {
    await using opened = await edited(change);
    await expectFailed(opened.registry.get("m@1"));
    await expectFailed(opened.registry.load("m@1"));
    await expectFailed(all(opened.registry.list()));
  });

  it("cannot pass for another model, version or stage", async () => {
    const other = { name: "other", version: 99, stage: "production", aliases: ["champion"] };
    await using opened = await edited((text) => JSON.stringify({ ...JSON.parse(text), ...other }));
    expect(await opened.registry.get("m@1")).toMatchObject({ name: "m", version: 1, stage: "development", aliases: [] });
  });
});

describe("stored feature rows that somebody has edited", () => {
  const rows = [
    "null",
    "5",
    "[]",
    '"secret"',
    "secret{",
    '{"a":{"$bigint":"secret"}}',
    '{"a":{"$later":"secret"}}',
    `{"a":${nested(50_000)}}`,
  ];

  it.each(rows)("are the store's failure, not the caller's, and are not repeated in the error (%#)", async (text) => {
    const path = join(folder, `${++files}.db`);
    await using db = sqlite({ path });
    const server = new FeatureServer({ views: [view], online: db.online });
    await server.write(view, [{ key: "k", values: { a: 1 } }]);
    using raw = new DatabaseSync(path);
    raw.prepare("update modelwright_online set features = ?").run(text);
    await expectFailed(server.get({ user: "k" }, ["v.a"]));
  });

  it("are the store's failure, also from a store that answers anything", async () => {
    for (const answer of [undefined, null, [null], [5], [{}], [{ eventAtUs: 1, values: null }]]) {
      const online = { spec: "online/1", name: "odd", readMany: async () => answer } as unknown as OnlineStore;
      const server = new FeatureServer({ views: [view], online });
      await expectFailed(server.get({ user: "k" }, ["v.a"]));
    }
  });
});

describe("a blob that is changed while it is read", () => {
  it("is not answered with more bytes than were verified", async () => {
    const root = join(folder, "blobs");
    await using blobs = fs(root);
    const content = new Uint8Array(2 << 20).fill(7);
    const { digest } = await blobs.put(content);
    const file = join(root, "sha256", digest.slice(7, 9), digest.slice(9));
    writeFileSync(file, new Uint8Array((2 << 20) + 1000).fill(7));
    let checks = 0;
    const throwIfAborted = () => {
      checks += 1;
      if (checks === 2) truncateSync(file, content.length); // the first chunk was read, with the size as it was
    };
    const signal = Object.assign(new AbortController().signal, { throwIfAborted });
    await expect(blobs.get(digest, { signal })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(checks).toBeGreaterThan(1);
    expect(await blobs.get(digest)).toEqual(content);
  });
});
