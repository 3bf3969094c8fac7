import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import type { ModelwrightError } from "../../src/core/errors.ts";
import { Lifecycle } from "../../src/core/lifecycle.ts";
import { gate } from "./gate.ts";

const closed = expect.objectContaining({ code: "CLOSED", details: { subject: "store" } });

describe("Lifecycle", () => {
  it("runs work while it is open, and passes its outcome on", async () => {
    const lifecycle = new Lifecycle("store");
    const failure = new Error("work");
    expect(lifecycle.open).toBe(true);
    expect(() => lifecycle.assertOpen()).not.toThrow();
    expect(await lifecycle.run(() => 1)).toBe(1);
    expect(await lifecycle.run(async () => 2)).toBe(2);
    await expect(lifecycle.run(() => Promise.reject(failure))).rejects.toBe(failure);
    await expect(
      lifecycle.run(() => {
        throw failure;
      }),
    ).rejects.toBe(failure);
  });

  it("refuses work from the call of close() on, without starting it", async () => {
    const lifecycle = new Lifecycle("store");
    const end = lifecycle.close();
    const work = vi.fn();
    expect(lifecycle.open).toBe(false);
    expect(() => lifecycle.assertOpen()).toThrow(closed);
    await expect(lifecycle.run(work)).rejects.toEqual(closed);
    await end;
    await expect(lifecycle.run(work)).rejects.toEqual(closed);
    expect(work).not.toHaveBeenCalled();
  });

  it("disposes after the last running work, failed work included", async () => {
    const order: string[] = [];
    const lifecycle = new Lifecycle("store", () => void order.push("disposed"));
    const a = gate();
    const b = gate();
    const first = lifecycle.run(() => a.promise).finally(() => order.push("first"));
    const second = lifecycle.run(() => b.promise).catch(() => order.push("second failed"));
    const end = lifecycle.close().then(() => order.push("closed"));
    await turn();
    expect(order).toEqual([]);
    a.resolve();
    await turn();
    expect(order).toEqual(["first"]);
    b.reject(new Error("work"));
    await Promise.all([first, second, end]);
    expect(order.toSorted()).toEqual(["closed", "disposed", "first", "second failed"]);
    expect(order.indexOf("disposed")).toBeLessThan(order.indexOf("closed"));
  });

  it("waits for what work that runs does next, but lets it start nothing new", async () => {
    const disposed = vi.fn();
    const lifecycle = new Lifecycle("store", disposed);
    const held = gate();
    const outer = lifecycle.run(async () => {
      await held.promise;
      const inner = await lifecycle.run(() => "inner").catch((error: unknown) => (error as ModelwrightError).code);
      await turn();
      expect(disposed).not.toHaveBeenCalled();
      return inner;
    });
    const end = lifecycle.close();
    held.resolve();
    expect(await outer).toBe("CLOSED");
    await end;
    expect(disposed).toHaveBeenCalledOnce();
  });

  it("counts nested work until the outermost has ended", async () => {
    const disposed = vi.fn();
    const lifecycle = new Lifecycle("store", disposed);
    const held = gate();
    const outer = lifecycle.run(() => lifecycle.run(() => held.promise));
    const end = lifecycle.close();
    await turn();
    expect(disposed).not.toHaveBeenCalled();
    held.resolve();
    await Promise.all([outer, end]);
    expect(disposed).toHaveBeenCalledOnce();
  });

  it("disposes once, however often and however concurrently it is closed", async () => {
    const held = gate();
    const disposed = vi.fn(() => held.promise);
    const lifecycle = new Lifecycle("store", disposed);
    let ended = 0;
    const ends = [lifecycle.close(), lifecycle.close(), lifecycle[Symbol.asyncDispose]()].map((end) =>
      end.then(() => (ended += 1)),
    );
    await turn();
    expect([disposed.mock.calls.length, ended]).toEqual([1, 0]);
    held.resolve();
    await Promise.all(ends);
    await lifecycle.close();
    expect([disposed.mock.calls.length, ended]).toEqual([1, 3]);
  });

  it("is closed already for what dispose calls, also when nothing ran", async () => {
    const seen: unknown[] = [];
    const lifecycle: Lifecycle = new Lifecycle("store", async () => {
      seen.push(lifecycle.open, await lifecycle.run(() => 1).catch((error: unknown) => (error as ModelwrightError).code));
      void lifecycle.close();
    });
    await lifecycle.close();
    expect(seen).toEqual([false, "CLOSED"]);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("disk");
      },
    ],
    ["rejects", () => Promise.reject(new Error("disk"))],
  ])("passes the failure on to every caller of close() when dispose %s, and stays closed", async (_, dispose) => {
    const lifecycle = new Lifecycle("store", dispose);
    const outcomes = await Promise.allSettled([lifecycle.close(), lifecycle.close()]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(lifecycle.close()).rejects.toThrow("disk");
    await expect(lifecycle.run(() => 1)).rejects.toEqual(closed);
    expect(lifecycle.open).toBe(false);
  });

  it("closes at the end of an await using block", async () => {
    const order: string[] = [];
    {
      await using lifecycle = new Lifecycle("store", () => void order.push("disposed"));
      await lifecycle.run(() => void order.push("work"));
    }
    expect(order).toEqual(["work", "disposed"]);
  });
});
