import { describe, expect, expectTypeOf, it } from "vitest";
import type { Prediction } from "../../src/core/model.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { fakePredictor } from "../../src/testing/fake-predictor.ts";

describe("fakePredictor", () => {
  it("answers with its function and says who answered", async () => {
    const predictor = fakePredictor({ name: "double", answer: (x: number) => x * 2 });
    expect(predictor.spec).toBe("predictor/1");
    expect(await predictor.predict(21)).toEqual({ output: 42, model: { name: "double" }, provider: "fake" });
  });

  it("waits for an answer that is a promise", async () => {
    const predictor = fakePredictor({ name: "later", answer: async (x: number) => x + 1 });
    expect((await predictor.predict(1)).output).toBe(2);
  });

  it("takes its latency on the clock that it is given", async () => {
    const clock = new FakeClock({ startMs: 1_000 });
    const predictor = fakePredictor({ name: "slow", answer: (x: number) => x, latencyMs: 50, clock });
    const answer = predictor.predict(1);
    await clock.advanceAsync(49);
    expect(predictor.calls).toEqual([{ input: 1, startedAtMs: 1_000, outcome: "running" }]);
    await clock.advanceAsync(1);
    expect((await answer).output).toBe(1);
    expect(predictor.calls).toEqual([{ input: 1, startedAtMs: 1_000, outcome: "answered" }]);
  });

  it("fails while it is told to, after its latency", async () => {
    const clock = new FakeClock();
    const failure = new Error("down");
    let down = true;
    const predictor = fakePredictor({
      name: "moody",
      answer: () => "up",
      latencyMs: 5,
      clock,
      failWith: () => (down ? failure : undefined),
    });
    const failed = expect(predictor.predict(1)).rejects.toBe(failure);
    await clock.advanceAsync(5);
    await failed;
    down = false;
    const answered = predictor.predict(2);
    await clock.advanceAsync(5);
    expect((await answered).output).toBe("up");
    expect(predictor.calls.map(({ input, outcome }) => [input, outcome])).toEqual([
      [1, "failed"],
      [2, "answered"],
    ]);
  });

  it("fails for the inputs that it is told to", async () => {
    const predictor = fakePredictor({
      name: "picky",
      answer: (x: number) => x,
      failWith: (x) => (x < 0 ? new Error(`${x}`) : undefined),
    });
    await expect(predictor.predict(-1)).rejects.toThrow("-1");
    expect((await predictor.predict(1)).output).toBe(1);
  });

  it("records a failure of its function", async () => {
    const predictor = fakePredictor({
      name: "broken",
      answer: () => {
        throw new Error("bug");
      },
    });
    await expect(predictor.predict(1)).rejects.toThrow("bug");
    expect(predictor.calls[0]?.outcome).toBe("failed");
  });

  it("stops when its signal aborts, and leaves no timer", async () => {
    const clock = new FakeClock();
    const reason = new Error("another target was faster");
    const controller = new AbortController();
    const predictor = fakePredictor({ name: "slow", answer: () => 1, latencyMs: 1_000, clock });
    const stopped = expect(predictor.predict(1, { signal: controller.signal })).rejects.toBe(reason);
    controller.abort(reason);
    await stopped;
    expect([predictor.calls[0]?.outcome, clock.pending]).toEqual(["stopped", 0]);
  });

  it("stops at the time limit of the call", async () => {
    const clock = new FakeClock();
    const predictor = fakePredictor({ name: "slow", answer: () => 1, latencyMs: 1_000, clock });
    const stopped = expect(predictor.predict(1, { timeoutMs: 10 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await clock.advanceAsync(10);
    await stopped;
    expect([predictor.calls[0]?.outcome, clock.pending]).toEqual(["stopped", 0]);
  });

  it("records calls that were stopped before they began", async () => {
    const predictor = fakePredictor({ name: "idle", answer: () => 1 });
    await expect(predictor.predict(1, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    await expect(predictor.predict(2, { timeoutMs: 0 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(predictor.calls.map(({ outcome }) => outcome)).toEqual(["stopped", "stopped"]);
  });

  it("takes its types from the function", async () => {
    const predictor = fakePredictor({ name: "typed", answer: async ({ amount }: { amount: number }) => amount > 100 });
    expectTypeOf(predictor.predict).parameter(0).toEqualTypeOf<{ amount: number }>();
    expectTypeOf(predictor.predict).returns.resolves.toEqualTypeOf<Prediction<boolean>>();
    // @ts-expect-error the amount is a number
    expect((await predictor.predict({ amount: "120" })).output).toBe(true);
  });
});
