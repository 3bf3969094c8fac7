import type { CallOptions } from "../../core/call.ts";
import type { MonitoringStore } from "../../monitoring/port.ts";
import { type SuiteOptions, type SuiteTest, suite, type TestKit } from "../suite.ts";
import { bucketTests } from "./monitoring-buckets.ts";
import {
  ALWAYS,
  allPredictions,
  bucket,
  bucketMarks,
  HOUR,
  label,
  logged,
  MODEL,
  prediction,
  START,
} from "./monitoring-drafts.ts";
import { labelTests } from "./monitoring-labels.ts";
import { predictionTests } from "./monitoring-predictions.ts";
import { retentionTests } from "./monitoring-retention.ts";

const lifecycleTests: Readonly<Record<string, SuiteTest<MonitoringStore>>> = {
  "rejects with the signal's reason and changes nothing when aborted before": async (store, check) => {
    await store.addPredictions(MODEL, [prediction("a")]);
    await store.putBuckets(MODEL, [bucket()]);
    const reason = new RangeError("stop");
    for (const verb of verbs(store, { signal: AbortSignal.abort(reason) })) await check.failsWith(reason, verb);
    check.equal(await allPredictions(store), [logged(prediction("a"))]);
    check.equal(await bucketMarks(store), ["0 7 w1: 1"]);
  },

  "stops reading buckets when it is aborted in between": async (store, check) => {
    await store.putBuckets(
      MODEL,
      [0, 1, 2].map((at) => bucket({ at: START + at })),
    );
    const controller = new AbortController();
    const reason = new RangeError("stop");
    const seen: number[] = [];
    await check.failsWith(reason, async () => {
      for await (const { at } of store.buckets(MODEL, ALWAYS, { signal: controller.signal })) {
        seen.push(at - START);
        controller.abort(reason);
      }
    });
    check.equal(seen, [0]);
  },

  "answers CLOSED after it was disposed, and may be disposed twice": async (store, check) => {
    await store.addPredictions(MODEL, [prediction("a")]);
    await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
    await store[Symbol.asyncDispose]();
    for (const verb of verbs(store)) await check.fails("CLOSED", verb);
  },

  "lets running calls finish before it is closed": async (store, check) => {
    const adding = Promise.all(Array.from({ length: 5 }, (_, i) => store.addPredictions(MODEL, [prediction(`p${i}`)])));
    const closing = store[Symbol.asyncDispose]();
    check.equal(await adding, [1, 1, 1, 1, 1]);
    await closing;
  },
};

/** Every verb, each as it would succeed. */
function verbs(store: MonitoringStore, call?: CallOptions): readonly (() => Promise<unknown>)[] {
  return [
    () => store.addPredictions(MODEL, [prediction("b")], call),
    () => store.addLabels(MODEL, [label("a", 1)], { windowMs: HOUR }, call),
    () => store.predictions(MODEL, { ...ALWAYS, limit: 1 }, call),
    () => store.putBuckets(MODEL, [bucket({}, 2), bucket({ writer: "w2" })], call),
    async () => {
      for await (const each of store.buckets(MODEL, ALWAYS, call)) return each;
      return undefined;
    },
    () => store.remove(MODEL, { maxPredictions: 0, bucketsBefore: START + 1 }, call),
  ];
}

/**
 * The contract of `monitoring/1` as tests: run it over a {@link MonitoringStore} of your own.
 *
 * @param open - a fresh, empty store; each test gets its own and disposes it
 *
 * @example
 * ```ts
 * import { describe, it } from "node:test";
 * import { memoryMonitoring } from "modelwright/memory";
 * import { monitoringStoreConformance } from "modelwright/testing";
 *
 * monitoringStoreConformance({ describe, it }, () => memoryMonitoring());
 * ```
 */
export function monitoringStoreConformance(
  kit: TestKit,
  open: () => Promise<MonitoringStore> | MonitoringStore,
  options?: SuiteOptions,
): void {
  const tests = { ...predictionTests, ...labelTests, ...bucketTests, ...retentionTests, ...lifecycleTests };
  suite(kit, "MonitoringStore monitoring/1", open, options, tests);
}
