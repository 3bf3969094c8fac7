import type { BucketQuery, MonitoringStore, StoredBucket } from "../../monitoring/port.ts";
import type { SuiteTest } from "../suite.ts";
import { ALWAYS, allBuckets, bucket, bucketMarks, MODEL, noNames, START, trickyNames } from "./monitoring-drafts.ts";

/** Bytes of every value. */
const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);

/** Storing and reading buckets. */
export const bucketTests: Readonly<Record<string, SuiteTest<MonitoringStore>>> = {
  "answers buckets as they were put, to the byte": async (store, check) => {
    const large = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251);
    const contents = [new Uint8Array(), everyByte, new Uint8Array(2000).fill(0xff), new Uint8Array([0]), large];
    const put = contents.map((content, i) => bucket({ at: START + i, content }));
    await store.putBuckets(MODEL, put);
    check.equal(await allBuckets(store), put);
  },

  "takes views of larger memory, and answers plain bytes": async (store, check) => {
    await store.putBuckets(MODEL, [bucket({ content: everyByte.subarray(10, 20) })]);
    const [found] = await allBuckets(store);
    check.equal(found?.content, everyByte.slice(10, 20));
    check.equal(Object.getPrototypeOf(found?.content) === Uint8Array.prototype, true);
  },

  "copies what it is given, and answers copies": async (store, check) => {
    const content = new Uint8Array([1, 2]);
    const putting = store.putBuckets(MODEL, [bucket({ content })]);
    content[0] = 9;
    await putting;
    const [found] = await allBuckets(store);
    check.equal(found?.content, new Uint8Array([1, 2]));
    found!.content[0] = 9;
    check.equal((await allBuckets(store))[0]?.content, new Uint8Array([1, 2]));
  },

  "lets a bucket take the place of the one of its series, time and writer": async (store, check) => {
    await store.putBuckets(MODEL, [
      bucket({}, 1),
      bucket({ writer: "w2" }, 2),
      bucket({ series: "8" }, 3),
      bucket({ at: START + 1 }, 4),
    ]);
    await store.putBuckets(MODEL, [bucket({ content: everyByte.subarray(5) }), bucket({ at: START + 1 }, 6)]);
    check.equal(await bucketMarks(store), ["0 7 w1: 5", "0 7 w2: 2", "0 8 w1: 3", "1 7 w1: 6"]);
    check.equal((await allBuckets(store))[0]?.content.length, 251);
  },

  "keeps the last of a bucket that comes twice in one call": async (store, check) => {
    await store.putBuckets(MODEL, [bucket({}, 1), bucket({ writer: "w2" }, 2), bucket({}, 3)]);
    check.equal(await bucketMarks(store), ["0 7 w1: 3", "0 7 w2: 2"]);
  },

  "reads in the order of times, series and writers": async (store, check) => {
    const names = ["a", "B", "b", "10", "2", "é", "\u{ffff}", "\u{10000}"];
    const sorted = ["10", "2", "B", "a", "b", "é", "\u{ffff}", "\u{10000}"];
    const put = [3, -1, 0].flatMap((at) =>
      names.flatMap((series) => names.map((writer) => bucket({ at: START + at, series, writer }))),
    );
    await store.putBuckets(MODEL, put);
    const expected = [-1, 0, 3].flatMap((at) =>
      sorted.flatMap((series) => sorted.map((writer) => `${at} ${series} ${writer}: 1`)),
    );
    check.equal(await bucketMarks(store), expected);
  },

  "reads a span up to its end, but not its end, and one series by itself": async (store, check) => {
    const times = [0, 1, 2, 3].flatMap((at) => ["7", "8"].map((series) => bucket({ at: START + at, series }, at)));
    await store.putBuckets(MODEL, times);
    check.equal(await bucketMarks(store, { from: START + 1, to: START + 3, series: "8" }), ["1 8 w1: 1", "2 8 w1: 2"]);
    check.equal((await allBuckets(store, { from: START + 1, to: START + 3 })).length, 4);
    check.equal(await allBuckets(store, { series: "nothing" }), []);
    check.equal(await allBuckets(store, { from: START + 2, to: START + 2 }), []);
    check.equal(await allBuckets(store, { from: START + 3, to: START }), []);
  },

  "reads hundreds of buckets, each once, of one time as well as of many": async (store, check) => {
    const many = (count: number, of: (i: number) => Partial<StoredBucket>) =>
      Array.from({ length: count }, (_, i) => bucket({ at: START + Math.floor(i / 700), ...of(i) }));
    const put = many(1500, (i) => ({ series: `s${Math.floor((i % 700) / 300)}`, writer: `w${i % 300}` }));
    await store.putBuckets(MODEL, put);
    const found = await bucketMarks(store);
    check.equal([found.length, new Set(found).size], [put.length, put.length]);
    check.equal((await allBuckets(store, { series: "s1" })).length, put.filter(({ series }) => series === "s1").length);
  },

  "keeps the buckets of writers that write at once": async (store, check) => {
    const writers = Array.from({ length: 6 }, async (_, w) => {
      for (let round = 1; round <= 3; round++) {
        const own = [0, 1, 2].map((at) => bucket({ at: START + at, writer: `w${w}` }, round));
        await store.putBuckets(MODEL, w % 2 === 0 ? own : own.toReversed());
      }
    });
    await Promise.all(writers);
    check.equal(
      await bucketMarks(store),
      [0, 1, 2].flatMap((at) => [0, 1, 2, 3, 4, 5].map((w) => `${at} 7 w${w}: 3`)),
    );
  },

  "tells series, writers and models apart that look alike": async (store, check) => {
    const writers = trickyNames.filter((name) => name.length <= 64);
    await store.putBuckets(MODEL, [
      ...trickyNames.map((series, i) => bucket({ series }, i)),
      ...writers.map((writer, i) => bucket({ at: START + 1, writer }, i)),
    ]);
    for (const [i, series] of trickyNames.entries()) {
      const own = (await allBuckets(store, { series, to: START + 1 })).map(({ content }) => content[0]);
      check.equal([series, own], [series, [i]]);
    }
    const found = await allBuckets(store, { from: START + 1 });
    check.equal(found.map(({ writer }) => writer).sort(), [...writers].sort());
    for (const model of trickyNames) await store.putBuckets(model, [bucket({ series: model })]);
    for (const model of trickyNames) {
      check.equal(
        (await allBuckets(store, {}, model)).map(({ series }) => series),
        [model],
      );
    }
  },

  "puts nothing of a batch with something that is refused": async (store, check) => {
    await store.putBuckets(MODEL, []);
    const wrong: readonly StoredBucket[] = [
      ...noNames.flatMap((name) => [bucket({ series: name }), bucket({ writer: name })]),
      bucket({ writer: "w".repeat(65) }),
      ...[Number.NaN, 0.5, 2 ** 53].map((at) => bucket({ at })),
      ...[null, "text", [1], new Uint16Array(1), new ArrayBuffer(1)].map((content) => bucket({ content: content as never })),
    ];
    for (const each of wrong) {
      await check.fails("INPUT_INVALID", () => store.putBuckets(MODEL, [bucket({ series: "good" }), each]));
      await check.fails("INPUT_INVALID", () => store.putBuckets(MODEL, [each, bucket({ series: "good" })]));
    }
    for (const model of noNames) await check.fails("INPUT_INVALID", () => store.putBuckets(model, [bucket()]));
    check.equal(await allBuckets(store), []);
  },

  "refuses queries of buckets that are not as the port says": async (store, check) => {
    const wrong: readonly Partial<Record<keyof BucketQuery, unknown>>[] = [
      ...[0.5, Number.NaN, undefined].flatMap((time) => [{ from: time }, { to: time }]),
      ...noNames.map((series) => ({ series })),
    ];
    for (const each of wrong) {
      await check.fails("INPUT_INVALID", () => allBuckets(store, each as Partial<BucketQuery>));
    }
    for (const model of noNames) await check.fails("INPUT_INVALID", () => allBuckets(store, {}, model));
  },

  "can be written to and left while it is read": async (store, check) => {
    await store.putBuckets(
      MODEL,
      [0, 1, 2].map((at) => bucket({ at: START + at })),
    );
    const seen: number[] = [];
    for await (const { at } of store.buckets(MODEL, ALWAYS)) {
      seen.push(at - START);
      await store.putBuckets(MODEL, [bucket({ at }, 9)]);
      if (seen.length === 2) break;
    }
    check.equal(seen, [0, 1]);
    check.equal(await bucketMarks(store), ["0 7 w1: 9", "1 7 w1: 9", "2 7 w1: 1"]);
  },
};
