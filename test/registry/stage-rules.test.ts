import { describe, expect, it } from "vitest";
import { defaultStages, filesVerified, metricGuard, type StageGuard, type StagePolicy } from "../../src/registry/index.ts";
import { openRegistry } from "./open-registry.ts";

const guarded = (...guards: readonly StageGuard[]): StagePolicy => ({ ...defaultStages, rules: [{ to: "production", guards }] });

describe("guards of the stage policy", () => {
  it("refuse a move and say why, each of them", async () => {
    await using open = openRegistry("memory", {
      stages: guarded(metricGuard("auc", { atLeast: 0.9 }), metricGuard("latency", { atMost: 5 }), {
        name: "reviewed",
        check: ({ version }) => (version.tags["reviewed"] === "yes" ? undefined : "it has not been reviewed"),
      }),
    });
    await open.register({ metrics: { auc: 0.85, latency: 7 } });
    await open.registry.transition("fraud@1", "staging");
    await expect(open.registry.transition("fraud@1", "production")).rejects.toMatchObject({
      code: "REGISTRY_GUARD_FAILED",
      details: {
        ref: "fraud@1",
        to: "production",
        failures: [
          { guard: "auc at least 0.9", reason: "auc is 0.85, less than 0.9" },
          { guard: "latency at most 5", reason: "latency is 7, more than 5" },
          { guard: "reviewed", reason: "it has not been reviewed" },
        ],
      },
    });
    expect((await open.registry.get("fraud@1")).stage).toBe("staging");
    await open.register({ metrics: { auc: 0.9, latency: 5 }, tags: { reviewed: "yes" } });
    await open.promote(2);
    expect((await open.registry.get("fraud@production")).version).toBe(2);
  });

  it("compare with what is in the stage, by the declared direction", async () => {
    await using open = openRegistry("memory", { stages: guarded(metricGuard("mae", { worseThanCurrentBy: 0.5 })) });
    const mae = (value: number) => ({ metrics: { mae: value }, directions: { mae: "minimize" } as const });
    await open.register(mae(10));
    await open.promote(1);
    await open.register(mae(10.6));
    await expect(open.promote(2)).rejects.toThrow(/worse than the 10 of version 1 in production/);
    await open.register(mae(10.5));
    await open.promote(3);
    await open.register({ metrics: {} });
    await expect(open.promote(4)).rejects.toThrow(/it has no metric mae/);
  });

  it("want a direction before they call anything worse", async () => {
    await using open = openRegistry("memory", { stages: guarded(metricGuard("auc", { worseThanCurrentBy: 0 })) });
    for (const auc of [0.9, 0.95]) await open.register({ metrics: { auc } });
    await open.promote(1);
    await expect(open.promote(2)).rejects.toThrow(/no direction of auc is declared/);
  });

  it("are not passed by declaring the direction of a metric the other way", async () => {
    await using open = openRegistry("memory", { stages: guarded(metricGuard("auc", { worseThanCurrentBy: 0 })) });
    await open.register({ metrics: { auc: 0.9 }, directions: { auc: "maximize" } });
    await open.promote(1);
    await open.register({ metrics: { auc: 0.1 }, directions: { auc: "minimize" } });
    await expect(open.promote(2)).rejects.toThrow(/declares auc as minimize, version 1 in production the other way/);
  });

  it("refuse a move when another version came into the stage while they looked", async () => {
    let meanwhile = async () => {};
    const check = async () => {
      await meanwhile();
      return undefined;
    };
    await using open = openRegistry("memory", { stages: guarded({ name: "slow", check }) });
    for (let i = 0; i < 3; i++) await open.register();
    await open.promote(1);
    for (const version of [2, 3]) await open.registry.transition(`fraud@${version}`, "staging");
    meanwhile = async () => {
      meanwhile = async () => {};
      await open.registry.transition("fraud@3", "production");
    };
    await expect(open.registry.transition("fraud@2", "production")).rejects.toMatchObject({
      code: "REGISTRY_CONFLICT",
      details: { ref: "fraud@2", expected: "version 1", actual: "version 3" },
    });
    expect((await open.registry.get("fraud@production")).version).toBe(3);
  });

  it("find a damaged file before it reaches production", async () => {
    await using open = openRegistry("memory", { stages: guarded(filesVerified()) });
    await open.register();
    const { files } = await open.registry.get("fraud@1");
    await open.blobs.delete(files[0]!.digest);
    await expect(open.promote(1)).rejects.toMatchObject({ code: "REGISTRY_GUARD_FAILED", cause: { code: "STORE_NOT_FOUND" } });
  });

  it("refuse with the cause what throws", async () => {
    const thrown = new Error("the review system is down");
    const check = () => Promise.reject(thrown);
    await using open = openRegistry("memory", { stages: guarded({ name: "reviewed", check }) });
    await open.register();
    await expect(open.promote(1)).rejects.toMatchObject({ code: "REGISTRY_GUARD_FAILED", cause: thrown });
  });

  it("need a bound, and a rule an edge", () => {
    expect(() => metricGuard("auc", {})).toThrow(TypeError);
    const stages = { ...defaultStages, rules: [{ from: "development", to: "production" }] };
    expect(() => openRegistry("memory", { stages })).toThrow(/no edge leads from development to production/);
  });
});

describe("protected aliases", () => {
  it("are moved and removed by those who are named only", async () => {
    await using open = openRegistry("memory", { protectedAliases: { champion: ["ana"] } });
    await open.register();
    await expect(open.registry.alias("fraud", "champion", 1)).rejects.toMatchObject({ code: "REGISTRY_PROTECTED" });
    await expect(open.registry.alias("fraud", "champion", 1, { actor: "ben" })).rejects.toThrow(/ben is not among/);
    await open.registry.alias("fraud", "champion", 1, { actor: "ana" });
    await expect(open.registry.unalias("fraud", "champion", { actor: "ben" })).rejects.toMatchObject({
      code: "REGISTRY_PROTECTED",
    });
    await open.registry.alias("fraud", "shadow", 1, { actor: "ben" });
    expect((await open.registry.get("fraud@1")).aliases).toEqual(["champion", "shadow"]);
  });
});
