import type { MonitoringStore, NewLabel } from "../../monitoring/port.ts";
import type { SuiteTest } from "../suite.ts";
import { allPredictions, HOUR, join, label, logged, MODEL, noNames, prediction, START } from "./monitoring-drafts.ts";

/** The label of prediction `a` and when it was known, after the start. */
async function labelOfA(store: MonitoringStore): Promise<readonly unknown[]> {
  const a = (await allPredictions(store)).find(({ id }) => id === "a");
  return [a?.label, a?.labelledAt === null ? null : a!.labelledAt - START];
}

/** Joining labels. */
export const labelTests: Readonly<Record<string, SuiteTest<MonitoringStore>>> = {
  "joins labels to their predictions, and changes nothing else": async (store, check) => {
    const made = [
      prediction("a", { segment: "eu", output: { yes: 0.9, no: 0.1 } }),
      prediction("b", { at: START + 1, output: "x" }),
      prediction("c", { at: START + 2 }),
    ];
    await store.addPredictions(MODEL, made);
    check.equal(await join(store, [label("b", "y", START + 10), label("a", 1, START + 5)]), ["joined", "joined"]);
    check.equal(await allPredictions(store), [
      logged(made[0]!, { label: 1, labelledAt: START + 5 }),
      logged(made[1]!, { label: "y", labelledAt: START + 10 }),
      logged(made[2]!),
    ]);
  },

  "keeps every label exactly, and tells numbers from classes": async (store, check) => {
    const labels = [0, 1, -0.1, 5e-324, Number.MAX_VALUE, "", "1", "null", "naïve 模型 🚀 \u0000 ' \" \ud800", "x".repeat(5000)];
    await store.addPredictions(
      MODEL,
      labels.map((_, i) => prediction(`p${i}`, { at: START + i })),
    );
    const given = labels.map((value, i) => label(`p${i}`, value));
    check.equal(await join(store, given), Array(labels.length).fill("joined"));
    check.equal(
      (await allPredictions(store)).map((each) => each.label),
      labels,
    );
    check.equal(await join(store, given), Array(labels.length).fill("unchanged"));
    check.equal(await join(store, [label("p1", "1"), label("p6", 1)]), ["conflict", "conflict"]);
  },

  "says which labels belong to no prediction, and keeps nothing of them": async (store, check) => {
    check.equal(await join(store, [label("a", 1), label("__proto__", 1)]), ["unknown", "unknown"]);
    await store.addPredictions(MODEL, [prediction("a")]);
    check.equal(await labelOfA(store), [null, null]);
    check.equal(await join(store, [label("A", 1), label("a", 1), label("a ", 1)]), ["unknown", "joined", "unknown"]);
  },

  "takes a label at the very end of the window, and none behind it": async (store, check) => {
    await store.addPredictions(MODEL, [prediction("a"), prediction("b")]);
    check.equal(await join(store, [label("a", 1, START + HOUR + 1), label("b", 1, START + HOUR)]), ["late", "joined"]);
    check.equal(await labelOfA(store), [null, null]);
    check.equal(await join(store, [label("a", 1, START + 1)], 0), ["late"]);
    check.equal(await join(store, [label("a", 1, START)], 0), ["joined"]);
  },

  "takes labels of any age when the window has no end, and labels known before the prediction": async (store, check) => {
    await store.addPredictions(MODEL, [prediction("a"), prediction("b")]);
    const given = [label("a", 1, Number.MAX_SAFE_INTEGER), label("b", 1, START - 5)];
    check.equal(await join(store, given, Number.POSITIVE_INFINITY), ["joined", "joined"]);
    check.equal(
      (await allPredictions(store)).map(({ labelledAt }) => labelledAt),
      [Number.MAX_SAFE_INTEGER, START - 5],
    );
  },

  "calls a late label late, whatever is there": async (store, check) => {
    await store.addPredictions(MODEL, [prediction("a")]);
    await join(store, [label("a", 1, START + 1)]);
    const late = START + HOUR + 1;
    check.equal(await join(store, [label("a", 1, late), label("a", 0, late), label("a", 0, late, true)]), [
      "late",
      "late",
      "late",
    ]);
    check.equal(await labelOfA(store), [1, 1]);
  },

  "leaves a label that comes again as it is, with its time": async (store, check) => {
    await store.addPredictions(MODEL, [prediction("a")]);
    await join(store, [label("a", 1, START + 1)]);
    check.equal(await join(store, [label("a", 1, START + 2), label("a", 1, START + 3, true)]), ["unchanged", "unchanged"]);
    check.equal(await labelOfA(store), [1, 1]);
  },

  "keeps a label that another one contradicts": async (store, check) => {
    await store.addPredictions(MODEL, [prediction("a")]);
    await join(store, [label("a", 1, START + 1)]);
    check.equal(await join(store, [label("a", 0, START + 2)]), ["conflict"]);
    check.equal(await labelOfA(store), [1, 1]);
  },

  "lets a correction take the place of a label": async (store, check) => {
    await store.addPredictions(MODEL, [prediction("a"), prediction("b")]);
    check.equal(await join(store, [label("a", 1, START + 3, true)]), ["joined"]);
    check.equal(await join(store, [label("a", "fraud", START + 2, true)]), ["corrected"]);
    check.equal(await labelOfA(store), ["fraud", 2]);
    check.equal(await join(store, [label("a", 1, START + 4)]), ["conflict"]);
    check.equal(await labelOfA(store), ["fraud", 2]);
  },

  "treats labels of one call as if they came one by one": async (store, check) => {
    await store.addPredictions(MODEL, [prediction("a"), prediction("b")]);
    const given = [
      label("a", 1, START + HOUR + 1),
      label("a", 1, START + 1),
      label("b", 0, START + 2),
      label("a", 1, START + 3),
      label("x", 1, START + 3),
      label("a", 0, START + 4),
      label("a", 0, START + 5, true),
      label("a", 1, START + 6),
      label("a", 2, START + 7, true),
    ];
    const expected = ["late", "joined", "joined", "unchanged", "unknown", "conflict", "corrected", "conflict", "corrected"];
    check.equal(await join(store, given), expected);
    check.equal(await labelOfA(store), [2, 7]);
  },

  "joins batches of any size": async (store, check) => {
    check.equal(await join(store, []), []);
    const ids = Array.from({ length: 501 }, (_, i) => `p${i}`);
    await store.addPredictions(
      MODEL,
      ids.map((id, i) => prediction(id, { at: START + i })),
    );
    for (const [first, end] of [
      [0, 1],
      [1, 128],
      [128, 257],
      [0, 501],
    ] as const) {
      // biome-ignore format: one line
      const outcomes = await join(
        store,
        ids.slice(first, end).map((id, i) => label(id, first + i, START + 600)),
      );
      const known = first === 0 && end > 1 ? 257 : 0;
      check.equal(
        outcomes,
        outcomes.map((_, i) => (i < known ? "unchanged" : "joined")),
      );
    }
    check.equal(
      (await allPredictions(store)).map((each) => each.label),
      ids.map((_, i) => i),
    );
  },

  "joins nothing of a batch with something that is refused": async (store, check) => {
    await store.addPredictions(MODEL, [prediction("a")]);
    const wrong: readonly NewLabel[] = [
      ...noNames.map((id) => label(id, 1)),
      ...[Number.NaN, 0.5, 2 ** 53].map((at) => label("a", 1, at)),
      ...[Number.NaN, Number.POSITIVE_INFINITY, null, true, { yes: 1 }, undefined].map((value) => label("a", value as never)),
      label("a", 1, START, 1 as never),
    ];
    for (const each of wrong) {
      await check.fails("INPUT_INVALID", () => join(store, [label("a", 1), each]));
      await check.fails("INPUT_INVALID", () => join(store, [each, label("a", 1)]));
    }
    for (const windowMs of [-1, Number.NaN, undefined as never]) {
      await check.fails("INPUT_INVALID", () => store.addLabels(MODEL, [label("a", 1)], { windowMs }));
    }
    for (const model of noNames) {
      await check.fails("INPUT_INVALID", () => store.addLabels(model, [label("a", 1)], { windowMs: HOUR }));
    }
    check.equal(await labelOfA(store), [null, null]);
  },

  "gives a prediction one label when several come at once": async (store, check) => {
    const ids = Array.from({ length: 20 }, (_, i) => `p${i}`);
    await store.addPredictions(
      MODEL,
      ids.map((id) => prediction(id)),
    );
    const writers = Array.from({ length: 6 }, async (_, w) => {
      const order = w % 2 === 0 ? ids : ids.toReversed();
      return join(
        store,
        order.map((id) => label(id, w)),
      );
    });
    const outcomes = (await Promise.all(writers)).flat();
    check.equal(outcomes.filter((outcome) => outcome === "joined").length, 20);
    check.equal(outcomes.filter((outcome) => outcome === "conflict").length, 100);
  },
};
