import type { MetricEntry, TrackingStore } from "../../tracking/port.ts";
import type { SuiteTest } from "../suite.ts";
import { batch, historyOf, insertRun, loss, nextId, START } from "./tracking-drafts.ts";

const { NaN: NAN, POSITIVE_INFINITY: INF, NEGATIVE_INFINITY: NEG } = Number;

/** What one metric of a run may have logged, and which of it is the run's value; the last entry is. */
const latest: readonly (readonly MetricEntry[])[] = [
  [loss(1)],
  [loss(9, 1), loss(1, 2)],
  [loss(9, -2), loss(1, -1)],
  [loss(9, 1, START + 9), loss(1, 2, START)],
  [loss(9, 1, START), loss(1, 1, START + 1)],
  [loss(1, 1), loss(9, 1)],
  [loss(-2, 1), loss(-1, 1)],
  [loss(9, 1), loss(NAN, 2)],
  [loss(9, 1, START), loss(NAN, 1, START + 1)],
  [loss(NAN, 1), loss(9, 1)],
  [loss(NAN, 1), loss(NEG, 1)],
  [loss(NEG, 1), loss(-1e308, 1)],
  [loss(1e308, 1), loss(INF, 1)],
  [loss(INF, 1), loss(0, 2)],
  [loss(NAN)],
];

/** What the port says of metrics. */
export const metricTests: Readonly<Record<string, SuiteTest<TrackingStore>>> = {
  "answers the value at the greatest step, then time, then the greatest one, NaN only where there is no other": async (
    store,
    check,
  ) => {
    const { experimentId } = await insertRun(store);
    for (const entries of latest) {
      const { key: _, ...expected } = entries.at(-1)!;
      const rising = await insertRun(store, { experimentId });
      for (const entry of entries) await store.logBatch(rising.id, batch({ metrics: [entry] }));
      check.equal((await store.findRun(rising.id))?.metrics, { loss: expected });
      const falling = await insertRun(store, { experimentId });
      for (const entry of [...entries].reverse()) await store.logBatch(falling.id, batch({ metrics: [entry] }));
      check.equal((await store.findRun(falling.id))?.metrics, { loss: expected });
      for (const metrics of [entries, [...entries].reverse()]) {
        const together = await insertRun(store, { experimentId });
        await store.logBatch(together.id, batch({ metrics }));
        check.equal((await store.findRun(together.id))?.metrics, { loss: expected });
      }
    }
  },

  "keeps every double as it is": async (store, check) => {
    const { id } = await insertRun(store);
    const values = [NEG, -Number.MAX_VALUE, -1e-320, 0, Number.MIN_VALUE, 0.1 + 0.2, 1 / 3, 2 ** 53, 1.797e308, INF, NAN];
    await store.logBatch(id, batch({ metrics: values.map((value) => loss(value)) }));
    check.equal(
      (await historyOf(store, id)).map(({ value }) => value),
      values,
    );
    await store.logBatch(id, batch({ metrics: values.map((value, i) => ({ ...loss(value), key: `m${i}` })) }));
    const found = await store.findRun(id);
    for (const [i, value] of values.entries()) check.equal(found?.metrics[`m${i}`]?.value, value);
  },

  "keeps steps and times as they are": async (store, check) => {
    const { id } = await insertRun(store);
    const steps = [Number.MIN_SAFE_INTEGER, -(2 ** 31) - 1, -1, 0, 1, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER];
    await store.logBatch(id, batch({ metrics: steps.map((step) => loss(1, step, 0)) }));
    check.equal(
      await historyOf(store, id),
      steps.map((step) => ({ value: 1, step, at: 0 })),
    );
    check.equal((await store.findRun(id))?.metrics["loss"]?.step, Number.MAX_SAFE_INTEGER);
  },

  "counts -0 as 0": async (store, check) => {
    const { id } = await insertRun(store);
    await store.logBatch(id, batch({ metrics: [loss(-0), loss(0)] }));
    await store.logBatch(id, batch({ metrics: [loss(0), loss(-0)] }));
    const points = await historyOf(store, id);
    check.equal([points.length, points[0]?.value === 0], [1, true]);
    check.equal((await store.findRun(id))?.metrics["loss"]?.value === 0, true);
  },

  "keeps a point once that is logged again, in one batch or in two": async (store, check) => {
    const { id } = await insertRun(store);
    const points = [loss(1), loss(1, 1), loss(1, 1, START + 1), loss(2, 1), loss(NAN, 1), loss(INF, 1)];
    await store.logBatch(id, batch({ metrics: [...points, ...points] }));
    await store.logBatch(id, batch({ metrics: points }));
    await Promise.all(Array.from({ length: 4 }, () => store.logBatch(id, batch({ metrics: points }))));
    check.equal((await historyOf(store, id)).length, points.length);
  },

  "answers a history by step, then time, then value, NaN last, in pages of any size": async (store, check) => {
    const { id } = await insertRun(store);
    const ordered = [
      loss(5, -3),
      loss(NEG, 0),
      loss(-1, 0),
      loss(0, 0),
      loss(2, 0),
      loss(INF, 0),
      loss(NAN, 0),
      loss(-9, 0, START + 1),
      loss(NAN, 0, START + 1),
      loss(8, 2),
      loss(7, 10, START - 5),
      loss(3, 10),
    ];
    await store.logBatch(id, batch({ metrics: [7, 2, 11, 0, 5, 9].map((i) => ordered[i]!) }));
    await store.logBatch(id, batch({ metrics: [6, 1, 10, 3, 8, 4, 0].map((i) => ordered[i]!) }));
    const expected = ordered.map(({ key: _, ...point }) => point);
    for (const limit of [1, 2, 3, 5, 11, 12, 13]) check.equal(await historyOf(store, id, { limit }), expected);
  },

  "answers points that come while a history is read, behind where it is": async (store, check) => {
    const { id } = await insertRun(store);
    await store.logBatch(id, batch({ metrics: [loss(1, 1), loss(3, 3), loss(5, 5)] }));
    const first = await store.metricHistory({ runId: id, key: "loss", limit: 2 });
    await store.logBatch(id, batch({ metrics: [loss(2, 2), loss(4, 4)] }));
    const second = await store.metricHistory({ runId: id, key: "loss", limit: 2, after: first.next });
    check.equal(
      [...first.items, ...second.items].map(({ value }) => value),
      [1, 3, 4, 5],
    );
    check.equal(second.next, undefined);
  },

  "answers no points for a run or a metric that is not there": async (store, check) => {
    const { id } = await insertRun(store);
    await store.logBatch(id, batch({ metrics: [loss(1)] }));
    for (const [runId, key] of [
      [id, "Loss"],
      [id, "__proto__"],
      [nextId(), "loss"],
    ] as const) {
      check.equal(await historyOf(store, runId, { key }), []);
      check.equal(await store.sampleMetric({ runId, key, buckets: 3 }), []);
    }
  },

  "answers the history of a deleted run": async (store, check) => {
    const { id } = await insertRun(store);
    await store.logBatch(id, batch({ metrics: [loss(1)] }));
    await store.changeRun(id, { deletedAt: START });
    check.equal((await historyOf(store, id)).length, 1);
  },

  "samples the smallest, the greatest and the last point of equal ranges of steps": async (store, check) => {
    const { id } = await insertRun(store);
    const valueAt = (step: number) => (step % 10 === 3 ? -100 - step : step % 10 === 6 ? 100 + step : step / 1000);
    await store.logBatch(id, batch({ metrics: Array.from({ length: 100 }, (_, step) => loss(valueAt(step), step)) }));
    const sample = await store.sampleMetric({ runId: id, key: "loss", buckets: 10 });
    const steps = Array.from({ length: 10 }, (_, i) => [i * 10 + 3, i * 10 + 6, i * 10 + 9]).flat();
    check.equal(
      sample,
      steps.map((step) => ({ value: valueAt(step), step, at: START })),
    );
    const whole = await store.sampleMetric({ runId: id, key: "loss", buckets: 1 });
    check.equal(
      whole.map(({ step }) => step),
      [93, 96, 99],
    );
  },

  "samples each point once, and all of a short history": async (store, check) => {
    const { id } = await insertRun(store);
    await store.logBatch(id, batch({ metrics: [loss(3, 1), loss(1, 50), loss(2, 100)] }));
    const all = await historyOf(store, id);
    for (const buckets of [1, 3, 1000]) check.equal(await store.sampleMetric({ runId: id, key: "loss", buckets }), all);
    const single = await insertRun(store);
    await store.logBatch(single.id, batch({ metrics: [loss(3, 7)] }));
    check.equal(await store.sampleMetric({ runId: single.id, key: "loss", buckets: 4 }), [{ value: 3, step: 7, at: START }]);
  },

  "samples infinities as values, and NaN only as the last point": async (store, check) => {
    const { id } = await insertRun(store);
    const values = [1, NAN, INF, 2, NEG, NAN, 3, NAN];
    await store.logBatch(id, batch({ metrics: values.map((value, i) => loss(value, 0, START + i)) }));
    const sample = await store.sampleMetric({ runId: id, key: "loss", buckets: 2 });
    check.equal(
      sample.map(({ at }) => at - START),
      [2, 4, 7],
    );
    const nothing = await insertRun(store);
    await store.logBatch(nothing.id, batch({ metrics: [loss(NAN, 0), loss(NAN, 0, START + 1)] }));
    check.equal(await store.sampleMetric({ runId: nothing.id, key: "loss", buckets: 2 }), [
      { value: NAN, step: 0, at: START + 1 },
    ]);
  },
};
