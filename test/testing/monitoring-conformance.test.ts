import { describe, expect, it } from "vitest";
import { memoryMonitoring } from "../../src/adapters/memory/memory-monitoring.ts";
import type { LoggedPrediction, MonitoringStore, PredictionPage } from "../../src/monitoring/port.ts";
import { monitoringStoreConformance } from "../../src/testing/conformance/monitoring-store.ts";
import type { TestKit } from "../../src/testing/suite.ts";

/** The tests of the suite by name, over stores that `open` gives. */
function testsOf(open: () => MonitoringStore): ReadonlyMap<string, () => Promise<void>> {
  const tests = new Map<string, () => Promise<void>>();
  const it = Object.assign((name: string, body: () => Promise<void>) => void tests.set(name, body), { skip: () => {} });
  const kit: TestKit = { describe: (_, body) => body(), it };
  monitoringStoreConformance(kit, open);
  return tests;
}

/** Answers every page with its predictions changed. */
function changedPages(change: (predictions: readonly LoggedPrediction[], page: PredictionPage) => readonly LoggedPrediction[]) {
  return (inner: MonitoringStore): Partial<MonitoringStore> => ({
    predictions: async (model, query, call) => {
      const page = await inner.predictions(model, query, call);
      return { ...page, predictions: change(page.predictions, page) };
    },
  });
}

const faults: Readonly<Record<string, readonly [fault: (inner: MonitoringStore) => Partial<MonitoringStore>, test: string]>> = {
  "counts what was there": [
    (inner) => ({ addPredictions: (model, made, call) => inner.addPredictions(model, made, call).then(() => made.length) }),
    "counts an id once and keeps what it had first",
  ],
  "keeps the last of an id that comes twice": [
    (inner) => ({ addPredictions: (model, made, call) => inner.addPredictions(model, made.toReversed(), call) }),
    "keeps the first of an id that comes twice in one call",
  ],
  "adds a batch one by one": [
    (inner) => ({
      addPredictions: async (model, made, call) => {
        let added = 0;
        for (const each of made) added += await inner.addPredictions(model, [each], call);
        return added;
      },
    }),
    "adds nothing of a batch with something that is refused",
  ],
  "does not mind the case of models": [
    (inner) => ({
      addPredictions: (model, made, call) => inner.addPredictions(model.toLowerCase(), made, call),
      predictions: (model, query, call) => inner.predictions(model.toLowerCase(), query, call),
    }),
    "keeps models apart",
  ],
  "cuts names short": [
    (inner) => ({
      addPredictions: (model, made, call) =>
        inner.addPredictions(
          model,
          made.map((each) => ({ ...each, id: typeof each.id === "string" ? each.id.trimEnd() : each.id })),
          call,
        ),
    }),
    "tells names apart that look alike",
  ],
  "rounds outputs": [
    changedPages((found) =>
      found.map((each) => (typeof each.output === "number" ? { ...each, output: Math.fround(each.output) } : each)),
    ),
    "keeps every output exactly",
  ],
  "orders ids by their code units": [
    changedPages((found) => found.toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))),
    "reads in the order of times and then of ids by their code points",
  ],
  "answers a next page where there is none": [
    (inner) => ({
      predictions: async (model, query, call) => {
        const page = await inner.predictions(model, query, call);
        const last = page.predictions.at(-1);
        return { ...page, next: last === undefined ? undefined : `${last.at}/${last.id}` };
      },
    }),
    "fills every page but the last, which has no next one",
  ],
  "reads on by a count": [
    (inner) => ({
      predictions: async (model, { cursor = "0", limit, ...query }, call) => {
        const { predictions } = await inner.predictions(model, { ...query, limit: 10_000 }, call);
        const end = Number(cursor) + limit;
        return { predictions: predictions.slice(Number(cursor), end), next: predictions.length > end ? `${end}` : undefined };
      },
    }),
    "reads on where it was while predictions are added, labelled and removed",
  ],
  "reads the end of a span, too": [
    (inner) => ({ predictions: (model, query, call) => inner.predictions(model, { ...query, to: query.to + 1 }, call) }),
    "reads a span up to its end, but not its end",
  ],
  "forgets a filter": [
    (inner) => ({ predictions: (model, { segment: _, ...query }, call) => inner.predictions(model, query, call) }),
    "filters by version, segment and label, in any combination",
  ],
  "takes a label too late": [
    (inner) => ({
      addLabels: (model, labels, { windowMs }, call) => inner.addLabels(model, labels, { windowMs: windowMs + 1 }, call),
    }),
    "takes a label at the very end of the window, and none behind it",
  ],
  "takes every label for a correction": [
    (inner) => ({
      addLabels: (model, labels, options, call) =>
        inner.addLabels(
          model,
          labels.map((label) => ({ ...label, replaces: true })),
          options,
          call,
        ),
    }),
    "keeps a label that another one contradicts",
  ],
  "takes a correction for another label": [
    (inner) => ({
      addLabels: (model, labels, options, call) =>
        inner.addLabels(
          model,
          labels.map((label) => ({ ...label, replaces: false })),
          options,
          call,
        ),
    }),
    "lets a correction take the place of a label",
  ],
  "joins labels in another order": [
    (inner) => ({
      addLabels: async (model, labels, options, call) =>
        (await inner.addLabels(model, labels.toReversed(), options, call)).toReversed(),
    }),
    "treats labels of one call as if they came one by one",
  ],
  "adds to a bucket that is there": [
    (inner) => {
      const seen = new Set<string>();
      return {
        putBuckets: (model, buckets, call) => {
          const fresh = buckets.filter(({ series, at, writer }) => !seen.has(JSON.stringify([series, at, writer])));
          for (const { series, at, writer } of fresh) seen.add(JSON.stringify([series, at, writer]));
          return inner.putBuckets(model, fresh, call);
        },
      };
    },
    "lets a bucket take the place of the one of its series, time and writer",
  ],
  "takes the buckets of all writers for one": [
    (inner) => ({
      putBuckets: (model, buckets, call) =>
        inner.putBuckets(
          model,
          buckets.map((each) => ({ ...each, writer: "w0" })),
          call,
        ),
    }),
    "keeps the buckets of writers that write at once",
  ],
  "takes bytes for text": [
    (inner) => ({
      buckets: async function* (model, query, call) {
        for await (const each of inner.buckets(model, query, call)) {
          yield { ...each, content: new TextEncoder().encode(new TextDecoder().decode(each.content)) };
        }
      },
    }),
    "answers buckets as they were put, to the byte",
  ],
  "reads all buckets before it looks at the signal": [
    (inner) => ({ buckets: (model, query) => inner.buckets(model, query) }),
    "stops reading buckets when it is aborted in between",
  ],
  "keeps one prediction more": [
    (inner) => ({
      remove: async (model, retention, call) => {
        if (retention.maxPredictions === undefined) return inner.remove(model, retention, call);
        return inner.remove(model, { ...retention, maxPredictions: retention.maxPredictions + 1 }, call);
      },
    }),
    "keeps the newest predictions of too many, also within one time",
  ],
  "removes of every model": [
    (inner) => ({
      remove: async (model, retention, call) => {
        await inner.remove("churn", retention, call);
        return inner.remove(model, retention, call);
      },
    }),
    "removes of one model alone",
  ],
  "does not look at the signal": [
    (inner) => ({ addPredictions: (model, made) => inner.addPredictions(model, made) }),
    "rejects with the signal's reason and changes nothing when aborted before",
  ],
  "works on when it is closed": [
    (inner) => ({ [Symbol.asyncDispose]: async () => void inner }),
    "answers CLOSED after it was disposed, and may be disposed twice",
  ],
};

describe("the conformance suite of MonitoringStore", () => {
  it.each(Object.entries(faults))("finds a store that %s", async (_, [fault, name]) => {
    const broken = () => {
      const inner = memoryMonitoring();
      return { ...inner, ...fault(inner) };
    };
    const test = testsOf(broken).get(name);
    expect(test).toBeDefined();
    await expect(test?.()).rejects.toThrow();
  });

  it("finds no fault in memoryMonitoring without the expect of a runner", async () => {
    const failed: string[] = [];
    for (const [name, test] of testsOf(memoryMonitoring)) await test().catch(() => failed.push(name));
    expect(failed).toEqual([]);
  });
});
