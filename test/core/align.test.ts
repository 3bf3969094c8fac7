import { describe, expect, it } from "vitest";
import { alignMetrics, compareRecords, sameJson } from "../../src/core/align.ts";

const metrics = (...values: readonly number[]) =>
  alignMetrics(
    values.map((x) => ({ metrics: { x }, directions: { x: "maximize" as const } })),
    0,
  )[0]!;

describe("compareRecords", () => {
  it("compares anything that has params, metrics and tags, for example runs", () => {
    const run = (label: string, lr: string, loss: number) => ({
      label,
      facts: { status: "finished" },
      params: { lr },
      metrics: { loss },
      directions: { loss: "minimize" as const },
      tags: {},
    });
    expect(compareRecords([run("a", "0.1", 2), run("b", "0.2", 1)], 0)).toEqual({
      columns: ["a", "b"],
      baseline: 0,
      facts: [{ key: "status", cells: [{ value: "finished" }, { value: "finished" }], equal: true }],
      params: [{ key: "lr", cells: [{ value: "0.1" }, { value: "0.2" }], equal: false }],
      metrics: [
        {
          key: "loss",
          direction: "minimize",
          cells: [
            { value: 2, delta: 0, verdict: "equal" },
            { value: 1, delta: -1, verdict: "better" },
          ],
          equal: false,
        },
      ],
      tags: [],
    });
  });
});

describe("alignMetrics", () => {
  it("takes NaN and infinities for data, and writes them as JSON can", () => {
    expect(metrics(1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY).cells.slice(1)).toEqual([
      { value: "NaN", delta: null, verdict: "unknown" },
      { value: "Infinity", delta: null, verdict: "better" },
      { value: "-Infinity", delta: null, verdict: "worse" },
    ]);
    expect(metrics(Number.NaN, Number.NaN, 1)).toMatchObject({
      equal: false,
      cells: [{ verdict: "equal" }, { verdict: "equal" }, { value: 1, delta: null, verdict: "unknown" }],
    });
    expect(metrics(Number.NaN, Number.NaN).equal).toBe(true);
    expect(metrics(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).cells[1]).toEqual({
      value: "Infinity",
      delta: null,
      verdict: "equal",
    });
  });

  it("has no difference where it is greater than any number, and none of sign between zeros", () => {
    expect(metrics(-1.7e308, 1.7e308).cells[1]).toEqual({ value: 1.7e308, delta: null, verdict: "better" });
    expect(metrics(0, -0).cells[1]).toMatchObject({ delta: 0, verdict: "equal" });
  });
});

describe("sameJson", () => {
  it.each([
    [{ a: [1, { b: null }], c: "x" }, { c: "x", a: [1, { b: null }] }, true],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [null, {}, false],
    [1, "1", false],
    [{ a: 1 }, { b: 1 }, false],
    [{ a: 1 }, { a: 1, b: 1 }, false],
    [JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":1}'), true],
    [JSON.parse('{"__proto__":{}}'), JSON.parse('{"toString":{}}'), false],
  ])("of %j and %j is %s", (a, b, same) => {
    expect(sameJson(a, b)).toBe(same);
  });
});
