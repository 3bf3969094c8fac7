import type { RegistryStore } from "../../registry/port.ts";
import type { SuiteTest } from "../suite.ts";
import { insertAll, promote, refuses, START, stagesOf, stamp } from "./registry-drafts.ts";

const back = { name: "a", stage: "production", displaceTo: "archived" } as const;

const target = async (store: RegistryStore, name = "a") => (await store.findRollbackTarget(name, "production"))?.version;

/** Versions 1 to `count` in staging, which go to production in this order. */
async function promoted(store: RegistryStore, count: number, ...versions: readonly number[]): Promise<void> {
  await insertAll(
    store,
    "a",
    Array.from({ length: count }, () => "staging"),
  );
  await promote(store, "a", ...versions);
}

/** Rolls back as often as there are versions given, each of which it has to lead to. */
async function rollsBackTo(store: RegistryStore, ...versions: readonly number[]): Promise<readonly (number | undefined)[]> {
  const reached: (number | undefined)[] = [];
  for (const _ of versions) {
    const expected = await target(store);
    const [moved] = await store.rollBack(back, stamp());
    if (moved?.version !== expected) throw new Error(`A rollback led to ${moved?.version}, but was to lead to ${expected}`);
    reached.push(moved?.version);
  }
  return reached;
}

/** What the port says of rollbacks. */
export const rollbackTests: Readonly<Record<string, SuiteTest<RegistryStore>>> = {
  "returns to the version that held the stage before": async (store, check) => {
    await promoted(store, 3, 1, 2);
    check.equal(await store.findRollbackTarget("a", "production"), await store.findVersion({ name: "a", version: 1 }));
    const [first, second] = await store.rollBack(back, stamp({ at: START + 9 }));
    check.equal(
      [first, second].map((version) => [version?.version, version?.stage, version?.stageChangedAt]),
      [
        [1, "production", START + 9],
        [2, "archived", START + 9],
      ],
    );
    check.equal(await store.findVersion({ name: "a", version: 1 }), first);
    check.equal(await stagesOf(store, "a"), ["3 staging", "2 archived", "1 production"]);
    const events = await store.listStageEvents({ name: "a", direction: "desc", limit: 2 });
    check.equal(
      events.map(({ kind, version, from, to, exclusive }) => [kind, version, from, to, exclusive]),
      [
        ["rolled-back", 1, "archived", "production", true],
        ["displaced", 2, "production", "archived", false],
      ],
    );
  },

  "goes further back each time": async (store, check) => {
    await promoted(store, 4, 1, 2, 3, 4);
    check.equal(await rollsBackTo(store, 3, 2, 1), [3, 2, 1]);
    check.equal(await target(store), undefined);
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.rollBack(back, stamp()));
    const error = await check.fails("REGISTRY_VERSION_NOT_FOUND", () => store.rollBack(back, stamp()));
    check.equal(error.details, { ref: "a@production" });
  },

  "returns to the good version again when the bad one was promoted again": async (store, check) => {
    await promoted(store, 2, 1, 2);
    for (let round = 0; round < 3; round++) {
      check.equal(await rollsBackTo(store, 1), [1]);
      check.equal(await target(store), undefined);
      await promote(store, "a", 2);
    }
    check.equal(await target(store), 1);
  },

  "leads on from a version that came back as before, whatever was promoted meanwhile": async (store, check) => {
    await promoted(store, 4, 1, 2, 3);
    check.equal(await rollsBackTo(store, 2), [2]);
    await promote(store, "a", 4);
    check.equal(await rollsBackTo(store, 2, 1), [2, 1]);
  },

  "returns to the version that held the stage last when nobody holds it": async (store, check) => {
    await promoted(store, 2, 1, 2);
    await store.moveStage({ name: "a", version: 2, from: "production", to: "archived" }, stamp());
    check.equal(await target(store), 2);
    check.equal(await rollsBackTo(store, 2, 1), [2, 1]);
    await store.moveStage({ name: "a", version: 1, from: "production", to: "staging" }, stamp());
    check.equal(await rollsBackTo(store, 1), [1]);
  },

  "returns to a version that is given, whatever stage it is in": async (store, check) => {
    await promoted(store, 4, 1, 2, 3);
    check.equal((await store.rollBack({ ...back, version: 1 }, stamp()))[0]?.version, 1);
    check.equal(await target(store), undefined);
    check.equal((await store.rollBack({ ...back, version: 4 }, stamp()))[0]?.version, 4);
    check.equal(await stagesOf(store, "a"), ["4 production", "3 archived", "2 archived", "1 archived"]);
    check.equal(await target(store), 1);
  },

  "refuses to return to what is not there, or is there already": async (store, check) => {
    await promoted(store, 2, 1, 2);
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.rollBack({ ...back, version: 9 }, stamp()));
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.rollBack({ ...back, name: "b" }, stamp()));
    await refuses(store, check, "REGISTRY_CONFLICT", () => store.rollBack({ ...back, version: 2 }, stamp()));
    const error = await check.fails("REGISTRY_CONFLICT", () => store.rollBack({ ...back, version: 2 }, stamp()));
    check.equal([error.details.ref, error.details.actual], ["a@2", "production"]);
  },

  "has nowhere to return to when nobody or only one was in the stage": async (store, check) => {
    check.equal(await store.findRollbackTarget("a", "production"), undefined);
    await promoted(store, 2);
    check.equal(await target(store), undefined);
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.rollBack(back, stamp()));
    await promote(store, "a", 1);
    check.equal(await target(store), undefined);
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.rollBack(back, stamp()));
  },

  "passes over deleted versions": async (store, check) => {
    await promoted(store, 4, 1, 2, 3, 4);
    await store.deleteVersion("a", 2, "archived", stamp());
    check.equal(await rollsBackTo(store, 3, 1), [3, 1]);
    check.equal(await target(store), undefined);
  },

  "finds targets in whatever stage they are": async (store, check) => {
    await promoted(store, 2, 1, 2);
    for (const stage of ["staging", "development", "quarantine"]) {
      const from = (await store.findVersion({ name: "a", version: 1 }))?.stage ?? "";
      await store.moveStage({ name: "a", version: 1, from, to: stage }, stamp());
      check.equal((await store.findRollbackTarget("a", "production"))?.stage, stage);
    }
    check.equal((await store.rollBack(back, stamp())).length, 2);
  },

  "keeps the exclusive stages of a model, and models, apart": async (store, check) => {
    await promoted(store, 3, 1, 2);
    await insertAll(store, "b", ["staging", "staging"]);
    await promote(store, "b", 1);
    await store.moveStage({ name: "a", version: 3, from: "staging", to: "canary", displaceTo: "staging" }, stamp());
    await store.moveStage({ name: "a", version: 1, from: "archived", to: "canary", displaceTo: "staging" }, stamp());
    check.equal((await store.findRollbackTarget("a", "canary"))?.version, 3);
    check.equal([await target(store), await target(store, "b")], [1, undefined]);
    check.equal((await store.rollBack({ name: "a", stage: "canary", displaceTo: "archived" }, stamp()))[0]?.version, 3);
    check.equal(await stagesOf(store, "a"), ["3 canary", "2 production", "1 archived"]);
    check.equal(await stagesOf(store, "b"), ["2 staging", "1 production"]);
  },

  "does not take a stage for an exclusive one that several may be in": async (store, check) => {
    await insertAll(store, "a", ["development", "development"]);
    for (const version of [1, 2]) {
      await store.moveStage({ name: "a", version, from: "development", to: "staging" }, stamp());
    }
    check.equal(await store.findRollbackTarget("a", "staging"), undefined);
  },
};
