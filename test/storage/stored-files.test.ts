import { beforeEach, describe, expect, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryTracking } from "../../src/adapters/memory/memory-tracking.ts";
import { type Digest, sha256 } from "../../src/core/digest.ts";
import { seeded } from "../../src/core/random.ts";
import { retry } from "../../src/core/retry.ts";
import { blobsFenced } from "../../src/storage/blobs-fenced.ts";
import type { BlobContent, BlobReferences, BlobStore } from "../../src/storage/port.ts";
import { type FileContent, mayRepeatRecord, storeFiles } from "../../src/storage/stored-files.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { flaky } from "../../src/testing/flaky.ts";

const text = (value: string) => new TextEncoder().encode(value);

async function* streamed(value: string): AsyncGenerator<Uint8Array, void> {
  yield text(value);
}

describe("storeFiles", () => {
  let blobs: BlobStore;
  let references: BlobReferences & { readonly name: string };
  let clock: FakeClock;

  beforeEach(() => {
    blobs = memoryBlobs();
    references = memoryTracking();
    clock = new FakeClock();
  });

  const store = (files: Readonly<Record<string, FileContent>>, given: Partial<Parameters<typeof storeFiles>[1]> = {}) =>
    storeFiles(files, {
      blobs,
      references,
      retry: (work) => retry(work, { clock, random: seeded(1) }),
      signal: undefined,
      ...given,
    });

  /** Moves the clock until the work has settled, so that its retries need not wait. */
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    let done = false;
    const watched = work.finally(() => {
      done = true;
    });
    watched.catch(() => {});
    while (!done) await clock.advanceAsync(1000);
    return watched;
  };

  /** What a collector does to a blob up to its deletion. */
  const fence = async (digest: Digest) => {
    await references.markUnreferenced([digest], 1);
    const fenced = await references.fenceBlobs([digest], { collector: "c", at: 2, markedBefore: 1, takeOverBefore: 0 });
    expect(fenced).toEqual([digest]);
  };
  const collect = async (digest: Digest) => {
    await blobs.delete(digest);
    await references.releaseBlobs([digest]);
  };

  it("stores bytes, streams and references, in the order of their paths", async () => {
    const { digest } = await blobs.put(text("stored before"));
    const stored = await store({ b: text("bytes"), a: streamed("stream"), "B/c": { digest } });
    expect(stored).toEqual([
      { path: "B/c", digest, sizeBytes: 13 },
      { path: "a", digest: await sha256(text("stream")), sizeBytes: 6 },
      { path: "b", digest: await sha256(text("bytes")), sizeBytes: 5 },
    ]);
    expect(await blobs.get(stored[1]!.digest)).toEqual(text("stream"));
  });

  it("stores nothing when there are no files", async () => {
    expect(await store({})).toEqual([]);
  });

  it("clears the marks of what it has stored", async () => {
    const digest = await sha256(text("bytes"));
    await references.markUnreferenced([digest], 1);
    await store({ a: text("bytes") });
    expect(await references.markUnreferenced([digest], 5)).toEqual([{ digest, since: 5 }]);
  });

  it("refuses a digest that nothing is stored under", async () => {
    const digest = await sha256(text("missing"));
    await expect(store({ a: { digest } })).rejects.toMatchObject({ code: "STORE_NOT_FOUND", details: { key: digest } });
  });

  it("puts bytes again that a collector deletes between the put and the claim", async () => {
    const digest = await sha256(text("bytes"));
    await fence(digest);
    const slow = {
      ...references,
      name: "slow",
      claimBlobs: async (digests: readonly Digest[]) => {
        await collect(digest);
        return references.claimBlobs(digests);
      },
    };
    await store({ a: text("bytes"), b: text("bytes") }, { references: slow });
    expect(await blobs.get(digest)).toEqual(text("bytes"));
    expect(await references.claimBlobs([digest])).toEqual([]);
  });

  it("waits for a collector to let go, and puts bytes again that it has taken", async () => {
    const digest = await sha256(text("bytes"));
    await fence(digest);
    clock.schedule(1, () => void collect(digest));
    const [stored] = await settled(
      store({ a: text("bytes") }, { retry: (work) => retry(work, { clock, random: { ...seeded(1), next: () => 0.9 } }) }),
    );
    expect(stored?.digest).toBe(digest);
    expect(await blobs.get(digest)).toEqual(text("bytes"));
  });

  it("gives up on a fence that stays, retryable", async () => {
    const digest = await sha256(text("bytes"));
    await fence(digest);
    const failed = settled(store({ a: text("bytes"), b: text("other") }));
    await expect(failed).rejects.toMatchObject({ code: "STORE_BLOB_FENCED", retryable: true, details: { digests: [digest] } });
  });

  it("does not wait for a fence around a stream or a reference, which it cannot put again", async () => {
    const { digest } = await blobs.put(text("stream"));
    await fence(digest);
    for (const content of [streamed("stream"), { digest }]) {
      await expect(store({ a: content })).rejects.toMatchObject({ code: "STORE_BLOB_FENCED", retryable: true });
    }
    expect(clock.pending).toBe(0);
  });

  it("says that a stream has to be stored again when a collector has taken it", async () => {
    const digest = await sha256(text("stream"));
    const taken = {
      ...references,
      name: "taken",
      claimBlobs: async (digests: readonly Digest[]) => {
        await blobs.delete(digest);
        return references.claimBlobs(digests);
      },
    };
    await expect(store({ a: streamed("stream") }, { references: taken })).rejects.toMatchObject({ code: "STORE_BLOB_FENCED" });
    expect(await store({ a: streamed("stream"), b: text("stream") }, { references: taken })).toHaveLength(2);
    expect(await blobs.get(digest)).toEqual(text("stream"));
  });

  it("sees that a reference was collected after it was found", async () => {
    const { digest } = await blobs.put(text("old"));
    const taken = {
      ...references,
      name: "taken",
      claimBlobs: async (digests: readonly Digest[]) => {
        await blobs.delete(digest);
        return references.claimBlobs(digests);
      },
    };
    await expect(store({ a: { digest } }, { references: taken })).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
  });

  it("tries bytes again, and a stream once", async () => {
    const unreliable = flaky(blobs, { failEvery: 2, methods: ["put"] });
    const stored = await settled(store({ a: text("1"), b: text("2"), c: text("3") }, { blobs: unreliable }));
    expect(stored).toHaveLength(3);
    const failing = flaky(blobs, { failEvery: 1, methods: ["put"] });
    await expect(store({ a: streamed("x") }, { blobs: failing })).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(clock.pending).toBe(0);
  });

  it("asks for the first chunk within the call", () => {
    let asked = false;
    const content: BlobContent = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          asked = true;
          return { done: true, value: undefined };
        },
      }),
    };
    void store({ a: content });
    expect(asked).toBe(true);
  });
});

describe("mayRepeatRecord", () => {
  it("repeats what is retryable, but not a record whose blob is being collected", () => {
    expect(mayRepeatRecord(blobsFenced("memory", []))).toBe(false);
    expect(mayRepeatRecord(new Error("x"))).toBe(false);
    const busy = Object.assign(blobsFenced("memory", []), { code: "STORE_FAILED" });
    expect(mayRepeatRecord(busy)).toBe(true);
  });
});
