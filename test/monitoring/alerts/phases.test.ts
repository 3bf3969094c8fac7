import { describe, expect, it } from "vitest";
import type { AlertRule } from "../../../src/monitoring/alerts/index.ts";
import { AlertBench, MINUTE, ruleAbove } from "./alert-bench.ts";

const levels = { severity: undefined, above: { warning: 10, critical: 20 } };

const scenarios: readonly (readonly [what: string, rule: Partial<AlertRule>, values: string, phases: string])[] = [
  ["fires at once above the threshold, not at it", {}, "10 10.0001 10 9", ". w r r"],
  ["fires below the threshold, not at it", { above: undefined, below: 10 }, "10 9.99 10 11", ". w r r"],
  ["waits until the value was bad for forMs, that moment included", { forMs: 2 * MINUTE }, "11 11 11 11 1", "p p w w r"],
  ["begins to wait anew after one good value", { forMs: 2 * MINUTE }, "11 11 1 11 11 11", "p p . p p w"],
  ["goes on between clear and threshold, and ends at clear", { clear: 8 }, "9 11 9 8.01 8 9", ". w w w r r"],
  ["goes on between threshold and clear of a bound below", { above: undefined, below: 10, clear: 12 }, "9 11 11.9 12", "w w w r"],
  ["does not keep on waiting to fire between clear and threshold", { clear: 8, forMs: MINUTE }, "11 9 11 11", "p . p w"],
  ["ends once the value was good for clearForMs", { clearForMs: 2 * MINUTE }, "11 1 1 1", "w w w r"],
  ["begins to wait for the end anew after one bad value", { clearForMs: 2 * MINUTE }, "11 1 1 11 1 1 1", "w w w w w w r"],
  ["waits for the end anew after a value in between", { clear: 8, clearForMs: MINUTE }, "11 8 9 8 8", "w w w w r"],
  ["escalates and comes down by level", levels, "11 21 20 11 10 21", "w c w w r c"],
  ["waits at each level", { ...levels, forMs: 2 * MINUTE }, "11 21 21 21 1", "p p w c r"],
  ["stays at a level down to its own clear", { ...levels, clear: { critical: 15 } }, "21 16 15.1 15 10", "c c c w r"],
  ["fires at a level that is passed by one below it", { ...levels, clear: { critical: 5 } }, "21 9 6 5", "c c c r"],
  [
    "knows four levels below",
    { ...levels, above: undefined, below: { info: 4, warning: 3, critical: 2, emergency: 1 } },
    "5 3.5 2.5 1.5 0.5",
    ". i w c e",
  ],
  ["stays as it is without data", {}, "11 _ x x 1", "w w w w r"],
  ["does not fire without data, and counts the time", { forMs: 2 * MINUTE }, "11 _ _ _ 11", "p p p p w"],
  ["takes no data for good", { noData: "resolve" }, "11 _ 11 x 1", "w r w r r"],
  ["takes no data for good for as long as asked", { noData: "resolve", clearForMs: MINUTE }, "11 _ x", "w w r"],
  ["takes no data for bad", { noData: "alert" }, "_ 1 x 1", "w r w r"],
  ["takes no series at all for bad", { noData: "alert", forMs: MINUTE }, "x x 1", "p w r"],
  ["takes no data for bad at the lowest level, and leaves the others", { ...levels, noData: "alert" }, "21 x x 1 x", "c c c r w"],
  ["ends when there was no data for too long", { staleAfterMs: 2 * MINUTE }, "11 x x x", "w w r r"],
  ["goes on firing for want of any series", { noData: "alert", staleAfterMs: 2 * MINUTE }, "11 x x x x", "w w w w w"],
  ["takes infinite values for what they are", {}, "Infinity -Infinity", "w r"],
  ["takes NaN for no value", {}, "11 NaN 1", "w w r"],
];

describe("the phases of an alert", () => {
  it.each(scenarios)("%s", async (_, rule, values, phases) => {
    await using bench = await AlertBench.open([ruleAbove(rule)]);
    expect(await bench.play(values)).toBe(phases);
  });

  it.each(scenarios)("after a restart before each step: %s", async (_, rule, values, phases) => {
    await using bench = await AlertBench.open([ruleAbove(rule)]);
    const seen: string[] = [];
    for (const value of values.split(" ")) {
      await bench.restart();
      seen.push(await bench.play(value));
    }
    expect(seen.join(" ")).toBe(phases);
  });

  it("have no verdict from too few observations", async () => {
    await using bench = await AlertBench.open([ruleAbove({ minCount: 100 })]);
    bench.set(11, 99);
    await bench.step();
    expect(await bench.rules.alerts()).toEqual([]);
    bench.set(11, 100);
    await bench.step();
    bench.set(1, 99);
    await bench.step();
    expect(await bench.rules.alerts()).toMatchObject([{ state: "firing", value: 11, count: 100 }]);
  });

  it("stay as they are while the source fails, which is told", async () => {
    await using bench = await AlertBench.open([
      ruleAbove({ noData: "alert", staleAfterMs: 1 }),
      ruleAbove({ name: "b", noData: "resolve" }),
    ]);
    await bench.step(11);
    const failing = { samples: () => Promise.reject(new Error("down")) };
    await bench.restart({ source: failing });
    const { failures, transitions } = await bench.rules.evaluate();
    expect(failures).toMatchObject([{ rule: "drift", error: { message: "down" } }, { rule: "b" }]);
    expect(transitions).toEqual([]);
    expect((await bench.rules.alerts()).map(({ state }) => state)).toEqual(["firing", "firing"]);
  });

  it("are left alone when the source does not answer in time, or not with a list", async () => {
    await using bench = await AlertBench.open([ruleAbove()]);
    await bench.step(11);
    await bench.restart({ source: { samples: () => new Promise(() => {}) }, queryTimeoutMs: 500 });
    const evaluation = bench.rules.evaluate();
    await bench.clock.advanceAsync(500);
    expect((await evaluation).failures).toMatchObject([{ error: { code: "DEADLINE_EXCEEDED" } }]);
    await bench.restart({ source: { samples: async () => ({ length: 1 }) as never } });
    expect((await bench.rules.evaluate()).failures).toMatchObject([{ error: { code: "INPUT_INVALID" } }]);
    expect(await bench.rules.alerts()).toMatchObject([{ state: "firing" }]);
  });

  it("are remembered in order, the newest first, as many as asked for", async () => {
    await using bench = await AlertBench.open([ruleAbove({ ...levels, forMs: MINUTE })], { history: 5 });
    const start = bench.clock.now();
    await bench.play("11 21 21 21 11 1 11 1");
    const history = await bench.rules.history();
    expect(history.map(({ at, change, severity, value, end }) => [(at - start) / MINUTE, change, severity, value, end])).toEqual([
      [7, "inactive", null, 1, null],
      [6, "pending", null, 11, null],
      [5, "resolved", "warning", 1, "cleared"],
      [4, "deescalated", "warning", 11, null],
      [2, "escalated", "critical", 21, null],
    ]);
  });

  it("say why an alert ended", async () => {
    await using bench = await AlertBench.open([
      ruleAbove({ name: "a" }),
      ruleAbove({ name: "b", noData: "resolve" }),
      ruleAbove({ name: "c", staleAfterMs: MINUTE }),
    ]);
    await bench.step(11);
    await bench.restart({ source: { samples: async () => [] } });
    await bench.step();
    bench.clock.advance(5 * MINUTE);
    await bench.restart({ rules: [], source: bench.source });
    await bench.step();
    const ends = (await bench.rules.alerts()).map(({ rule, end }) => [rule, end]);
    expect(new Map(ends as [string, string][])).toEqual(
      new Map([
        ["a", "rule_removed"],
        ["b", "no_data"],
        ["c", "stale"],
      ]),
    );
  });

  it("have an alert for each series, and one for a missing series with noData alert", async () => {
    await using bench = await AlertBench.open([ruleAbove({ noData: "alert" })]);
    bench.setModels({ a: 1, b: 1 });
    await bench.step();
    bench.setModels({ a: 1 });
    await bench.step();
    const shown = (await bench.rules.alerts()).map(({ labels, state, value }) => [labels["model"], state, value]);
    expect(shown).toEqual([
      ["b", "firing", null],
      ["a", "inactive", 1],
    ]);
  });

  it("take a series that is missing for a day to be gone while others are there", async () => {
    await using bench = await AlertBench.open([ruleAbove({ noData: "alert" })]);
    bench.setModels({ a: 1, b: 1 });
    await bench.step();
    bench.setModels({ a: 1 });
    bench.clock.advance(86_400_000);
    const { transitions } = await bench.rules.evaluate();
    expect(transitions).toEqual([]);
    bench.clock.advance(15 * MINUTE);
    await bench.rules.evaluate();
    expect((await bench.rules.alerts()).map(({ labels }) => labels["model"])).toEqual(["a"]);
  });

  it("are listed until some time after their end", async () => {
    await using bench = await AlertBench.open([ruleAbove()], { resolvedForMs: 3 * MINUTE });
    expect(await bench.play("11 1 1 1 1")).toBe("w r r r .");
  });

  it("are as they would have been when a clock that was ahead is set right", async () => {
    await using bench = await AlertBench.open([ruleAbove({ forMs: 2 * MINUTE })]);
    const ahead = bench.clock;
    ahead.advance(365 * 86_400_000);
    await bench.step(11);
    const behind = new AlertBench(bench.options, bench.store);
    behind.rules = await behind.engine();
    expect(await behind.play("11 11 11")).toBe("p p w");
    await behind.rules.close();
  });

  it("ask a question that several rules have once", async () => {
    const asked: unknown[] = [];
    const source = {
      samples: async (query: unknown, now: number) => {
        asked.push([query, now]);
        return [];
      },
    };
    await using bench = await AlertBench.open([
      ruleAbove({ name: "a", windowMs: 5000, labels: { model: "m" } }),
      ruleAbove({ name: "b", windowMs: 5000, labels: { model: "m" } }),
      ruleAbove({ name: "c" }),
    ]);
    await bench.restart({ source });
    await bench.rules.evaluate();
    const now = bench.clock.now();
    expect(asked).toEqual([
      [{ metric: "psi", windowMs: 5000, labels: { model: "m" } }, now],
      [{ metric: "psi", windowMs: 3_600_000, labels: {} }, now],
    ]);
  });
});
