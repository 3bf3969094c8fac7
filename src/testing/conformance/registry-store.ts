import type { CallOptions } from "../../core/call.ts";
import type { RegistryStore } from "../../registry/port.ts";
import { type SuiteOptions, type SuiteTest, suite, type TestKit } from "../suite.ts";
import { approvalTests } from "./registry-approvals.ts";
import { auditTests } from "./registry-audit.ts";
import { concurrencyTests } from "./registry-concurrency.ts";
import { deletionTests } from "./registry-deletions.ts";
import { approvalDraft, digestOf, draft, insertAll, nextId, promote, START, stamp } from "./registry-drafts.ts";
import { lineageTests } from "./registry-lineage.ts";
import { noteTests } from "./registry-notes.ts";
import { rollbackTests } from "./registry-rollbacks.ts";
import { searchTests } from "./registry-searches.ts";
import { stageTests } from "./registry-stages.ts";
import { versionTests } from "./registry-versions.ts";

const lifecycleTests: Readonly<Record<string, SuiteTest<RegistryStore>>> = {
  "states its contract, its name and what it can do": async (store, check) => {
    check.equal(store.spec, "registry/1");
    check.equal([typeof store.name, store.name === ""], ["string", false]);
    check.equal([typeof store.capabilities.durable, typeof store.capabilities.shared], ["boolean", "boolean"]);
  },

  "rejects with the signal's reason and changes nothing when aborted before": async (store, check) => {
    const approval = await prepare(store);
    const seen = async () => [
      await store.auditHead(),
      await store.searchVersions({ limit: 9 }),
      await store.searchModels({ limit: 9 }),
      await store.listApprovals({ limit: 9 }),
      await store.findCursor("outbox"),
      await store.markUnreferenced([digestOf("0c")], START + 9),
    ];
    const before = await seen();
    const reason = new RangeError("stop");
    const signal = AbortSignal.abort(reason);
    for (const verb of verbs(store, approval, { signal })) await check.failsWith(reason, verb);
    check.equal(await seen(), before);
  },

  "answers CLOSED after it was disposed, and may be disposed twice": async (store, check) => {
    const approval = await prepare(store);
    await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
    await store[Symbol.asyncDispose]();
    for (const verb of verbs(store, approval)) await check.fails("CLOSED", verb);
  },

  "lets running calls finish before it is closed": async (store, check) => {
    const inserting = Promise.all(Array.from({ length: 5 }, () => store.insertVersion(draft("a"), stamp())));
    const closing = store[Symbol.asyncDispose]();
    check.equal((await inserting).map(({ version }) => version).sort(), [1, 2, 3, 4, 5]);
    await closing;
  },
};

/** Two versions of `a` in production and archived, one in staging, and a request for that; answers its id. */
async function prepare(store: RegistryStore): Promise<string> {
  await insertAll(store, "a", ["staging", "staging", "staging"]);
  await promote(store, "a", 1, 2);
  await store.setAlias("a", "champion", 1, stamp());
  return (await store.insertApproval(approvalDraft({ version: 3 }), stamp())).id;
}

/** Every verb, each as it would succeed. */
function verbs(store: RegistryStore, approval: string, call?: CallOptions): readonly (() => Promise<unknown>)[] {
  const digests = [digestOf("0c")];
  const ref = { name: "a", version: 3 };
  const by = stamp({ actor: "eve" });
  return [
    () => store.insertVersion(draft("b"), by, call),
    () => store.findVersion(ref, call),
    () => store.searchVersions({ limit: 1 }, call),
    () => store.findModel("a", call),
    () => store.searchModels({ limit: 1 }, call),
    () => store.moveStage({ ...ref, from: "staging", to: "production", displaceTo: "archived" }, by, call),
    () => store.findRollbackTarget("a", "production", call),
    () => store.rollBack({ name: "a", stage: "production", displaceTo: "archived" }, by, call),
    () => store.listStageEvents({ name: "a", direction: "asc", limit: 1 }, call),
    () => store.setAlias("a", "eu", 1, by, call),
    () => store.deleteAlias("a", "champion", by, call),
    () => store.noteVersion("a", 1, { description: "x" }, by, call),
    () => store.noteModel("a", { description: "x" }, by, call),
    () => store.addLineage("a", 1, [{ kind: "code", ref: "x" }], by, call),
    () => store.findLinksTo([{ kind: "code", ref: "x" }], call),
    () => store.findProtections([ref], call),
    () => store.deleteVersion("a", 3, "staging", by, call),
    () => store.insertApproval(approvalDraft({ id: nextId(), version: 3 }), by, call),
    () => store.decideApproval(approval, { approved: true, comment: "" }, by, call),
    () => store.withdrawApproval(approval, by, call),
    () => store.findApproval(approval, call),
    () => store.listApprovals({ limit: 1 }, call),
    () => store.listAudit({ after: 0, limit: 1 }, call),
    () => store.auditHead(call),
    () => store.findCursor("outbox", call),
    () => store.moveCursor("outbox", 1, call),
    () => store.markUnreferenced(digests, START, call),
    () => store.fenceBlobs(digests, { collector: "c", at: START, markedBefore: START, takeOverBefore: 0 }, call),
    () => store.claimBlobs(digests, call),
    () => store.releaseBlobs(digests, call),
  ];
}

/**
 * The contract of `registry/1` as tests: run it over a {@link RegistryStore} of your own. What the store knows of blobs is in
 * {@link registryReferencesConformance}.
 *
 * @param open - a fresh, empty store; each test gets its own and disposes it
 *
 * @example
 * ```ts
 * import { describe, it } from "node:test";
 * import { memoryRegistry } from "modelwright";
 * import { registryStoreConformance } from "modelwright/testing";
 *
 * registryStoreConformance({ describe, it }, () => memoryRegistry());
 * ```
 */
export function registryStoreConformance(
  kit: TestKit,
  open: () => Promise<RegistryStore> | RegistryStore,
  options?: SuiteOptions,
): void {
  const tests = {
    ...versionTests,
    ...searchTests,
    ...stageTests,
    ...rollbackTests,
    ...noteTests,
    ...lineageTests,
    ...deletionTests,
    ...approvalTests,
    ...auditTests,
    ...concurrencyTests,
    ...lifecycleTests,
  };
  suite(kit, "RegistryStore registry/1", open, options, tests);
}
