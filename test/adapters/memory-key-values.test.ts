import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryKeyValues } from "../../src/adapters/memory/memory-key-values.ts";
import { keyValueStoreConformance } from "../../src/testing/conformance/key-value-store.ts";
import { all } from "../all.ts";

keyValueStoreConformance({ describe, it, expect }, () => memoryKeyValues());

describe("memoryKeyValues", () => {
  it("orders any keys as their UTF-8 bytes are ordered", async () => {
    const characters = fc.constantFrom("a", "é", "\u{d7ff}", "\u{e000}", "\u{ffff}", "\u{10000}", "\u{10ffff}");
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.string({ unit: characters, maxLength: 4 }), { maxLength: 12 }), async (keys) => {
        await using store = memoryKeyValues();
        for (const key of keys) await store.set(key, new Uint8Array());
        const listed = (await all(store.list(""))).map(({ key }) => key);
        expect(listed).toEqual([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
      { seed: 42, numRuns: 200 },
    );
  });

  it("says what it holds when a revision does not match", async () => {
    await using store = memoryKeyValues();
    const revision = await store.set("cursor", new Uint8Array([1]));
    await expect(store.set("cursor", new Uint8Array([2]), { ifRevision: 9 })).rejects.toThrow(
      `memory holds revision ${revision} under "cursor", not revision 9; read it again and decide again`,
    );
    await expect(store.delete("other", { ifRevision: 9 })).rejects.toThrow(`memory holds nothing under "other", not revision 9`);
  });
});
