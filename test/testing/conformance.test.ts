import { describe, expect, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryKeyValues } from "../../src/adapters/memory/memory-key-values.ts";
import { concatBytes, type Digest } from "../../src/core/digest.ts";
import { nextTurn } from "../../src/core/next-turn.ts";
import type { BlobStore, KeyValueStore } from "../../src/storage/port.ts";
import { blobStoreConformance } from "../../src/testing/conformance/blob-store.ts";
import { keyValueStoreConformance } from "../../src/testing/conformance/key-value-store.ts";
import type { TestKit } from "../../src/testing/suite.ts";
import { all } from "../all.ts";

/** What the time limit of a test runner does. The stores here do no I/O, so a test that works needs few turns of the event loop. */
async function tooLong(): Promise<never> {
  for (let turn = 0; turn < 100; turn++) await nextTurn();
  throw new Error("The test hangs");
}

/** Names of the tests that fail, of all or of one. */
async function failures(define: (kit: TestKit) => void, only?: string): Promise<readonly string[]> {
  const tests: (readonly [string, () => Promise<void>])[] = [];
  const kit: TestKit = {
    describe: (_, body) => body(),
    it: Object.assign((name: string, body: () => Promise<void>) => void tests.push([name, body]), { skip: () => {} }),
  };
  define(kit);
  const failed: string[] = [];
  for (const [name, body] of tests) {
    if (only !== undefined && name !== only) continue;
    await Promise.race([body(), tooLong()]).catch(() => failed.push(name));
  }
  return failed;
}

const blobFaults: Readonly<Record<string, readonly [fault: (inner: BlobStore) => Partial<BlobStore>, test: string]>> = {
  "keeps the arrays of the producer": [
    (inner) => ({
      put: async (content, call) => {
        const chunks = content instanceof Uint8Array ? [content] : await all(content);
        return inner.put(concatBytes(chunks), call);
      },
    }),
    "copies chunks whose array the producer uses again",
  ],
  "answers the same array twice": [
    (inner) => {
      const answers = new Map<Digest, Uint8Array>();
      return {
        get: async (digest, call) => {
          const bytes = answers.get(digest) ?? (await inner.get(digest, call));
          answers.set(digest, bytes);
          return bytes;
        },
      };
    },
    "is not changed by changing what get and stream have answered",
  ],
  "forgets the expected digest": [
    (inner) => ({ put: (content) => inner.put(content) }),
    "keeps nothing of content that has not the expected digest",
  ],
  "stores what it refuses": [
    (inner) => ({
      put: async (content, call) => {
        const info = await inner.put(content);
        return call?.expected === undefined ? info : inner.put(await inner.get(info.digest), call);
      },
    }),
    "keeps nothing of content that has not the expected digest",
  ],
  "does not look at the signal": [
    (inner) => ({ get: (digest) => inner.get(digest) }),
    "rejects with the reason of a signal that has aborted already",
  ],
  "goes on iterating after an abort": [(inner) => ({ list: () => inner.list() }), "stops an iteration when its signal aborts"],
  "waits before it reads": [
    (inner) => ({
      put: async (content, call) => {
        await Promise.resolve();
        return inner.put(content, call);
      },
    }),
    "asks for the first chunk within the call",
  ],
  "takes any text for a digest": [
    (inner) => ({ delete: async (digest, call) => (digest.length === 71 ? inner.delete(digest, call) : false) }),
    "refuses text that is not a digest on every verb and touches nothing",
  ],
  "says that it removed what was not there": [
    (inner) => ({ delete: (digest, call) => inner.delete(digest, call).then(() => true) }),
    "removes a blob once, and stores it again",
  ],
  "closes without waiting": [
    (inner) => ({
      async [Symbol.asyncDispose]() {
        void inner[Symbol.asyncDispose]();
      },
    }),
    "lets a running put finish before it is closed",
  ],
  "answers after it was closed": [() => ({ stat: async () => undefined }), "is closed by disposal, as often as it is called"],
};

const keyValueFaults: Readonly<Record<string, readonly [fault: (inner: KeyValueStore) => Partial<KeyValueStore>, test: string]>> =
  {
    "orders by UTF-16 units": [
      (inner) => ({
        async *list(prefix, call) {
          yield* (await all(inner.list(prefix, call))).sort((a, b) => (a.key < b.key ? -1 : 1));
        },
      }),
      "lists keys in the order of their UTF-8 bytes, not of their UTF-16 units",
    ],
    "takes a prefix for a pattern": [
      (inner) => ({
        async *list(prefix, call) {
          const pattern = new RegExp(
            `^${prefix
              .replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")
              .replaceAll("%", ".*")
              .replaceAll("_", ".")}`,
            "u",
          );
          for await (const entry of inner.list("", call)) if (pattern.test(entry.key)) yield entry;
        },
      }),
      "takes every character of a prefix as it is",
    ],
    "does not tell upper case from lower case": [
      (inner) => ({
        get: (key, call) => inner.get(key.toLowerCase(), call),
        set: (key, value, call) => inner.set(key.toLowerCase(), value, call),
      }),
      "keeps keys apart that differ by case, form, length or space",
    ],
    "ignores the revision": [
      (inner) => ({ set: (key, value) => inner.set(key, value) }),
      "leaves the value when the stored revision is another",
    ],
    "removes whatever revision is stored": [
      (inner) => ({ delete: (key) => inner.delete(key) }),
      "removes only the revision that is asked for",
    ],
    "compares, then sets": [
      (inner) => ({
        set: async (key, value, call) => {
          if (call?.ifRevision !== undefined && ((await inner.get(key))?.revision ?? 0) !== call.ifRevision) {
            return inner.set(key, value, call);
          }
          return inner.set(key, value);
        },
      }),
      "lets exactly one of 20 writers at once replace a revision",
    ],
    "counts each key from 1": [
      (inner) => {
        const counts = new Map<string, number>();
        return {
          set: async (key, value) => {
            await inner.set(key, value);
            counts.set(key, (counts.get(key) ?? 0) + 1);
            return counts.get(key)!;
          },
          delete: async (key) => {
            counts.delete(key);
            return inner.delete(key);
          },
        };
      },
      "does not use a revision again after a delete",
    ],
    "takes an empty value for none": [
      (inner) => ({
        get: async (key, call) => {
          const entry = await inner.get(key, call);
          return entry?.value.length === 0 ? undefined : entry;
        },
      }),
      "keeps an empty value apart from no value",
    ],
  };

describe("the conformance suite of BlobStore", () => {
  it.each(Object.entries(blobFaults))("finds a store that %s", async (_, [fault, test]) => {
    const broken = () => {
      const inner = memoryBlobs();
      return { ...inner, ...fault(inner) };
    };
    expect(await failures((kit) => blobStoreConformance(kit, broken), test)).toEqual([test]);
  });

  it("finds no fault in memoryBlobs without the expect of a runner", async () => {
    expect(await failures((kit) => blobStoreConformance(kit, memoryBlobs))).toEqual([]);
  });
});

describe("the conformance suite of KeyValueStore", () => {
  it.each(Object.entries(keyValueFaults))("finds a store that %s", async (_, [fault, test]) => {
    const broken = () => {
      const inner = memoryKeyValues();
      return { ...inner, ...fault(inner) };
    };
    expect(await failures((kit) => keyValueStoreConformance(kit, broken), test)).toEqual([test]);
  });

  it("finds no fault in memoryKeyValues without the expect of a runner", async () => {
    expect(await failures((kit) => keyValueStoreConformance(kit, memoryKeyValues))).toEqual([]);
  });
});
