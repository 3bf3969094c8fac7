import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultRetention, type Protection, planRetention, Retention, type RetentionFact } from "../../src/registry/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { all } from "../all.ts";
import { openRegistry } from "./open-registry.ts";

const DAY = 86_400_000;

const fact = (version: number, stage: string, ageDays: number, protections: readonly Protection[] = []): RetentionFact => ({
  version: {
    name: "m",
    version,
    stage,
    stageChangedAt: -ageDays * DAY,
    files: [{ path: "a", digest: "sha256:a", sizeBytes: 5 }],
  },
  protections,
});

describe("planRetention", () => {
  it("goes by the days in a stage", () => {
    const facts = [
      fact(1, "development", 30),
      fact(2, "development", 30.01),
      fact(3, "staging", 91),
      fact(4, "staging", 89),
      fact(5, "production", 366),
      fact(6, "archived", 1096),
      fact(7, "archived", 1094),
      fact(8, "deprecated", 1096),
      fact(9, "custom", 9999),
    ];
    const plan = planRetention(facts, 0);
    expect(plan.delete.map(({ version }) => version)).toEqual([8, 6, 3, 2]);
    expect(plan.delete.at(-1)).toEqual({ name: "m", version: 2, stage: "development", ageDays: 30, sizeBytes: 5 });
    expect(plan.keep.map(({ version, reasons }) => [version, reasons])).toEqual([[5, ["it is in production"]]]);
    const all = planRetention(facts, 0, { ...defaultRetention, keepStages: [] });
    expect(all.delete.map(({ version }) => version)).toEqual([8, 6, 5, 3, 2]);
  });

  it("keeps what is protected and says why, and the newest of each model", () => {
    const facts = [
      fact(1, "archived", 2000, [
        { kind: "alias", alias: "champion" },
        { kind: "legal-hold", reason: "case 7" },
      ]),
      fact(2, "archived", 2000),
      fact(3, "archived", 2000),
    ];
    const plan = planRetention(facts, 0, { ...defaultRetention, keepLast: 1 });
    expect(plan.delete.map(({ version }) => version)).toEqual([2]);
    expect(plan.keep.map(({ version, reasons }) => [version, reasons])).toEqual([
      [3, ["it is among the 1 newest of its model"]],
      [1, ["the alias champion points to it", "it is under legal hold: case 7"]],
    ]);
  });

  it("never plans a protected version, whatever the order of the facts", () => {
    const facts = fc.array(
      fc.record({
        version: fc.record({
          name: fc.constantFrom("a", "b"),
          version: fc.integer({ min: 1, max: 1_000_000 }),
          stage: fc.constantFrom("development", "staging", "production", "archived", "deprecated", "__proto__"),
          stageChangedAt: fc.integer({ min: -5000 * DAY, max: DAY }),
          files: fc.constant([]),
        }),
        protections: fc.array(fc.constant({ kind: "parent", of: "x@1" } as const), { maxLength: 1 }),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(facts.chain((list) => fc.constantFrom(...(list.length === 0 ? [undefined] : list)))),
        (given) => {
          const distinct = new Map(
            given.flatMap((each) => (each === undefined ? [] : [[`${each.version.name}@${each.version.version}`, each]])),
          );
          const list = [...distinct.values()];
          const plan = planRetention(list, 0);
          const free = new Set(list.filter(({ protections }) => protections.length === 0).map(({ version }) => version.version));
          expect(plan.delete.every(({ version }) => free.has(version))).toBe(true);
          expect(planRetention(list.toReversed(), 0)).toEqual(plan);
        },
      ),
      { seed: 3 },
    );
  });
});

describe.each(["memory", "sqlite"])("retention over %s", (kind) => {
  it("plans without changing anything, and deletes what the plan says", async () => {
    await using open = openRegistry(kind);
    for (let i = 0; i < 6; i++) await open.register();
    await open.promote(1);
    await open.promote(2);
    await open.registry.alias("fraud", "shadow", 3);
    await open.registry.update("fraud@4", { legalHold: "case 7" });
    await open.register({ name: "child", lineage: [{ kind: "parent", ref: "fraud@5" }] });
    open.clock.advance(2000 * DAY);
    const retention = new Retention({ store: open.store, actor: "nightly" }, { clock: open.clock });
    const plan = await retention.plan();
    expect(plan.delete.map(({ name, version }) => `${name}@${version}`)).toEqual(["child@1", "fraud@6"]);
    expect(plan.keep.map(({ version, reasons }) => `${version}: ${reasons.join()}`)).toEqual([
      "5: child@1 has it as its parent",
      "4: it is under legal hold: case 7",
      "3: the alias shadow points to it",
      "2: it is in production",
      "1: a rollback of production would return to it",
    ]);
    expect((await all(open.registry.list())).length).toBe(7);
    const progress: number[] = [];
    const stored = JSON.parse(JSON.stringify(plan)) as typeof plan;
    const gone: string[] = [];
    retention.onDeleted(({ name, version }) => gone.push(`${name}@${version}`));
    expect(await retention.apply(stored, { reason: "old", onProgress: (done) => progress.push(done) })).toEqual({
      deleted: ["child@1", "fraud@6"],
      skipped: [],
    });
    expect(progress).toEqual([1, 2]);
    expect(gone).toEqual(["child@1", "fraud@6"]);
    const again = await retention.apply(plan);
    expect([again.deleted, again.skipped.map(({ ref }) => ref)]).toEqual([[], ["child@1", "fraud@6"]]);
    expect((await retention.plan()).delete.map(({ version }) => version)).toEqual([5]);
    expect((await open.register()) > 6).toBe(true);
  });

  it("skips what has changed since, and says what is in the way", async () => {
    await using open = openRegistry(kind);
    for (let i = 0; i < 4; i++) await open.register();
    open.clock.advance(31 * DAY);
    const retention = new Retention({ store: open.store }, { clock: open.clock });
    const plan = await retention.plan();
    expect(plan.delete.length).toBe(4);
    await open.registry.alias("fraud", "champion", 1);
    await open.registry.transition("fraud@2", "staging");
    await open.registry.delete("fraud@3");
    const none = () => retention.apply(plan, { onProgress: 5 as never });
    await expect(none()).rejects.toMatchObject({ code: "INPUT_INVALID" });
    const { deleted, skipped } = await retention.apply(plan);
    expect(deleted).toEqual(["fraud@4"]);
    expect(skipped.map(({ ref, reason }) => `${ref}: ${reason}`)).toEqual([
      expect.stringMatching(/^fraud@3: There is no model version/),
      expect.stringMatching(/^fraud@2: .*in stage staging, not in development since the plan/),
      expect.stringMatching(/^fraud@1: .*champion points to it/),
    ]);
  });

  it("skips what has moved there and back since", async () => {
    await using open = openRegistry(kind);
    for (let i = 0; i < 2; i++) await open.register();
    open.clock.advance(31 * DAY);
    const retention = new Retention({ store: open.store }, { clock: open.clock });
    const plan = await retention.plan();
    await open.registry.transition("fraud@1", "staging");
    await open.registry.transition("fraud@1", "development");
    const { deleted, skipped } = await retention.apply(plan);
    expect([deleted, skipped.map(({ ref }) => ref)]).toEqual([["fraud@2"], ["fraud@1"]]);
  });

  it("plans nothing when the clock has gone back, and nothing more when it is aborted", async () => {
    await using open = openRegistry(kind);
    open.clock.advance(100 * DAY);
    for (let i = 0; i < 3; i++) await open.register();
    const past = new Retention({ store: open.store }, { clock: new FakeClock() });
    expect((await past.plan()).delete).toEqual([]);
    open.clock.advance(31 * DAY);
    const retention = new Retention({ store: open.store }, { clock: open.clock });
    const plan = await retention.plan();
    const aborter = new AbortController();
    const reason = new Error("enough");
    const options = { signal: aborter.signal, onProgress: () => aborter.abort(reason) };
    await expect(retention.apply(plan, options)).rejects.toBe(reason);
    expect((await all(open.registry.list())).length).toBe(2);
    await expect(retention.plan({ signal: aborter.signal })).rejects.toBe(reason);
  });

  it("stops at a failure of the store, and refuses what is no plan", async () => {
    await using open = openRegistry(kind);
    const retention = new Retention({ store: open.store }, { clock: open.clock });
    await expect(retention.apply({ delete: [{ name: "a" }] } as never)).rejects.toMatchObject({ code: "INPUT_INVALID" });
    expect(() => new Retention({ store: open.store, policy: { days: { development: -1 } } })).toThrow(/days.development/);
  });
});
