import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryMonitoring } from "../../src/adapters/memory/memory-monitoring.ts";
import type { MonitoringStore, NewPrediction, PredictionQuery } from "../../src/monitoring/port.ts";
import { all } from "../all.ts";

const model = fc.constantFrom("a", "A");
const time = fc.integer({ min: 0, max: 5 });
const id = fc.constantFrom(..."abcdefgh", "\u{ffff}", "\u{10000}", "__proto__");
const version = fc.constantFrom("1", "2");
const segment = fc.constantFrom("eu", null);
const value = fc.constantFrom<number | string>(0, -0, 1, 0.1, 5e-324, Number.MAX_VALUE, "1", "yes", "\u0000");
const output = fc.oneof(
  value,
  fc.dictionary(fc.constantFrom("yes", "no", "__proto__"), fc.double({ noNaN: true, noDefaultInfinity: true })),
);

const bucket = fc.record({
  series: fc.constantFrom("1", "2", "é"),
  at: time,
  writer: fc.constantFrom("v", "w"),
  content: fc.uint8Array({ maxLength: 3 }),
});

/** A call that changes the store, and answers what it answers. */
type Change = (store: MonitoringStore) => Promise<unknown>;

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(model, fc.array(fc.record<NewPrediction>({ id, version, at: time, segment, output }), { maxLength: 6 })).map(
    ([name, made]): Change =>
      (store) =>
        store.addPredictions(name, made),
  ),
  fc
    .tuple(
      model,
      fc.array(fc.record({ id, label: value, at: fc.integer({ min: 0, max: 12 }), replaces: fc.boolean() }), { maxLength: 8 }),
      fc.constantFrom(0, 3, Number.POSITIVE_INFINITY),
    )
    .map(
      ([name, labels, windowMs]): Change =>
        (store) =>
          store.addLabels(name, labels, { windowMs }),
    ),
  fc.tuple(model, fc.array(bucket, { maxLength: 6 })).map(
    ([name, buckets]): Change =>
      (store) =>
        store.putBuckets(name, buckets),
  ),
  fc
    .tuple(
      model,
      fc.record(
        { predictionsBefore: time, maxPredictions: fc.integer({ min: 0, max: 6 }), bucketsBefore: time },
        { requiredKeys: [] },
      ),
    )
    .map(
      ([name, retention]): Change =>
        (store) =>
          store.remove(name, retention),
    ),
);

const query: fc.Arbitrary<PredictionQuery> = fc.record(
  { from: time, to: time, version, segment: fc.constant("eu"), labelled: fc.boolean(), limit: fc.integer({ min: 1, max: 4 }) },
  { requiredKeys: ["from", "to", "limit"] },
);

async function contents(store: MonitoringStore, name: string, asked: PredictionQuery) {
  const pages = [];
  for (let cursor: string | undefined; ; ) {
    const { predictions, next } = await store.predictions(name, { ...asked, cursor });
    pages.push(predictions);
    cursor = next;
    if (cursor === undefined) break;
  }
  const { from, to } = asked;
  return [pages, await all(store.buckets(name, { from, to })), await all(store.buckets(name, { from, to, series: "2" }))];
}

/** Checks a store against the one in memory: after the same calls both answer the same. */
export function monitorsLikeMemory(title: string, open: () => MonitoringStore | Promise<MonitoringStore>, numRuns = 30): void {
  describe(title, () => {
    it("answers of any calls what the store in memory answers", async () => {
      const calls = fc.array(change, { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(calls, fc.array(query, { minLength: 1, maxLength: 4 }), async (changes, queries) => {
          await using store = await open();
          await using memory = memoryMonitoring();
          for (const each of changes) expect(await each(store)).toEqual(await each(memory));
          for (const asked of queries) {
            for (const name of ["a", "A"])
              expect(await contents(store, name, asked)).toEqual(await contents(memory, name, asked));
          }
        }),
        { numRuns },
      );
    });
  });
}
