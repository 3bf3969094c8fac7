import type { MonitoringRetention, MonitoringStore } from "../../monitoring/port.ts";
import type { SuiteTest } from "../suite.ts";
import { allIds, bucket, bucketMarks, join, label, MODEL, noNames, prediction, START } from "./monitoring-drafts.ts";

/** Adds predictions `p0` to `p9`, two of each time, and buckets of five times. */
async function fill(store: MonitoringStore, model: string = MODEL): Promise<void> {
  const numbers = Array.from({ length: 10 }, (_, i) => i);
  await store.addPredictions(
    model,
    numbers.map((i) => prediction(`p${i}`, { at: START + Math.floor(i / 2) })),
  );
  await store.putBuckets(
    model,
    [0, 1, 2, 3, 4].flatMap((at) => ["w1", "w2"].map((writer) => bucket({ at: START + at, writer }))),
  );
}

/** Removing what is no longer kept. */
export const retentionTests: Readonly<Record<string, SuiteTest<MonitoringStore>>> = {
  "removes predictions made before a time, and not those of the time": async (store, check) => {
    await fill(store);
    check.equal(await store.remove(MODEL, { predictionsBefore: START }), { predictions: 0, buckets: 0 });
    check.equal(await store.remove(MODEL, { predictionsBefore: START + 2 }), { predictions: 4, buckets: 0 });
    check.equal(await allIds(store), ["p4", "p5", "p6", "p7", "p8", "p9"]);
    check.equal(await store.remove(MODEL, { predictionsBefore: START + 2 }), { predictions: 0, buckets: 0 });
    check.equal((await bucketMarks(store)).length, 10);
  },

  "keeps the newest predictions of too many, also within one time": async (store, check) => {
    await fill(store);
    check.equal(await store.remove(MODEL, { maxPredictions: 10 }), { predictions: 0, buckets: 0 });
    check.equal(await store.remove(MODEL, { maxPredictions: 11 }), { predictions: 0, buckets: 0 });
    check.equal(await store.remove(MODEL, { maxPredictions: 7 }), { predictions: 3, buckets: 0 });
    check.equal(await allIds(store), ["p3", "p4", "p5", "p6", "p7", "p8", "p9"]);
    check.equal(await store.remove(MODEL, { maxPredictions: 0 }), { predictions: 7, buckets: 0 });
    check.equal(await allIds(store), []);
    check.equal((await bucketMarks(store)).length, 10);
  },

  "follows the stricter one of two limits of predictions": async (store, check) => {
    await fill(store);
    check.equal(await store.remove(MODEL, { predictionsBefore: START + 1, maxPredictions: 7 }), { predictions: 3, buckets: 0 });
    check.equal(await store.remove(MODEL, { predictionsBefore: START + 3, maxPredictions: 6 }), { predictions: 3, buckets: 0 });
    check.equal(await store.remove(MODEL, { predictionsBefore: START + 4, maxPredictions: 2 }), { predictions: 2, buckets: 0 });
    check.equal(await allIds(store), ["p8", "p9"]);
  },

  "removes buckets that begin before a time, of every writer": async (store, check) => {
    await fill(store);
    check.equal(await store.remove(MODEL, { bucketsBefore: START + 3 }), { predictions: 0, buckets: 6 });
    check.equal(await bucketMarks(store), ["3 7 w1: 1", "3 7 w2: 1", "4 7 w1: 1", "4 7 w2: 1"]);
    check.equal((await allIds(store)).length, 10);
  },

  "removes both at once, and nothing when nothing is said": async (store, check) => {
    await fill(store);
    check.equal(await store.remove(MODEL, {}), { predictions: 0, buckets: 0 });
    const retention = { predictionsBefore: START + 1, maxPredictions: undefined, bucketsBefore: START + 1 };
    check.equal(await store.remove(MODEL, retention), { predictions: 2, buckets: 2 });
  },

  "removes of one model alone": async (store, check) => {
    await fill(store);
    await fill(store, "churn");
    const everything = { maxPredictions: 0, bucketsBefore: START + 100 };
    check.equal(await store.remove(MODEL, everything), { predictions: 10, buckets: 10 });
    check.equal(await store.remove("nobody", everything), { predictions: 0, buckets: 0 });
    check.equal((await allIds(store, {}, "churn")).length, 10);
    check.equal((await bucketMarks(store, {}, "churn")).length, 10);
  },

  "forgets a removed prediction and its label, so that its id is new again": async (store, check) => {
    await fill(store);
    await join(store, [label("p0", 1)]);
    await store.remove(MODEL, { predictionsBefore: START + 1 });
    check.equal(await join(store, [label("p0", 1)]), ["unknown"]);
    check.equal(await store.addPredictions(MODEL, [prediction("p0", { at: START + 9 }), prediction("p9")]), 1);
    check.equal(await allIds(store, { labelled: true }), []);
    check.equal((await allIds(store)).at(-1), "p0");
  },

  "refuses a retention that is not as the port says": async (store, check) => {
    await fill(store);
    const wrong: readonly Partial<Record<keyof MonitoringRetention, unknown>>[] = [
      ...[0.5, Number.NaN, Number.POSITIVE_INFINITY].flatMap((time) => [{ predictionsBefore: time }, { bucketsBefore: time }]),
      ...[-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY].map((maxPredictions) => ({ maxPredictions })),
    ];
    for (const each of wrong) {
      const retention = { predictionsBefore: START + 9, bucketsBefore: START + 9, ...each } as MonitoringRetention;
      await check.fails("INPUT_INVALID", () => store.remove(MODEL, retention));
    }
    for (const model of noNames) await check.fails("INPUT_INVALID", () => store.remove(model, { maxPredictions: 0 }));
    check.equal([(await allIds(store)).length, (await bucketMarks(store)).length], [10, 10]);
  },
};
