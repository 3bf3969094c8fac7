import { describe, expect, it } from "vitest";
import type { AlertRule, AlertRulesOptions } from "../../../src/monitoring/alerts/index.ts";
import { AlertBench, MINUTE, recordingChannel, ruleAbove, told } from "./alert-bench.ts";

const levels = { severity: undefined, above: { warning: 10, critical: 20, emergency: 30 } };

/** What is told after which minute, `firing:warning@0` and so on. */
async function tell(rule: Partial<AlertRule>, values: string, options: Partial<AlertRulesOptions> = {}): Promise<string> {
  await using bench = await AlertBench.open([ruleAbove(rule)], options);
  const start = bench.clock.now();
  await bench.play(values);
  return bench.chat.notices
    .flatMap(({ at, alerts }) => alerts.map(({ news, severity }) => `${news}:${severity}@${(at - start) / MINUTE}`))
    .join(" ");
}

const scenarios: readonly (readonly [what: string, rule: Partial<AlertRule>, values: string, told: string])[] = [
  ["are told once, and told to be over", {}, "1 11 11 11 1 1", "firing:warning@1 resolved:warning@4"],
  ["are not told while they wait, nor that they wait no more", { forMs: 2 * MINUTE }, "11 11 1 11 1", ""],
  [
    "that flap are told again after the cooldown, and then of their end",
    { cooldownMs: 4 * MINUTE },
    "11 1 11 1 11 1 1",
    "firing:warning@0 resolved:warning@1 firing:warning@4 resolved:warning@5",
  ],
  [
    "that fire on after the cooldown are told then",
    { cooldownMs: 4 * MINUTE },
    "11 1 11 11 11 11",
    "firing:warning@0 resolved:warning@1 firing:warning@4",
  ],
  [
    "are told again every so often",
    { repeatEveryMs: 2 * MINUTE },
    "11 11 11 11 11 1",
    "firing:warning@0 reminder:warning@2 reminder:warning@4 resolved:warning@5",
  ],
  [
    "are not told again within the cooldown",
    { repeatEveryMs: MINUTE, cooldownMs: 3 * MINUTE },
    "11 11 11 11",
    "firing:warning@0 reminder:warning@3",
  ],
  [
    "are told at once to be worse, and not to be less bad, within the cooldown",
    { ...levels, cooldownMs: 5 * MINUTE },
    "11 21 11 21 31 11 11 11 11 11",
    "firing:warning@0 escalated:critical@1 escalated:emergency@4 deescalated:warning@9",
  ],
  [
    "come down without a cooldown",
    levels,
    "31 21 11 1",
    "firing:emergency@0 deescalated:critical@1 deescalated:warning@2 resolved:warning@3",
  ],
  [
    "that fire anew are told within the cooldown when they are worse than ever",
    { ...levels, cooldownMs: 5 * MINUTE },
    "11 1 11 1 21 1 21 1",
    "firing:warning@0 resolved:warning@1 firing:critical@4 resolved:critical@5",
  ],
  [
    "begin a cooldown at each notice but the last",
    { cooldownMs: 3 * MINUTE },
    "11 1 1 11",
    "firing:warning@0 resolved:warning@1 firing:warning@3",
  ],
];

describe("notices of alerts", () => {
  it.each(scenarios)("%s", async (_, rule, values, expected) => {
    expect(await tell(rule, values)).toBe(expected);
  });

  it("are muted for a cooldown that is longer than ended alerts are listed", async () => {
    expect(await tell({ cooldownMs: 60 * MINUTE }, "11 1 1 1 11", { resolvedForMs: MINUTE })).toBe(
      "firing:warning@0 resolved:warning@1",
    );
  });

  it("tell what is to be known", async () => {
    const summary = "{name}: {labels.model} {value} > {threshold} ({severity}, {metric}) {other} {labels.none}.";
    await using bench = await AlertBench.open([ruleAbove({ ...levels, summary })]);
    bench.setModels({ m: 21.23456789, a: 1 });
    const at = bench.clock.now();
    await bench.step();
    bench.setModels({ m: 1 });
    await bench.step();
    const [first, second] = bench.chat.notices;
    expect(first).toEqual({
      key: `fraud/${at.toString(36)}-1`,
      ruleSet: "fraud",
      channel: "chat",
      at,
      group: { "@rule": "drift" },
      status: "firing",
      severity: "critical",
      alerts: [
        {
          rule: "drift",
          metric: "psi",
          news: "firing",
          severity: "critical",
          labels: { model: "m" },
          value: 21.23456789,
          count: 1000,
          threshold: 20,
          since: at,
          resolvedAt: null,
          end: null,
          summary: "drift: m 21.2346 > 20 (critical, psi) {other} .",
        },
      ],
      othersFiring: 0,
    });
    expect(second).toMatchObject({
      key: `fraud/${at.toString(36)}-2`,
      status: "resolved",
      severity: "critical",
      alerts: [{ news: "resolved", value: 1, since: at, resolvedAt: at + MINUTE, end: "cleared" }],
    });
    expect(Object.isFrozen(first?.alerts[0]?.labels)).toBe(true);
  });

  it("go to the channels whose least severity and matchers they meet", async () => {
    const [pager, fraud, other] = [recordingChannel("pager"), recordingChannel("fraud"), recordingChannel("other")];
    await using bench = await AlertBench.open([ruleAbove(levels)], {
      channels: [
        { channel: pager, minSeverity: "critical" },
        { channel: fraud, match: { labels: { model: ["fraud", "churn"] }, rules: ["drift"] }, groupBy: ["model"] },
        { channel: other, match: { severities: ["warning"], labels: { model: "" } } },
      ],
    });
    bench.setModels({ fraud: 11, spam: 21 });
    await bench.step();
    bench.setModels({ fraud: 21, spam: 11, churn: 11 });
    await bench.step();
    bench.set(11);
    await bench.step();
    expect(told(pager.notices)).toEqual([
      "firing drift{spam} critical",
      "firing drift{fraud} critical; resolved drift{spam} critical",
    ]);
    expect(told(fraud.notices)).toEqual([
      "firing drift{fraud} warning",
      "firing drift{churn} warning",
      "escalated drift{fraud} critical",
    ]);
    expect(told(other.notices)).toEqual(["firing drift{} warning"]);
    expect(pager.notices[1]?.alerts[1]).toMatchObject({ resolvedAt: null, end: null });
  });

  it("do not tell of the end where that is not wanted", async () => {
    const chat = recordingChannel();
    expect(await tell({}, "11 1 11", { channels: [{ channel: chat, sendResolved: false }] })).toBe("");
    expect(told(chat.notices)).toEqual(["firing drift{} warning", "firing drift{} warning"]);
  });

  describe("in groups", () => {
    it("share one when the labels of groupBy are equal", async () => {
      const chat = recordingChannel();
      await using bench = await AlertBench.open([ruleAbove(), ruleAbove({ name: "b" })], {
        channels: [{ channel: chat, groupBy: ["model"] }],
      });
      bench.samples = [
        { labels: { model: "m", feature: "x" }, value: 11, count: 1 },
        { labels: { model: "m", feature: "y" }, value: 11, count: 1 },
        { labels: { model: "n", feature: "x" }, value: 11, count: 1 },
      ];
      await bench.step();
      expect(chat.notices.map(({ group, alerts }) => [group, alerts.length])).toEqual([
        [{ model: "m" }, 4],
        [{ model: "n" }, 2],
      ]);
      bench.samples = bench.samples.slice(1);
      await bench.step();
      expect(chat.notices).toHaveLength(2);
      bench.samples = [{ labels: { model: "m", feature: "x" }, value: 1, count: 1 }];
      await bench.step();
      expect(chat.notices.slice(2)).toMatchObject([{ group: { model: "m" }, status: "resolved", othersFiring: 2 }]);
    });

    const grouped = async (route: { groupWaitMs?: number; groupIntervalMs?: number }) => {
      const chat = recordingChannel();
      const bench = await AlertBench.open([ruleAbove()], { channels: [{ channel: chat, ...route }] });
      const start = bench.clock.now();
      const at = () => chat.notices.map((notice) => `${(notice.at - start) / MINUTE}: ${told([notice])[0]}`);
      return { bench, at };
    };

    it("wait for company for groupWaitMs", async () => {
      const { bench, at } = await grouped({ groupWaitMs: 2 * MINUTE });
      await using _ = bench;
      for (const models of [{ a: 11 }, { a: 11, b: 11 }, { a: 11, b: 11, c: 11 }, { d: 11 }]) {
        bench.setModels(models);
        await bench.step();
        await bench.restart();
      }
      expect(at()).toEqual(["2: firing drift{a} warning; firing drift{b} warning; firing drift{c} warning"]);
      await bench.step();
      await bench.step();
      expect(at().slice(1)).toEqual(["5: firing drift{d} warning"]);
    });

    it("are not told at all of what has passed while they waited", async () => {
      const { bench, at } = await grouped({ groupWaitMs: 2 * MINUTE });
      await using _ = bench;
      await bench.play("11 11 1 1 1");
      expect(at()).toEqual([]);
      await bench.play("11 11");
      expect(at()).toEqual([]);
      await bench.play("11");
      expect(at()).toEqual(["7: firing drift{} warning"]);
    });

    it("are not told again before groupIntervalMs has passed", async () => {
      const { bench, at } = await grouped({ groupIntervalMs: 3 * MINUTE });
      await using _ = bench;
      for (const models of [{ a: 11 }, { a: 11, b: 11 }, { a: 1, b: 11 }, { a: 1, b: 11, c: 11 }, { a: 1, b: 1, c: 1 }]) {
        bench.setModels(models);
        await bench.step();
        await bench.restart();
      }
      await bench.step();
      await bench.step();
      expect(at()).toEqual([
        "0: firing drift{a} warning",
        "3: resolved drift{a} warning; firing drift{b} warning; firing drift{c} warning",
        "6: resolved drift{b} warning; resolved drift{c} warning",
      ]);
    });

    it("are told in several notices when they are large", async () => {
      const { bench } = await grouped({});
      await using _ = bench;
      const chat = recordingChannel();
      await bench.restart({ channels: [chat], maxAlertsPerRule: 250 });
      bench.setModels(Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`m${i}`, 11])));
      await bench.rules.evaluate();
      expect(chat.notices.map(({ alerts, othersFiring }) => [alerts.length, othersFiring])).toEqual([
        [100, 150],
        [100, 150],
        [50, 200],
      ]);
      expect(new Set(chat.notices.flatMap(({ alerts }) => alerts.map(({ labels }) => labels["model"]))).size).toBe(250);
    });
  });

  describe("under a silence", () => {
    it("wait for its end, and tell what is so then", async () => {
      await using bench = await AlertBench.open([ruleAbove()]);
      const now = bench.clock.now();
      const { id, from } = await bench.rules.silence({ matchers: { rules: ["drift"] }, until: now + 3 * MINUTE, by: "ada" });
      expect(from).toBe(now);
      await bench.play("11 11");
      expect(await bench.rules.alerts()).toMatchObject([{ state: "firing", silencedBy: [id] }]);
      expect(bench.chat.notices).toEqual([]);
      await bench.play("11 11");
      expect(told(bench.chat.notices)).toEqual(["firing drift{} warning"]);
      expect(bench.chat.notices[0]).toMatchObject({ at: now + 3 * MINUTE, alerts: [{ since: now }] });
      expect(await bench.rules.silences()).toEqual([]);
    });

    it("tell the end of an alert that was told, after the silence, and nothing of one that came and went", async () => {
      await using bench = await AlertBench.open([ruleAbove()]);
      bench.setModels({ a: 11, b: 1 });
      await bench.step();
      await bench.rules.silence({
        matchers: { labels: { model: ["a", "b"] } },
        until: bench.clock.now() + 2 * MINUTE,
        by: "ada",
      });
      bench.setModels({ a: 1, b: 11 });
      await bench.step();
      bench.setModels({ a: 1, b: 1 });
      await bench.step();
      expect(told(bench.chat.notices)).toEqual(["firing drift{a} warning"]);
      await bench.restart();
      await bench.step();
      expect(told(bench.chat.notices).slice(1)).toEqual(["resolved drift{a} warning"]);
    });

    it("are not forgotten for want of room before their end was told", async () => {
      await using bench = await AlertBench.open([ruleAbove()], { maxAlertsPerRule: 1 });
      bench.setModels({ a: 11 });
      await bench.step();
      await bench.rules.silence({ matchers: { labels: { model: "a" } }, until: bench.clock.now() + MINUTE, by: "ada" });
      for (let i = 0; i < 3; i++) {
        bench.setModels({ a: 1, b: 11 });
        await bench.step();
      }
      expect(told(bench.chat.notices)).toEqual([
        "firing drift{a} warning",
        "resolved drift{a} warning",
        "firing drift{b} warning",
      ]);
    });

    it("are those whose labels, rule and severity it names, from its beginning", async () => {
      await using bench = await AlertBench.open([ruleAbove(levels)]);
      const now = bench.clock.now();
      const silence = { matchers: { labels: { model: ["a"] }, severities: ["warning" as const] }, by: "ada" };
      await bench.rules.silence({ ...silence, from: now + MINUTE, until: now + 100 * MINUTE, comment: "deploy" });
      bench.setModels({ a: 11 });
      await bench.step();
      bench.setModels({ a: 11, b: 11 });
      await bench.step();
      bench.setModels({ a: 21, b: 11 });
      await bench.step();
      expect(told(bench.chat.notices)).toEqual([
        "firing drift{a} warning",
        "firing drift{b} warning",
        "escalated drift{a} critical",
      ]);
      expect(await bench.rules.silences()).toMatchObject([{ ...silence, comment: "deploy", from: now + MINUTE }]);
    });

    it("are told at once when it is removed", async () => {
      await using bench = await AlertBench.open([ruleAbove()]);
      const { id } = await bench.rules.silence({
        matchers: { labels: { model: "" } },
        until: bench.clock.now() + 99 * MINUTE,
        by: "a",
      });
      await bench.step(11);
      expect(await bench.rules.removeSilence(id)).toBe(true);
      expect(await bench.rules.removeSilence(id)).toBe(false);
      await bench.step(11);
      expect(told(bench.chat.notices)).toEqual(["firing drift{} warning"]);
    });

    it.each([
      ["no condition", { matchers: {} }],
      ["a condition that is empty", { matchers: { rules: [] } }],
      ["an empty list of values", { matchers: { labels: { model: [] } } }],
      ["a name that no label has", { matchers: { labels: { "@rule": "x" } } }],
      ["a value that is no text", { matchers: { labels: { model: 7 } } }],
      ["labels that are a list", { matchers: { labels: ["model"] } }],
      ["an end that has passed", { until: 0 }],
      ["an end before its beginning", { from: 9_999_999_999_999, until: 9_999_999_999_998 }],
      ["nobody behind it", { by: "" }],
    ])("are not under one with %s", async (_, wrong) => {
      await using bench = await AlertBench.open([ruleAbove()]);
      const input = { matchers: { rules: ["drift"] }, until: bench.clock.now() + 1, by: "ada", ...wrong };
      await expect(bench.rules.silence(input as never)).rejects.toMatchObject({ code: "INPUT_INVALID" });
    });

    it("can be under 500 silences at most", async () => {
      await using bench = await AlertBench.open([ruleAbove()]);
      const input = { matchers: { rules: ["x"] }, by: "ada", until: bench.clock.now() + MINUTE };
      for (let i = 0; i < 500; i++) await bench.rules.silence(input);
      await expect(bench.rules.silence(input)).rejects.toMatchObject({ code: "INPUT_INVALID" });
      bench.clock.advance(MINUTE);
      await bench.rules.silence({ ...input, until: bench.clock.now() + MINUTE });
      expect(await bench.rules.silences()).toHaveLength(1);
    });
  });

  it("are not told while a more severe alert with the same labels fires", async () => {
    await using bench = await AlertBench.open(
      [ruleAbove(), ruleAbove({ name: "down", metric: "up", above: 0, severity: "critical" })],
      {
        inhibit: [{ from: "critical", equal: ["model"] }],
      },
    );
    let values = { psi: { a: 11, b: 11 }, up: { a: 1 } } as Record<string, Record<string, number>>;
    const source = {
      samples: async ({ metric }: { metric: string }) =>
        Object.entries(values[metric] ?? {}).map(([model, value]) => ({ labels: { model }, value, count: 1 })),
    };
    await bench.restart({ source });
    await bench.step();
    expect(told(bench.chat.notices)).toEqual(["firing down{a} critical", "firing drift{b} warning"]);
    expect((await bench.rules.alerts()).filter(({ inhibited }) => inhibited)).toMatchObject([
      { rule: "drift", labels: { model: "a" } },
    ]);
    values = { psi: { a: 11, b: 11 }, up: { a: 0 } };
    await bench.step();
    expect(told(bench.chat.notices).slice(2)).toEqual(["resolved down{a} critical", "firing drift{a} warning"]);
  });
});
