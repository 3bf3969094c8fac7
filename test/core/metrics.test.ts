import { describe, expect, expectTypeOf, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import type { Histogram } from "../../src/core/histogram.ts";
import { type Counter, Metrics } from "../../src/core/metrics.ts";

function issuesOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    if (ModelwrightError.is(error, "CONFIG_INVALID")) return error.details.issues.map(({ path }) => path.join("."));
    throw error;
  }
  throw new Error("expected CONFIG_INVALID");
}

describe("Counter", () => {
  it("adds, by one when nothing is given", () => {
    const counter = new Metrics().counter({ name: "calls_total", help: "Calls." }).with({});
    expect(counter.value).toBe(0);
    counter.inc();
    counter.inc(2.5);
    counter.inc(0);
    expect(counter.value).toBe(3.5);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("ignores %d", (by) => {
    const counter = new Metrics().counter({ name: "calls_total", help: "Calls." }).with({});
    counter.inc(2);
    counter.inc(by);
    expect(counter.value).toBe(2);
  });
});

describe("Gauge", () => {
  it("is set, raised and lowered", () => {
    const gauge = new Metrics().gauge({ name: "running", help: "Running calls." }).with({});
    gauge.set(3);
    gauge.add(2);
    gauge.add(-4);
    expect(gauge.value).toBe(1);
  });
});

describe("Metrics", () => {
  it("gives the same series for the same labels, and another for others", () => {
    const calls = new Metrics().counter({
      name: "calls_total",
      help: "Calls.",
      labels: { target: ["edge", "cloud"], outcome: ["ok", "error"] },
    });
    const ok = calls.with({ target: "edge", outcome: "ok" });
    ok.inc();
    expect(calls.with({ outcome: "ok", target: "edge" })).toBe(ok);
    expect(calls.with({ target: "cloud", outcome: "ok" }).value).toBe(0);
    expect([...calls.series.values()].map(({ labels }) => labels)).toEqual([
      { target: "edge", outcome: "ok" },
      { target: "cloud", outcome: "ok" },
    ]);
    expectTypeOf(ok).toEqualTypeOf<Counter>();
  });

  it("counts unknown label values under other, so that the series stay bounded", () => {
    const calls = new Metrics().counter({ name: "calls_total", help: "Calls.", labels: { target: ["edge"] } });
    for (let i = 0; i < 1000; i++) calls.with({ target: `hostile-${i}` }).inc();
    calls.with({ target: "__proto__" }).inc();
    calls.with({ target: undefined as never }).inc();
    calls.with({ target: ["edge"] as never }).inc();
    expect(calls.series.size).toBe(1);
    expect(calls.with({ target: "other" }).value).toBe(1003);
    expect(calls.with({ target: "edge" }).value).toBe(0);
  });

  it("keeps label values apart that look alike when joined", () => {
    const calls = new Metrics().counter({ name: "calls_total", help: "Calls.", labels: { a: ["x", 'x","b'], b: ["y", ""] } });
    calls.with({ a: "x", b: "y" }).inc();
    calls.with({ a: 'x","b', b: "" }).inc();
    expect(calls.series.size).toBe(2);
  });

  it("does not follow later changes of the options", () => {
    const known = ["edge"];
    const labels = { target: known };
    const calls = new Metrics().counter({ name: "calls_total", help: "Calls.", labels });
    known.push("cloud");
    calls.with({ target: "cloud" }).inc();
    expect(calls.with({ target: "other" }).value).toBe(1);
  });

  it("lists its families in the order of definition", () => {
    const metrics = new Metrics();
    metrics.gauge({ name: "b", help: "B." });
    metrics.histogram({ name: "a", help: "A." });
    metrics.counter({ name: "c", help: "C." });
    expect([...metrics.families].map(({ name, kind, help }) => [name, kind, help])).toEqual([
      ["b", "gauge", "B."],
      ["a", "histogram", "A."],
      ["c", "counter", "C."],
    ]);
  });

  it("gives every series of a histogram the bounds of the metric", () => {
    const latency = new Metrics().histogram({ name: "seconds", help: "Latency.", min: 1, max: 4, labels: { target: ["edge"] } });
    const edge = latency.with({ target: "edge" });
    expectTypeOf(edge).toEqualTypeOf<Histogram>();
    expect(edge.cumulative().map(([bound]) => bound)).toEqual([1, 2, 4]);
    expect(latency.with({ target: "x" })).not.toBe(edge);
  });

  it.each(["", "1a", "a-b", "a b", "é", "a\n", "a{"])("refuses the name %j", (name) => {
    expect(issuesOf(() => new Metrics().counter({ name, help: "" }))).toEqual(["name"]);
  });

  it.each(["a", "_", ":", "A1:b_c"])("takes the name %j", (name) => {
    expect(new Metrics().counter({ name, help: "" }).name).toBe(name);
  });

  it("refuses a name twice, across kinds", () => {
    const metrics = new Metrics();
    metrics.counter({ name: "a", help: "" });
    expect(issuesOf(() => metrics.gauge({ name: "a", help: "" }))).toEqual(["name"]);
    expect([...metrics.families]).toHaveLength(1);
  });

  it("gives systems that define the same metric one family, whose labels take the values of both", () => {
    const metrics = new Metrics();
    const options = { name: "calls_total", help: "Calls." };
    const first = metrics.counter({ ...options, labels: { model: ["a"], outcome: ["ok"] } });
    const ofFirst = first.with({ model: "a", outcome: "ok" });
    ofFirst.inc();
    first.with({ model: "b", outcome: "ok" }).inc();
    const second = metrics.counter({ ...options, labels: { outcome: ["ok", "error"], model: ["b"] } });
    expect(second).toBe(first);
    second.with({ model: "b", outcome: "error" }).inc(3);
    expect(second.with({ model: "a", outcome: "ok" })).toBe(ofFirst);
    expect([...metrics.families].map(({ name }) => name)).toEqual(["calls_total"]);
    expect([...first.series.values()].map(({ labels, metric }) => [labels, metric.value])).toEqual([
      [{ model: "a", outcome: "ok" }, 1],
      [{ model: "other", outcome: "ok" }, 1],
      [{ model: "b", outcome: "error" }, 3],
    ]);
  });

  it("takes at most 1000 values of a label, however often the metric is defined", () => {
    const metrics = new Metrics();
    for (let i = 0; i < 30; i++) {
      const model = Array.from({ length: 100 }, (_, k) => `m${i * 100 + k}`);
      const calls = metrics.counter({ name: "calls_total", help: "Calls.", labels: { model } });
      for (const each of model) calls.with({ model: each }).inc();
    }
    const [family] = metrics.families;
    const counted = [...family!.series.values()].map(({ labels, metric }) => [labels["model"], (metric as Counter).value]);
    expect(counted).toHaveLength(1001);
    expect(counted.slice(-2)).toEqual([
      ["m999", 1],
      ["other", 2000],
    ]);
  });

  it("takes a histogram twice when the bounds come to the same buckets", () => {
    const metrics = new Metrics();
    const first = metrics.histogram({ name: "seconds", help: "Latency." });
    expect(metrics.histogram({ name: "seconds", help: "Latency.", min: 2 ** -20, max: 2 ** 12 })).toBe(first);
    expect(issuesOf(() => metrics.histogram({ name: "seconds", help: "Latency.", max: 1 }))).toEqual(["name"]);
  });

  it.each([
    ["another help", { help: "Others.", labels: { target: [] } }],
    ["another label", { help: "Calls.", labels: { model: [] } }],
    ["one label more", { help: "Calls.", labels: { target: [], model: [] } }],
    ["no label", { help: "Calls." }],
  ])("refuses a name with %s, and leaves the metric as it is", (_, options) => {
    const metrics = new Metrics();
    const calls = metrics.counter({ name: "calls_total", help: "Calls.", labels: { target: ["edge"] } });
    expect(issuesOf(() => metrics.counter({ name: "calls_total", ...options } as never))).toEqual(["name"]);
    expect(issuesOf(() => metrics.counter({ name: "calls_total", help: "Calls.", labels: { target: ["x"], le: [] } }))).toEqual([
      "name",
      "labels.le",
    ]);
    calls.with({ target: "x" as "edge" }).inc();
    expect([...calls.series.values()].map(({ labels }) => labels)).toEqual([{ target: "other" }]);
  });

  it("refuses bad label names, all at once, and defines nothing", () => {
    const metrics = new Metrics();
    const labels = { le: [], "a-b": [], __name__: [], "1": [], a: [], "a:b": [] };
    expect(issuesOf(() => metrics.counter({ name: "1", help: "", labels }))).toEqual([
      "name",
      "labels.1",
      "labels.le",
      "labels.a-b",
      "labels.__name__",
      "labels.a:b",
    ]);
    expect([...metrics.families]).toEqual([]);
  });

  it("refuses bad bounds when the histogram is defined, and defines nothing", () => {
    const metrics = new Metrics();
    expect(issuesOf(() => metrics.histogram({ name: "a", help: "", min: 2, max: 1 }))).toEqual(["min"]);
    expect([...metrics.families]).toEqual([]);
  });

  it("makes the compiler refuse unknown and missing labels", () => {
    const calls = new Metrics().counter({ name: "calls_total", help: "Calls.", labels: { target: ["edge"] } });
    // @ts-expect-error: no such label
    calls.with({ target: "edge", model: "x" }).inc();
    // @ts-expect-error: target is missing
    calls.with({}).inc();
    expect([...calls.series.values()].map(({ labels }) => labels)).toEqual([{ target: "edge" }, { target: "other" }]);
  });
});
