import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryRegistry } from "../../src/adapters/memory/memory-registry.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import type { LineageEdge, RegistryStore } from "../../src/registry/port.ts";
import type { Filter } from "../../src/search/port.ts";
import { draft } from "./fixtures/registry-draft.ts";

const names = ["a", "b"];
const name = fc.constantFrom(...names);
/** Of few versions and stages, so that changes concern the same ones. */
const version = fc.integer({ min: 1, max: 4 });
const stage = fc.constantFrom("development", "staging", "production", "archived");
/** Mostly the stage that the version is in. */
const from = fc.option(stage, { nil: undefined, freq: 2 });
const alias = fc.constantFrom("champion", "shadow");
const digest = fc.constantFrom(`sha256:${"a".repeat(64)}` as const, `sha256:${"b".repeat(64)}` as const);
const text = fc.constantFrom("", "x", "\u0000", "\ud800", "it's", "\\u0000", "模型 🚀");
const tags = fc.dictionary(fc.constantFrom("team", "__proto__", "o'k"), text, { maxKeys: 2 });
const edge: fc.Arbitrary<LineageEdge> = fc.oneof(
  fc.record({ kind: fc.constant("parent" as const), ref: fc.tuple(name, version).map(([of, number]) => `${of}@${number}`) }),
  fc.record({
    kind: fc.constantFrom("dataset" as const, "run" as const, "parent" as const),
    ref: fc.constantFrom("x", "a@0", "a@x"),
  }),
);
const approval = fc.constantFrom("a1", "a2");

/** A change by its verb's name. */
const change = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      verb: fc.constant("insertVersion" as const),
      id: fc.integer({ min: 1, max: 12 }).map((n) => `v${n}`),
      name,
      stage,
      label: fc.constantFrom(null, null, "1.0.0", "2.0.0"),
      digests: fc.uniqueArray(digest),
      tags,
      lineage: fc.array(edge, { maxLength: 2 }),
      metrics: fc.dictionary(fc.constantFrom("auc", "__proto__"), fc.constantFrom(0, 0.5, -1), { maxKeys: 2 }),
      hyperparameters: fc.dictionary(fc.constantFrom("p", "q"), fc.constantFrom<unknown>(1, "1", null, true, [1]), {
        maxKeys: 2,
      }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      verb: fc.constant("moveStage" as const),
      name,
      version,
      from,
      to: stage,
      displaceTo: fc.constantFrom(undefined, "archived"),
      approval: fc.option(approval, { nil: undefined, freq: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      verb: fc.constant("rollBack" as const),
      name,
      stage,
      version: fc.option(version, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant("setAlias" as const), name, alias, version }) },
  fc.record({ verb: fc.constant("deleteAlias" as const), name, alias }),
  fc.record({
    verb: fc.constant("note" as const),
    name,
    version: fc.option(version, { nil: undefined }),
    description: fc.option(text, { nil: undefined }),
    tags: fc.option(fc.dictionary(fc.constantFrom("team", "__proto__"), fc.option(text), { maxKeys: 2 }), { nil: undefined }),
    legalHold: fc.constantFrom(undefined, undefined, null, "case"),
  }),
  {
    weight: 2,
    arbitrary: fc.record({ verb: fc.constant("addLineage" as const), name, version, edges: fc.array(edge, { maxLength: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant("deleteVersion" as const), name, version, from }) },
  fc.record({
    verb: fc.constant("insertApproval" as const),
    id: approval,
    name,
    version,
    from: stage,
    to: stage,
    needed: fc.constantFrom(1, 2),
  }),
  fc.record({
    verb: fc.constant("decide" as const),
    id: approval,
    approved: fc.boolean(),
    actor: fc.constantFrom("ada", "bob", "eve"),
  }),
  fc.record({ verb: fc.constant("withdraw" as const), id: approval }),
  fc.record({ verb: fc.constant("fence" as const), digest }),
  fc.record({ verb: fc.constant("release" as const), digest }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const nobody = { actor: null, reason: null, requestId: null };

/** The stage that a change expects its version to be in. */
async function stageOf(
  store: RegistryStore,
  given: { name: string; version: number; from: string | undefined },
): Promise<string> {
  return given.from ?? (await store.findVersion({ name: given.name, version: given.version }))?.stage ?? "development";
}

async function make(store: RegistryStore, given: Change, at: number): Promise<unknown> {
  const stamp = { at, actor: "ada", reason: "\u0000", requestId: null };
  switch (given.verb) {
    case "insertVersion": {
      const { verb: _, digests, hyperparameters, ...rest } = given;
      const files = digests.map((each, i) => ({ path: `${i}`, digest: each, sizeBytes: i }));
      return store.insertVersion(draft(rest.id, { ...rest, files, hyperparameters: hyperparameters as never }), stamp);
    }
    case "moveStage":
      return store.moveStage({ ...given, from: await stageOf(store, given) }, stamp);
    case "rollBack":
      return store.rollBack({ ...given, displaceTo: "archived" }, stamp);
    case "setAlias":
      return store.setAlias(given.name, given.alias, given.version, stamp);
    case "deleteAlias":
      return store.deleteAlias(given.name, given.alias, stamp);
    case "note": {
      const { name: of, version: number, description, tags: changed, legalHold } = given;
      if (number === undefined) return store.noteModel(of, { description, tags: changed }, stamp);
      return store.noteVersion(of, number, { description, tags: changed, legalHold }, stamp);
    }
    case "addLineage":
      return store.addLineage(given.name, given.version, given.edges, stamp);
    case "deleteVersion":
      return store.deleteVersion(given.name, given.version, await stageOf(store, given), stamp);
    case "insertApproval":
      return store.insertApproval({ ...given, from: await stageOf(store, given), comment: "" }, stamp);
    case "decide":
      return store.decideApproval(given.id, { approved: given.approved, comment: "\u0000" }, { ...stamp, actor: given.actor });
    case "withdraw":
      return store.withdrawApproval(given.id, stamp);
    case "fence":
      await store.markUnreferenced([given.digest], at);
      return store.fenceBlobs([given.digest], { collector: "c", at, markedBefore: at, takeOverBefore: 0 });
    case "release":
      return store.releaseBlobs([given.digest]);
  }
}

/** What a change answers, or the error without the store's name. */
async function outcome(store: RegistryStore, given: Change, at: number): Promise<unknown> {
  try {
    return await make(store, given, at);
  } catch (error) {
    if (!ModelwrightError.is(error)) throw error;
    const details: Record<string, unknown> = { ...error.details };
    delete details["store"];
    return { code: error.code, retryable: error.retryable, details };
  }
}

const is = (entity: "tag" | "param" | "metric" | "attribute", key: string, value: string | number): Filter => ({
  op: "=",
  field: { entity, key },
  value,
});
const filters: readonly (Filter | undefined)[] = [
  undefined,
  is("tag", "__proto__", "x"),
  is("tag", "team", "\ufffd"),
  is("param", "p", 1),
  is("param", "q", "1"),
  is("metric", "auc", 0.5),
  is("attribute", "label", "1.0.0"),
  { op: "not", of: is("attribute", "legal_hold", "case") },
];

async function contents(store: RegistryStore) {
  const versions = names.flatMap((of) => [1, 2, 3, 4, 5, 6].map((number) => ({ name: of, version: number })));
  const parents = versions.map(({ name: of, version: number }): LineageEdge => ({ kind: "parent", ref: `${of}@${number}` }));
  const stages = ["development", "staging", "production", "archived"];
  return {
    versions: await Promise.all(filters.map((where) => store.searchVersions({ limit: 100, where }))),
    models: await store.searchModels({ limit: 100 }),
    noted: await store.searchModels({ limit: 100, where: is("tag", "team", "x") }),
    events: await Promise.all(names.map((of) => store.listStageEvents({ name: of, direction: "desc", limit: 100 }))),
    entries: await store.listAudit({ after: 0, limit: 100 }),
    head: await store.auditHead(),
    links: await store.findLinksTo([...parents, { kind: "run", ref: "x" }]),
    protections: await store.findProtections(versions),
    approvals: await store.listApprovals({ limit: 100 }),
    targets: await Promise.all(names.flatMap((of) => stages.map((each) => store.findRollbackTarget(of, each)))),
    holders: await Promise.all(names.flatMap((of) => stages.map((each) => store.findVersion({ name: of, stage: each })))),
  };
}

/** Checks a store against the one in memory: the same changes have the same outcomes, and lead to the same records and entries. */
export function changesLikeMemory(title: string, open: () => RegistryStore | Promise<RegistryStore>, numRuns = 100): void {
  describe(title, () => {
    it("answers any changes as the store in memory does, and logs the same", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 10, maxLength: 40, size: "max" }), async (changes) => {
          await using store = await open();
          await using memory = memoryRegistry();
          for (const each of ["first", "second", "third"]) {
            for (const of of names) {
              const given = draft(`${each} ${of}`, { name: of });
              await Promise.all([store, memory].map((one) => one.insertVersion(given, { ...nobody, at: 0 })));
            }
          }
          for (const [i, each] of changes.entries()) {
            expect(await outcome(store, each, i), each.verb).toEqual(await outcome(memory, each, i));
          }
          expect(await contents(store)).toEqual(await contents(memory));
        }),
        { numRuns },
      );
    }, 60_000);
  });
}
