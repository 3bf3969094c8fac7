import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OnnxOptions, onnx } from "../../src/adapters/onnx/index.ts";
import { LINGER_MS } from "../../src/adapters/onnx/worker-pools.ts";
import type { Executor, RunTiming } from "../../src/inference/port.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { identityModel } from "../../src/testing/tiny-models.ts";
import { Gate, gatedLibrary, harmless } from "./fixtures/onnx-gate.ts";
import { Started, withoutModels } from "./fixtures/onnx-started.ts";

const bytes = identityModel("int32", ["n"]);
const quick: readonly RunTiming[] = [
  { rows: 1, inferMs: 0.02, roundTripMs: 0.09 },
  { rows: 32, inferMs: 0.03, roundTripMs: 0.1 },
];

/** Each test has its own, and with it workers of its own. */
let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});
afterEach(async () => {
  await clock.advance(LINGER_MS);
});

function load(options: OnnxOptions = {}): Promise<Executor> {
  return onnx({ workers: 2, prefetch: 0, ...options }, { clock }).load({ identity: {}, bytes });
}

async function value(executor: Executor, given: number): Promise<unknown> {
  return (await executor.run(harmless(given), [])).outputs["y"]?.data;
}

describe("settling a placement", () => {
  it("moves a model whose runs are short to the thread that calls, says what was measured, and ends the workers", async () => {
    using started = new Started();
    await using executor = await load();
    expect([executor.placement, executor.concurrency, executor.sharedMemory, started.threads]).toEqual(["worker", 1, true, 1]);
    await executor.settle?.(quick, true);
    expect([executor.placement, executor.concurrency]).toEqual(["inline", 1]);
    await withoutModels(clock, started);
    expect(executor.placementReason).toMatch(
      /^inline: a run of 32 rows takes 0\.03 ms, within the inlineBudgetMs of 1 ms; crossing to a worker adds 0\.07 ms to the 0\.02 ms of 1 row; loading takes [\d.]+ ms$/,
    );
    expect(await value(executor, 5)).toEqual(Int32Array.of(5));
  });

  it.each<[string, RegExp, readonly RunTiming[], boolean, OnnxOptions?]>([
    [
      "runs are long",
      /a run of 8 rows takes 1\.5 ms, more than the inlineBudgetMs of 1 ms/,
      [quick[0]!, { rows: 8, inferMs: 1.5, roundTripMs: 1.6 }],
      true,
    ],
    ["the budget is small", /0\.03 ms, more than the inlineBudgetMs of 0\.025 ms/, quick, true, { inlineBudgetMs: 0.025 }],
    ["rows do not bound the time of a run", /does not follow from its number of rows alone/, quick, false],
    [
      "crossing costs little beside the run",
      /adds 0\.1 ms to the 0\.5 ms of 1 row, which is little/,
      [{ rows: 1, inferMs: 0.5, roundTripMs: 0.6 }],
      true,
    ],
    ["nothing was measured", /was not measured/, [], true],
    ["numbers are none", /./, [{ rows: 1, inferMs: Number.NaN, roundTripMs: Number.NaN }], true],
  ])("leaves a model in the workers, all of them, when %s", async (_, reason, timings, bounded, options) => {
    await using executor = await load(options);
    await executor.settle?.(timings, bounded);
    expect([executor.placement, executor.concurrency]).toEqual(["worker", 2]);
    expect(executor.placementReason).toMatch(/^in workers: /);
    expect(executor.placementReason).toMatch(reason);
    expect(await value(executor, 6)).toEqual(Int32Array.of(6));
  });

  it("answers runs that have begun in a worker there, and new ones inline meanwhile", async () => {
    using started = new Started();
    await using executor = await load({ lib: gatedLibrary });
    const gate = new Gate();
    const begun = executor.run(gate.inputs, []);
    await gate.begun();
    const settling = executor.settle?.(quick, true);
    // The creation is measured again in the other worker, for in the first one it may have been slow.
    while (executor.placement !== "inline") await new Promise(setImmediate);
    expect(await value(executor, 7)).toEqual(Int32Array.of(7));
    expect(started.alive).toBeGreaterThan(0);
    gate.open();
    await Promise.all([settling, begun]);
    await withoutModels(clock, started);
  });

  it("happens once", async () => {
    await using executor = await load();
    await executor.settle?.(quick, false);
    await executor.settle?.(quick, true);
    expect(executor.placement).toBe("worker");
  });

  it("leaves nothing behind when the executor is disposed meanwhile", async () => {
    using started = new Started();
    const executor = await load();
    const settling = executor.settle?.(quick, true);
    await executor[Symbol.asyncDispose]();
    await settling;
    await withoutModels(clock, started);
    await expect(value(executor, 1)).rejects.toMatchObject({ code: "CLOSED" });
    await executor.settle?.(quick, true);
  });

  it("is not offered where the placement was asked for", async () => {
    for (const options of [{ placement: "worker" }, { isolation: "process" }, { placement: "inline" }] as const) {
      await using executor = await load(options);
      expect(executor.settle).toBeUndefined();
      expect(executor.placementReason).toMatch(/asked for/);
    }
  });

  it("loads all instances at once where their number is given", async () => {
    await using executor = await load({ instances: 2 });
    expect(executor.concurrency).toBe(2);
  });
});
