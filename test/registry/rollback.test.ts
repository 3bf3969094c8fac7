import { describe, expect, it } from "vitest";
import { ModelRegistry, type RegistryStore } from "../../src/registry/index.ts";
import { all } from "../all.ts";
import { openRegistry } from "./open-registry.ts";

describe.each(["memory", "sqlite"])("rollback over %s", (kind) => {
  /** Versions 1 to `count`, each promoted after the other, a second apart. */
  async function promoted(count: number) {
    const open = openRegistry(kind, { actor: "ana" });
    for (let version = 1; version <= count; version++) {
      await open.register();
      open.clock.advance(1000);
      await open.promote(version);
    }
    const production = async () =>
      (await all(open.registry.list({ name: "fraud", stage: "production" }))).map((each) => each.version);
    return { ...open, production };
  }

  it("returns to what was in production before, from any stage, in one call", async () => {
    await using open = await promoted(2);
    await open.registry.transition("fraud@1", "deprecated");
    const { moved, from, displaced, rollback } = await open.registry.rollback("fraud", {}, { actor: "ben", reason: "errors" });
    expect([moved.version, from, displaced.map(({ version, stage }) => [version, stage]), rollback]).toEqual([
      1,
      "deprecated",
      [[2, "archived"]],
      true,
    ]);
    expect(await open.production()).toEqual([1]);
    const [last] = await all(open.registry.history("fraud", { direction: "desc", version: 1 }));
    expect(last).toMatchObject({ kind: "rolled-back", from: "deprecated", to: "production", actor: "ben", reason: "errors" });
  });

  it("goes back further each time, and says when there is nothing left", async () => {
    await using open = await promoted(3);
    for (const expected of [2, 1]) expect((await open.registry.rollback("fraud")).moved.version).toBe(expected);
    await expect(open.registry.rollback("fraud")).rejects.toMatchObject({ code: "REGISTRY_VERSION_NOT_FOUND" });
    expect(await open.production()).toEqual([1]);
  });

  it("returns to the last one when nothing is in production", async () => {
    await using open = await promoted(2);
    await open.registry.transition("fraud@2", "archived");
    expect((await open.registry.rollback("fraud")).moved.version).toBe(2);
    expect((await open.registry.rollback("fraud")).moved.version).toBe(1);
  });

  it("takes a version that is named, and refuses the one that is there", async () => {
    await using open = await promoted(3);
    expect((await open.registry.rollback("fraud", { to: 1 })).moved.version).toBe(1);
    await expect(open.registry.rollback("fraud", { to: "fraud@1" })).rejects.toMatchObject({ code: "REGISTRY_CONFLICT" });
    await expect(open.registry.rollback("fraud", { to: 9 })).rejects.toMatchObject({ code: "REGISTRY_VERSION_NOT_FOUND" });
    await expect(open.registry.rollback("fraud", { to: "other@1" })).rejects.toMatchObject({ code: "INPUT_INVALID" });
    await expect(open.registry.rollback("fraud", { stage: "staging" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("does not bring in what has never been there, past the rules", async () => {
    await using open = await promoted(2);
    const version = await open.register();
    await expect(open.registry.rollback("fraud", { to: version })).rejects.toMatchObject({
      code: "REGISTRY_TRANSITION_FORBIDDEN",
    });
    expect(await open.production()).toEqual([2]);
  });

  it("is told although the store cannot say afterwards where the version came from", async () => {
    await using open = await promoted(2);
    const store = { ...open.store, listStageEvents: () => Promise.reject(new Error("down")) };
    await using registry = new ModelRegistry({ store, blobs: open.blobs }, { clock: open.clock });
    const told: string[] = [];
    registry.onTransitioned(({ moved, from }) => told.push(`${moved.version} from ${from}`));
    await registry.rollback("fraud");
    expect(told).toEqual(["1 from archived"]);
  });

  it("says where the version came from although somebody moves it at once", async () => {
    await using open = await promoted(2);
    await open.registry.transition("fraud@1", "deprecated");
    const store: RegistryStore = {
      ...open.store,
      rollBack: async (move, stamp, call) => {
        const moved = await open.store.rollBack(move, stamp, call);
        open.clock.advance(1);
        await open.registry.transition("fraud@1", "staging");
        return moved;
      },
    };
    await using registry = new ModelRegistry({ store, blobs: open.blobs }, { clock: open.clock });
    expect((await registry.rollback("fraud")).from).toBe("deprecated");
  });

  it("keeps the version that it would return to from being deleted", async () => {
    await using open = await promoted(3);
    const refused = open.registry.delete("fraud@2");
    await expect(refused).rejects.toMatchObject({
      code: "REGISTRY_PROTECTED",
      details: { protectedBy: ["a rollback of production would return to it"] },
    });
    expect((await open.registry.delete("fraud@1")).version).toBe(1);
    await open.registry.rollback("fraud");
    await expect(open.registry.rollback("fraud")).rejects.toMatchObject({ code: "REGISTRY_VERSION_NOT_FOUND" });
  });

  it("is remembered: who was in production at any time", async () => {
    await using open = await promoted(2);
    const start = open.clock.now() - 2000;
    open.clock.advance(1000);
    await open.registry.rollback("fraud");
    open.clock.advance(1000);
    await open.registry.transition("fraud@1", "archived");
    const at = async (ms: number) => (await open.registry.productionAt("fraud", start + ms))?.version;
    expect([await at(0), await at(999), await at(1000), await at(1999), await at(2000), await at(2999)]).toEqual([
      undefined,
      undefined,
      1,
      1,
      2,
      2,
    ]);
    expect([await at(3000), await at(3999), await at(4000)]).toEqual([1, 1, undefined]);
    const events = await all(open.registry.history("fraud", { stage: "production" }));
    expect(events.map(({ kind: what, version, to }) => `${version} ${what} ${to}`)).toEqual([
      "1 moved production",
      "1 displaced archived",
      "2 moved production",
      "2 displaced archived",
      "1 rolled-back production",
      "1 moved archived",
    ]);
  });
});
