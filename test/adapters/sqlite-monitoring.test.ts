import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type SqliteStores, sqlite } from "../../src/adapters/sqlite/index.ts";
import { nextTurn } from "../../src/core/next-turn.ts";
import type { NewPrediction } from "../../src/monitoring/port.ts";
import { all } from "../all.ts";
import { failure } from "./fixtures/failure.ts";
import { monitorsLikeMemory } from "./monitors-like-memory.ts";

monitorsLikeMemory("a monitoring store in SQLite", () => {
  const db = sqlite({ path: ":memory:" });
  return { ...db.monitoring, [Symbol.asyncDispose]: () => db.close() };
});

const ALWAYS = { from: 0, to: Number.MAX_SAFE_INTEGER };

let folder: string;
let path: string;
let db: SqliteStores;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "modelwright-monitoring-"));
  path = join(folder, "models.db");
  db = sqlite({ path });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await db.close();
  rmSync(folder, { recursive: true });
});

function prediction(id: string, at = 1): NewPrediction {
  return { id, version: "7", at, segment: "eu", output: 0.5 };
}

/** Adds predictions `p0`, `p1` and so on. */
async function add(count: number, at: (i: number) => number): Promise<void> {
  const made = Array.from({ length: count }, (_, i) => prediction(`p${i}`, at(i)));
  await db.monitoring.addPredictions("fraud", made);
}

/** Runs SQL on the file beside the stores. */
function beside(text: string): void {
  using file = new DatabaseSync(path);
  file.exec(text);
}

/** How SQLite finds the rows of what is prepared while `work` runs. */
async function plans(work: () => Promise<unknown>): Promise<readonly string[]> {
  const prepare = vi.spyOn(DatabaseSync.prototype, "prepare");
  await work();
  const texts = prepare.mock.calls.map(([text]) => text).filter((text) => /^(?:select|update|delete) /.test(text));
  prepare.mockRestore();
  using file = new DatabaseSync(path);
  return texts.flatMap((text) =>
    file
      .prepare(`explain query plan ${text}`)
      .all()
      .map(({ detail }) => `${detail}`),
  );
}

describe("a monitoring store in a SQLite file", () => {
  it("keeps everything when it is closed", async () => {
    await db.monitoring.addPredictions("fraud", [prediction("a"), prediction("b", 2)]);
    await db.monitoring.addLabels("fraud", [{ id: "b", label: "yes", at: 3, replaces: false }], { windowMs: 5 });
    await db.monitoring.putBuckets("fraud", [{ series: "7", at: 0, writer: "w", content: new Uint8Array([1, 2]) }]);
    const { predictions } = await db.monitoring.predictions("fraud", { ...ALWAYS, limit: 9 });
    await db.close();
    db = sqlite({ path });
    expect((await db.monitoring.predictions("fraud", { ...ALWAYS, limit: 9 })).predictions).toEqual(predictions);
    expect(predictions.map(({ label }) => label)).toEqual([null, "yes"]);
    expect(await all(db.monitoring.buckets("fraud", ALWAYS))).toHaveLength(1);
    expect(db.monitoring.capabilities).toEqual({ durable: true });
  });

  it.each<[string, (stores: SqliteStores) => Promise<unknown>]>([
    ["a page", ({ monitoring }) => monitoring.predictions("fraud", { ...ALWAYS, limit: 2 })],
    ["a page of a version", ({ monitoring }) => monitoring.predictions("fraud", { ...ALWAYS, limit: 2, version: "7" })],
    [
      "the next page",
      ({ monitoring }) => monitoring.predictions("fraud", { ...ALWAYS, limit: 2, cursor: "1/a", labelled: false }),
    ],
    ["predictions of labels", ({ monitoring }) => monitoring.addLabels("fraud", [{ id: "a", label: 1, at: 1, replaces: false }], { windowMs: 1 })], // biome-ignore format: one line
    ["buckets", ({ monitoring }) => all(monitoring.buckets("fraud", ALWAYS))],
    ["buckets of a series", ({ monitoring }) => all(monitoring.buckets("fraud", { ...ALWAYS, series: "7" }))],
    ["what is removed", ({ monitoring }) => monitoring.remove("fraud", { predictionsBefore: 1, maxPredictions: 1, bucketsBefore: 1 })], // biome-ignore format: one line
  ])("finds %s by an index, in its order", async (_, work) => {
    await db.monitoring.addPredictions("fraud", [prediction("a"), prediction("b")]);
    const found = await plans(() => work(db));
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((step) => step.startsWith("SCAN") || step.includes("TEMP B-TREE"))).toEqual([]);
  });

  it("searches a page from its time on, and a label by its id", async () => {
    await db.monitoring.addPredictions("fraud", [prediction("a")]);
    const [page] = await plans(() => db.monitoring.predictions("fraud", { ...ALWAYS, limit: 2 }));
    expect(page).toContain("(model=? AND at>? AND at<?)");
    const [next] = await plans(() => db.monitoring.predictions("fraud", { ...ALWAYS, limit: 2, cursor: "1/a" }));
    expect(next).toContain("(model=? AND at=? AND id>?)");
    const [buckets] = await plans(() => all(db.monitoring.buckets("fraud", ALWAYS)));
    expect(buckets).toContain("(model=? AND at>? AND at<?)");
    const labels = [{ id: "a", label: 1, at: 1, replaces: false }];
    const [label] = await plans(() => db.monitoring.addLabels("fraud", labels, { windowMs: 1 }));
    expect(label).toContain("(model=? AND id=?)");
  });

  it("removes thousands of rows in steps and counts them all", async () => {
    const { monitoring } = db;
    // The last 500 of one time.
    await add(11_000, (i) => Math.min(i, 10_500));
    const content = new Uint8Array();
    await monitoring.putBuckets(
      "fraud",
      Array.from({ length: 10_800 }, (_, i) => ({ series: "7", at: Math.floor(i / 2), writer: `w${i % 2}`, content })),
    );
    const removed = await monitoring.remove("fraud", { maxPredictions: 100, bucketsBefore: 5350 });
    expect(removed).toEqual({ predictions: 10_900, buckets: 10_700 });
    const left = await monitoring.predictions("fraud", { ...ALWAYS, limit: 1000 });
    expect(left.predictions.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, i) => `p${10_900 + i}`));
    expect(await all(monitoring.buckets("fraud", ALWAYS))).toHaveLength(100);
  });

  it("lets others write between the steps of a removal", async () => {
    await add(11_000, (i) => i);
    await using other = sqlite({ path });
    await other.monitoring.addPredictions("other", []);
    let finished = false;
    const removing = db.monitoring.remove("fraud", { maxPredictions: 0 }).finally(() => {
      finished = true;
    });
    await nextTurn();
    await other.monitoring.addPredictions("fraud", [prediction("new", 40_000)]);
    expect(finished).toBe(false);
    expect(await removing).toEqual({ predictions: 11_000, buckets: 0 });
    expect((await db.monitoring.predictions("fraud", { ...ALWAYS, limit: 9 })).predictions).toHaveLength(1);
  });

  it("stops a removal that is aborted, after the step that is running", async () => {
    await add(11_000, (i) => i);
    const controller = new AbortController();
    const reason = new RangeError("stop");
    const { signal } = controller;
    const removing = db.monitoring.remove("fraud", { maxPredictions: 0 }, { signal }).catch((error: unknown) => error);
    await nextTurn();
    controller.abort(reason);
    expect(await removing).toBe(reason);
    await db.close(); // which waits for the step
    db = sqlite({ path });
    expect((await db.monitoring.predictions("fraud", { ...ALWAYS, limit: 10_000 })).predictions).toHaveLength(999);
  });

  it.each([
    "output = 'not JSON, 0.97'",
    "output = '[1]'",
    "output = 'true'",
    "output = '1e999'",
    "label = '{\"a\":1}', labelled_at = 1",
    "label = 'null', labelled_at = 1",
  ])("says that a prediction with %s is damaged, and nothing of what it holds", async (set) => {
    await db.monitoring.addPredictions("fraud", [prediction("a")]);
    beside(`update modelwright_predictions set ${set}`);
    const error = await failure(() => db.monitoring.predictions("fraud", { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 9 }));
    expect(error.code).toBe("STORE_FAILED");
    expect(error.message).toMatch(/could not read predictions: a stored (?:prediction|label) is damaged$/);
  });
});
