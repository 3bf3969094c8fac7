import type { CallOptions } from "../../core/call.ts";
import { type Digest, sha256 } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { nextTurn } from "../../core/next-turn.ts";
import type { BlobStore } from "../../storage/port.ts";
import { type Check, type SuiteOptions, type SuiteTest, suite, type TestKit } from "../suite.ts";
import { all, collect, failingAfter, hello, noise, same, silentAfter, sorted, streamOf, verbs } from "./blob-contents.ts";

/**
 * Defines the tests that every {@link BlobStore} must pass.
 *
 * @param open - a fresh and empty store for each test, which disposes it
 * @example
 * ```ts
 * import { describe, it } from "node:test";
 * import { memoryBlobs } from "modelwright";
 * import { blobStoreConformance } from "modelwright/testing";
 *
 * blobStoreConformance({ describe, it }, () => memoryBlobs());
 * ```
 */
export function blobStoreConformance(
  kit: TestKit,
  open: () => Promise<BlobStore> | BlobStore,
  options: BlobStoreSuiteOptions = {},
): void {
  const { damage, skip = [] } = options;
  const damaged = Object.fromEntries(
    Object.entries(damageTests).map(([name, test]) => [name, (store: BlobStore, check: Check) => test(store, check, damage!)]),
  );
  const untold = Object.keys(damageTests).map((test) => ({ test, reason: "the suite was not told how to damage a blob" }));
  const skipped = damage === undefined ? [...untold, ...skip] : skip;
  suite(kit, "BlobStore blob/1", open, { skip: skipped }, { ...tests, ...damaged });
}

/** How to run the suite of {@link BlobStore}. */
export interface BlobStoreSuiteOptions extends SuiteOptions {
  /**
   * Puts other bytes, one at least, in place of a stored blob, behind the back of the store. Without it the tests of damage are
   * skipped.
   */
  readonly damage?: Damage | undefined;
}

type Damage = (store: BlobStore, digest: Digest) => Promise<unknown>;

const absent: Digest = `sha256:${"0".repeat(64)}`;

/** What might come from outside where a digest is expected. */
const hostile = [
  "sha256:../../etc/passwd",
  `sha256:../${"0".repeat(61)}`,
  `sha256:${"A".repeat(64)}`,
  `sha256:${"0".repeat(63)}`,
  `sha256:${"0".repeat(65)}`,
  `sha256:${"0".repeat(64)}\n`,
  `md5:${"0".repeat(64)}`,
  "0".repeat(64),
  "",
] as Digest[];

const tests: Readonly<Record<string, SuiteTest<BlobStore>>> = {
  "says what it is": async (store, check) => {
    check.equal(store.spec, "blob/1");
    check.equal(store.name.length > 0, true);
    check.equal(
      Object.values(store.capabilities).map((value) => typeof value),
      ["boolean", "boolean"],
    );
  },

  "stores bytes under their SHA-256 digest": async (store, check) => {
    const digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    check.equal(await store.put(hello), { digest, sizeBytes: 5 });
    check.equal(await store.get(digest), hello);
  },

  "stores an empty blob, given at once and as a stream without chunks": async (store, check) => {
    const digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    check.equal(await store.put(new Uint8Array()), { digest, sizeBytes: 0 });
    check.equal(await store.put(streamOf()), { digest, sizeBytes: 0 });
    check.equal(await store.get(digest), new Uint8Array());
    check.equal(await collect(store.stream(digest)), new Uint8Array());
    check.equal(await store.stat(digest), { digest, sizeBytes: 0 });
  },

  "stores one byte": async (store, check) => {
    const { digest, sizeBytes } = await store.put(new Uint8Array([255]));
    check.equal([sizeBytes, await store.get(digest)], [1, new Uint8Array([255])]);
  },

  "stores only the part of a buffer that a view shows": async (store, check) => {
    const { digest } = await store.put(new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4));
    check.equal(await store.get(digest), new Uint8Array([2, 3, 4]));
  },

  "stores megabytes that come in chunks of odd sizes": async (store, check) => {
    const bytes = noise(5_000_003);
    const chunks: Uint8Array[] = [];
    for (let at = 0, size = 0; at < bytes.length; at += size, size = (size * 3 + 1) % 700_001)
      chunks.push(bytes.subarray(at, at + size));
    const expected = await sha256(bytes);
    check.equal(await store.put(streamOf(...chunks), { expected }), { digest: expected, sizeBytes: bytes.length });
    check.equal(same(await store.get(expected), bytes), true);
    check.equal(same(await collect(store.stream(expected)), bytes), true);
  },

  "stores megabytes that come at once": async (store, check) => {
    const bytes = noise(3_000_001);
    const { digest } = await store.put(bytes);
    check.equal(same(await collect(store.stream(digest)), bytes), true);
  },

  "copies chunks whose array the producer uses again": async (store, check) => {
    const buffer = new Uint8Array(4);
    async function* reusing(): AsyncGenerator<Uint8Array, void> {
      for (const value of [1, 2, 3]) {
        yield buffer.fill(value);
        buffer.fill(0);
      }
    }
    const { digest } = await store.put(reusing());
    check.equal(await store.get(digest), new Uint8Array([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]));
  },

  "is not changed by changing the array that was put": async (store, check) => {
    const bytes = new Uint8Array([1, 2, 3]);
    const { digest } = await store.put(bytes);
    bytes.fill(9);
    check.equal(await store.get(digest), new Uint8Array([1, 2, 3]));
  },

  "is not changed by changing what get and stream have answered": async (store, check) => {
    const { digest } = await store.put(hello);
    (await store.get(digest)).fill(0);
    for await (const chunk of store.stream(digest)) chunk.fill(0);
    check.equal(await store.get(digest), hello);
    check.equal(await collect(store.stream(digest)), hello);
  },

  "keeps one blob for content that is put twice": async (store, check) => {
    const first = await store.put(hello);
    check.equal(await store.put(streamOf(hello)), first);
    check.equal(await all(store.list()), [first]);
  },

  "keeps nothing of content that has not the expected digest": async (store, check) => {
    const error = await check.fails("STORE_CORRUPT", () => store.put(streamOf(hello), { expected: absent }));
    check.equal(error.details, { store: store.name, key: absent, actual: await sha256(hello) });
    check.equal(await all(store.list()), []);
  },

  "keeps a stored blob when the same content is put with another expected digest": async (store, check) => {
    const { digest } = await store.put(hello);
    await check.fails("STORE_CORRUPT", () => store.put(hello, { expected: absent }));
    check.equal(await store.get(digest), hello);
  },

  "asks for the first chunk within the call": async (store, check) => {
    const silent = silentAfter(hello);
    let asked = 0;
    const iterator = silent.content[Symbol.asyncIterator]();
    const next = () => {
      asked += 1;
      return iterator.next();
    };
    const putting = store.put({ [Symbol.asyncIterator]: () => ({ next }) });
    check.equal(asked, 1);
    silent.finish();
    check.equal((await putting).sizeBytes, 5);
  },

  "passes on the error of a stream and keeps nothing of it": async (store, check) => {
    const failure = new Error("the upload broke");
    await check.failsWith(failure, () => store.put(failingAfter(failure, hello)));
    check.equal(await all(store.list()), []);
    check.equal(await store.stat(await sha256(hello)), undefined);
  },

  "keeps a stored blob when a stream of the same content breaks": async (store, check) => {
    const { digest } = await store.put(hello);
    const failure = new Error("the upload broke");
    await check.failsWith(failure, () => store.put(failingAfter(failure, hello), { expected: digest }));
    check.equal(await store.get(digest), hello);
  },

  "tells size and digest of what is stored, and undefined of what is not": async (store, check) => {
    const { digest } = await store.put(hello);
    check.equal(await store.stat(digest), { digest, sizeBytes: 5 });
    check.equal(await store.stat(absent), undefined);
  },

  "lists every blob once": async (store, check) => {
    const put = [];
    for (let i = 0; i < 12; i++) put.push(await store.put(noise(i)));
    check.equal(sorted(await all(store.list())), sorted(put));
  },

  "lists nothing when nothing is stored": async (store, check) => {
    check.equal(await all(store.list()), []);
  },

  "removes a blob once, and stores it again": async (store, check) => {
    const { digest } = await store.put(hello);
    const other = await store.put(noise(9));
    check.equal([await store.delete(digest), await store.delete(digest)], [true, false]);
    check.equal([await store.stat(digest), await all(store.list())], [undefined, [other]]);
    await check.fails("STORE_NOT_FOUND", () => store.get(digest));
    await store.put(hello);
    check.equal(await store.get(digest), hello);
  },

  "says which blob is not found": async (store, check) => {
    const error = await check.fails("STORE_NOT_FOUND", () => store.get(absent));
    check.equal(error.details, { store: store.name, key: absent });
    await check.fails("STORE_NOT_FOUND", () => collect(store.stream(absent)));
  },

  "answers the same bytes when the caller waives the check": async (store, check) => {
    const bytes = noise(3_000_001);
    const { digest } = await store.put(bytes);
    const unchecked = await store.get(digest, { verify: false });
    check.equal(same(unchecked, bytes), true);
    unchecked.fill(0);
    check.equal(same(await store.get(digest, { verify: true }), bytes), true);
    const { digest: empty } = await store.put(new Uint8Array());
    check.equal(await store.get(empty, { verify: false }), new Uint8Array());
    const error = await check.fails("STORE_NOT_FOUND", () => store.get(absent, { verify: false }));
    check.equal(error.details, { store: store.name, key: absent });
    for (const text of hostile) await check.fails("INPUT_INVALID", () => store.get(text, { verify: false }));
  },

  "lets a reader of a stream stop early and another one read": async (store, check) => {
    const bytes = noise(3_000_000);
    const { digest } = await store.put(bytes);
    for await (const chunk of store.stream(digest)) {
      check.equal(same(chunk, bytes.subarray(0, chunk.length)), true);
      break;
    }
    check.equal(same(await collect(store.stream(digest)), bytes), true);
  },

  "refuses text that is not a digest on every verb and touches nothing": async (store, check) => {
    const { digest } = await store.put(hello);
    for (const text of hostile) {
      for (const verb of verbs(store, text)) await check.fails("INPUT_INVALID", verb);
    }
    check.equal(await all(store.list()), [{ digest, sizeBytes: 5 }]);
  },

  "does not read a stream whose expected digest is refused": async (store, check) => {
    let reads = 0;
    const content = { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: ++reads > 0, value: undefined }) }) } as never;
    await check.fails("INPUT_INVALID", () => store.put(content, { expected: "sha256:" }));
    check.equal(reads, 0);
  },

  "rejects with the reason of a signal that has aborted already": async (store, check) => {
    const { digest } = await store.put(hello);
    const reason = new Error("not needed any more");
    const call = { signal: AbortSignal.abort(reason) };
    for (const verb of verbs(store, digest, call)) await check.failsWith(reason, verb);
    await check.failsWith(reason, () => store.put(noise(7), call));
    check.equal(await all(store.list()), [{ digest, sizeBytes: 5 }]);
  },

  "gives up a put when its signal aborts, also when the producer is silent": async (store, check) => {
    const reason = new Error("not needed any more");
    const controller = new AbortController();
    const silent = silentAfter(hello);
    const putting = store.put(silent.content, { signal: controller.signal });
    const rejected = check.failsWith(reason, () => putting);
    await silent.reached;
    controller.abort(reason);
    await rejected;
    check.equal(await all(store.list()), []);
  },

  "stops an iteration when its signal aborts": async (store, check) => {
    const { digest } = await store.put(noise(3_000_000));
    await store.put(hello);
    const iterations = [(call: CallOptions) => store.stream(digest, call), (call: CallOptions) => store.list(call)];
    for (const begin of iterations) {
      const reason = new Error("not needed any more");
      const controller = new AbortController();
      await check.failsWith(reason, async () => {
        for await (const _ of begin({ signal: controller.signal })) controller.abort(reason);
      });
    }
  },

  "stores the same content from many callers at once": async (store, check) => {
    const bytes = noise(100_000);
    const digest = await sha256(bytes);
    const infos = await Promise.all(Array.from({ length: 8 }, (_, i) => store.put(i % 2 === 0 ? bytes : streamOf(bytes))));
    check.equal(infos, Array(8).fill({ digest, sizeBytes: bytes.length }));
    check.equal(await all(store.list()), [{ digest, sizeBytes: bytes.length }]);
    check.equal(same(await store.get(digest), bytes), true);
  },

  "stores different content from many callers at once": async (store, check) => {
    const contents = Array.from({ length: 20 }, (_, i) => noise(1_000 + i));
    const infos = await Promise.all(contents.map((bytes) => store.put(bytes)));
    check.equal(sorted(await all(store.list())), sorted(infos));
    check.equal(await Promise.all(infos.map(({ digest }) => store.get(digest))), contents);
  },

  "answers all bytes or STORE_NOT_FOUND when a blob is removed while it is read": async (store, check) => {
    const bytes = noise(200_000);
    for (let i = 0; i < 5; i++) {
      const { digest } = await store.put(bytes);
      const read = store.get(digest).then(
        (got) => same(got, bytes),
        (error) => ModelwrightError.is(error, "STORE_NOT_FOUND"),
      );
      check.equal([await store.delete(digest), await read], [true, true]);
    }
  },

  "is closed by disposal, as often as it is called": async (store, check) => {
    const { digest } = await store.put(hello);
    await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
    await store[Symbol.asyncDispose]();
    for (const verb of verbs(store, digest)) await check.fails("CLOSED", verb);
    await check.fails("CLOSED", () => all(store.list()));
  },

  "lets a running put finish before it is closed": async (store, check) => {
    const silent = silentAfter(hello);
    const putting = store.put(silent.content);
    await silent.reached;
    let closed = false;
    const closing = store[Symbol.asyncDispose]().then(() => {
      closed = true;
    });
    await check.fails("CLOSED", () => store.put(hello));
    for (let i = 0; i < 10; i++) await nextTurn();
    check.equal(closed, false);
    silent.finish();
    check.equal(await putting, { digest: await sha256(hello), sizeBytes: 5 });
    await closing;
  },

  "is closed while somebody iterates and has stopped asking": async (store, check) => {
    const { digest } = await store.put(noise(3_000_000));
    const iterators = [store.stream(digest), store.list()].map((iterable) => iterable[Symbol.asyncIterator]());
    for (const iterator of iterators) check.equal((await iterator.next()).done, false);
    await store[Symbol.asyncDispose]();
    for (const iterator of iterators) await check.fails("CLOSED", () => iterator.next());
  },
};

/** On blobs whose bytes somebody has replaced. */
const damageTests: Readonly<Record<string, (store: BlobStore, check: Check, damage: Damage) => Promise<void>>> = {
  "refuses damaged bytes, and answers them as they are when the caller waives the check": async (store, check, damage) => {
    const bytes = noise(1_000);
    const { digest } = await store.put(bytes);
    await damage(store, digest);
    const error = await check.fails("STORE_CORRUPT", () => store.get(digest));
    check.equal([error.details.store, error.details.key, error.details.actual === digest], [store.name, digest, false]);
    await check.fails("STORE_CORRUPT", () => collect(store.stream(digest)));
    const damaged = await store.get(digest, { verify: false });
    check.equal([damaged.length > 0, same(damaged, bytes)], [true, false]);
  },

  "repairs damaged bytes when the content is put again": async (store, check, damage) => {
    for (const [content, again] of [
      [noise(1_000), () => noise(1_000)],
      [noise(2_000), () => streamOf(noise(2_000))],
    ] as const) {
      const info = await store.put(content);
      await damage(store, info.digest);
      check.equal(await store.put(again(), { expected: info.digest }), info);
      check.equal(same(await store.get(info.digest), content), true);
      check.equal(await store.stat(info.digest), info);
    }
  },
};
