import { describe, expect, expectTypeOf, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryKeyValues } from "../../src/adapters/memory/memory-key-values.ts";
import type { ModelSource } from "../../src/core/model.ts";
import { retry } from "../../src/core/retry.ts";
import type { KeyValueStore } from "../../src/storage/port.ts";
import { flaky } from "../../src/testing/flaky.ts";
import { all } from "../all.ts";

const one = new Uint8Array([1]);

describe("flaky", () => {
  it("fails every n-th call, counted over all methods", async () => {
    await using store = flaky(memoryKeyValues(), { failEvery: 3 });
    const outcomes = [];
    for (let i = 0; i < 4; i++) {
      for (const call of [() => store.set("k", one), () => store.get("k")]) {
        outcomes.push(
          await call().then(
            () => "ok",
            (error) => error.code,
          ),
        );
      }
    }
    expect(outcomes).toEqual(["ok", "ok", "STORE_FAILED", "ok", "ok", "STORE_FAILED", "ok", "ok"]);
  });

  it("fails before the call reaches the store", async () => {
    await using inner = memoryKeyValues();
    const store = flaky(inner, { failEvery: 1 });
    await expect(store.set("k", one)).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: "memory failed to set, as the test asked for",
      details: { store: "memory", operation: "set" },
      retryable: true,
    });
    expect(await inner.get("k")).toBeUndefined();
  });

  it("fails an async iterable at its first step, not at the call", async () => {
    await using store = flaky(memoryKeyValues(), { failEvery: 2 });
    await store.set("k", one);
    const entries = store.list("");
    await expect(all(entries)).rejects.toMatchObject({ code: "STORE_FAILED", details: { operation: "list" } });
    expect(await all(store.list(""))).toHaveLength(1);
  });

  it("fails only the methods that are named", async () => {
    await using store = flaky(memoryKeyValues(), { failEvery: 1, methods: ["get"] });
    await store.set("k", one);
    expect(await all(store.list(""))).toHaveLength(1);
    await expect(store.get("k")).rejects.toMatchObject({ code: "STORE_FAILED" });
  });

  it("fails with the error that is asked for", async () => {
    await using store = flaky(memoryKeyValues(), { failEvery: 1, error: (method) => new Error(`no ${method} today`) });
    await expect(store.delete("k")).rejects.toThrow("no delete today");
  });

  it("passes on properties and disposal", async () => {
    const inner = memoryBlobs();
    const store = flaky(inner, { failEvery: 1 });
    expect([store.spec, store.name, store.capabilities]).toEqual([inner.spec, inner.name, inner.capabilities]);
    await store[Symbol.asyncDispose]();
    await expect(inner.put(one)).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("passes on events", () => {
    const source: ModelSource = {
      spec: "model-source/1",
      name: "fraud@production",
      load: async () => ({ identity: {}, bytes: one }),
      onChanged: () => ({ [Symbol.dispose]: () => {} }),
    };
    const subscription = flaky(source, { failEvery: 1 }).onChanged?.(() => {});
    expect(subscription?.[Symbol.dispose]).toBeTypeOf("function");
  });

  it("wraps classes with private members, and frozen objects", async () => {
    class Counter {
      #count = 0;
      get count() {
        return this.#count;
      }
      async increment() {
        this.#count += 1;
        return this.#count;
      }
    }
    const counter = flaky(Object.freeze(new Counter()), { failEvery: 2 });
    expect(await counter.increment()).toBe(1);
    await expect(counter.increment()).rejects.toMatchObject({ code: "STORE_FAILED", details: { store: "flaky" } });
    expect(await counter.increment()).toBe(2);
    expect(counter.count).toBe(2);
  });

  it("is overcome by retry", async () => {
    await using store = flaky(memoryKeyValues(), { failEvery: 2 });
    await store.set("k", one);
    const entry = await retry(() => store.get("k"), { baseMs: 0 });
    expect(entry?.value).toEqual(one);
  });

  it("refuses bad options and methods that the port does not have", () => {
    for (const failEvery of [0, 1.5, Number.NaN]) {
      expect(() => flaky(memoryBlobs(), { failEvery })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    }
    expect(() => flaky(memoryBlobs(), { failEvery: 2, methods: ["puts" as "put", "name" as "put"] })).toThrow(
      /methods\[0\]: the port has no method "puts"; methods\[1\]: the port has no method "name"/,
    );
  });

  it("keeps the type of the port and knows its methods", () => {
    const store = flaky(memoryKeyValues(), { failEvery: 2, methods: ["get", "list"] });
    expectTypeOf(store).toEqualTypeOf<KeyValueStore>();
    // @ts-expect-error a key-value store has no such method
    expect(() => flaky(memoryKeyValues(), { failEvery: 2, methods: ["put"] })).toThrow("put");
    // @ts-expect-error a property is not a method
    expect(() => flaky(memoryKeyValues(), { failEvery: 2, methods: ["name"] })).toThrow("name");
  });
});
