import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryTracking } from "../../src/adapters/memory/memory-tracking.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import type { RunBatch, TrackingStore } from "../../src/tracking/port.ts";

const RUN = "run";
const keys = ["a", "b", "__proto__"];

const metric = fc.record({
  key: fc.constantFrom(...keys),
  value: fc.constantFrom(
    0,
    -0,
    1,
    -1,
    0.1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.MAX_VALUE,
    5e-324,
  ),
  step: fc.constantFrom(-1, 0, 1, 2, 1000, Number.MAX_SAFE_INTEGER),
  at: fc.constantFrom(0, 1, 2),
});

const batches = fc.array(
  fc.record<RunBatch>({
    metrics: fc.array(metric, { maxLength: 8 }),
    params: fc.dictionary(fc.constantFrom(...keys), fc.constantFrom("1", "2"), { maxKeys: 2 }),
    tags: fc.dictionary(fc.constantFrom(...keys), fc.constantFrom("1", "2", null), { maxKeys: 3 }),
    datasets: fc.array(
      fc.record({
        name: fc.constantFrom("d", "e"),
        digest: fc.constantFrom("1", "2"),
        context: fc.constantFrom("", "x"),
        source: fc.jsonValue({ maxDepth: 1 }).map((value) => JSON.parse(JSON.stringify(value))),
      }),
      { maxLength: 2 },
    ),
    artifacts: fc.array(
      fc.record({
        path: fc.constantFrom("p", "q", "q/r"),
        digest: fc.constantFrom(`sha256:${"a".repeat(64)}` as const, `sha256:${"b".repeat(64)}` as const),
        sizeBytes: fc.nat(),
      }),
      { maxLength: 2 },
    ),
  }),
  { minLength: 1, maxLength: 12 },
);

async function fill(store: TrackingStore, given: readonly RunBatch[], together: number): Promise<readonly string[]> {
  await store.insertExperiment({ id: "experiment", name: "experiment", tags: {}, createdAt: 1 });
  const draft = {
    experimentId: "experiment",
    name: "",
    parentId: null,
    status: "running",
    createdBy: null,
    startedAt: 1,
  } as const;
  await store.insertRun({ ...draft, id: RUN, params: { a: "1" }, tags: { b: "1" } });
  const outcomes: string[] = [];
  for (let at = 0; at < given.length; at += together) {
    const settled = await Promise.allSettled(given.slice(at, at + together).map((batch) => store.logBatch(RUN, batch)));
    for (const one of settled) {
      outcomes.push(one.status === "fulfilled" ? "logged" : ModelwrightError.is(one.reason) ? one.reason.code : "thrown");
    }
  }
  return outcomes;
}

async function contents(store: TrackingStore) {
  const metrics = await Promise.all(
    keys.map(async (key) => {
      const points = [];
      for (let after: string | undefined; ; ) {
        const page = await store.metricHistory({ runId: RUN, key, limit: 3, after });
        points.push(...page.items);
        after = page.next;
        if (after === undefined) break;
      }
      const samples = [1, 2, 7].map((buckets) => store.sampleMetric({ runId: RUN, key, buckets }));
      return { points, samples: await Promise.all(samples) };
    }),
  );
  const digests = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`] as const;
  const run = await store.findRun(RUN);
  return {
    run: { ...run, metrics: Object.entries(run?.metrics ?? {}).sort() },
    metrics,
    unreferenced: await store.markUnreferenced(digests, 1),
  };
}

/** Checks a store against the one in memory: the same batches, one after the other or many at once, lead to the same run. */
export function logsLikeMemory(title: string, open: () => TrackingStore | Promise<TrackingStore>, numRuns = 60): void {
  describe(title, () => {
    it("keeps of any batches what the store in memory keeps", async () => {
      await fc.assert(
        fc.asyncProperty(batches, fc.constantFrom(1, 3, 12), async (given, together) => {
          await using store = await open();
          await using memory = memoryTracking();
          expect(await fill(store, given, together)).toEqual(await fill(memory, given, together));
          expect(await contents(store)).toEqual(await contents(memory));
        }),
        { numRuns },
      );
    });
  });
}
