import type { JsonValue } from "../../core/json.ts";
import type { OnlineKey, OnlineRow, OnlineStore } from "../../features/port.ts";
import { type SuiteOptions, type SuiteTest, suite, type TestKit } from "../suite.ts";

type Times = readonly [eventAtUs: number, createdAtUs: number];

function row(key: string, [eventAtUs, createdAtUs]: Times, mark: JsonValue, view = "spend"): OnlineRow {
  return { view, key, eventAtUs, createdAtUs, values: { mark } };
}

function at(key: string, view = "spend"): OnlineKey {
  return { view, key };
}

async function mark(store: OnlineStore, key: string, view?: string): Promise<unknown> {
  const [found] = await store.readMany([at(key, view)]);
  return found?.values["mark"];
}

/** Every order of the items. */
function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, i) => permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]));
}

/** Keys that are easily taken for one another: by length, case, normal form, separators, wildcards, JSON or prototypes. */
const confusable = [
  "a",
  "aa",
  "A",
  "a ",
  " a",
  "a:b",
  "a/b",
  "a|b",
  "a%",
  "a_",
  "a'b",
  'a"b',
  "a\\b",
  "a\nb",
  "1",
  "01",
  "1.0",
  "null",
  "[]",
  "é",
  "e\u0301",
  "ｅ",
  "ß",
  "ss",
  "模型",
  "🚀",
  "\ufeffa",
  "\u200ba",
  "__proto__",
  "constructor",
  "k".repeat(1000),
  "k".repeat(1001),
];

const newest: Times = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1];

const tests: Readonly<Record<string, SuiteTest<OnlineStore>>> = {
  "states its contract and its name": async (store, check) => {
    check.equal(store.spec, "online/1");
    check.equal(typeof store.name, "string");
  },

  "answers a row as it was written": async (store, check) => {
    const values = {
      amount: 0.1 + 0.2,
      count: Number.MAX_SAFE_INTEGER,
      name: "naïve 模型 🚀 \u0000 'quoted' \"double\" \ud800",
      none: null,
      flag: true,
      list: [1, [2, { deep: "yes" }]],
      "": "empty name",
    };
    const written = { view: "spend", key: "u1", eventAtUs: newest[0], createdAtUs: newest[1], values };
    await store.writeMany([written]);
    check.equal(await store.readMany([at("u1")]), [written]);
  },

  "keeps times before the epoch and rows without values": async (store, check) => {
    const written = { view: "spend", key: "u1", eventAtUs: -5, createdAtUs: -3, values: {} };
    await store.writeMany([written]);
    check.equal(await store.readMany([at("u1")]), [written]);
  },

  "keeps a value named __proto__ as data": async (store, check) => {
    const values = Object.fromEntries([["__proto__", { polluted: true }]]);
    await store.writeMany([{ ...row("u1", [1, 1], null), values }]);
    const [found] = await store.readMany([at("u1")]);
    check.equal(Object.entries(found?.values ?? {}), [["__proto__", { polluted: true }]]);
    check.equal(({} as { polluted?: boolean }).polluted, undefined);
  },

  "copies a row": async (store, check) => {
    const values: Record<string, JsonValue> = { mark: "kept" };
    await store.writeMany([{ ...row("u1", [1, 1], null), values }]);
    values["mark"] = "changed";
    check.equal(await mark(store, "u1"), "kept");
  },

  "answers in the order of the keys, with undefined for what is missing": async (store, check) => {
    await store.writeMany([row("a", [1, 1], "A"), row("b", [1, 1], "B")]);
    const rows = await store.readMany([at("x"), at("b"), at("a"), at("b"), at("a", "other"), at("y")]);
    check.equal(
      rows.map((each) => each?.values["mark"]),
      [undefined, "B", "A", "B", undefined, undefined],
    );
  },

  "takes empty lists": async (store, check) => {
    await store.writeMany([]);
    await store.deleteMany([]);
    check.equal(await store.readMany([]), []);
  },

  "keeps one key of two views apart": async (store, check) => {
    await store.writeMany([row("u1", [5, 5], "spend"), row("u1", [1, 1], "visits", "visits")]);
    check.equal(await mark(store, "u1"), "spend");
    check.equal(await mark(store, "u1", "visits"), "visits");
    await store.deleteMany([at("u1")]);
    check.equal(await mark(store, "u1", "visits"), "visits");
  },

  "does not confuse where a view ends and a key begins": async (store, check) => {
    await store.writeMany([row("bc", [1, 1], 1, "a"), row("c", [1, 1], 2, "ab")]);
    check.equal([await mark(store, "bc", "a"), await mark(store, "c", "ab")], [1, 2]);
  },

  "tells confusable keys apart": async (store, check) => {
    await store.writeMany(confusable.map((key) => row(key, [1, 1], `mark ${key}`)));
    const rows = await store.readMany(confusable.map((key) => at(key)));
    check.equal(
      rows.map((each) => each?.key),
      confusable,
    );
    check.equal(
      rows.map((each) => each?.values["mark"]),
      confusable.map((key) => `mark ${key}`),
    );
  },

  "keeps the row of the later event, whatever the order of calls": async (store, check) => {
    const rows = [row("", [1, 9], "oldest"), row("", [2, 1], "middle"), row("", [3, 0], "newest")];
    for (const [i, order] of permutations(rows).entries()) {
      for (const each of order) await store.writeMany([{ ...each, key: `k${i}` }]);
      check.equal(await mark(store, `k${i}`), "newest");
    }
  },

  "keeps the row that was made later of rows of one event": async (store, check) => {
    const rows = [row("", [7, 1], "first"), row("", [7, 2], "correction"), row("", [6, 9], "earlier event")];
    for (const [i, order] of permutations(rows).entries()) {
      for (const each of order) await store.writeMany([{ ...each, key: `k${i}` }]);
      check.equal(await mark(store, `k${i}`), "correction");
    }
  },

  "keeps the row that is written later of rows equal in both times": async (store, check) => {
    await store.writeMany([row("u1", [7, 7], "first")]);
    await store.writeMany([row("u1", [7, 7], "second")]);
    check.equal(await mark(store, "u1"), "second");
  },

  "compares times beyond 2^32 exactly": async (store, check) => {
    const now = 1_700_000_000_000_000;
    await store.writeMany([row("u1", [now + 1, 0], "later")]);
    await store.writeMany([row("u1", [now, 0], "earlier")]);
    check.equal(await mark(store, "u1"), "later");
  },

  "settles rows of one key within a batch as if they came one by one": async (store, check) => {
    const rows = [row("", [7, 1], "a"), row("", [7, 2], "b"), row("", [7, 2], "c"), row("", [1, 9], "d")];
    for (const [i, order] of permutations(rows).entries()) {
      await store.writeMany(order.map((each) => ({ ...each, key: `k${i}` })));
      const last = order.findLast(({ createdAtUs }) => createdAtUs === 2);
      check.equal(await mark(store, `k${i}`), last?.values["mark"]);
    }
  },

  "writes, reads and deletes batches of any size": async (store, check) => {
    for (const size of [1, 2, 3, 127, 128, 129, 1000]) {
      const keys = Array.from({ length: size }, (_, i) => `s${size}-${i}`);
      await store.writeMany(keys.map((key, i) => row(key, [1, 1], i)));
      const rows = await store.readMany(keys.map((key) => at(key)));
      check.equal(
        rows.map((each) => each?.values["mark"]),
        keys.map((_, i) => i),
      );
      await store.deleteMany(keys.slice(1).map((key) => at(key)));
      const left = await store.readMany(keys.map((key) => at(key)));
      check.equal(left.filter((each) => each !== undefined).length, 1);
    }
  },

  "takes an older row again after a delete": async (store, check) => {
    await store.writeMany([row("u1", [9, 9], "new")]);
    await store.deleteMany([at("u1"), at("missing"), at("u1")]);
    check.equal(await mark(store, "u1"), undefined);
    await store.writeMany([row("u1", [1, 1], "old")]);
    check.equal(await mark(store, "u1"), "old");
  },

  "writes nothing when one row of a batch is invalid": async (store, check) => {
    const good = row("good", [1, 1], "written");
    const bad: readonly OnlineRow[] = [
      row("", [1, 1], "no key"),
      row("u1", [1, 1], "no view", ""),
      row("a\0b", [1, 1], "NUL"),
      row("a\ud800", [1, 1], "half a character"),
      row("u1", [1, 1], "NUL", "a\0b"),
      row("u1", [1.5, 1], "half a microsecond"),
      row("u1", [1, Number.NaN], "no time"),
      row("u1", [2 ** 60, 1], "beyond exact numbers"),
      row("u1", [1, 1], Number.NaN),
      row("u1", [1, 1], 5n as unknown as JsonValue),
      row("u1", [1, 1], { nested: [undefined as unknown as JsonValue] }),
    ];
    for (const each of bad) {
      await check.fails("INPUT_INVALID", () => store.writeMany([good, each]));
      await check.fails("INPUT_INVALID", () => store.writeMany([each, good]));
    }
    check.equal(await store.readMany([at("good"), at("u1")]), [undefined, undefined]);
  },

  "keeps the newest row under concurrent writers": async (store, check) => {
    const times = Array.from({ length: 20 }, (_, i) => (i * 7) % 20);
    await Promise.all(times.map((time) => store.writeMany([row("u1", [time, 0], time), row(`k${time}`, [1, 1], time)])));
    check.equal(await mark(store, "u1"), 19);
    check.equal(
      (await store.readMany(times.map((time) => at(`k${time}`)))).filter((each) => each === undefined),
      [],
    );
  },

  "rejects with the signal's reason and changes nothing when aborted before": async (store, check) => {
    await store.writeMany([row("u1", [1, 1], "kept")]);
    const signal = AbortSignal.abort(new RangeError("stop"));
    for (const call of [
      () => store.readMany([at("u1")], { signal }),
      () => store.writeMany([row("u1", [2, 2], "lost")], { signal }),
      () => store.deleteMany([at("u1")], { signal }),
    ]) {
      const error = await (call() as Promise<unknown>).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      check.equal(error === signal.reason, true);
    }
    check.equal(await mark(store, "u1"), "kept");
  },

  "answers CLOSED after it was disposed, and may be disposed twice": async (store, check) => {
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await check.fails("CLOSED", () => store.readMany([at("u1")]));
    await check.fails("CLOSED", () => store.writeMany([row("u1", [1, 1], 1)]));
    await check.fails("CLOSED", () => store.deleteMany([at("u1")]));
  },
};

/**
 * The contract of `online/1` as tests: run it over an {@link OnlineStore} of your own.
 *
 * @param open - a fresh, empty store; each test gets its own and disposes it
 *
 * @example
 * ```ts
 * import { describe, it } from "node:test";
 * import { memoryOnline } from "modelwright";
 * import { onlineStoreConformance } from "modelwright/testing";
 *
 * onlineStoreConformance({ describe, it }, () => memoryOnline());
 * ```
 */
export function onlineStoreConformance(
  kit: TestKit,
  open: () => Promise<OnlineStore> | OnlineStore,
  options?: SuiteOptions,
): void {
  suite(kit, "OnlineStore online/1", open, options, tests);
}
