import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryRegistry } from "../../src/adapters/memory/memory-registry.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import type { LineageEdge, RegistryStore } from "../../src/registry/port.ts";
import type { Filter, SearchField, SearchQuery } from "../../src/search/port.ts";
import { approvalDraft, digestOf, draft, stamp } from "../../src/testing/conformance/registry-drafts.ts";

/** One call of a store; its answer is compared. */
type Step = (store: RegistryStore) => Promise<unknown>;

const name = fc.constantFrom("a", "a", "a", "b", "B");
const version = fc.integer({ min: 1, max: 5 });
const stage = fc.constantFrom("development", "staging", "production", "archived");
const actor = fc.constantFrom("ada", "eve", "bob");
const text = fc.constantFrom("", "x", "X", "1", "模型", "\0", "\ud800");
const tags = fc.dictionary(fc.constantFrom("k", "K", "__proto__"), text, { maxKeys: 2 });
const by = fc.record({ at: fc.nat(20), actor, reason: fc.constantFrom(null, "why") }).map((given) => stamp(given));
const displaceTo = fc.constantFrom(undefined, "archived", "archived");

const edge: fc.Arbitrary<LineageEdge> = fc.oneof(
  fc.record({ kind: fc.constantFrom("dataset" as const, "run" as const), ref: fc.constantFrom("x", "X") }),
  fc.tuple(name, version).map(([of, number]) => ({ kind: "parent" as const, ref: `${of}@${number}` })),
);
const edges = fc.array(edge, { maxLength: 2 });

const drafts = fc
  .record({
    name,
    id: fc.integer({ min: 0, max: 40 }).map(String),
    stage: fc.constantFrom("development", "staging", "staging"),
    label: fc.constantFrom(null, null, null, "1.0.0", "1.0.1"),
    description: text,
    tags,
    metrics: fc.dictionary(fc.constantFrom("auc", "loss"), fc.constantFrom(0, -0, 0.5, 1e308), { maxKeys: 2 }),
    hyperparameters: fc.dictionary(fc.constantFrom("p", "q"), fc.constantFrom(1, "1", null, true, [1], { a: "x" }), {
      maxKeys: 2,
    }),
    lineage: fc.oneof(fc.constant([]), edges),
    files: fc.array(
      fc.integer({ min: 1, max: 3 }).map((i) => ({ path: `${i}`, digest: digestOf(`${i}`), sizeBytes: i })),
      { maxLength: 2 },
    ),
  })
  .map(({ name: of, ...given }) => draft(of, given));

const request = fc.record({ id: fc.integer({ min: 0, max: 5 }).map((i) => `request ${i}`), by });

const inserting: fc.Arbitrary<Step> = fc.tuple(drafts, by).map(
  ([given, who]) =>
    (store) =>
      store.insertVersion(given, who),
);
const moving: fc.Arbitrary<Step> = fc
  .record({ name, version, from: stage, to: stage, displaceTo, approval: fc.constantFrom(undefined, undefined, "request 0") })
  .chain((move) => by.map((who) => (store: RegistryStore) => store.moveStage(move, who)));
const promoting: fc.Arbitrary<Step> = fc.tuple(name, version, by).map(([of, number, who]) => async (store) => {
  const from = (await store.findVersion({ name: of, version: number }))?.stage ?? "";
  return store.moveStage({ name: of, version: number, from, to: "production", displaceTo: "archived" }, who);
});
const returning: fc.Arbitrary<Step> = fc
  .tuple(name, fc.option(version, { nil: undefined, freq: 3 }), by)
  .map(([of, number, who]) => (store) => {
    return store.rollBack({ name: of, stage: "production", displaceTo: "archived", version: number }, who);
  });
const deleting: fc.Arbitrary<Step> = fc.tuple(name, version, by).map(([of, number, who]) => async (store) => {
  const from = (await store.findVersion({ name: of, version: number }))?.stage ?? "";
  return store.deleteVersion(of, number, from, who);
});
const noting: fc.Arbitrary<Step> = fc
  .record({ description: fc.option(text, { nil: undefined }), tags: fc.option(tags, { nil: undefined }) })
  .chain((notes) =>
    fc
      .tuple(name, version, by, fc.constantFrom(undefined, null, "case 7"))
      .map(([of, number, who, legalHold]) => (store: RegistryStore) => {
        return number === 1 ? store.noteModel(of, notes, who) : store.noteVersion(of, number, { ...notes, legalHold }, who);
      }),
  );
const linking: fc.Arbitrary<Step> = fc.tuple(name, version, edges, by).map(
  ([of, number, added, who]) =>
    (store) =>
      store.addLineage(of, number, added, who),
);
const pointing: fc.Arbitrary<Step> = fc
  .tuple(name, fc.constantFrom("champion", "eu"), version, by)
  .map(([of, alias, number, who]) => (store) => {
    return number === 5 ? store.deleteAlias(of, alias, who) : store.setAlias(of, alias, number, who);
  });
const requesting: fc.Arbitrary<Step> = fc
  .tuple(request, name, version, stage, stage, fc.integer({ min: 1, max: 2 }))
  .map(([{ id, by: who }, of, number, from, to, needed]) => (store) => {
    return store.insertApproval(approvalDraft({ id, name: of, version: number, from, to, needed }), who);
  });
const deciding: fc.Arbitrary<Step> = fc.tuple(request, fc.constantFrom(true, true, false)).map(([{ id, by: who }, approved]) => {
  return (store) => store.decideApproval(id, { approved, comment: "" }, who);
});
const withdrawing: fc.Arbitrary<Step> = request.map(
  ({ id, by: who }) =>
    (store) =>
      store.withdrawApproval(id, who),
);
const collecting: fc.Arbitrary<Step> = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(20)).map(([i, at]) => async (store) => {
  const digests = [digestOf(`${i}`)];
  return [
    await store.markUnreferenced(digests, at),
    await store.fenceBlobs(digests, { collector: "c", at, markedBefore: at, takeOverBefore: at }),
    i === 1 ? await store.releaseBlobs(digests) : await store.claimBlobs(digests),
  ];
});

const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: inserting },
    { weight: 5, arbitrary: promoting },
    moving,
    { weight: 3, arbitrary: returning },
    { weight: 3, arbitrary: deleting },
    noting,
    linking,
    pointing,
    requesting,
    deciding,
    withdrawing,
    collecting,
  ),
  { minLength: 10, maxLength: 60 },
);

const field = fc.constantFrom<SearchField>(
  ...["name", "version", "label", "stage", "description", "created_by", "created_at", "legal_hold", "flavor"].map((key) => {
    return { entity: "attribute" as const, key };
  }),
  { entity: "tag", key: "k" },
  { entity: "tag", key: "__proto__" },
  { entity: "metric", key: "auc" },
  { entity: "param", key: "p" },
);
const value = fc.constantFrom<string | number>("a", "x", "X", "1", "", "staging", "1.0.0", "\ufffd", 0, 1, 2, 0.5);
const filter: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({ op: fc.constantFrom("=" as const, "!=" as const, "<" as const, ">=" as const), field, value }),
  fc.record({ op: fc.constant("not" as const), of: fc.record({ op: fc.constant("exists" as const), field }) }),
  fc.record({
    op: fc.constantFrom("like" as const, "ilike" as const),
    field,
    value: fc.constantFrom("x", "%", "_", "a%", "%1%"),
  }),
  fc.record({ op: fc.constant("in" as const), field, values: fc.array(value, { maxLength: 3 }) }),
);
const queries = fc.array(
  fc.record<Omit<SearchQuery, "after">>({
    where: fc.option(filter, { nil: undefined }),
    orderBy: fc.array(fc.record({ field, direction: fc.constantFrom("asc" as const, "desc" as const) }), { maxLength: 2 }),
    limit: fc.constantFrom(1, 2, 3, 100),
  }),
  { minLength: 1, maxLength: 6 },
);

/** What a call answers, or what it fails with. */
async function outcome(step: Step, store: RegistryStore): Promise<unknown> {
  try {
    return await step(store);
  } catch (error) {
    if (!ModelwrightError.is(error)) throw error;
    // Not the details of a fenced blob: they name the store.
    return { code: error.code, details: error.code === "STORE_BLOB_FENCED" ? undefined : error.details };
  }
}

/** Everything that a store answers of what it holds. */
async function contents(store: RegistryStore, searches: readonly Omit<SearchQuery, "after">[]) {
  const keys = ["a", "b", "B"].flatMap((of) => [1, 2, 3, 4, 5, 6, 7, 8].map((number) => ({ name: of, version: number })));
  const found: unknown[] = [];
  for (const query of searches) {
    for (let after: string | undefined, page = 0; page === 0 || after !== undefined; page++) {
      const { items, next } = await store.searchVersions({ ...query, after });
      found.push(
        items.map((item) => `${item.name}@${item.version}`),
        next !== undefined,
      );
      after = next;
    }
  }
  return {
    log: await store.listAudit({ after: 0, limit: 1000 }),
    head: await store.auditHead(),
    versions: await store.searchVersions({ limit: 1000 }),
    models: await store.searchModels({ limit: 10 }),
    events: await Promise.all(["a", "b"].map((of) => store.listStageEvents({ name: of, direction: "desc", limit: 1000 }))),
    targets: await Promise.all(["a", "b"].map((of) => store.findRollbackTarget(of, "production"))),
    protections: await store.findProtections(keys),
    links: await store.findLinksTo(keys.map((key) => ({ kind: "parent" as const, ref: `${key.name}@${key.version}` }))),
    approvals: await store.listApprovals({ limit: 100 }),
    unreferenced: await store.markUnreferenced(["1", "2", "3"].map(digestOf), 99),
    found,
  };
}

/** Checks a store against the one in memory: the same calls have the same outcomes, and lead to the same content, down to the hashes. */
export function changesLikeMemory(title: string, open: () => RegistryStore | Promise<RegistryStore>, numRuns = 60): void {
  describe(title, () => {
    it("does with any changes what the store in memory does", async () => {
      await fc.assert(
        fc.asyncProperty(steps, queries, async (given, searches) => {
          await using store = await open();
          await using memory = memoryRegistry();
          for (const step of given) expect(await outcome(step, store)).toEqual(await outcome(step, memory));
          expect(await contents(store, searches)).toEqual(await contents(memory, searches));
        }),
        { numRuns },
      );
    });
  });
}
