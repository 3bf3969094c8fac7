import type { CallOptions } from "../../core/call.ts";
import { ModelwrightError } from "../../core/errors.ts";
import type { KeyValueStore } from "../../storage/port.ts";
import { type SuiteOptions, type SuiteTest, suite, type TestKit } from "../suite.ts";

/**
 * Defines the tests that every {@link KeyValueStore} must pass.
 *
 * @param open - a fresh and empty store for each test, which disposes it
 * @example
 * ```ts
 * import { describe, it } from "node:test";
 * import { memoryKeyValues } from "modelwright";
 * import { keyValueStoreConformance } from "modelwright/testing";
 *
 * keyValueStoreConformance({ describe, it }, () => memoryKeyValues());
 * ```
 */
export function keyValueStoreConformance(
  kit: TestKit,
  open: () => Promise<KeyValueStore> | KeyValueStore,
  options?: SuiteOptions,
): void {
  suite(kit, "KeyValueStore key-value/1", open, options, tests);
}

const one = new Uint8Array([1]);
const two = new Uint8Array([2]);

/** What a pattern language, a range of strings or a case-blind comparison would confuse. */
const tricky = [
  "a%",
  "a%b",
  "a*",
  "a?",
  "a[b]",
  "a\\",
  "a\\b",
  "a_",
  "a_b",
  "ab",
  "abc",
  "A%b",
  "A_b",
  "a",
  "a'b",
  'a"b',
  "a b",
  "a\u{d7ff}x",
  "a\u{10ffff}x",
];

const tests: Readonly<Record<string, SuiteTest<KeyValueStore>>> = {
  "says what it is": async (store, check) => {
    check.equal(store.spec, "key-value/1");
    check.equal(store.name.length > 0, true);
    check.equal(typeof store.capabilities.durable, "boolean");
  },

  "answers a value with its key and revision": async (store, check) => {
    const revision = await store.set("k", new Uint8Array([0, 127, 128, 255]));
    check.equal(revision >= 1 && Number.isSafeInteger(revision), true);
    check.equal(await store.get("k"), { key: "k", value: new Uint8Array([0, 127, 128, 255]), revision });
  },

  "answers undefined where nothing is stored": async (store, check) => {
    check.equal(await store.get("k"), undefined);
  },

  "replaces a value under a greater revision": async (store, check) => {
    const revisions = [];
    for (const value of [one, two, two, one]) revisions.push(await store.set("k", value));
    check.equal(
      revisions,
      [...new Set(revisions)].sort((a, b) => a - b),
    );
    check.equal(await store.get("k"), { key: "k", value: one, revision: revisions.at(-1) });
  },

  "keeps an empty value apart from no value": async (store, check) => {
    const revision = await store.set("k", new Uint8Array());
    check.equal(await store.get("k"), { key: "k", value: new Uint8Array(), revision });
    check.equal(await all(store, ""), ["k"]);
  },

  "stores only the part of a buffer that a view shows": async (store, check) => {
    await store.set("k", new Uint8Array([1, 2, 3, 4]).subarray(1, 3));
    check.equal((await store.get("k"))?.value, new Uint8Array([2, 3]));
  },

  "is not changed by changing the array that was set": async (store, check) => {
    const value = new Uint8Array([1, 2]);
    const setting = store.set("k", value);
    value.fill(9);
    await setting;
    check.equal((await store.get("k"))?.value, new Uint8Array([1, 2]));
  },

  "is not changed by changing what get and list have answered": async (store, check) => {
    await store.set("k", one);
    (await store.get("k"))?.value.fill(9);
    for await (const { value } of store.list("")) value.fill(9);
    check.equal((await store.get("k"))?.value, one);
  },

  "keeps a value of a megabyte": async (store, check) => {
    const value = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 251);
    await store.set("k", value);
    const got = (await store.get("k"))?.value;
    check.equal(got?.length === value.length && got.every((byte, i) => byte === value[i]), true);
  },

  "removes a value once": async (store, check) => {
    await store.set("k", one);
    await store.set("other", two);
    check.equal([await store.delete("k"), await store.delete("k")], [true, false]);
    check.equal([await store.get("k"), (await store.get("other"))?.value], [undefined, two]);
  },

  "does not use a revision again after a delete": async (store, check) => {
    let last = 0;
    for (let i = 0; i < 3; i++) {
      const revisions = [await store.set("k", one), await store.set("k", two)];
      check.equal(revisions[0]! > last && revisions[1]! > revisions[0]!, true);
      last = revisions[1]!;
      await store.delete("k");
    }
    await check.fails("STORE_CONFLICT", () => store.set("k", one, { ifRevision: last }));
  },

  "sets a new key when nothing may be stored": async (store, check) => {
    const revision = await store.set("k", one, { ifRevision: 0 });
    check.equal(await store.get("k"), { key: "k", value: one, revision });
  },

  "refuses a new key that is taken": async (store, check) => {
    const revision = await store.set("k", one);
    const error = await check.fails("STORE_CONFLICT", () => store.set("k", two, { ifRevision: 0 }));
    check.equal(error.details, { store: store.name, key: "k" });
    check.equal(await store.get("k"), { key: "k", value: one, revision });
  },

  "takes a key as new again after it was removed": async (store, check) => {
    await store.set("k", one);
    await store.delete("k");
    const revision = await store.set("k", two, { ifRevision: 0 });
    check.equal(await store.get("k"), { key: "k", value: two, revision });
  },

  "replaces the revision that is stored": async (store, check) => {
    const first = await store.set("k", one);
    const second = await store.set("k", two, { ifRevision: first });
    check.equal(second > first, true);
    check.equal(await store.get("k"), { key: "k", value: two, revision: second });
  },

  "leaves the value when the stored revision is another": async (store, check) => {
    const first = await store.set("k", one);
    const second = await store.set("k", two);
    for (const ifRevision of [first, second + 1]) await check.fails("STORE_CONFLICT", () => store.set("k", one, { ifRevision }));
    check.equal(await store.get("k"), { key: "k", value: two, revision: second });
  },

  "refuses a revision of a key that is not stored": async (store, check) => {
    await check.fails("STORE_CONFLICT", () => store.set("k", one, { ifRevision: 1 }));
    await check.fails("STORE_CONFLICT", () => store.delete("k", { ifRevision: 1 }));
    check.equal(await store.get("k"), undefined);
  },

  "removes only the revision that is asked for": async (store, check) => {
    const first = await store.set("k", one);
    const second = await store.set("k", two);
    for (const ifRevision of [first, 0]) await check.fails("STORE_CONFLICT", () => store.delete("k", { ifRevision }));
    check.equal((await store.get("k"))?.value, two);
    check.equal(await store.delete("k", { ifRevision: second }), true);
    check.equal(await store.delete("k", { ifRevision: 0 }), false);
  },

  "lets exactly one of 20 writers at once replace a revision": async (store, check) => {
    const ifRevision = await store.set("k", one);
    const writers = Array.from({ length: 20 }, (_, i) =>
      store.set("k", new Uint8Array([100 + i]), { ifRevision }).then(
        (revision) => ({ value: new Uint8Array([100 + i]), revision }),
        (error: unknown) => {
          if (!ModelwrightError.is(error, "STORE_CONFLICT")) throw error;
          return undefined;
        },
      ),
    );
    const winners = (await Promise.all(writers)).filter((winner) => winner !== undefined);
    check.equal(winners.length, 1);
    check.equal(await store.get("k"), { key: "k", ...winners[0] });
  },

  "lets exactly one of 20 callers at once take a new key and remove it": async (store, check) => {
    const settled = (work: () => Promise<unknown>) => Promise.allSettled(Array.from({ length: 20 }, work));
    const set = await settled(() => store.set("k", one, { ifRevision: 0 }));
    check.equal(set.filter(({ status }) => status === "fulfilled").length, 1);
    const removed = await settled(() => store.delete("k"));
    check.equal(removed.filter((result) => result.status === "fulfilled" && result.value === true).length, 1);
  },

  "gives writers of one key at once different revisions": async (store, check) => {
    const revisions = await Promise.all(Array.from({ length: 20 }, () => store.set("k", one)));
    check.equal(new Set(revisions).size, 20);
    check.equal((await store.get("k"))?.revision, Math.max(...revisions));
  },

  "loses no count of callers that read, compare and set at once": async (store, check) => {
    await store.set("count", new Uint8Array([0]));
    const increment = async (): Promise<void> => {
      for (;;) {
        const { value, revision } = (await store.get("count"))!;
        try {
          await store.set("count", new Uint8Array([value[0]! + 1]), { ifRevision: revision });
          return;
        } catch (error) {
          if (!ModelwrightError.is(error, "STORE_CONFLICT")) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: 10 }, increment));
    check.equal((await store.get("count"))?.value, new Uint8Array([10]));
  },

  "keeps keys apart that differ by case, form, length or space": async (store, check) => {
    const keys = [
      "é",
      "e\u0301",
      "E",
      "e",
      "e ",
      " e",
      "ß",
      "ss",
      "😀",
      "/e",
      "//e",
      "k".repeat(1_000),
      "k".repeat(999),
      "0",
      "00",
    ];
    for (const [i, key] of keys.entries()) await store.set(key, new Uint8Array([i]));
    for (const [i, key] of keys.entries()) check.equal([key, (await store.get(key))?.value], [key, new Uint8Array([i])]);
    check.equal((await all(store, "")).length, keys.length);
  },

  "lists keys in the order of their UTF-8 bytes, not of their UTF-16 units": async (store, check) => {
    const ordered = [
      "",
      "-",
      "0",
      "10",
      "9",
      "A",
      "Z",
      "a",
      "a ",
      "aa",
      "b",
      "é",
      "\u{d7ff}",
      "\u{e000}",
      "\u{fffd}",
      "\u{10000}",
      "😀",
    ];
    const keys = ordered.map((key) => `k${key}`);
    for (const key of [...keys].reverse()) await store.set(key, one);
    check.equal(await all(store, "k"), keys);
  },

  "lists entries whole, as get answers them": async (store, check) => {
    await store.set("k1", one);
    await store.set("k2", two);
    await store.set("k2", new Uint8Array());
    const entries = [];
    for await (const entry of store.list("k")) entries.push(entry);
    check.equal(entries, [await store.get("k1"), await store.get("k2")]);
  },

  "takes every character of a prefix as it is": async (store, check) => {
    for (const key of tricky) await store.set(key, one);
    for (const prefix of [...tricky, "", "A", "a\u{d7ff}", "a\u{10ffff}", "b", "a%bc"]) {
      const expected = tricky.filter((key) => key.startsWith(prefix));
      check.equal([prefix, [...(await all(store, prefix))].sort()], [prefix, expected.sort()]);
    }
  },

  "refuses a key that has no UTF-8 form on every verb": async (store, check) => {
    await store.set("k", one);
    for (const verb of verbs(store, {}, "k\ud800")) await check.fails("INPUT_INVALID", verb);
    check.equal(await all(store, ""), ["k"]);
  },

  "lists nothing when nothing is stored": async (store, check) => {
    check.equal(await all(store, ""), []);
  },

  "lists hundreds of entries, each once": async (store, check) => {
    const keys = Array.from({ length: 300 }, (_, i) => `k${String(i).padStart(3, "0")}`);
    for (const key of keys) await store.set(key, one);
    check.equal(await all(store, "k"), keys);
    check.equal((await all(store, "k1")).length, 100);
  },

  "can be written to and left while it is listed": async (store, check) => {
    for (const key of ["a", "b", "c"]) await store.set(key, one);
    const seen: string[] = [];
    for await (const { key } of store.list("")) {
      seen.push(key);
      await store.set(key, two);
      await store.delete("c");
      if (key === "b") break;
    }
    check.equal(seen, ["a", "b"]);
    check.equal(await all(store, ""), ["a", "b"]);
  },

  "rejects with the reason of a signal that has aborted already": async (store, check) => {
    const revision = await store.set("k", one);
    const reason = new Error("not needed any more");
    for (const verb of verbs(store, { signal: AbortSignal.abort(reason) })) await check.failsWith(reason, verb);
    check.equal(await store.get("k"), { key: "k", value: one, revision });
  },

  "is closed by disposal, as often as it is called": async (store, check) => {
    await store.set("k", one);
    await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
    await store[Symbol.asyncDispose]();
    for (const verb of verbs(store)) await check.fails("CLOSED", verb);
  },

  "lets running calls finish before it is closed": async (store, check) => {
    const setting = Promise.all(Array.from({ length: 5 }, (_, i) => store.set(`k${i}`, one)));
    const closing = store[Symbol.asyncDispose]();
    check.equal(
      (await setting).every((revision) => revision >= 1),
      true,
    );
    await closing;
  },
};

function verbs(store: KeyValueStore, call?: CallOptions, key = "k"): readonly (() => Promise<unknown>)[] {
  return [
    () => store.get(key, call),
    () => store.set(key, two, call),
    () => store.delete(key, call),
    () => all(store, key, call),
  ];
}

async function all(store: KeyValueStore, prefix: string, call?: CallOptions): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, call)) keys.push(key);
  return keys;
}
