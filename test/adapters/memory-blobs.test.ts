import { describe, expect, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { sha256 } from "../../src/core/digest.ts";
import { blobStoreConformance } from "../../src/testing/conformance/blob-store.ts";
import { all } from "../all.ts";

blobStoreConformance({ describe, it, expect }, () => memoryBlobs());

describe("memoryBlobs", () => {
  it("gives stores of their own", async () => {
    await using first = memoryBlobs();
    await using second = memoryBlobs();
    const { digest } = await first.put(new Uint8Array([1]));
    expect(await second.stat(digest)).toBeUndefined();
  });

  it("refuses a stream of text and keeps nothing", async () => {
    await using store = memoryBlobs();
    async function* text(): AsyncGenerator<Uint8Array> {
      yield "hello" as never;
    }
    await expect(store.put(text())).rejects.toMatchObject({ code: "INPUT_INVALID", details: { subject: "content" } });
    expect(await all(store.list())).toEqual([]);
  });

  it("names the store and the digest of a blob that it does not hold", async () => {
    await using store = memoryBlobs();
    const digest = await sha256(new Uint8Array([7]));
    await expect(store.get(digest)).rejects.toThrow(`memory holds no blob ${digest}; put it first`);
  });

  it("rejects with DEADLINE_EXCEEDED when a stream does not end in time", async () => {
    await using store = memoryBlobs();
    let stopped = false;
    const silent: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          stopped = true;
          return { done: true, value: undefined };
        },
      }),
    };
    await expect(store.put(silent, { timeoutMs: 1 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await store[Symbol.asyncDispose]();
    expect(stopped).toBe(true);
  });
});
