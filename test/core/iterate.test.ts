import { describe, expect, it } from "vitest";
import { iterate } from "../../src/core/iterate.ts";
import { all } from "../all.ts";

/** Counts from 1 to `end`, and remembers how it was stopped. */
function counter(end: number) {
  const log: string[] = [];
  async function* count(): AsyncGenerator<number> {
    try {
      for (let i = 1; i <= end; i++) yield i;
      log.push("ended");
    } finally {
      await Promise.resolve();
      log.push("released");
    }
  }
  return { source: count(), log };
}

describe("iterate", () => {
  it("yields what the source yields, each under a step", async () => {
    const { source, log } = counter(3);
    let steps = 0;
    const items = await all(
      iterate(source, (next) => {
        steps += 1;
        return next();
      }),
    );
    expect([items, steps, log]).toEqual([[1, 2, 3], 4, ["ended", "released"]]);
  });

  it("waits for the source to stop when the consumer stops", async () => {
    const { source, log } = counter(3);
    for await (const item of iterate(source, (next) => next())) if (item === 2) break;
    expect(log).toEqual(["released"]);
  });

  it("waits for the source to stop when the consumer throws into it", async () => {
    const { source, log } = counter(3);
    const items = iterate(source, (next) => next());
    await items.next();
    await expect(items.throw(new Error("no"))).rejects.toThrow("no");
    expect(log).toEqual(["released"]);
  });

  it("tells the source to stop when a step fails, without waiting for it", async () => {
    let stops = 0;
    const stuck: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => {
          stops += 1;
          return new Promise(() => {});
        },
      }),
    };
    const items = iterate(stuck, () => Promise.reject(new Error("refused")));
    await expect(items.next()).rejects.toThrow("refused");
    expect(stops).toBe(1);
  });

  it("passes on the failure of the source when stopping it fails, too", async () => {
    const broken: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error("read")),
        return: () => Promise.reject(new Error("stop")),
      }),
    };
    await expect(iterate(broken, (next) => next()).next()).rejects.toThrow("read");
  });

  it("is content with a source that cannot be stopped", async () => {
    const endless: AsyncIterable<number> = { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1 }) }) };
    let seen = 0;
    for await (const item of iterate(endless, (next) => next())) {
      seen += item;
      if (seen === 3) break;
    }
    expect(seen).toBe(3);
  });
});
