import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryKeyValues } from "../../../src/adapters/memory/index.ts";
import { sqlite } from "../../../src/adapters/sqlite/index.ts";
import type { AlertNotice, AlertRule, AlertRulesOptions, AlertTransition } from "../../../src/monitoring/alerts/index.ts";
import type { KeyValueStore } from "../../../src/storage/port.ts";
import { AlertBench, MINUTE, recordingChannel, ruleAbove, told } from "./alert-bench.ts";

const rules: readonly AlertRule[] = [
  ruleAbove({ forMs: MINUTE, clear: 8, cooldownMs: 4 * MINUTE, repeatEveryMs: 6 * MINUTE }),
  {
    name: "levels",
    metric: "psi",
    above: { warning: 10, critical: 20 },
    clearForMs: MINUTE,
    noData: "alert",
    staleAfterMs: 3 * MINUTE,
  },
  { name: "low", metric: "psi", below: 5, severity: "info", noData: "resolve" },
];

/** What happens at one minute. */
interface Step {
  /** Values of the models a and b; undefined for no sample. */
  readonly values: readonly [number | null | undefined, number | null | undefined];
  readonly channelFails: boolean;
  readonly silence: boolean;
  /** Where the second run restarts, or changes to another engine. */
  readonly restart: boolean;
  readonly minutes: number;
}

const value = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(1, 5, 8, 9, 10, 11, 20, 25) }, fc.constantFrom(null, undefined));
const steps = fc.array(
  fc.record({
    values: fc.tuple(value, value),
    channelFails: fc.boolean(),
    silence: fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0),
    restart: fc.boolean(),
    minutes: fc.constantFrom(1, 1, 1, 2, 5),
  }),
  { minLength: 1, maxLength: 25 },
);

interface Outcome {
  readonly attempts: readonly AlertNotice[];
  readonly history: readonly AlertTransition[];
}

const options = (): Partial<AlertRulesOptions> => ({
  inhibit: [{ from: "critical", equal: ["model"] }],
  delivery: { retryBaseMs: MINUTE, giveUpAfterMs: 4 * MINUTE, maxWaiting: 3 },
});

/** Plays the steps; at each `restart` the second run ends the rules and opens them again, the third goes on with the other of two. */
async function play(series: readonly Step[], how: "one" | "restarts" | "two", store: KeyValueStore): Promise<Outcome> {
  await using bench = await AlertBench.open(rules, options(), store);
  const pager = recordingChannel("pager");
  const channels = [
    { channel: bench.chat, groupWaitMs: MINUTE, groupIntervalMs: 2 * MINUTE },
    { channel: pager, minSeverity: "warning" as const, groupBy: ["model"] },
  ];
  await bench.restart({ channels });
  const other = await bench.engine({ channels });
  const engines = [bench.rules, other];
  for (const { values, channelFails, silence, restart, minutes } of series) {
    bench.samples = values.flatMap((given, i) =>
      given === undefined ? [] : [{ labels: { model: i === 0 ? "a" : "b" }, value: given, count: 1 }],
    );
    pager.failWith = channelFails ? () => new Error("down") : undefined;
    if (how === "two" && restart) engines.reverse();
    if (how === "restarts" && restart) {
      await engines[0]!.close();
      engines[0] = await bench.engine({ channels });
    }
    const [rulesNow, otherNow] = engines as [typeof other, typeof other];
    if (silence) {
      await rulesNow.silence({ matchers: { labels: { model: "a" } }, until: bench.clock.now() + 3 * MINUTE, by: "ada" });
    }
    if (how === "two" && restart) await Promise.all([otherNow.evaluate(), rulesNow.evaluate()]);
    else await rulesNow.evaluate();
    bench.clock.advance(minutes * MINUTE);
  }
  const history = await engines[0]!.history();
  for (const engine of engines) await engine.close();
  return { attempts: [...bench.chat.attempts, ...pager.attempts], history };
}

describe("the state of alert rules", () => {
  it("is such that a restart before any evaluation changes nothing, in memory", async () => {
    let noticed = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (series) => {
        const once = await play(series, "one", memoryKeyValues());
        const restarted = await play(series, "restarts", memoryKeyValues());
        expect(restarted).toEqual(once);
        noticed += once.attempts.length;
      }),
      { numRuns: 60 },
    );
    expect(noticed).toBeGreaterThan(100);
  });

  it("is such that a restart changes nothing, in SQLite", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (series) => {
        await using db = sqlite({ path: ":memory:" });
        const once = await play(series, "one", memoryKeyValues());
        expect(await play(series, "restarts", db.keyValues)).toEqual(once);
      }),
      { numRuns: 8 },
    );
  });

  it("is such that two engines that evaluate at the same time, or in turn, tell what one would", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (series) => {
        const once = await play(series, "one", memoryKeyValues());
        expect(await play(series, "two", memoryKeyValues())).toEqual(once);
      }),
      { numRuns: 60 },
    );
  });

  it("loses no alert, whatever fails before or after it took effect, and whoever is killed", async () => {
    const crash = fc.record({
      step: steps.map((all) => all[0]!),
      storeFails: fc.constantFrom("no", "no", "before", "after"),
      after: fc.nat(3),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(crash, { minLength: 1, maxLength: 20 }), async (series) => {
        const memory = memoryKeyValues();
        let left = Number.POSITIVE_INFINITY;
        let how = "no";
        const store: KeyValueStore = {
          ...memory,
          set: async (...args) => {
            left -= 1;
            if (left < 0 && how === "before") throw new Error("lost");
            const revision = await memory.set(...args);
            if (left < 0 && how === "after") throw new Error("lost");
            return revision;
          },
        };
        await using bench = await AlertBench.open(rules, { delivery: { retryBaseMs: MINUTE, maxWaiting: 2 } }, store);
        for (const { step, storeFails, after } of series) {
          bench.setModels({ a: step.values[0] ?? null, b: step.values[1] ?? null });
          bench.chat.failWith = step.channelFails ? () => new Error("down") : undefined;
          how = storeFails;
          left = after;
          await bench.rules.evaluate().catch(() => {});
          // Killed, so without a word to the store; its claims stay.
          if (step.restart) bench.rules = await bench.engine();
          bench.clock.advance(step.minutes * MINUTE);
        }
        how = "no";
        bench.chat.failWith = undefined;
        for (let i = 0; i < 20; i++) await bench.step();

        const byKey = new Map<string, AlertNotice>();
        for (const notice of bench.chat.notices) {
          // What comes again is the same.
          if (byKey.has(notice.key)) expect(notice).toEqual(byKey.get(notice.key));
          else byKey.set(notice.key, notice);
        }
        const firing = new Map<string, string>();
        for (const { rule, labels, news, severity } of [...byKey.values()].flatMap(({ alerts }) => alerts)) {
          const alert = `${rule} ${labels["model"]}`;
          if (news === "resolved") expect(firing.delete(alert)).toBe(true);
          else firing.set(alert, severity);
        }
        const shown = (await bench.rules.alerts()).filter(({ state }) => state === "firing");
        expect(firing).toEqual(new Map(shown.map(({ rule, labels, severity }) => [`${rule} ${labels["model"]}`, severity])));
      }),
      { numRuns: 40 },
    );
  });

  it("has each notice delivered once by many engines at the same time", async () => {
    await using db = sqlite({ path: ":memory:" });
    await using bench = await AlertBench.open([ruleAbove({ repeatEveryMs: MINUTE })], {}, db.keyValues);
    const engines = await Promise.all(Array.from({ length: 8 }, () => bench.engine()));
    const changes: string[] = [];
    for (const engine of engines) engine.onTransition(({ change }) => changes.push(change));
    for (const now of [11, 11, 11, 1]) {
      bench.set(now);
      await Promise.all(engines.map((engine) => engine.evaluate()));
      bench.clock.advance(MINUTE);
    }
    expect(told(bench.chat.attempts)).toEqual([
      "firing drift{} warning",
      "reminder drift{} warning",
      "reminder drift{} warning",
      "resolved drift{} warning",
    ]);
    expect(changes).toEqual(["firing", "resolved"]);
    for (const engine of engines) await engine.close();
  });

  it("is not written while there is nothing to tell", async () => {
    const store = memoryKeyValues();
    let writes = 0;
    const counting = {
      ...store,
      set: (...args: Parameters<typeof store.set>) => store.set(...args).finally(() => (writes += 1)),
    };
    await using bench = await AlertBench.open([ruleAbove(), ruleAbove({ name: "b", noData: "resolve" })], {}, counting);
    await bench.play("1 1 x _ 1");
    expect(writes).toBe(0);
    expect(await store.get("alerts/fraud")).toBeUndefined();
    await bench.step(11);
    // What is decided, and that it was delivered.
    expect(writes).toBe(2);
  });

  it("goes on with a rule that was changed, judged by what it says now", async () => {
    await using bench = await AlertBench.open([ruleAbove({ severity: undefined, above: { warning: 10, critical: 20 } })]);
    await bench.step(25);
    await bench.restart({ rules: [ruleAbove({ above: 30 })] });
    await bench.step(25);
    await bench.restart({ rules: [ruleAbove({ severity: "critical", above: 20 })] });
    await bench.step(25);
    expect(told(bench.chat.notices)).toEqual(["firing drift{} critical", "resolved drift{} critical", "firing drift{} critical"]);
  });

  it("keeps the alerts of a rule that another process knows, and ends them when none does", async () => {
    await using bench = await AlertBench.open([ruleAbove(), ruleAbove({ name: "old" })]);
    const newer = await bench.engine({ rules: [ruleAbove()] });
    bench.set(11);
    for (let i = 0; i < 10; i++) {
      await newer.evaluate();
      await bench.step();
    }
    expect(bench.chat.notices).toHaveLength(2);
    for (let i = 0; i < 5; i++) {
      await newer.evaluate();
      bench.clock.advance(MINUTE);
    }
    expect(told(bench.chat.notices).slice(2)).toEqual(["resolved old{} warning"]);
    expect((await newer.history())[0]).toMatchObject({ rule: "old", change: "resolved", end: "rule_removed" });
    expect(bench.chat.notices[2]?.alerts[0]).toMatchObject({ threshold: null, summary: "old: psi is 11 (threshold unknown)" });
    bench.clock.advance(20 * MINUTE);
    await newer.evaluate();
    expect((await newer.alerts()).map(({ rule }) => rule)).toEqual(["drift"]);
    await newer.close();
  });

  it("of another name is another one", async () => {
    await using bench = await AlertBench.open([ruleAbove()]);
    await bench.step(11);
    const other = await bench.engine({ name: "churn" });
    expect(await other.alerts()).toEqual([]);
    await other.evaluate();
    expect(bench.chat.notices.map(({ key }) => key.split("/")[0])).toEqual(["fraud", "churn"]);
    await other.close();
  });

  it("begins anew when it was deleted, with other keys", async () => {
    await using bench = await AlertBench.open([ruleAbove()]);
    await bench.step(11);
    await bench.store.delete("alerts/fraud");
    await bench.step(11);
    expect(new Set(bench.chat.notices.map(({ key }) => key)).size).toBe(2);
  });

  it.each([
    ["no JSON", "{"],
    ["no object", "null"],
    ["no version", "{}"],
    [
      "members that nobody knows",
      JSON.stringify({
        schemaVersion: 1,
        createdAt: 0,
        lastSeq: 0,
        instances: [],
        groups: [],
        outbox: [],
        silences: [],
        history: [],
        more: 1,
      }),
    ],
    [
      "lists that are none",
      JSON.stringify({
        schemaVersion: 1,
        createdAt: 0,
        lastSeq: 0,
        instances: {},
        groups: 1,
        outbox: [7],
        silences: [],
        history: [],
      }),
    ],
  ])("is refused when it has %s", async (_, text) => {
    await using store = memoryKeyValues();
    await store.set("alerts/fraud", new TextEncoder().encode(text));
    await expect(new AlertBench({ rules: [] }, store).engine()).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("is refused when a newer release has written it", async () => {
    await using store = memoryKeyValues();
    await store.set("alerts/fraud", new TextEncoder().encode('{"schemaVersion":2}'));
    await expect(new AlertBench({ rules: [] }, store).engine()).rejects.toMatchObject({
      code: "STORE_SCHEMA",
      details: { found: "2", known: "1" },
    });
  });

  it("says so when others change it again and again", async () => {
    const memory = memoryKeyValues();
    let others = 0;
    const store: KeyValueStore = {
      ...memory,
      set: async (key, bytes, call) => {
        const state = {
          schemaVersion: 1,
          createdAt: ++others,
          lastSeq: 0,
          instances: [],
          groups: [],
          outbox: [],
          silences: [],
          history: [],
        };
        await memory.set(key, new TextEncoder().encode(JSON.stringify(state)));
        return memory.set(key, bytes, call);
      },
    };
    await using bench = await AlertBench.open([ruleAbove()], {}, store);
    bench.set(11);
    await expect(bench.rules.evaluate()).rejects.toMatchObject({ code: "STORE_CONFLICT", retryable: true });
    expect(bench.chat.attempts).toEqual([]);
  });
});
