import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OnnxOptions, onnx } from "../../src/adapters/onnx/index.ts";
import { LINGER_MS } from "../../src/adapters/onnx/worker-pools.ts";
import { nextTurn } from "../../src/core/next-turn.ts";
import type { Executor } from "../../src/inference/port.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { identityModel } from "../../src/testing/tiny-models.ts";
import { deadly, Gate, gatedLibrary, harmless } from "./fixtures/onnx-gate.ts";
import { identityMatrix, slowModel } from "./fixtures/onnx-slow-model.ts";
import { Started, withoutModels } from "./fixtures/onnx-started.ts";

const bytes = identityModel("int32", ["n"]);

/** Each test has its own, and with it workers of its own. */
let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});
afterEach(async () => {
  await clock.advance(LINGER_MS);
});

function load(options: OnnxOptions = {}, model: Uint8Array = bytes): Promise<Executor> {
  return onnx({ placement: "worker", lib: gatedLibrary, prefetch: 0, ...options }, { clock }).load({
    identity: {},
    bytes: model,
  });
}

async function value(executor: Executor, given: number): Promise<unknown> {
  const { outputs } = await executor.run(harmless(given), []);
  return outputs["y"]?.data;
}

/** Lets replies come in until `met` holds. The test's own time limit ends a wait in vain. */
async function until(met: () => boolean): Promise<void> {
  while (!met()) await nextTurn();
}

describe("the event loop", () => {
  it.each([{}, { isolation: "process" }] as const)("goes on while a model runs, with %o", async (options) => {
    await using executor = await onnx({ placement: "worker", workers: 1, prefetch: 0, ...options }, { clock }).load({
      identity: {},
      bytes: slowModel(),
    });
    let ended = false;
    const run = executor.run(identityMatrix(512), []).finally(() => {
      ended = true;
    });
    let turns = 0;
    for (; !ended; turns += 1) await nextTurn();
    expect(turns).toBeGreaterThan(10);
    const { outputs, inferMs } = await run;
    expect(outputs["y"]?.data).toEqual(identityMatrix(512)["x"]?.data);
    expect(inferMs).toBeGreaterThan(5);
  });
});

describe("workers", () => {
  it("are shared by all models, started on demand, and end with the last", async () => {
    using started = new Started();
    const listeners = process.listenerCount("exit");
    const first = await load({ workers: 2, instances: 1 });
    expect(started.threads).toBe(1);
    const second = await load({ workers: 2, instances: 2 });
    const third = await load({ workers: 2 });
    expect([first, second, third].map(({ concurrency }) => concurrency)).toEqual([1, 2, 2]);
    expect(started.threads).toBe(2);
    expect(await Promise.all([value(first, 5), value(second, 6), value(third, 7)])).toEqual(
      [5, 6, 7].map((n) => Int32Array.of(n)),
    );
    await Promise.all([second, third].map((executor) => executor[Symbol.asyncDispose]()));
    await withoutModels(clock, started, 1);
    expect(started.alive).toBe(1);
    expect(await value(first, 8)).toEqual(Int32Array.of(8));
    await first[Symbol.asyncDispose]();
    await withoutModels(clock, started);
    // Workers of other tests may have ended meanwhile.
    expect(process.listenerCount("exit")).toBeLessThanOrEqual(listeners);
  });

  it.each([{}, { isolation: "process" }] as const)(
    "wait 5 s for the next model, which finds them warm, with %o",
    async (options) => {
      using started = new Started();
      for (let i = 0; i < 3; i += 1) {
        const executor = await load({ workers: 2, ...options });
        expect(await value(executor, i)).toEqual(Int32Array.of(i));
        await executor[Symbol.asyncDispose]();
        await clock.advance(4_999);
        expect([started.threads + started.children.length, started.alive]).toEqual([2, 2]);
      }
      await clock.advance(1);
      await until(() => started.alive === 0);
      const executor = await load({ workers: 1, ...options });
      expect(started.alive).toBe(1);
      await executor[Symbol.asyncDispose]();
    },
  );

  it("that end while they wait for a model are not waited for", async () => {
    using started = new Started();
    const options = { isolation: "process", workers: 1 } as const;
    await (await load(options))[Symbol.asyncDispose]();
    process.kill(started.children[0]!.pid!, "SIGKILL");
    await until(() => started.alive === 0);
    await using executor = await load(options);
    expect(await value(executor, 3)).toEqual(Int32Array.of(3));
    expect([started.children.length, started.alive]).toEqual([2, 1]);
  });

  it("are ended when no model but one that is refused was loaded", async () => {
    using started = new Started();
    await expect(load({}, Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: "MODEL_INVALID" });
    await expect(load({}, identityModel("bfloat16"))).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED" });
    await withoutModels(clock, started);
    expect([started.threads, started.alive]).toEqual([1, 0]);
  });

  it("work at the same time, each on one run, and the others wait in order", async () => {
    await using executor = await load({ workers: 2 });
    const gates = [new Gate(), new Gate(), new Gate(), new Gate()];
    const ended: number[] = [];
    const runs = gates.map((gate, i) => executor.run(gate.inputs, []).then(() => ended.push(i)));
    await Promise.all([gates[0]?.begun(), gates[1]?.begun()]);
    gates[3]?.open();
    gates[1]?.open();
    await runs[1];
    await gates[2]?.begun();
    gates[2]?.open();
    await Promise.all([runs[2], runs[3]]);
    expect(ended).toEqual([1, 2, 3]);
    gates[0]?.open();
    await Promise.all(runs);
  });

  it("are given a run ahead by default, which is answered in order and counts as work at once", async () => {
    await using executor = await load({ workers: 1, prefetch: 1 });
    expect([executor.concurrency, executor.instances]).toEqual([2, 1]);
    const gate = new Gate();
    const held = executor.run(gate.inputs, []);
    await gate.begun();
    const ended: number[] = [];
    const runs = [1, 2].map((given) => value(executor, given).then(() => ended.push(given)));
    gate.open();
    await Promise.all([held, ...runs]);
    expect(ended).toEqual([1, 2]);
    expect(() => onnx({ isolation: "process", hardTimeoutMs: 10, prefetch: 1 })).toThrow(
      /prefetch: expected 0 with hardTimeoutMs/,
    );
  });

  it("take the run that has waited longest, whatever its model", async () => {
    await using first = await load({ workers: 1 });
    await using second = await load({ workers: 1 });
    const gate = new Gate();
    const ended: number[] = [];
    const held = first.run(gate.inputs, []);
    const runs = [second, first, second, first].map((executor, i) => value(executor, i).then(() => ended.push(i)));
    gate.open();
    await Promise.all([held, ...runs]);
    expect(ended).toEqual([0, 1, 2, 3]);
  });

  it("load further instances of a model one by one where others are served, so that those have a worker left", async () => {
    await using served = await load({ workers: 2 });
    const gate = new Gate();
    const held = served.run(gate.inputs, []);
    await gate.begun();
    // One worker is held, so the model cannot be in both; the other worker answers all the same.
    const loading = load({ workers: 2 });
    expect(await value(served, 1)).toEqual(Int32Array.of(1));
    gate.open();
    await held;
    await using loaded = await loading;
    expect(loaded.concurrency).toBe(2);
  });
});

describe("a run", () => {
  it("that is aborted while it waits never begins", async () => {
    await using executor = await load({ workers: 1 });
    const [gate, never] = [new Gate(), new Gate()];
    const held = executor.run(gate.inputs, []);
    const controller = new AbortController();
    const aborted = executor.run(never.inputs, [], { signal: controller.signal });
    const reason = new RangeError("stop");
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    gate.open();
    await held;
    expect(await value(executor, 4)).toEqual(Int32Array.of(4));
    expect(never.inputs["x"]?.data).toEqual(Int32Array.of(0, 0));
  });

  it("that is aborted while it lasts ends the waiting, and the worker goes on when it has ended", async () => {
    await using executor = await load({ workers: 1 });
    const gate = new Gate();
    const controller = new AbortController();
    const aborted = executor.run(gate.inputs, [], { signal: controller.signal });
    await gate.begun();
    const next = value(executor, 3);
    const reason = new RangeError("stop");
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    gate.open();
    expect(await next).toEqual(Int32Array.of(3));
  });

  it("is waited for by disposal, and so are those that wait", async () => {
    using started = new Started();
    const executor = await load({ workers: 1 });
    const gate = new Gate();
    const runs = [executor.run(gate.inputs, []), value(executor, 2)];
    let disposed = false;
    const disposing = executor[Symbol.asyncDispose]().then(() => {
      disposed = true;
    });
    await gate.begun();
    await expect(value(executor, 1)).rejects.toMatchObject({ code: "CLOSED" });
    expect(disposed).toBe(false);
    gate.open();
    await disposing;
    expect((await Promise.all(runs))[1]).toEqual(Int32Array.of(2));
    await withoutModels(clock, started);
  });

  it("of an aborted caller is waited for by disposal too", async () => {
    using started = new Started();
    const executor = await load({ workers: 1 });
    const gate = new Gate();
    const controller = new AbortController();
    const aborted = executor.run(gate.inputs, [], { signal: controller.signal });
    await gate.begun();
    controller.abort(new Error("stop"));
    await expect(aborted).rejects.toThrow("stop");
    let disposed = false;
    const disposing = executor[Symbol.asyncDispose]().then(() => {
      disposed = true;
    });
    await clock.advance(LINGER_MS);
    expect([disposed, started.alive]).toEqual([false, 1]);
    gate.open();
    await disposing;
    await withoutModels(clock, started);
  });

  it("gets what a view shows, not what it is a view of, and leaves the caller's memory alone", async () => {
    await using executor = await load({ workers: 1 });
    for (const length of [2, 3000]) {
      const whole = Int32Array.from({ length: 3 * length }, (_, i) => i + 10);
      const view = whole.subarray(length, 2 * length);
      const { outputs } = await executor.run({ x: { type: "int32", dims: [length], data: view } }, []);
      expect(outputs["y"]?.data).toEqual(Int32Array.from({ length }, (_, i) => i + 10 + length));
      const own = view.slice();
      await executor.run({ x: { type: "int32", dims: [length], data: own } }, []);
      expect([whole.length, own.length]).toEqual([3 * length, length]);
    }
  });
});

describe("a worker thread that ends in the middle of a run", () => {
  it("fails that run alone, and another takes its place with the models loaded again", async () => {
    using started = new Started();
    await using crashing = await load({ workers: 2, instances: 1 });
    await using other = await load({ workers: 2, instances: 1 });
    const [fatal, good] = [new Gate(), new Gate()];
    const lost = crashing.run(fatal.inputs, []);
    const answered = other.run(good.inputs, []);
    const waiting = value(crashing, 11);
    await Promise.all([fatal.begun(), good.begun()]);
    fatal.crash();
    await expect(lost).rejects.toMatchObject({
      code: "MODEL_EXECUTOR_LOST",
      retryable: true,
      details: { provider: "onnxruntime-node/cpu", reason: "its worker thread ended with code 9", replaced: true },
    });
    expect(await waiting).toEqual(Int32Array.of(11));
    good.open();
    await answered;
    expect(started.threads).toBe(3);
    expect([crashing.concurrency, other.concurrency]).toEqual([1, 1]);
  });

  it("costs no other call of the same model, and the full number of instances comes back", async () => {
    using started = new Started();
    await using executor = await load({ workers: 2 });
    const [fatal, good] = [new Gate(), new Gate()];
    const lost = executor.run(fatal.inputs, []);
    const answered = executor.run(good.inputs, []);
    await Promise.all([fatal.begun(), good.begun()]);
    fatal.crash();
    await expect(lost).rejects.toMatchObject({ code: "MODEL_EXECUTOR_LOST" });
    good.open();
    await answered;
    await until(() => executor.concurrency === 2);
    expect([started.threads, started.alive]).toEqual([3, 2]);
  });

  it("is given up when it ends again and again while it loads its models: every call says so", async () => {
    using started = new Started();
    const executor = await load({ workers: 1 });
    const gate = new Gate();
    const lost = executor.run(gate.inputs, []);
    const waiting = value(executor, 1);
    await gate.begun();
    process.env["MODELWRIGHT_TEST_CRASH"] = "load";
    try {
      gate.crash();
      await expect(lost).rejects.toMatchObject({ details: { replaced: true } });
      const givenUp = {
        code: "MODEL_EXECUTOR_LOST",
        retryable: false,
        details: { replaced: false, reason: expect.stringMatching(/code 8, 3 times in a row while it loaded the model/) },
      };
      await expect(waiting).rejects.toMatchObject(givenUp);
      await expect(value(executor, 2)).rejects.toMatchObject(givenUp);
      await expect(load({ workers: 1 })).rejects.toMatchObject(givenUp);
    } finally {
      delete process.env["MODELWRIGHT_TEST_CRASH"];
    }
    await executor[Symbol.asyncDispose]();
    await withoutModels(clock, started);
  });

  it("does not hinder disposal, also when it is being replaced", async () => {
    using started = new Started();
    const executor = await load({ workers: 2 });
    const gate = new Gate();
    const lost = executor.run(gate.inputs, []);
    await gate.begun();
    gate.crash();
    await expect(lost).rejects.toMatchObject({ code: "MODEL_EXECUTOR_LOST" });
    await executor[Symbol.asyncDispose]();
    await withoutModels(clock, started);
  });
});

describe("a child process", () => {
  const options = { isolation: "process", workers: 2 } as const;

  it("that is killed in the middle of a run fails that run alone, and is replaced", async () => {
    using started = new Started();
    await using executor = await load({ ...options, instances: 1 }, slowModel());
    await using other = await load({ ...options, instances: 1 });
    const lost = executor.run(identityMatrix(1024), []);
    const waiting = executor.run(identityMatrix(2), []);
    process.kill(started.children[0]!.pid!, "SIGKILL");
    await expect(lost).rejects.toMatchObject({
      code: "MODEL_EXECUTOR_LOST",
      retryable: true,
      details: { reason: "its process ended with SIGKILL", replaced: true },
    });
    expect(await value(other, 5)).toEqual(Int32Array.of(5));
    expect((await waiting).outputs["y"]?.data).toEqual(Float32Array.of(1, 0, 0, 1));
    expect([started.children.length, started.alive]).toEqual([3, 2]);
  });

  it("that ends by itself is replaced", async () => {
    using started = new Started();
    const executor = await load({ ...options, workers: 1 });
    for (let i = 0; i < 4; i += 1) {
      await expect(executor.run(deadly, [])).rejects.toMatchObject({
        details: { reason: "its process ended with code 9", replaced: true },
      });
      expect(await value(executor, i)).toEqual(Int32Array.of(i));
    }
    await executor[Symbol.asyncDispose]();
    await withoutModels(clock, started);
    expect(started.children).toHaveLength(5);
  });

  it("that is killed again and again while it has nothing to do is given up, and the others go on", async () => {
    using started = new Started();
    await using executor = await load(options);
    for (const i of [0, 2, 3]) {
      await until(() => executor.concurrency === 2);
      const child = started.children[i]!;
      process.kill(child.pid!, "SIGKILL");
      await until(() => child.signalCode !== null);
      await until(() => executor.concurrency === 1);
    }
    expect(await value(executor, 1)).toEqual(Int32Array.of(1));
    expect([started.children.length, started.alive]).toEqual([4, 1]);
  });

  it("that runs longer than hardTimeoutMs is killed: the call names the limit, and the next one is answered", async () => {
    using started = new Started();
    await using executor = await load({ ...options, workers: 1, hardTimeoutMs: 300 }, slowModel());
    expect((await executor.run(identityMatrix(2), [])).outputs["y"]?.data).toEqual(Float32Array.of(1, 0, 0, 1));
    const late = executor.run(identityMatrix(2048), []);
    const waiting = executor.run(identityMatrix(2), []);
    await clock.advance(300);
    await expect(late).rejects.toMatchObject({
      code: "MODEL_EXECUTOR_LOST",
      retryable: false,
      message: expect.stringContaining("hardTimeoutMs, 300 ms"),
      details: { replaced: true },
    });
    expect((await waiting).outputs["y"]?.data).toEqual(Float32Array.of(1, 0, 0, 1));
    expect([started.children.length, started.alive]).toEqual([2, 1]);
  });

  it("runs with shared memory as with any other", async () => {
    await using executor = await load({ ...options, workers: 1 });
    expect([executor.placement, executor.sharedMemory]).toEqual(["process", false]);
    const data = new Int32Array(new SharedArrayBuffer(16), 8, 2);
    data.set([4, 5]);
    const { outputs } = await executor.run({ x: { type: "int32", dims: [2], data } }, []);
    expect(outputs["y"]?.data).toEqual(Int32Array.of(4, 5));
  });
});
