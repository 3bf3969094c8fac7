import { describe, expect, it } from "vitest";
import { GroupCommit } from "../../src/adapters/sql/tracking-group.ts";

/** A store of texts; a transaction is undone when its work fails, and waits until the test lets it begin. */
function makeStore(maxWeight = 1000) {
  const committed: string[] = [];
  const transactions: string[][] = [];
  let begin = Promise.resolve();
  let broken: Error | undefined;
  let collisions = 0;
  const group = new GroupCommit<string[], string>({
    transaction: async (work) => {
      await begin;
      if (broken !== undefined) throw broken;
      for (; collisions > 0; collisions--) await work([]);
      const written: string[] = [];
      await work(written);
      transactions.push(written);
      committed.push(...written);
    },
    write: async (db, key, items) => {
      for (const item of items) {
        if (item === "bad") throw new RangeError(`${key} refuses bad`);
        db.push(item);
      }
    },
    weight: (item) => item.length,
    maxWeight,
  });
  return {
    group,
    committed,
    transactions,
    /** Holds transactions back until the answer is called. */
    hold: () => {
      let release = () => {};
      begin = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    /** Lets the next transaction be undone and run again so many times. */
    collide: (times: number) => {
      collisions = times;
    },
    fail: (error: Error | undefined) => {
      broken = error;
    },
  };
}

describe("GroupCommit", () => {
  it("writes what comes together in one transaction, in order", async () => {
    const { group, transactions } = makeStore();
    await Promise.all(["a", "b", "c"].map((item) => group.submit("k", item)));
    expect(transactions).toEqual([["a", "b", "c"]]);
  });

  it("takes along what comes while a transaction waits to begin, and then what comes while it is written", async () => {
    const { group, transactions, hold } = makeStore();
    const release = hold();
    const first = group.submit("k", "a");
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    const second = group.submit("k", "b");
    release();
    const third = first.then(() => group.submit("k", "c"));
    await Promise.all([first, second, third]);
    expect(transactions).toEqual([["a", "b"], ["c"]]);
  });

  it("keeps keys in transactions of their own", async () => {
    const { group, transactions } = makeStore();
    await Promise.all([group.submit("k", "a"), group.submit("l", "b"), group.submit("k", "c")]);
    expect(transactions.sort()).toEqual([["a", "c"], ["b"]]);
  });

  it("gives a bad item its error and writes the others", async () => {
    const { group, committed } = makeStore();
    const outcomes = await Promise.allSettled(["a", "bad", "b", "bad", "c"].map((item) => group.submit("k", item)));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: new RangeError("k refuses bad") });
    expect(committed).toEqual(["a", "b", "c"]);
    await group.submit("k", "d");
    expect(committed).toEqual(["a", "b", "c", "d"]);
  });

  it("writes the others of many, in order, in few transactions when one is bad", async () => {
    const { group, committed, transactions } = makeStore();
    const items = Array.from({ length: 64 }, (_, i) => (i === 37 ? "bad" : `${i}`));
    await Promise.allSettled(items.map((item) => group.submit("k", item)));
    expect(committed).toEqual(items.filter((item) => item !== "bad"));
    expect(transactions).toHaveLength(6);
  });

  it("fails everybody who waits when no transaction can begin, and nobody afterwards", async () => {
    const { group, committed, fail } = makeStore();
    fail(new Error("locked"));
    const outcomes = await Promise.allSettled(["a", "b"].map((item) => group.submit("k", item)));
    expect(outcomes).toMatchObject([{ reason: new Error("locked") }, { reason: new Error("locked") }]);
    fail(undefined);
    await group.submit("k", "c");
    expect(committed).toEqual(["c"]);
  });

  it("writes the same items, once, when a transaction is undone and run again", async () => {
    const { group, transactions, collide } = makeStore(2);
    collide(2);
    await Promise.all(["a", "b", "c"].map((item) => group.submit("k", item)));
    expect(transactions).toEqual([["a", "b"], ["c"]]);
  });

  it("does not write what was aborted before its transaction began", async () => {
    const { group, committed } = makeStore();
    const controller = new AbortController();
    const outcomes = Promise.allSettled([
      group.submit("k", "a"),
      group.submit("k", "b", controller.signal),
      group.submit("k", "c", AbortSignal.abort("early")),
    ]);
    controller.abort("late");
    expect(await outcomes).toMatchObject([{ status: "fulfilled" }, { reason: "late" }, { reason: "early" }]);
    expect(committed).toEqual(["a"]);
  });

  it("does not write alone what was aborted while the group failed", async () => {
    const { group, committed } = makeStore();
    const controller = new AbortController();
    const bad = group.submit("k", "bad").catch(() => controller.abort("stop"));
    const late = group.submit("k", "a", controller.signal);
    await bad;
    await expect(late).rejects.toBe("stop");
    expect(committed).toEqual([]);
  });

  it("splits what is too much for one transaction, but never an item", async () => {
    const { group, transactions } = makeStore(4);
    await Promise.all(["aa", "bb", "cc", "dddddddd", "e"].map((item) => group.submit("k", item)));
    expect(transactions).toEqual([["aa", "bb"], ["cc"], ["dddddddd"], ["e"]]);
  });
});
