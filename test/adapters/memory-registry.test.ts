import { describe, expect, it } from "vitest";
import { memoryRegistry } from "../../src/adapters/memory/memory-registry.ts";
import { nextTurn } from "../../src/core/next-turn.ts";
import { digestOf, draft, logOf, stamp } from "../../src/testing/conformance/registry-drafts.ts";
import { registryReferencesConformance } from "../../src/testing/conformance/registry-references.ts";
import { registryStoreConformance } from "../../src/testing/conformance/registry-store.ts";

registryStoreConformance({ describe, it, expect }, memoryRegistry);

registryReferencesConformance({ describe, it, expect }, memoryRegistry);

describe("changes that wait for each other in memory", () => {
  it("let the event loop turn, so that they can be aborted while they wait, and are then not made", async () => {
    await using store = memoryRegistry();
    const controller = new AbortController();
    const reason = new RangeError("stop");
    let made = 0;
    const waiting = Array.from({ length: 500 }, () => store.insertVersion(draft("a"), stamp()).then(() => made++));
    const late = store.insertVersion(draft("late"), stamp(), { signal: controller.signal }).catch((error: unknown) => error);
    await nextTurn();
    controller.abort(reason);
    expect(await late).toBe(reason);
    expect(made).toBeLessThan(500);
    await Promise.all(waiting);
    expect(await store.findModel("a")).toMatchObject({ versions: 500 });
    expect(await store.findModel("late")).toBeUndefined();
    expect((await store.auditHead()).seq).toBe(500);
  });

  it("that were aborted do not hold up those behind them, and leave no trace", async () => {
    await using store = memoryRegistry();
    const controller = new AbortController();
    const { signal } = controller;
    const gone = Array.from({ length: 100 }, () => store.insertVersion(draft("gone"), stamp(), { signal }));
    const stays = store.insertVersion(draft("stays"), stamp());
    controller.abort(new RangeError("stop"));
    for (const { status } of await Promise.allSettled(gone)) expect(status).toBe("rejected");
    await stays;
    expect((await logOf(store)).map(({ name, version }) => `${name}@${version}`)).toEqual(["stays@1"]);
    expect(await store.findModel("gone")).toBeUndefined();
  });

  it("do not wait for one that has failed", async () => {
    await using store = memoryRegistry();
    const outcomes = await Promise.allSettled([
      store.setAlias("a", "champion", 1, stamp()),
      store.insertVersion(draft("a"), stamp()),
      store.insertVersion(draft("a", { metrics: { x: Number.NaN } }), stamp()),
      store.setAlias("a", "champion", 1, stamp()),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
  });

  it("are all made before the store is closed, and those that come later are refused", async () => {
    const store = memoryRegistry();
    const made = Promise.all(Array.from({ length: 20 }, () => store.insertVersion(draft("a"), stamp())));
    const closing = store[Symbol.asyncDispose]();
    await expect(store.insertVersion(draft("a"), stamp())).rejects.toMatchObject({ code: "CLOSED" });
    expect((await made).at(-1)?.version).toBe(20);
    await closing;
  });

  it("are undone when a blob is fenced between their plan and their turn to be written", async () => {
    await using store = memoryRegistry();
    const digest = digestOf("0b");
    await store.markUnreferenced([digest], 1);
    const inserting = store.insertVersion(draft("a", { files: [{ path: "a", digest, sizeBytes: 1 }] }), stamp());
    const fence = { collector: "c", at: 1, markedBefore: 1, takeOverBefore: 0 };
    const [outcome, [fenced]] = await Promise.all([Promise.allSettled([inserting]), store.fenceBlobs([digest], fence)]);
    expect(outcome[0]?.status).toBe(fenced === digest ? "rejected" : "fulfilled");
    expect((await store.auditHead()).seq).toBe(fenced === digest ? 0 : 1);
    expect((await store.findModel("a")) === undefined).toBe(fenced === digest);
  });
});

describe("what a registry in memory is given and answers", () => {
  it("is copied before the first wait", async () => {
    await using store = memoryRegistry();
    const blocker = store.insertVersion(draft("a", { stage: "staging" }), stamp());
    const given = { tags: { team: "risk" }, lineage: [{ kind: "code" as const, ref: "x" }] };
    const by = { ...stamp(), actor: "ada" };
    const move = { name: "a", version: 1, from: "staging", to: "production" };
    const notes = { tags: { team: "risk" } as Record<string, string | null> };
    const edges = [{ kind: "code" as const, ref: "y" }];
    const changes = [
      store.insertVersion(draft("b", given), by),
      store.noteVersion("a", 1, notes, by),
      store.addLineage("a", 1, edges, by),
      store.moveStage(move, by),
    ];
    given.tags.team = "changed";
    given.lineage.push({ kind: "code", ref: "changed" });
    notes.tags["team"] = null;
    edges[0]!.ref = "changed";
    move.to = "changed";
    by.actor = "changed";
    await Promise.all([blocker, ...changes]);
    expect(await store.findVersion({ name: "b", version: 1 })).toMatchObject({
      tags: { team: "risk" },
      lineage: [{ kind: "code", ref: "x" }],
      createdBy: "ada",
    });
    expect(await store.findVersion({ name: "a", version: 1 })).toMatchObject({
      stage: "production",
      tags: { team: "risk" },
      lineage: [{ kind: "code", ref: "y" }],
    });
    expect(JSON.stringify(await logOf(store))).not.toContain("changed");
  });

  it("is frozen through and through", async () => {
    await using store = memoryRegistry();
    await store.insertVersion(draft("a", { tags: { a: "b" }, lineage: [{ kind: "code", ref: "x" }] }), stamp());
    await store.setAlias("a", "champion", 1, stamp());
    await store.noteVersion("a", 1, { tags: { c: "d" } }, stamp());
    await store.addLineage("a", 1, [{ kind: "code", ref: "y" }], stamp());
    await store.noteModel("a", { tags: { c: "d" } }, stamp());
    const request = { id: "r", name: "a", version: 1, from: "development", to: "staging", needed: 2, comment: "" };
    await store.insertApproval(request, stamp());
    await store.decideApproval("r", { approved: true, comment: "" }, stamp({ actor: "eve" }));
    const answers = [
      await store.findVersion({ name: "a", version: 1 }),
      await store.findModel("a"),
      await store.listStageEvents({ name: "a", direction: "asc", limit: 9 }).then(([event]) => event),
      await store.listApprovals({ limit: 9 }).then(([approval]) => approval),
      ...(await logOf(store)),
    ];
    const thawed: string[] = [];
    const visit = (value: unknown, path: string) => {
      if (typeof value !== "object" || value === null) return;
      if (!Object.isFrozen(value)) thawed.push(path);
      for (const [key, member] of Object.entries(value)) visit(member, `${path}.${key}`);
    };
    for (const [i, answer] of answers.entries()) visit(answer, `${i}`);
    expect(thawed).toEqual([]);
  });
});
