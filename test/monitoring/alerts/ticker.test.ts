import { describe, expect, it } from "vitest";
import { memoryKeyValues } from "../../../src/adapters/memory/index.ts";
import { sleep } from "../../../src/core/clock.ts";
import { AlertBench, ruleAbove, told } from "./alert-bench.ts";

describe("alert rules that were started", () => {
  it("evaluate at once and then every so often, until they are stopped", async () => {
    await using bench = await AlertBench.open([ruleAbove()]);
    const times: number[] = [];
    const start = bench.clock.now();
    bench.rules.onEvaluated(({ at }) => times.push(at - start));
    bench.set(11);
    const ticking = bench.rules.start({ everyMs: 1000 });
    await bench.clock.advanceAsync(2500);
    ticking[Symbol.dispose]();
    await bench.clock.advanceAsync(5000);
    expect(times).toEqual([0, 1000, 2000]);
    expect(told(bench.chat.notices)).toEqual(["firing drift{} warning"]);
    expect(bench.clock.pending).toBe(0);
  });

  it("do not evaluate twice at once: what takes longer is followed by the next", async () => {
    await using bench = await AlertBench.open([ruleAbove()]);
    let running = 0;
    const begun: number[] = [];
    const start = bench.clock.now();
    const source = {
      samples: async () => {
        begun.push(bench.clock.now() - start);
        expect(++running).toBe(1);
        await sleep(1500, bench.clock);
        running -= 1;
        return [];
      },
    };
    await bench.restart({ source });
    bench.rules.start({ everyMs: 1000 });
    await bench.clock.advanceAsync(100);
    const byHand = bench.rules.evaluate();
    await bench.clock.advanceAsync(4900);
    await byHand;
    expect(begun).toEqual([0, 1500, 3000, 4500]);
    const closing = bench.rules.close();
    await bench.clock.advanceAsync(5000);
    await closing;
    expect(begun).toHaveLength(4);
    expect(bench.clock.pending).toBe(0);
  });

  it("go on after an evaluation that failed, and say so", async () => {
    const memory = memoryKeyValues();
    let broken = true;
    const store = {
      ...memory,
      get: (...args: Parameters<typeof memory.get>) => (broken ? Promise.reject(new Error("down")) : memory.get(...args)),
    };
    broken = false;
    await using bench = await AlertBench.open([ruleAbove()], {}, store);
    broken = true;
    const errors: unknown[] = [];
    bench.rules.onEvaluationFailed((error) => errors.push(error));
    bench.set(11);
    bench.rules.start({ everyMs: 1000 });
    await bench.clock.advanceAsync(1500);
    broken = false;
    await bench.clock.advanceAsync(1000);
    expect(errors).toMatchObject([{ message: "down" }, { message: "down" }]);
    expect(told(bench.chat.notices)).toEqual(["firing drift{} warning"]);
  });

  it("can be started once at a time, with a time that is one, and not after close", async () => {
    await using bench = await AlertBench.open([ruleAbove()]);
    expect(() => bench.rules.start({ everyMs: 0 })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    const first = bench.rules.start({ everyMs: 1000 });
    expect(() => bench.rules.start({ everyMs: 1000 })).toThrow(TypeError);
    first[Symbol.dispose]();
    const second = bench.rules.start({ everyMs: 1000 });
    first[Symbol.dispose]();
    expect(() => bench.rules.start({ everyMs: 1000 })).toThrow(TypeError);
    second[Symbol.dispose]();
    await bench.rules.close();
    await bench.rules.close();
    expect(() => bench.rules.start({ everyMs: 1000 })).toThrow(expect.objectContaining({ code: "CLOSED" }));
    await expect(bench.rules.evaluate()).rejects.toMatchObject({ code: "CLOSED" });
    await expect(bench.rules.alerts()).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("let a call out when its time is over, and change nothing then", async () => {
    await using bench = await AlertBench.open([ruleAbove()]);
    const signals: (AbortSignal | undefined)[] = [];
    const source = {
      samples: (_: unknown, __: number, call?: { signal?: AbortSignal | undefined }) => {
        signals.push(call?.signal);
        return new Promise<never>(() => {});
      },
    };
    await bench.restart({ source });
    const evaluation = bench.rules.evaluate({ timeoutMs: 100 });
    const refused = expect(evaluation).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await bench.clock.advanceAsync(100);
    await refused;
    expect(signals[0]?.aborted).toBe(true);
    expect(await bench.store.get("alerts/fraud")).toBeUndefined();
    await bench.rules.close();
    expect(bench.clock.pending).toBe(0);
  });
});
