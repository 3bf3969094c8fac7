import type { MonitoringStore, NewPrediction, PredictionOutput, PredictionQuery } from "../../monitoring/port.ts";
import type { SuiteTest } from "../suite.ts";
import {
  ALWAYS,
  allIds,
  allPredictions,
  join,
  label,
  logged,
  MODEL,
  noNames,
  prediction,
  START,
  trickyNames,
} from "./monitoring-drafts.ts";

/** Outputs that are answered as they were given. */
const outputs: readonly PredictionOutput[] = [
  0,
  1,
  -1.5,
  0.1 + 0.2,
  5e-324,
  -Number.MAX_VALUE,
  Number.MAX_SAFE_INTEGER,
  2 ** 70,
  "",
  "spam",
  "naïve 模型 🚀 \u0000 'quoted' \"double\" \ud800",
  "0.5",
  "null",
  {},
  { spam: 0.25, ham: 0.75 },
  { "": 1, "1": 0, constructor: 0.5, "a\u0000b": 1e-300 },
  Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`class ${i}`, i / 300])),
];

/** What is not an output. */
const noOutputs: readonly unknown[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  null,
  undefined,
  true,
  5n,
  [0.5, 0.5],
  new Float64Array([0.5]),
  new Map([["spam", 1]]),
  { spam: Number.NaN },
  { spam: "1" },
  { spam: null },
  { spam: { deep: 1 } },
];

/** The predictions behind `to`, a page each. */
async function pages(store: MonitoringStore, query: Partial<PredictionQuery>): Promise<readonly (readonly string[])[]> {
  const found: (readonly string[])[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await store.predictions(MODEL, { ...ALWAYS, limit: 3, ...query, cursor });
    found.push(page.predictions.map(({ id }) => id));
    cursor = page.next;
    if (cursor === undefined) return found;
  }
}

const addingTests: Readonly<Record<string, SuiteTest<MonitoringStore>>> = {
  "states its contract and its name": async (store, check) => {
    check.equal(store.spec, "monitoring/1");
    check.equal([typeof store.name, typeof store.capabilities.durable], ["string", "boolean"]);
  },

  "answers predictions as they were added, without a label": async (store, check) => {
    const made = [
      prediction("a"),
      prediction("b", { version: "8", at: START + 1, segment: "eu", output: { yes: 0.9, no: 0.1 } }),
    ];
    check.equal(await store.addPredictions(MODEL, made), 2);
    const page = await store.predictions(MODEL, { ...ALWAYS, limit: 10 });
    check.equal(page, { predictions: made.map((each) => logged(each)), next: undefined });
  },

  "keeps every output exactly": async (store, check) => {
    const made = outputs.map((output, i) => prediction(`p${i}`, { at: START + i, output }));
    check.equal(await store.addPredictions(MODEL, made), outputs.length);
    check.equal(
      (await allPredictions(store)).map(({ output }) => output),
      outputs,
    );
  },

  "keeps -0 as 0": async (store, check) => {
    await store.addPredictions(MODEL, [prediction("a", { output: -0 }), prediction("b", { output: { yes: -0 } })]);
    await join(store, [label("a", -0)]);
    const [a, b] = await allPredictions(store);
    check.equal([Object.is(a?.output, 0), Object.is(a?.label, 0)], [true, true]);
    check.equal(
      Object.values(b?.output ?? {}).map((share) => Object.is(share, 0)),
      [true],
    );
    check.equal(await join(store, [label("a", 0), label("a", -0)]), ["unchanged", "unchanged"]);
  },

  "keeps a class named __proto__ as data": async (store, check) => {
    const output = Object.fromEntries([["__proto__", 1]]);
    await store.addPredictions(MODEL, [prediction("a", { output })]);
    const [found] = await allPredictions(store);
    check.equal(Object.entries(found?.output ?? {}), [["__proto__", 1]]);
  },

  "keeps times before the epoch and at the ends of what is exact": async (store, check) => {
    const times = [Number.MIN_SAFE_INTEGER, -1, 0, Number.MAX_SAFE_INTEGER - 1];
    await store.addPredictions(
      MODEL,
      times.map((at) => prediction(`${at}`, { at })),
    );
    check.equal(
      (await allPredictions(store)).map(({ at }) => at),
      times,
    );
  },

  "counts an id once and keeps what it had first": async (store, check) => {
    const first = prediction("a", { output: 0.1 });
    check.equal(await store.addPredictions(MODEL, [first]), 1);
    check.equal(await store.addPredictions(MODEL, [first]), 0);
    const again = [prediction("a", { at: START + 5, version: "9", output: "x" }), prediction("b")];
    check.equal(await store.addPredictions(MODEL, again), 1);
    await join(store, [label("a", 1)]);
    check.equal(await store.addPredictions(MODEL, again), 0);
    check.equal(await allPredictions(store), [logged(first, { label: 1, labelledAt: START }), logged(prediction("b"))]);
  },

  "keeps the first of an id that comes twice in one call": async (store, check) => {
    const first = prediction("a", { output: 0.1 });
    const made = [first, prediction("b"), { ...first, output: 0.2 }, prediction("a", { at: START - 5 })];
    check.equal(await store.addPredictions(MODEL, made), 2);
    check.equal((await allPredictions(store))[0], logged(first));
  },

  "adds batches of any size": async (store, check) => {
    check.equal(await store.addPredictions(MODEL, []), 0);
    for (const size of [1, 2, 3, 127, 128, 129, 500, 1001]) {
      const made = Array.from({ length: size }, (_, i) => prediction(`${size}/${i}`, { version: `${size}` }));
      check.equal(await store.addPredictions(MODEL, made), size);
      check.equal(await store.addPredictions(MODEL, [...made, prediction(`${size}/more`, { version: `${size}` })]), 1);
      check.equal((await allIds(store, { version: `${size}` })).length, size + 1);
    }
  },

  "adds nothing of a batch with something that is refused": async (store, check) => {
    const wrong: readonly NewPrediction[] = [
      ...noNames.map((name) => prediction(name)),
      ...noNames.map((version) => prediction("a", { version })),
      ...noNames.map((segment) => prediction("a", { segment })),
      ...[Number.NaN, 0.5, Number.POSITIVE_INFINITY, 2 ** 53].map((at) => prediction("a", { at })),
      ...noOutputs.map((output) => prediction("a", { output: output as PredictionOutput })),
    ];
    for (const each of wrong) {
      await check.fails("INPUT_INVALID", () => store.addPredictions(MODEL, [prediction("good"), each]));
      await check.fails("INPUT_INVALID", () => store.addPredictions(MODEL, [each, prediction("good")]));
    }
    for (const model of noNames) await check.fails("INPUT_INVALID", () => store.addPredictions(model, [prediction("good")]));
    check.equal(await allIds(store), []);
  },

  "tells names apart that look alike": async (store, check) => {
    const made = trickyNames.map((name) => prediction(name, { version: name, segment: name, output: name }));
    check.equal(await store.addPredictions(MODEL, made), made.length);
    for (const name of trickyNames) {
      const expected = [logged(prediction(name, { version: name, segment: name, output: name }))];
      check.equal(await allPredictions(store, { version: name }), expected);
      check.equal(await allPredictions(store, { segment: name }), expected);
    }
    await join(
      store,
      trickyNames.map((name, i) => label(name, i)),
    );
    const labels = new Map((await allPredictions(store)).map(({ id, label: value }) => [id, value]));
    check.equal([...labels].sort(), trickyNames.map((name, i) => [name, i]).sort());
  },

  "keeps models apart": async (store, check) => {
    for (const [i, model] of trickyNames.entries()) {
      check.equal(await store.addPredictions(model, [prediction("a", { output: i })]), 1);
    }
    for (const [i, model] of trickyNames.entries()) {
      check.equal(await allPredictions(store, {}, model), [logged(prediction("a", { output: i }))]);
    }
    check.equal(await store.addLabels("a", [label("a", 1)], { windowMs: 0 }), ["joined"]);
    check.equal(await allIds(store, { labelled: true }, "A"), []);
    check.equal(await allIds(store, {}, "nobody"), []);
  },

  "counts each new id once among callers at once": async (store, check) => {
    const ids = Array.from({ length: 60 }, (_, i) => `p${i}`);
    const parts = Array.from({ length: 8 }, (_, w) =>
      ids.filter((_, i) => i % 8 !== w).map((id) => prediction(id, { output: w })),
    );
    const counts = await Promise.all(parts.map((part, w) => store.addPredictions(MODEL, w % 2 === 0 ? part : part.toReversed())));
    check.equal(
      counts.reduce((a, b) => a + b),
      60,
    );
    check.equal((await allIds(store)).length, 60);
  },

  "copies what it is given, and answers copies": async (store, check) => {
    const output: Record<string, number> = { yes: 1 };
    const made = { ...prediction("a"), output };
    const adding = store.addPredictions(MODEL, [made]);
    output["yes"] = 2;
    made.version = "9";
    await adding;
    const expected = logged(prediction("a", { output: { yes: 1 } }));
    const [found] = await allPredictions(store);
    check.equal(found, expected);
    // Refused where it is frozen, which serves as well.
    Reflect.set(found!, "version", "9");
    Reflect.set(found!.output as object, "yes", 3);
    check.equal(await allPredictions(store), [expected]);
  },
};

const readingTests: Readonly<Record<string, SuiteTest<MonitoringStore>>> = {
  "reads in the order of times and then of ids by their code points": async (store, check) => {
    const ids = ["\u{10000}", "\u{ffff}", "\u{e000}", "é", "b", "a", "B", "2", "10", "1", "a b"];
    const expected = ["1", "10", "2", "B", "a", "a b", "b", "é", "\u{e000}", "\u{ffff}", "\u{10000}"];
    await store.addPredictions(MODEL, [prediction("later", { at: START + 1 }), ...ids.map((id) => prediction(id))]);
    await store.addPredictions(MODEL, [prediction("earlier", { at: START - 1 })]);
    for (const limit of [1, 2, 3, 13, 100]) {
      check.equal((await pages(store, { limit })).flat(), ["earlier", ...expected, "later"]);
    }
  },

  "fills every page but the last, which has no next one": async (store, check) => {
    const add = async (first: number, end: number) => {
      const numbers = Array.from({ length: end - first }, (_, i) => first + i);
      await store.addPredictions(
        MODEL,
        numbers.map((n) => prediction(`p${n}`, { at: START + Math.floor(n / 2) })),
      );
    };
    check.equal(await pages(store, {}), [[]]);
    await add(0, 3);
    check.equal(await pages(store, {}), [["p0", "p1", "p2"]]);
    await add(3, 7);
    check.equal(await pages(store, {}), [["p0", "p1", "p2"], ["p3", "p4", "p5"], ["p6"]]);
  },

  "reads a span up to its end, but not its end": async (store, check) => {
    await store.addPredictions(
      MODEL,
      [0, 1, 2, 3].map((i) => prediction(`p${i}`, { at: START + i })),
    );
    check.equal(await allIds(store, { from: START + 1, to: START + 3 }), ["p1", "p2"]);
    check.equal(await allIds(store, { from: START + 1, to: START + 3, limit: 1 }), ["p1", "p2"]);
    check.equal(await allIds(store, { from: START + 2, to: START + 2 }), []);
    check.equal(await allIds(store, { from: START + 3, to: START }), []);
  },

  "filters by version, segment and label, in any combination": async (store, check) => {
    const made: NewPrediction[] = [];
    for (let i = 0; i < 24; i++) {
      made.push(prediction(`p${i}`, { at: START + Math.floor(i / 5), version: `${i % 2}`, segment: [null, "eu", "us"][i % 3]! }));
    }
    await store.addPredictions(MODEL, made);
    await join(
      store,
      made.filter((_, i) => i % 4 < 2).map(({ id }) => label(id, 1)),
    );
    const everything = await allPredictions(store);
    for (const version of [undefined, "0", "1", "2"]) {
      for (const segment of [undefined, "eu", "us", "null"]) {
        for (const labelled of [undefined, true, false]) {
          const expected = everything.filter(
            (each) =>
              (version === undefined || each.version === version) &&
              (segment === undefined || each.segment === segment) &&
              (labelled === undefined || (each.label !== null) === labelled),
          );
          check.equal(await allPredictions(store, { version, segment, labelled, limit: 2 }), expected);
        }
      }
    }
  },

  "reads on where it was while predictions are added, labelled and removed": async (store, check) => {
    const place = (id: string, at: number) => prediction(id, { at: START + at });
    await store.addPredictions(MODEL, [place("a", 0), place("c", 0), place("e", 0), place("g", 1), place("i", 2)]);
    const first = await store.predictions(MODEL, { ...ALWAYS, limit: 2 });
    check.equal(
      first.predictions.map(({ id }) => id),
      ["a", "c"],
    );
    await store.addPredictions(MODEL, [place("b", 0), place("d", 0), place("0", 1), place("z", -1), place("y", 9)]);
    await join(store, [label("e", 1), label("a", 1)]);
    const second = await store.predictions(MODEL, { ...ALWAYS, limit: 3, cursor: first.next });
    check.equal(
      second.predictions.map(({ id, label: value }) => [id, value]),
      [
        ["d", null],
        ["e", 1],
        ["0", null],
      ],
    );
    // Also the one that the cursor stands at.
    await store.remove(MODEL, { predictionsBefore: START + 2 });
    const third = await store.predictions(MODEL, { ...ALWAYS, limit: 3, cursor: second.next });
    check.equal([third.predictions.map(({ id }) => id), third.next], [["i", "y"], undefined]);
  },

  "takes a cursor under another span and another filter": async (store, check) => {
    await store.addPredictions(
      MODEL,
      [0, 1, 2, 3, 4].map((i) => prediction(`p${i}`, { at: START + i, version: `${i % 2}` })),
    );
    const { next: cursor } = await store.predictions(MODEL, { ...ALWAYS, limit: 2 });
    const found = async (query: Partial<PredictionQuery>) =>
      (await store.predictions(MODEL, { ...ALWAYS, limit: 9, ...query, cursor })).predictions.map(({ id }) => id);
    check.equal(await found({ version: "0" }), ["p2", "p4"]);
    check.equal(await found({ from: START + 3 }), ["p3", "p4"]);
    check.equal(await found({ to: START + 1 }), []);
  },

  "refuses queries that are not as the port says": async (store, check) => {
    await store.addPredictions(MODEL, [prediction("a")]);
    const wrong: readonly Partial<Record<keyof PredictionQuery, unknown>>[] = [
      ...[0, -1, 1.5, 10_001, Number.NaN, "5"].map((limit) => ({ limit })),
      ...[0.5, Number.NaN, Number.NEGATIVE_INFINITY, undefined].flatMap((time) => [{ from: time }, { to: time }]),
      ...noNames.flatMap((name) => [{ version: name }, { segment: name }]),
      ...["", "a", "1", "/a", "1/", "x/a", "1.5/a", "1e3/a", "01/a", "9007199254740993/a", "1/a\0", `1/${"k".repeat(129)}`].map(
        (cursor) => ({ cursor }),
      ),
      { labelled: "yes" },
    ];
    for (const each of wrong) {
      const query = { ...ALWAYS, limit: 10, ...each } as PredictionQuery;
      await check.fails("INPUT_INVALID", () => store.predictions(MODEL, query));
    }
    for (const model of noNames) {
      await check.fails("INPUT_INVALID", () => store.predictions(model, { ...ALWAYS, limit: 10 }));
    }
    check.equal((await store.predictions(MODEL, { ...ALWAYS, limit: 10_000 })).predictions.length, 1);
  },
};

/** Adding and reading predictions. */
export const predictionTests: Readonly<Record<string, SuiteTest<MonitoringStore>>> = { ...addingTests, ...readingTests };
