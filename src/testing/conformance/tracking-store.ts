import type { CallOptions } from "../../core/call.ts";
import type { TrackingStore } from "../../tracking/port.ts";
import { type SuiteOptions, type SuiteTest, suite, type TestKit } from "../suite.ts";
import { batch, digestOf, historyOf, insertRun, loss, nextId, runDraft, START } from "./tracking-drafts.ts";
import { experimentTests } from "./tracking-experiments.ts";
import { logTests } from "./tracking-logs.ts";
import { metricTests } from "./tracking-metrics.ts";
import { runTests } from "./tracking-runs.ts";
import { searchTests } from "./tracking-searches.ts";

const lifecycleTests: Readonly<Record<string, SuiteTest<TrackingStore>>> = {
  "rejects with the signal's reason and changes nothing when aborted before": async (store, check) => {
    const run = await insertRun(store);
    const experiment = await store.findExperiment({ id: run.experimentId });
    const reason = new RangeError("stop");
    const signal = AbortSignal.abort(reason);
    for (const verb of verbs(store, run, { signal })) await check.failsWith(reason, verb);
    check.equal(await store.findRun(run.id), run);
    check.equal(await store.findExperiment({ id: run.experimentId }), experiment);
    check.equal(await store.findExperiment({ name: "another" }), undefined);
    check.equal(await historyOf(store, run.id), []);
  },

  "answers CLOSED after it was disposed, and may be disposed twice": async (store, check) => {
    const run = await insertRun(store);
    await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
    await store[Symbol.asyncDispose]();
    for (const verb of verbs(store, run)) await check.fails("CLOSED", verb);
  },

  "lets running calls finish before it is closed": async (store, check) => {
    const { id } = await insertRun(store);
    const logging = Promise.all(Array.from({ length: 5 }, (_, i) => store.logBatch(id, batch({ metrics: [loss(i, i)] }))));
    const closing = store[Symbol.asyncDispose]();
    check.equal((await logging).length, 5);
    await closing;
  },
};

/** Every verb, each as it would succeed. */
function verbs(
  store: TrackingStore,
  { id, experimentId }: { readonly id: string; readonly experimentId: string },
  call?: CallOptions,
): readonly (() => Promise<unknown>)[] {
  const digests = [digestOf("aa")];
  return [
    () => store.insertExperiment({ id: nextId(), name: "another", tags: {}, createdAt: START }, call),
    () => store.findExperiment({ id: experimentId }, call),
    () => store.findExperiment({ name: "churn" }, call),
    () => store.searchExperiments({ limit: 1 }, call),
    () => store.changeExperiment(experimentId, { name: "renamed", tags: { a: "b" }, deletedAt: START }, START, call),
    () => store.insertRun(runDraft(experimentId), call),
    () => store.findRun(id, call),
    () => store.searchRuns({ limit: 1 }, call),
    () => store.changeRun(id, { name: "renamed", deletedAt: START }, call),
    () => store.logBatch(id, batch({ metrics: [loss(1)], params: { a: "1" }, tags: { a: "b" } }), call),
    () => store.metricHistory({ runId: id, key: "loss", limit: 1 }, call),
    () => store.sampleMetric({ runId: id, key: "loss", buckets: 1 }, call),
    () => store.purgeRun(id, START, call),
    () => store.markUnreferenced(digests, START, call),
    () => store.fenceBlobs(digests, { collector: "c", at: START, markedBefore: START, takeOverBefore: 0 }, call),
    () => store.claimBlobs(digests, call),
    () => store.releaseBlobs(digests, call),
  ];
}

/**
 * The contract of `tracking/1` as tests: run it over a {@link TrackingStore} of your own. What the store knows of blobs is in
 * {@link blobReferencesConformance}.
 *
 * @param open - a fresh, empty store; each test gets its own and disposes it
 *
 * @example
 * ```ts
 * import { describe, it } from "node:test";
 * import { memoryTracking } from "modelwright/memory";
 * import { trackingStoreConformance } from "modelwright/testing";
 *
 * trackingStoreConformance({ describe, it }, () => memoryTracking());
 * ```
 */
export function trackingStoreConformance(
  kit: TestKit,
  open: () => Promise<TrackingStore> | TrackingStore,
  options?: SuiteOptions,
): void {
  const tests = { ...experimentTests, ...runTests, ...logTests, ...metricTests, ...searchTests, ...lifecycleTests };
  suite(kit, "TrackingStore tracking/1", open, options, tests);
}
