import { describe, expect, it } from "vitest";
import { memoryKeyValues } from "../../../src/adapters/memory/index.ts";
import { sleep } from "../../../src/core/clock.ts";
import type { AlertNotice, DeliveryFailure } from "../../../src/monitoring/alerts/index.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { flaky } from "../../../src/testing/flaky.ts";
import { AlertBench, MINUTE, recordingChannel, ruleAbove, told } from "./alert-bench.ts";

const keys = (notices: readonly AlertNotice[]) => notices.map(({ key }) => key.split("-").at(-1));

describe("delivery of notices", () => {
  it("is tried again with twice the wait each time, with one key, also after a restart", async () => {
    await using bench = await AlertBench.open([ruleAbove()], { delivery: { retryBaseMs: MINUTE, retryMaxMs: 4 * MINUTE } });
    bench.chat.failWith = () => new Error("down");
    const start = bench.clock.now();
    const failures: [number, number, number | undefined][] = [];
    for (let minute = 0; minute <= 12; minute++) {
      bench.set(11);
      using _ = bench.rules.onDeliveryFailed(({ attempts, retryInMs }) =>
        failures.push([(bench.clock.now() - start) / MINUTE, attempts, retryInMs]),
      );
      await bench.step();
      await bench.restart();
    }
    expect(failures).toEqual([
      [0, 1, MINUTE],
      [1, 2, 2 * MINUTE],
      [3, 3, 4 * MINUTE],
      [7, 4, 4 * MINUTE],
      [11, 5, 4 * MINUTE],
    ]);
    bench.chat.failWith = undefined;
    await bench.step();
    await bench.step();
    await bench.step();
    await bench.step();
    expect(keys(bench.chat.attempts)).toEqual(["1", "1", "1", "1", "1", "1"]);
    expect(bench.chat.notices).toMatchObject([{ at: start, status: "firing" }]);
  });

  it("keeps the order within a group, and does not hold other groups up", async () => {
    await using bench = await AlertBench.open([ruleAbove(), ruleAbove({ name: "other" })], {
      delivery: { retryBaseMs: 3 * MINUTE },
    });
    bench.chat.failWith = ({ group }) => (group["@rule"] === "drift" ? new Error("too long") : undefined);
    await bench.play("11 1 1");
    expect(told(bench.chat.notices)).toEqual(["firing other{} warning", "resolved other{} warning"]);
    bench.chat.failWith = undefined;
    await bench.step(1);
    expect(told(bench.chat.notices).slice(2)).toEqual(["firing drift{} warning", "resolved drift{} warning"]);
    expect(keys(bench.chat.attempts)).toEqual(["1", "2", "4", "1", "3"]);
  });

  it("does not try what follows in the group of a notice that has failed", async () => {
    await using bench = await AlertBench.open([ruleAbove()], { delivery: { retryBaseMs: 0 } });
    bench.chat.failWith = ({ status }) => (status === "firing" ? new Error("down") : undefined);
    await bench.play("11 1 1");
    expect(keys(bench.chat.attempts)).toEqual(["1", "1", "1"]);
  });

  it("is of 100 notices for one channel at one evaluation, the oldest first", async () => {
    await using bench = await AlertBench.open([ruleAbove()], { maxAlertsPerRule: 150, delivery: { maxWaiting: 150 } });
    await bench.restart({ channels: [{ channel: bench.chat, groupBy: ["model"] }], maxAlertsPerRule: 150 });
    bench.setModels(Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`m${i}`, 11])));
    await bench.step();
    expect(bench.chat.notices).toHaveLength(100);
    await bench.step();
    expect(bench.chat.notices.map(({ key }) => Number(key.split("-").at(-1)))).toEqual(
      Array.from({ length: 150 }, (_, i) => i + 1),
    );
  });

  it("begins no attempt that might outlast the lease", async () => {
    await using bench = await AlertBench.open(
      ["a", "b", "c"].map((name) => ruleAbove({ name })),
      { delivery: { timeoutMs: 10_000, leaseMs: 20_000 } },
    );
    bench.chat.failWith = () => sleep(9000, bench.clock).then(() => undefined);
    bench.set(11);
    const slow = bench.rules.evaluate();
    await bench.clock.advanceAsync(60_000);
    expect((await slow).delivered).toHaveLength(2);
    bench.chat.failWith = undefined;
    await bench.step();
    expect(told(bench.chat.attempts)).toEqual(["a", "b", "c"].map((name) => `firing ${name}{} warning`));
  });

  it("leaves a channel that is down its share of the outbox, and no more", async () => {
    const other = recordingChannel("other");
    await using bench = await AlertBench.open([ruleAbove()], { maxAlertsPerRule: 10_000, delivery: { maxWaiting: 1000 } });
    const chat = recordingChannel();
    chat.failWith = () => new Error("down");
    await bench.restart({ channels: [chat, other, recordingChannel("third"), recordingChannel("fourth")] });
    bench.setModels(Object.fromEntries(Array.from({ length: 6000 }, (_, i) => [`m${i}`, 11])));
    await bench.step();
    await bench.step();
    expect(other.notices.reduce((sum, { alerts }) => sum + alerts.length, 0)).toBe(6000);
    const { outbox } = JSON.parse(new TextDecoder().decode((await bench.store.get("alerts/fraud"))?.value)) as {
      outbox: unknown[];
    };
    expect(outbox).toHaveLength(50);
  });

  it("leaves a channel alone after three failures in a row, and the other channels are not disturbed", async () => {
    const pager = recordingChannel("pager");
    const chat = recordingChannel();
    await using bench = await AlertBench.open(
      ["a", "b", "c", "d", "e"].map((name) => ruleAbove({ name })),
      { channels: [chat, pager] },
    );
    chat.failWith = () => new Error("down");
    await bench.step(11);
    expect(chat.attempts).toHaveLength(3);
    expect(pager.notices).toHaveLength(5);
    chat.failWith = undefined;
    await bench.step(11);
    expect(told(chat.notices)).toEqual(["a", "b", "c", "d", "e"].map((name) => `firing ${name}{} warning`));
  });

  it("ends an attempt that takes too long, and one whose caller has no more time", async () => {
    await using bench = await AlertBench.open([ruleAbove()], { delivery: { timeoutMs: 1000, retryBaseMs: 0 } });
    const signals: (AbortSignal | undefined)[] = [];
    const silent = {
      ...bench.chat,
      deliver: (_: AlertNotice, call?: { signal?: AbortSignal | undefined }) =>
        new Promise<void>(() => signals.push(call?.signal)),
    };
    await bench.restart({ channels: [silent] });
    const failures: DeliveryFailure[] = [];
    bench.rules.onDeliveryFailed((failure) => failures.push(failure));
    bench.set(11);
    const slow = bench.rules.evaluate();
    await bench.clock.advanceAsync(1000);
    expect((await slow).delivered).toEqual([]);
    expect(failures).toMatchObject([{ attempts: 1, error: { code: "DEADLINE_EXCEEDED" } }]);
    const stop = new AbortController();
    const stopped = bench.rules.evaluate({ signal: stop.signal });
    await bench.clock.advanceAsync(0);
    stop.abort(new Error("enough"));
    await expect(stopped).rejects.toThrow("enough");
    expect(signals.map((signal) => signal?.aborted)).toEqual([true, true]);
    await bench.rules.close();
    expect(bench.clock.pending).toBe(0);
    // An attempt that was called off is none that has failed.
    bench.rules = await bench.engine();
    await bench.rules.evaluate();
    expect(failures).toHaveLength(1);
    expect(told(bench.chat.notices)).toEqual(["firing drift{} warning"]);
  });

  it("is of what is so when there is room again, after the outbox was full", async () => {
    await using bench = await AlertBench.open([ruleAbove()], {
      delivery: { maxWaiting: 2, retryBaseMs: MINUTE, retryMaxMs: MINUTE },
    });
    bench.chat.failWith = () => new Error("down");
    await bench.play("11 1 11 1 11 1 11 1 11");
    bench.chat.failWith = undefined;
    await bench.step(11);
    await bench.step(11);
    expect(told(bench.chat.notices)).toEqual(["firing drift{} warning", "resolved drift{} warning", "firing drift{} warning"]);
  });

  it("is given up when a notice is too old, and what still fires is told anew", async () => {
    await using bench = await AlertBench.open([ruleAbove()], {
      delivery: { retryBaseMs: MINUTE, retryMaxMs: MINUTE, giveUpAfterMs: 2 * MINUTE },
    });
    bench.chat.failWith = () => new Error("down");
    const failures: (number | undefined)[] = [];
    bench.rules.onDeliveryFailed(({ retryInMs }) => failures.push(retryInMs));
    await bench.play("11 11 11");
    expect(failures).toEqual([MINUTE, MINUTE, undefined]);
    bench.chat.failWith = undefined;
    await bench.step(11);
    await bench.step(11);
    expect(keys(bench.chat.attempts)).toEqual(["1", "1", "1", "2"]);
    expect(told(bench.chat.notices)).toEqual(["firing drift{} warning"]);
  });

  it("waits for the channel of a notice to come back, or gives it up", async () => {
    await using bench = await AlertBench.open([ruleAbove()], { delivery: { retryBaseMs: MINUTE, giveUpAfterMs: 5 * MINUTE } });
    bench.chat.failWith = () => new Error("down");
    await bench.step(11);
    bench.chat.failWith = undefined;
    await bench.restart({ channels: [] });
    await bench.step(11);
    await bench.restart();
    await bench.step(11);
    expect(told(bench.chat.notices)).toEqual(["firing drift{} warning"]);

    bench.chat.failWith = () => new Error("down");
    await bench.step(1);
    await bench.restart({ channels: [] });
    const failures: DeliveryFailure[] = [];
    bench.rules.onDeliveryFailed((failure) => failures.push(failure));
    bench.clock.advance(5 * MINUTE);
    await bench.step(1);
    await bench.step(1);
    expect(failures).toMatchObject([{ notice: { status: "resolved" }, retryInMs: undefined, error: { code: "CONFIG_INVALID" } }]);
  });

  it("is not repeated when the store cannot note it, as long as the process lives", async () => {
    const memory = memoryKeyValues();
    let broken = false;
    const store = {
      ...memory,
      set: (...args: Parameters<typeof memory.set>) => (broken ? Promise.reject(new Error("full")) : memory.set(...args)),
    };
    await using bench = await AlertBench.open([ruleAbove()], {}, store);
    bench.chat.failWith = () => {
      broken = true;
    };
    bench.set(11);
    await expect(bench.rules.evaluate()).rejects.toThrow("full");
    await expect(bench.rules.evaluate()).rejects.toThrow("full");
    broken = false;
    bench.chat.failWith = undefined;
    await bench.step(11);
    expect(bench.chat.attempts).toHaveLength(1);
  });

  it("goes on at the next evaluation when the store has taken the claim and not said so", async () => {
    const memory = memoryKeyValues();
    let silent = true;
    const store = {
      ...memory,
      set: async (...args: Parameters<typeof memory.set>) => {
        const revision = await memory.set(...args);
        if (silent) throw new Error("no answer");
        return revision;
      },
    };
    await using bench = await AlertBench.open([ruleAbove()], {}, store);
    bench.set(11);
    await expect(bench.rules.evaluate()).rejects.toThrow("no answer");
    silent = false;
    await bench.rules.evaluate();
    expect(keys(bench.chat.attempts)).toEqual(["1"]);
  });

  it("does not count for a state that was deleted meanwhile and begun anew", async () => {
    await using bench = await AlertBench.open([ruleAbove()], { delivery: { retryBaseMs: 0 } });
    bench.set(11);
    const other = await bench.engine();
    bench.chat.failWith = async () => {
      await bench.store.delete("alerts/fraud");
      bench.clock.advance(1);
      bench.chat.failWith = () => new Error("down");
      await other.evaluate();
      bench.chat.failWith = undefined;
      return undefined;
    };
    await bench.rules.evaluate();
    await other.evaluate();
    expect(new Set(bench.chat.notices.map(({ key }) => key)).size).toBe(2);
    await other.close();
  });

  it("comes again, with its key, after the process was killed during it, once the lease is over", async () => {
    await using bench = await AlertBench.open([ruleAbove()]);
    // Its time has stopped.
    const killed = await bench.engine({ channels: [{ ...bench.chat, deliver: () => new Promise(() => {}) }] }, new FakeClock());
    bench.set(11);
    void killed.evaluate();
    await bench.clock.advanceAsync(0);
    await bench.rules.evaluate();
    bench.clock.advance(5000);
    await bench.rules.evaluate();
    expect(bench.chat.attempts).toEqual([]);
    const again = bench.clock.now() - 5000;
    bench.clock.advance(55_000);
    await bench.rules.evaluate();
    expect(bench.chat.notices).toMatchObject([{ key: `fraud/${again.toString(36)}-1`, at: again }]);
  });

  it("survives a store that fails every third time", async () => {
    const store = flaky(memoryKeyValues(), { failEvery: 3, methods: ["get", "set"] });
    await using bench = await AlertBench.open([ruleAbove({ forMs: MINUTE })], {}, store);
    for (const value of [11, 11, 11, 11, 1, 1, 1, 11, 11, 11, 11, 1, 1, 1]) {
      bench.set(value);
      await bench.rules.evaluate().catch((error) => expect(error).toMatchObject({ code: "STORE_FAILED" }));
      bench.clock.advance(MINUTE);
    }
    expect(told(bench.chat.notices)).toEqual([
      "firing drift{} warning",
      "resolved drift{} warning",
      "firing drift{} warning",
      "resolved drift{} warning",
    ]);
    expect(bench.chat.attempts).toHaveLength(4);
  });

  it("is told by events", async () => {
    await using bench = await AlertBench.open([ruleAbove()]);
    const events: string[] = [];
    bench.rules.onTransition(({ change }) => events.push(change));
    bench.rules.onDelivered(({ status }) => events.push(`delivered ${status}`));
    bench.rules.onEvaluated(({ transitions, delivered }) => events.push(`evaluated ${transitions.length} ${delivered.length}`));
    await bench.play("11 11 1");
    expect(events).toEqual([
      "firing",
      "delivered firing",
      "evaluated 1 1",
      "evaluated 0 0",
      "resolved",
      "delivered resolved",
      "evaluated 1 1",
    ]);
  });
});
