import { describe, expect, it } from "vitest";
import { memoryKeyValues } from "../../../src/adapters/memory/index.ts";
import { AlertRules, type AlertRulesOptions, type MetricSample } from "../../../src/monitoring/alerts/index.ts";
import { AlertBench, MINUTE, recordingChannel, ruleAbove, told } from "./alert-bench.ts";

const sample = (labels: unknown, value: unknown = 11, count: unknown = 1) => ({ labels, value, count }) as MetricSample;
const proto = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;

describe("alert rules", () => {
  it.each([
    ["no labels", sample(undefined)],
    ["labels that are a list", sample([])],
    ["a label that is no text", sample({ model: 7 })],
    ["a label that is too long", sample({ model: "x".repeat(129) })],
    ["a name that is too long", sample({ ["x".repeat(129)]: "a" })],
    ["a name that stands for something else", sample({ "@rule": "a" })],
    ["a name that is empty", sample({ "": "a" })],
    ["a NUL character", sample({ model: "a\0" })],
    ["half a character", sample({ model: "\ud800" })],
    ["too many labels", sample(Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`l${i}`, "a"])))],
    ["a value that is a text", sample({}, "11")],
    ["no count", sample({}, 11, null)],
    ["a negative count", sample({}, 11, -1)],
    ["a count that is no number", sample({}, 11, Number.NaN)],
    ["nothing", undefined as unknown as MetricSample],
  ])("leave out a sample with %s, and look at the others", async (_, bad) => {
    await using bench = await AlertBench.open([ruleAbove()]);
    bench.samples = [bad, sample({ model: "good" })];
    const { leftOut, transitions } = await bench.rules.evaluate();
    expect(leftOut).toEqual([{ rule: "drift", alerts: 0, samples: 1 }]);
    expect(transitions).toMatchObject([{ labels: { model: "good" } }]);
  });

  it("take the first of two samples with the same labels, in whichever order the labels come", async () => {
    await using bench = await AlertBench.open([ruleAbove()]);
    bench.samples = [sample({ a: "1", b: "2", c: "" }, 11), sample({ b: "2", a: "1" }, 1)];
    expect((await bench.rules.evaluate()).leftOut).toMatchObject([{ samples: 1 }]);
    expect(await bench.rules.alerts()).toMatchObject([{ state: "firing", labels: { a: "1", b: "2" } }]);
  });

  it("look at 10 000 samples of an answer", async () => {
    await using bench = await AlertBench.open([ruleAbove()]);
    bench.samples = Array.from({ length: 10_003 }, (_, i) => sample({ model: `m${i}` }, 1));
    expect((await bench.rules.evaluate()).leftOut).toEqual([{ rule: "drift", alerts: 0, samples: 3 }]);
  });

  it("take names such as __proto__ for names, through the state and the notices", async () => {
    await using bench = await AlertBench.open(
      [ruleAbove({ name: "__proto__", labels: proto, summary: "{name} {labels.__proto__} {labels.toString}" })],
      {
        channels: [],
      },
    );
    await bench.restart({ channels: [{ channel: bench.chat, groupBy: ["__proto__"], match: { labels: proto } }] });
    const asked: unknown[] = [];
    await bench.restart({
      channels: [{ channel: bench.chat, groupBy: ["__proto__"], match: { labels: proto } }],
      source: {
        samples: async ({ labels }) => [asked.push(labels), sample({ constructor: "y", toString: "z" })].slice(1) as never,
      },
    });
    await bench.rules.evaluate();
    await bench.restart();
    const [notice] = bench.chat.notices;
    expect(Object.entries(asked[0] as object)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
    expect(Object.entries(notice!.group)).toEqual([["__proto__", "x"]]);
    expect(notice?.alerts[0]?.summary).toBe("__proto__ x z");
    const [alert] = await bench.rules.alerts();
    expect(Object.entries(alert!.labels)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
      ["toString", "z"],
    ]);
    const silence = await bench.rules.silence({ matchers: { labels: proto }, until: bench.clock.now() + MINUTE, by: "a" });
    expect(Object.entries(silence.matchers.labels!)).toEqual([
      ["__proto__", ["x"]],
      ["constructor", ["y"]],
    ]);
    expect(await bench.rules.alerts()).toMatchObject([{ silencedBy: [silence.id] }]);
  });

  it("leave out samples of other series than those asked for", async () => {
    await using bench = await AlertBench.open([ruleAbove({ labels: { model: "m" } })]);
    bench.samples = [sample({ model: "n" }), sample({ model: "m", feature: "x" }), sample({ feature: "y" })];
    expect((await bench.rules.evaluate()).leftOut).toMatchObject([{ samples: 1 }]);
    expect((await bench.rules.alerts()).map(({ labels }) => labels)).toEqual([
      { feature: "x", model: "m" },
      { feature: "y", model: "m" },
    ]);
  });

  it("keep as many alerts as there is room for, those that are known and the most severe before others", async () => {
    await using bench = await AlertBench.open(
      [ruleAbove({ severity: undefined, above: { warning: 10, critical: 20 }, cooldownMs: 60 * MINUTE })],
      {
        maxAlertsPerRule: 2,
      },
    );
    bench.setModels({ a: 11, b: 11, z: 21 });
    expect((await bench.rules.evaluate()).leftOut).toEqual([{ rule: "drift", alerts: 1, samples: 0 }]);
    expect(told(bench.chat.notices)).toEqual(["firing drift{a} warning; firing drift{z} critical"]);
    bench.setModels({ a: 11, z: 11, y: 21 });
    expect((await bench.rules.evaluate()).leftOut).toMatchObject([{ alerts: 1 }]);
    // One that has ended makes room, though it would have been remembered.
    bench.setModels({ a: 1, z: 11, y: 21 });
    await bench.rules.evaluate();
    expect((await bench.rules.evaluate()).leftOut).toEqual([]);
    expect((await bench.rules.alerts()).map(({ labels, state }) => [labels["model"], state])).toEqual([
      ["y", "firing"],
      ["z", "firing"],
    ]);
  });

  it("replace placeholders once, with texts of bounded length and without control characters", async () => {
    await using bench = await AlertBench.open([
      ruleAbove({ summary: "{labels.model} {labels.long}{labels.long}{value}".repeat(20) }),
    ]);
    const long = `${"😀".repeat(64)}`;
    bench.samples = [sample({ model: "{value}\n\u001b[31m$&", long })];
    await bench.rules.evaluate();
    const { summary } = bench.chat.notices[0]!.alerts[0]!;
    expect(summary.startsWith(`{value}  [31m$& ${long}${long}11`)).toBe(true);
    expect(summary.length).toBeLessThanOrEqual(2000);
    expect(summary).not.toMatch(/\p{Surrogate}/u);
  });

  it("show numbers short", async () => {
    await using bench = await AlertBench.open([ruleAbove({ above: 0.1 + 0.2, summary: "{value} {threshold}", noData: "alert" })]);
    await bench.step(1 / 3);
    await bench.restart({
      rules: [ruleAbove({ above: 0.1 + 0.2, severity: "critical", summary: "{value} {threshold}", noData: "alert" })],
    });
    bench.set(undefined);
    await bench.step();
    expect(bench.chat.notices.map(({ alerts }) => alerts[0]?.summary)).toEqual(["0.333333 0.3", "no data 0.3"]);
  });
});

describe("the options of alert rules", () => {
  const open = (changes: object) =>
    AlertRules.open({
      name: "a",
      rules: [],
      source: { samples: async () => [] },
      store: memoryKeyValues(),
      ...changes,
    } as AlertRulesOptions);
  const rule = (changes: object) => ({ rules: [{ ...ruleAbove(), ...changes }] });

  it.each([
    ["a name that is empty", { name: "" }, "name"],
    ["a source that is none", { source: {} }, "source"],
    ["a store that is none", { store: {} }, "store"],
    ["an option that is unknown", { every: 1 }, ""],
    ["two rules of one name", { rules: [ruleAbove(), ruleAbove()] }, "rules"],
    ["a rule without a threshold", rule({ above: undefined }), "rules.0.above"],
    ["a rule with both", rule({ below: 1 }), "rules.0.above"],
    ["a rule without a severity", rule({ severity: undefined }), "rules.0.severity"],
    ["a severity beside levels", rule({ above: { info: 1 } }), "rules.0.severity"],
    ["no level", rule({ severity: undefined, above: {} }), "rules.0.above"],
    ["levels that fall", rule({ severity: undefined, above: { info: 2, warning: 2 } }), "rules.0.above"],
    ["levels that rise", rule({ severity: undefined, above: undefined, below: { info: 1, critical: 2 } }), "rules.0.below"],
    ["a clear that is worse than the threshold", rule({ clear: 11 }), "rules.0.clear"],
    ["a clear that is worse than the threshold below", rule({ above: undefined, below: 10, clear: 9 }), "rules.0.clear"],
    [
      "a clear of a level that is none",
      rule({ severity: undefined, above: { info: 1 }, clear: { critical: 1 } }),
      "rules.0.clear",
    ],
    ["one clear for several levels", rule({ severity: undefined, above: { info: 1 }, clear: 1 }), "rules.0.clear"],
    ["a threshold that is none", rule({ above: Number.NaN }), "rules.0.above"],
    ["a negative time", rule({ forMs: -1 }), "rules.0.forMs"],
    ["a reminder without a pause", rule({ repeatEveryMs: 0 }), "rules.0.repeatEveryMs"],
    ["labels that are none", rule({ labels: { a: 7 } }), "rules.0.labels"],
    ["a summary that is too long", rule({ summary: "x".repeat(1001) }), "rules.0.summary"],
    ["a channel that is none", { channels: [null] }, "channels.0"],
    ["a channel of another port", { channels: [{ spec: "notifier/9" }] }, "channels.0.channel"],
    ["a channel without a name", { channels: [{ ...recordingChannel(), name: "" }] }, "channels.0.channel"],
    ["a channel that cannot deliver", { channels: [{ ...recordingChannel(), deliver: 1 }] }, "channels.0.channel"],
    ["two channels of one name", { channels: [recordingChannel(), recordingChannel()] }, "channels"],
    ["a group by what is no label", { channels: [{ channel: recordingChannel(), groupBy: ["@x"] }] }, "channels.0.groupBy.0"],
    ["a lease that is too short", { delivery: { leaseMs: 19_999 } }, "delivery.leaseMs"],
    ["an inhibition that could mute nothing", { inhibit: [{ from: "info", equal: [] }] }, "inhibit.0.from"],
    ["too many alerts in all", { rules: [ruleAbove(), ruleAbove({ name: "b" })], maxAlertsPerRule: 5001 }, "maxAlertsPerRule"],
  ])("may not have %s", async (_, changes, path) => {
    const error = await open(changes).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    const { issues } = (error as { details: { issues: { path: unknown[] }[] } }).details;
    expect(issues.map((issue) => issue.path.join("."))).toContain(path);
  });

  it("are copied", async () => {
    const own = { ...ruleAbove(), above: 10 };
    await using bench = await AlertBench.open([own]);
    own.above = 100;
    bench.set(11);
    expect((await bench.rules.evaluate()).transitions).toHaveLength(1);
  });
});
