import type { RegistryStore, StageEventQuery, StageMove } from "../../registry/port.ts";
import type { SuiteTest } from "../suite.ts";
import {
  actionsOf,
  approvalDraft,
  draft,
  insertAll,
  nextId,
  promote,
  refuses,
  START,
  stagesOf,
  stamp,
} from "./registry-drafts.ts";

const toProduction = { from: "staging", to: "production", displaceTo: "archived" } as const;

/** Numbers and kinds of the events that a query answers. */
async function events(store: RegistryStore, query: Partial<StageEventQuery> = {}): Promise<readonly string[]> {
  const found = await store.listStageEvents({ name: "a", direction: "asc", limit: 100, ...query });
  return found.map(({ seq, kind, version, from, to }) => `${seq} ${kind} ${version} ${from ?? ""}>${to ?? ""}`);
}

/** What the port says of moves between stages, and of what it remembers of them. */
export const stageTests: Readonly<Record<string, SuiteTest<RegistryStore>>> = {
  "moves a version to another stage": async (store, check) => {
    const [, second] = await insertAll(store, "a", ["development", "development"]);
    const move = { name: "a", version: 2, from: "development", to: "staging" };
    const moved = await store.moveStage(move, stamp({ at: START + 7 }));
    check.equal(moved, [{ ...second, stage: "staging", stageChangedAt: START + 7 }]);
    check.equal(await store.findVersion({ name: "a", version: 2 }), moved[0]);
    check.equal(await stagesOf(store, "a"), ["2 staging", "1 development"]);
  },

  "displaces every other version of the target stage, and only of this model": async (store, check) => {
    await insertAll(store, "a", ["production", "archived", "production", "staging"]);
    await insertAll(store, "b", ["production"]);
    const before = await store.auditHead();
    const answered = await store.moveStage({ name: "a", version: 4, ...toProduction }, stamp({ at: START + 5 }));
    check.equal(
      answered.map(({ version, stage, stageChangedAt }) => [version, stage, stageChangedAt - START]),
      [
        [4, "production", 5],
        [3, "archived", 5],
        [1, "archived", 5],
      ],
    );
    check.equal(await stagesOf(store, "a"), ["4 production", "3 archived", "2 archived", "1 archived"]);
    check.equal(await stagesOf(store, "b"), ["1 production"]);
    check.equal((await store.findVersion({ name: "a", version: 2 }))?.stageChangedAt, START);
    check.equal(await actionsOf(store, before.seq), ["version.displaced a@3", "version.displaced a@1", "version.moved a@4"]);
  },

  "leaves the others in a stage where nothing displaces them": async (store, check) => {
    await insertAll(store, "a", ["staging", "development"]);
    await store.moveStage({ name: "a", version: 2, from: "development", to: "staging" }, stamp());
    check.equal(await stagesOf(store, "a"), ["2 staging", "1 staging"]);
  },

  "changes nothing when the version is not in the stage that the move expects": async (store, check) => {
    await insertAll(store, "a", ["production", "staging"]);
    const move = { ...toProduction, name: "a", version: 2, from: "development" };
    await refuses(store, check, "REGISTRY_CONFLICT", () => store.moveStage(move, stamp()));
    const error = await check.fails("REGISTRY_CONFLICT", () => store.moveStage(move, stamp()));
    check.equal(error.details, { ref: "a@2", expected: "development", actual: "staging" });
  },

  "changes nothing when another version is in the target stage than the move expects": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging", "staging"]);
    const move = { ...toProduction, name: "a" };
    await refuses(store, check, "REGISTRY_CONFLICT", () => store.moveStage({ ...move, version: 1, holder: 2 }, stamp()));
    await store.moveStage({ ...move, version: 1, holder: null }, stamp());
    for (const holder of [null, 3]) {
      await refuses(store, check, "REGISTRY_CONFLICT", () => store.moveStage({ ...move, version: 2, holder }, stamp()));
    }
    await store.moveStage({ ...move, version: 2, holder: 1 }, stamp());
    check.equal(await stagesOf(store, "a"), ["3 staging", "2 production", "1 archived"]);
  },

  "refuses to move a version that is not there": async (store, check) => {
    await insertAll(store, "a", ["production"]);
    const move = { version: 9, ...toProduction };
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.moveStage({ ...move, name: "a" }, stamp()));
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.moveStage({ ...move, name: "b" }, stamp()));
    const error = await check.fails("REGISTRY_VERSION_NOT_FOUND", () => store.moveStage({ ...move, name: "a" }, stamp()));
    check.equal(error.details, { ref: "a@9" });
  },

  "lets one of several concurrent promotions of a version win": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => store.moveStage({ name: "a", version: 1, ...toProduction }, stamp())),
    );
    const codes = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    check.equal(
      codes,
      Array.from({ length: 7 }, () => "REGISTRY_CONFLICT"),
    );
  },

  "keeps one version in an exclusive stage under concurrent promotions": async (store, check) => {
    const records = await insertAll(
      store,
      "a",
      Array.from({ length: 10 }, () => "staging"),
    );
    await Promise.all(records.map(({ version }) => store.moveStage({ name: "a", version, ...toProduction }, stamp())));
    const stages = (await stagesOf(store, "a")).map((text) => text.split(" ")[1]);
    check.equal(stages.filter((stage) => stage === "production").length, 1);
    check.equal(stages.filter((stage) => stage === "archived").length, 9);
  },

  "uses an approval up with the move that it is for": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging"]);
    await promote(store, "a", 2);
    const { id: approval } = await store.insertApproval(approvalDraft(), stamp());
    await store.decideApproval(approval, { approved: true, comment: "" }, stamp({ actor: "eve" }));
    const { seq } = await store.auditHead();
    const move: StageMove = { name: "a", version: 1, ...toProduction, approval };
    check.equal((await store.moveStage(move, stamp()))[0]?.stage, "production");
    check.equal((await store.findApproval(approval))?.status, "used");
    check.equal(await actionsOf(store, seq), ["version.displaced a@2", "version.moved a@1", "approval.used a@1"]);
    await store.moveStage({ name: "a", version: 1, from: "production", to: "staging" }, stamp());
    await refuses(store, check, "REGISTRY_APPROVAL_REQUIRED", () => store.moveStage(move, stamp()));
  },

  "refuses an approval that is not there, not given, or for another move": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging"]);
    await insertAll(store, "b", ["staging"]);
    const request = async (given: Parameters<typeof approvalDraft>[0], approved?: boolean) => {
      const { id } = await store.insertApproval(approvalDraft(given), stamp());
      if (approved !== undefined) await store.decideApproval(id, { approved, comment: "" }, stamp({ actor: "eve" }));
      return id;
    };
    const withdrawn = await request({}, true);
    await store.withdrawApproval(withdrawn, stamp());
    const approvals = [
      nextId(),
      "",
      withdrawn,
      await request({}),
      await request({ needed: 2 }, true),
      await request({}, false),
      await request({ version: 2 }, true),
      await request({ name: "b" }, true),
      await request({ to: "archived" }, true),
    ];
    for (const approval of approvals) {
      const move = { name: "a", version: 1, ...toProduction, approval };
      await refuses(store, check, "REGISTRY_APPROVAL_REQUIRED", () => store.moveStage(move, stamp()));
    }
    const move = { name: "a", version: 1, ...toProduction, approval: withdrawn };
    const error = await check.fails("REGISTRY_APPROVAL_REQUIRED", () => store.moveStage(move, stamp()));
    check.equal(error.details, { ref: "a@1", from: "staging", to: "production" });
  },

  "leaves an approval unused when its move fails": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const { id: approval } = await store.insertApproval(approvalDraft(), stamp());
    await store.decideApproval(approval, { approved: true, comment: "" }, stamp({ actor: "eve" }));
    await store.moveStage({ name: "a", version: 1, from: "staging", to: "archived" }, stamp());
    const move = { name: "a", version: 1, ...toProduction, approval };
    await refuses(store, check, "REGISTRY_CONFLICT", () => store.moveStage(move, stamp()));
    await store.moveStage({ name: "a", version: 1, from: "archived", to: "staging" }, stamp());
    check.equal((await store.moveStage(move, stamp()))[0]?.stage, "production");
  },

  "lets one of several moves at once use an approval": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const { id: approval } = await store.insertApproval(approvalDraft({ to: "staging" }), stamp());
    await store.decideApproval(approval, { approved: true, comment: "" }, stamp({ actor: "eve" }));
    const move = { name: "a", version: 1, from: "staging", to: "staging", approval };
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => store.moveStage(move, stamp())));
    check.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  },

  "remembers what versions went through, with who, when and why": async (store, check) => {
    await store.insertVersion(draft("a", { stage: "staging" }), stamp({ at: START + 1, actor: "eve", reason: "new" }));
    await store.insertVersion(draft("a", { stage: "production" }), { ...stamp(), actor: null });
    await store.moveStage({ name: "a", version: 1, ...toProduction }, stamp({ at: START + 3, requestId: "r-7" }));
    await store.rollBack({ name: "a", stage: "production", displaceTo: "archived" }, stamp({ at: START + 4 }));
    await store.moveStage({ name: "a", version: 1, from: "archived", to: "development" }, stamp({ at: START + 5 }));
    const nobody = { actor: "ada", reason: null, requestId: null };
    const expected = [
      {
        seq: 1,
        at: START + 1,
        actor: "eve",
        reason: "new",
        requestId: null,
        kind: "registered",
        version: 1,
        from: null,
        to: "staging",
      },
      { seq: 2, at: START, ...nobody, actor: null, kind: "registered", version: 2, from: null, to: "production" },
      { seq: 3, at: START + 3, ...nobody, requestId: "r-7", kind: "displaced", version: 2, from: "production", to: "archived" },
      { seq: 4, at: START + 3, ...nobody, requestId: "r-7", kind: "moved", version: 1, from: "staging", to: "production" },
      { seq: 5, at: START + 4, ...nobody, kind: "displaced", version: 1, from: "production", to: "archived" },
      { seq: 6, at: START + 4, ...nobody, kind: "rolled-back", version: 2, from: "archived", to: "production" },
      { seq: 7, at: START + 5, ...nobody, kind: "moved", version: 1, from: "archived", to: "development" },
    ];
    check.equal(
      await store.listStageEvents({ name: "a", direction: "asc", limit: 100 }),
      expected.map((event) => ({ ...event, name: "a", exclusive: [4, 6].includes(event.seq) })),
    );
  },

  "lists stage events by version, stage and time, in both directions, in pages": async (store, check) => {
    await store.insertVersion(draft("a", { stage: "staging" }), stamp({ at: START }));
    await store.insertVersion(draft("b", { stage: "staging" }), stamp({ at: START }));
    await store.insertVersion(draft("a", { stage: "staging" }), stamp({ at: START + 1 }));
    await store.setAlias("a", "champion", 1, stamp());
    await store.moveStage({ name: "a", version: 1, ...toProduction }, stamp({ at: START + 5 }));
    await store.moveStage({ name: "a", version: 2, ...toProduction }, stamp({ at: START + 9 }));
    const all = [
      "1 registered 1 >staging",
      "3 registered 2 >staging",
      "5 moved 1 staging>production",
      "6 displaced 1 production>archived",
      "7 moved 2 staging>production",
    ];
    check.equal(await events(store), all);
    check.equal(await events(store, { direction: "desc" }), all.toReversed());
    check.equal(await events(store, { version: 2 }), [all[1], all[4]]);
    check.equal(await events(store, { stage: "production" }), all.slice(2));
    check.equal(await events(store, { stage: "archived" }), [all[3]]);
    check.equal(await events(store, { until: START + 5 }), all.slice(0, 3));
    check.equal(await events(store, { until: START - 1 }), []);
    check.equal(await events(store, { stage: "staging", version: 1, until: START + 4, direction: "desc" }), [all[0]]);
    check.equal(await events(store, { limit: 2 }), all.slice(0, 2));
    check.equal(await events(store, { limit: 2, after: 3 }), all.slice(2, 4));
    check.equal(await events(store, { limit: 2, after: 6, direction: "desc" }), [all[2], all[1]]);
    check.equal(await events(store, { after: 2, limit: 1 }), [all[1]]);
    check.equal(await events(store, { after: 7 }), []);
    check.equal(await events(store, { name: "c" }), []);
  },

  "remembers deleted versions, and those of their numbers' models": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    await store.deleteVersion("a", 1, "staging", stamp({ actor: "eve", at: START + 3 }));
    check.equal(await events(store), ["1 registered 1 >staging", "2 deleted 1 staging>"]);
    check.equal(await events(store, { stage: "staging", direction: "desc", limit: 1 }), ["2 deleted 1 staging>"]);
    const [deleted] = await store.listStageEvents({ name: "a", direction: "desc", limit: 1 });
    check.equal([deleted?.actor, deleted?.at, deleted?.exclusive], ["eve", START + 3, false]);
    await insertAll(store, "a", ["staging"]);
    check.equal(await events(store, { version: 2 }), ["3 registered 2 >staging"]);
  },
};
