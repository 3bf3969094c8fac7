import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Metrics } from "../../src/core/metrics.ts";
import { prometheusContentType, prometheusText } from "../../src/core/prometheus.ts";

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const unescaped = (text: string) => text.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));

/** Reads the text format, version 0.0.4, and nothing laxer. */
function parse(text: string) {
  const help = new Map<string, string>();
  const type = new Map<string, string>();
  const samples: Sample[] = [];
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line must end in a line feed");
  for (const line of text.split("\n").slice(0, -1)) {
    const comment = /^# (HELP|TYPE) ([A-Za-z_:][A-Za-z0-9_:]*) (.*)$/s.exec(line);
    if (comment !== null) {
      (comment[1] === "HELP" ? help : type).set(comment[2]!, unescaped(comment[3]!));
      continue;
    }
    const sample = /^([A-Za-z_:][A-Za-z0-9_:]*)(?:\{((?:[A-Za-z_][A-Za-z0-9_]*="(?:[^"\\]|\\["\\n])*",?)+)\})? (\S+)$/.exec(line);
    if (sample === null) throw new Error(`not a line of the format: ${line}`);
    const pairs = [...(sample[2] ?? "").matchAll(/([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\["\\n])*)"/g)];
    samples.push({
      name: sample[1]!,
      labels: Object.fromEntries(pairs.map(([, label, value]) => [label!, unescaped(value!)])),
      value: Number(sample[3]!.replace("Inf", "Infinity")),
    });
  }
  return { help, type, samples };
}

describe("prometheusText", () => {
  it("writes counters and gauges", () => {
    const metrics = new Metrics();
    const calls = metrics.counter({ name: "calls_total", help: "Calls.", labels: { target: ["edge"] } });
    calls.with({ target: "edge" }).inc(3);
    calls.with({ target: "mars" }).inc();
    metrics.gauge({ name: "running", help: "Running." }).with({}).set(-1.5);
    expect(prometheusText(metrics)).toBe(
      [
        "# HELP calls_total Calls.",
        "# TYPE calls_total counter",
        'calls_total{target="edge"} 3',
        'calls_total{target="other"} 1',
        "# HELP running Running.",
        "# TYPE running gauge",
        "running -1.5",
        "",
      ].join("\n"),
    );
  });

  it("writes a histogram with cumulative buckets, sum and count", () => {
    const metrics = new Metrics();
    const seconds = metrics.histogram({ name: "seconds", help: "Latency.", min: 1, max: 4, labels: { target: ["edge"] } });
    for (const value of [0.5, 1, 1.5, 4, 100, Number.NaN]) seconds.with({ target: "edge" }).record(value);
    expect(prometheusText(metrics).split("\n").slice(2)).toEqual([
      'seconds_bucket{target="edge",le="1"} 2',
      'seconds_bucket{target="edge",le="2"} 3',
      'seconds_bucket{target="edge",le="4"} 4',
      'seconds_bucket{target="edge",le="+Inf"} 5',
      'seconds_sum{target="edge"} 107',
      'seconds_count{target="edge"} 5',
      "",
    ]);
  });

  it("writes nothing for no metrics, and only the head of one without series", () => {
    const metrics = new Metrics();
    expect(prometheusText(metrics)).toBe("");
    metrics.counter({ name: "a", help: "A." });
    expect(prometheusText(metrics)).toBe("# HELP a A.\n# TYPE a counter\n");
  });

  it.each([
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
    [1e21, "1e+21"],
    [-0, "0"],
  ])("writes %d as %s", (value, text) => {
    const metrics = new Metrics();
    metrics.gauge({ name: "g", help: "" }).with({}).set(value);
    expect(prometheusText(metrics)).toContain(`\ng ${text}\n`);
  });

  it("escapes label values and help, so that any text reads back", () => {
    const hostile = fc.string({ unit: fc.constantFrom("a", '"', "\\", "\n", "n", "{", "}", ",", "=", " ", "\r", "é", "#") });
    fc.assert(
      fc.property(hostile, hostile, (value, help) => {
        const metrics = new Metrics();
        metrics
          .gauge({ name: "g", help, labels: { label: [value] } })
          .with({ label: value })
          .set(1);
        const parsed = parse(prometheusText(metrics));
        expect(parsed.samples).toEqual([{ name: "g", labels: { label: value }, value: 1 }]);
        expect(parsed.help.get("g")).toBe(help);
      }),
      { numRuns: 300 },
    );
  });

  it("writes buckets that never fall and end at the count", () => {
    fc.assert(
      fc.property(fc.array(fc.double()), (values) => {
        const metrics = new Metrics();
        const histogram = metrics.histogram({ name: "h", help: "" }).with({});
        for (const value of values) histogram.record(value);
        const { samples, type } = parse(prometheusText(metrics));
        const buckets = samples.filter(({ name }) => name === "h_bucket");
        const count = samples.find(({ name }) => name === "h_count")!.value;
        expect(type.get("h")).toBe("histogram");
        expect(buckets).toHaveLength(34);
        expect(buckets.every(({ value }, i) => i === 0 || value >= buckets[i - 1]!.value)).toBe(true);
        const bounds = buckets.map(({ labels }) => Number(labels["le"]!.replace("Inf", "Infinity")));
        expect(bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]!)).toBe(true);
        expect(bounds.at(-1)).toBe(Number.POSITIVE_INFINITY);
        expect(buckets.at(-1)!.value).toBe(count);
        expect(count).toBe(values.filter(Number.isFinite).length);
      }),
    );
  });

  it("has the content type of the format", () => {
    expect(prometheusContentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  });
});
