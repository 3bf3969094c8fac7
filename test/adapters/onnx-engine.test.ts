import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EngineClient } from "../../src/adapters/onnxruntime/engine-client.ts";
import { engineHost } from "../../src/adapters/onnxruntime/engine-host.ts";
import type { EngineReply } from "../../src/adapters/onnxruntime/engine-messages.ts";
import { EnginePool, type PooledModel } from "../../src/adapters/onnxruntime/engine-pool.ts";
import type { OrtLibrary } from "../../src/adapters/onnxruntime/library.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { nextTurn } from "../../src/core/next-turn.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { type ScriptedHost, scripted } from "./fixtures/onnx-scripted-host.ts";

const named = { provider: "engine/cpu", peer: "engine" };
const bytes = Uint8Array.of(1);

function request(value: number) {
  const x = { type: "int32", dims: [1], data: Int32Array.of(value) };
  return { feeds: { x }, fetches: ["y"], transfer: [] };
}

/** Lets promises settle, and what they start. */
async function settled(): Promise<void> {
  for (let i = 0; i < 3; i += 1) await nextTurn();
}

describe("an engine's host", () => {
  /** A host over a library of functions, and what it has replied. */
  function host(run: (value: number) => Promise<number> | number, options?: Parameters<typeof engineHost>[2]) {
    const replies: EngineReply[] = [];
    const calls: string[] = [];
    const metadata = [{ name: "x", isTensor: true, type: "float32" }];
    const lib: OrtLibrary = {
      InferenceSession: {
        create: async (model) => {
          calls.push(`create ${model.buffer instanceof ArrayBuffer}`);
          return {
            inputMetadata: metadata,
            outputMetadata: metadata,
            run: async ({ x }) => {
              const [value = 0] = x!.data as Float32Array;
              calls.push(`run ${value}`);
              const data = Float32Array.of(await run(value));
              calls.push(`ran ${value}`);
              return { y: { type: "float32", dims: [1], data, location: "cpu" } };
            },
            release: async () => void calls.push("release"),
          };
        },
      },
    };
    const ask = engineHost(
      async () => lib,
      (reply) => void replies.push(reply),
      options,
    );
    const feed = (value: number) => ({ x: { type: "float32", dims: [1], data: Float32Array.of(value) } });
    return { ask, replies, calls, feed };
  }

  it("works on one request at a time, in the order in which they came", async () => {
    const { ask, calls, feed, replies } = host(async (value) => {
      for (let i = value; i < 3; i += 1) await nextTurn();
      return value;
    });
    ask({ kind: "load", id: 1, model: 1, bytes: new Uint8Array(new SharedArrayBuffer(1)), options: {} });
    for (const value of [0, 1, 2]) ask({ kind: "run", id: 2 + value, model: 1, feeds: feed(value), fetches: ["y"] });
    ask({ kind: "release", id: 5, model: 1 });
    while (replies.length < 5) await nextTurn();
    expect(calls).toEqual(["create true", "run 0", "ran 0", "run 1", "ran 1", "run 2", "ran 2", "release"]);
    expect(replies.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
    expect(replies[3]).toMatchObject({ answer: { kind: "run", outputs: { y: { data: Float32Array.of(2) } } } });
  });

  it("answers errors as text, tells those of a lost device, and goes on", async () => {
    const { ask, feed, replies } = host(
      (value) => {
        if (value > 0) throw new Error(value === 1 ? "bad shape" : "the device was lost");
        return value;
      },
      { isDeviceLost: (reason) => reason.includes("device was lost") },
    );
    ask({ kind: "load", id: 1, model: 7, bytes, options: {} });
    for (const value of [1, 2, 0]) ask({ kind: "run", id: 2 + value, model: 7, feeds: feed(value), fetches: ["y"] });
    ask({ kind: "run", id: 9, model: 8, feeds: feed(0), fetches: ["y"] });
    while (replies.length < 5) await nextTurn();
    expect(replies.slice(1)).toMatchObject([
      { id: 3, failure: { kind: "engine", reason: "bad shape" } },
      { id: 4, failure: { kind: "device", reason: "the device was lost" } },
      { id: 2, answer: { kind: "run" } },
      { id: 9, failure: { kind: "engine", reason: "model 8 is not loaded here" } },
    ]);
  });

  it("answers an output that the engine does not give as an error", async () => {
    const { ask, feed, replies } = host((value) => value);
    ask({ kind: "load", id: 1, model: 1, bytes, options: {} });
    ask({ kind: "run", id: 2, model: 1, feeds: feed(0), fetches: ["__proto__"] });
    while (replies.length < 2) await nextTurn();
    expect(replies[1]).toMatchObject({ failure: { kind: "engine" } });
  });
});

describe("an engine's client", () => {
  function open(onLost?: (reason: string) => boolean) {
    const hosts: ScriptedHost[] = [];
    const client = new EngineClient({ ...named, connect: scripted(hosts), ...(onLost === undefined ? {} : { onLost }) });
    return { client, host: hosts[0]! };
  }

  it("keeps the process alive exactly while an answer is open", async () => {
    const { client, host } = open();
    expect(host.holds).toBe(0);
    const loaded = client.load(1, bytes, {});
    const released = client.release(1);
    expect([host.holds, client.pending]).toEqual([1, 2]);
    host.answer();
    await loaded;
    expect(host.holds).toBe(1);
    host.answer();
    await released;
    expect([host.holds, client.pending]).toEqual([0, 0]);
  });

  it("rejects every open call when the host is lost, says whether it is replaced, and refuses later ones", async () => {
    const { client, host } = open(() => true);
    const calls = [client.load(1, bytes, {}), client.release(1)];
    host.lose("power cut");
    const lost = {
      code: "MODEL_EXECUTOR_LOST",
      retryable: true,
      details: { provider: "engine/cpu", reason: "power cut", replaced: true },
    };
    for (const call of [...calls, client.release(2)]) await expect(call).rejects.toMatchObject(lost);
    expect([host.holds, client.pending, client.lost]).toEqual([0, 0, true]);
    host.events.reply({ id: 1, answer: { kind: "release" } });
    host.events.lost("again");
  });

  it("ends the waiting on abort, and takes the answer all the same", async () => {
    const { client, host } = open();
    const controller = new AbortController();
    const { feeds, fetches } = request(1);
    const aborted = client.run(1, feeds, fetches, [], { signal: controller.signal });
    const reason = new RangeError("stop");
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    expect([client.pending, host.holds]).toEqual([1, 1]);
    host.answer();
    expect([client.pending, host.holds]).toEqual([0, 0]);
  });

  it("counts a host whose device is lost as lost, and ends it", async () => {
    const reasons: string[] = [];
    const { client, host } = open((reason) => {
      reasons.push(reason);
      return false;
    });
    const calls = [client.release(1), client.release(2)];
    host.fail({ kind: "device", reason: "GPU fell off the bus" });
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: "MODEL_EXECUTOR_LOST" });
    expect(reasons).toEqual(["GPU fell off the bus"]);
    expect([host.state, host.holds, client.lost]).toEqual(["ended", 0, true]);
  });

  it("counts a host that cannot be started, or a request that cannot be sent, as what it is", async () => {
    const connect = () => {
      throw new Error("no threads left");
    };
    const client = new EngineClient({ ...named, connect });
    await expect(client.load(1, bytes, {})).rejects.toMatchObject({
      code: "MODEL_EXECUTOR_LOST",
      details: { reason: "no threads left" },
    });
    const unsent = new EngineClient({
      ...named,
      connect: () => ({
        post() {
          throw new TypeError("not cloneable");
        },
        end: async () => {},
      }),
    });
    await expect(unsent.run(1, {}, [])).rejects.toMatchObject({ code: "MODEL_RUN_FAILED", cause: { message: "not cloneable" } });
    expect(unsent.pending).toBe(0);
  });
});

describe("a pool of hosts", () => {
  async function loaded(
    workers: number,
    models: number,
    options: { hardTimeoutMs?: number; lingerMs?: number; clock?: FakeClock } = {},
  ) {
    const hosts: ScriptedHost[] = [];
    const pool = new EnginePool({ ...named, connect: scripted(hosts), workers, ...options });
    const all: PooledModel[] = [];
    for (let i = 0; i < models; i += 1) {
      const loading = pool.load(bytes, {});
      await answerAll(hosts);
      const model = await loading;
      const spreading = pool.spread(model, workers);
      await answerAll(hosts);
      await spreading;
      all.push(model);
    }
    return { pool, hosts, models: all };
  }

  async function answerAll(hosts: readonly ScriptedHost[]): Promise<void> {
    await settled();
    while (hosts.some((host) => host.open !== undefined)) {
      for (const host of hosts) if (host.open !== undefined) host.answer();
      await settled();
    }
  }

  it("kills a host whose run takes longer than hardTimeoutMs, and no other", async () => {
    const clock = new FakeClock();
    const { pool, hosts, models } = await loaded(1, 1, { hardTimeoutMs: 100, clock });
    const quick = pool.run(models[0]!, () => request(1));
    await clock.advance(99);
    hosts[0]?.answer();
    await quick;
    const late = pool.run(models[0]!, () => request(2));
    const failure = expect(late).rejects.toMatchObject({
      code: "MODEL_EXECUTOR_LOST",
      retryable: false,
      message:
        "engine/cpu was lost: the run took longer than hardTimeoutMs, 100 ms; another one takes its place, but the same call would be lost again",
      details: { reason: "the run took longer than hardTimeoutMs, 100 ms", replaced: true },
    });
    await clock.advance(100);
    await failure;
    expect(hosts.map(({ state }) => state)).toEqual(["lost", "alive"]);
  });

  it("goes on with the runs that came while a host released another model", async () => {
    const { pool, hosts, models } = await loaded(1, 2);
    const [first, second] = models;
    const released = pool.release(first!);
    const run = pool.run(second!, () => request(4));
    expect(hosts[0]?.open?.kind).toBe("release");
    await answerAll(hosts);
    await released;
    expect((await run).outputs["y"]?.data).toEqual(Int32Array.of(4));
  });

  it("keeps a host without a model as long as it is told, and not one that is lost meanwhile", async () => {
    const clock = new FakeClock();
    const { pool, hosts, models } = await loaded(2, 1, { lingerMs: 100, clock });
    const released = pool.release(models[0]!);
    await answerAll(hosts);
    await released;
    await clock.advance(99);
    hosts[0]?.lose("power cut");
    const loading = pool.load(bytes, {});
    await answerAll(hosts);
    const model = await loading;
    await clock.advance(100);
    expect(hosts.map(({ state }) => state)).toEqual(["lost", "alive"]);
    const again = pool.release(model);
    await answerAll(hosts);
    await again;
    await clock.advance(99);
    expect(hosts.map(({ state }) => state)).toEqual(["lost", "alive"]);
    await clock.advance(1);
    expect(hosts.map(({ state }) => state)).toEqual(["lost", "ended"]);
  });

  it("ends no host that still loads a model, though nobody needs that any more", async () => {
    const hosts: ScriptedHost[] = [];
    const pool = new EnginePool({ ...named, connect: scripted(hosts), workers: 2 });
    const all: PooledModel[] = [];
    for (let i = 0; i < 2; i += 1) {
      const loading = pool.load(bytes, {});
      await answerAll(hosts);
      all.push(await loading);
    }
    const spreading = pool.spread(all[0]!, 2);
    const released = [pool.release(all[1]!)];
    await settled();
    const host = hosts[1]!;
    expect(host.requests.map(({ kind }) => kind)).toEqual(["release", "load"]);
    released.push(pool.release(all[0]!));
    host.answer();
    await settled();
    expect(host.state).toBe("alive");
    await answerAll(hosts);
    await Promise.all([spreading, ...released]);
    expect(hosts.map(({ state }) => state)).toEqual(["ended", "ended"]);
  });

  it("loads and releases models in any order while hosts are lost, and in the end leaves none", async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("load" as const), spread: fc.boolean() }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("release" as const), at: fc.nat(9) }) },
      { weight: 6, arbitrary: fc.record({ kind: fc.constant("answer" as const), at: fc.nat(9) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), at: fc.nat(200) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose" as const), at: fc.nat(9) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(0, 100),
        fc.array(step, { minLength: 10, maxLength: 50, size: "max" }),
        async (workers, lingerMs, script) => {
          const clock = new FakeClock();
          const hosts: ScriptedHost[] = [];
          const pool = new EnginePool({ ...named, connect: scripted(hosts), workers, lingerMs, clock });
          const held: PooledModel[] = [];
          const work: Promise<unknown>[] = [];
          const alive = () => hosts.filter(({ state }) => state === "alive");
          for (const { kind, ...what } of script) {
            if ("spread" in what) {
              const loading = pool.load(bytes, {}).then((model) => {
                held.push(model);
                return what.spread ? pool.spread(model, workers) : undefined;
              });
              // A model under whose loading hosts are lost again and again is given up.
              work.push(loading.catch((error: unknown) => expect(ModelwrightError.is(error, "MODEL_EXECUTOR_LOST")).toBe(true)));
            } else if (kind === "wait") await clock.advance(what.at);
            else if (kind === "release") {
              const [model] = held.splice(what.at % Math.max(1, held.length), 1);
              if (model !== undefined) work.push(pool.release(model));
            } else if (kind === "answer") hosts.filter(({ open }) => open !== undefined)[what.at]?.answer();
            else alive()[what.at]?.lose("power cut");
            await settled();
            expect(alive().length).toBeLessThanOrEqual(workers);
          }
          await answerAll(hosts);
          for (const model of held) work.push(pool.release(model));
          await answerAll(hosts);
          await Promise.all(work);
          await clock.advance(lingerMs);
          expect(alive()).toEqual([]);
          expect(hosts.filter(({ state, requests }) => state === "ended" && requests.length > 0)).toEqual([]);
          const next = pool.load(bytes, {});
          await answerAll(hosts);
          expect((await next).loaded.inputs).toHaveLength(1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("answers every run once, in order for each model, and a lost host fails no run but its own", async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("run" as const), model: fc.nat(1) }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("answer" as const), host: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose" as const), host: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const), run: fc.nat(9) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { minLength: 10, maxLength: 60, size: "max" }),
        async (workers, script) => {
          const { pool, hosts, models } = await loaded(workers, 2);
          const outcomes: (number | string)[] = [];
          const controllers: AbortController[] = [];
          const begun: number[][] = [[], []];
          /** Aborted before they began. */
          const never = new Set<number>();
          let lostRuns = 0;
          const runs: Promise<void>[] = [];
          for (const { kind, ...what } of script) {
            if ("model" in what) {
              const index = runs.length;
              const controller = new AbortController();
              controllers.push(controller);
              const prepare = () => {
                begun[what.model]?.push(index);
                return request(index);
              };
              runs.push(
                pool.run(models[what.model]!, prepare, { signal: controller.signal }).then(
                  ({ outputs }) => {
                    expect(outputs["y"]?.data).toEqual(Int32Array.of(index));
                    expect(outcomes[index]).toBeUndefined();
                    outcomes[index] = index;
                  },
                  (error: unknown) => {
                    expect(outcomes[index]).toBeUndefined();
                    outcomes[index] = ModelwrightError.is(error) ? error.code : String(error);
                  },
                ),
              );
            } else if ("run" in what) {
              controllers[what.run]?.abort("aborted");
              if (what.run < runs.length && !begun.flat().includes(what.run)) never.add(what.run);
            } else {
              const alive = hosts.filter(({ state }) => state === "alive");
              const host = alive[what.host % Math.max(1, alive.length)];
              expect(alive.every(({ requests }) => requests.filter((each) => each.kind === "run").length <= 1)).toBe(true);
              if (kind === "answer") host?.answer();
              else if (host?.open?.kind === "run") {
                lostRuns += 1;
                host.lose("crashed");
              }
            }
            await settled();
          }
          await answerAll(hosts);
          await Promise.all(runs);
          expect(
            outcomes.filter((outcome, i) => outcome !== i && outcome !== "MODEL_EXECUTOR_LOST" && outcome !== "aborted"),
          ).toEqual([]);
          expect(begun.flat().filter((run) => never.has(run))).toEqual([]);
          const lost = outcomes.filter((outcome) => outcome === "MODEL_EXECUTOR_LOST").length;
          const aborted = outcomes.filter((outcome) => outcome === "aborted").length;
          expect(lost).toBeLessThanOrEqual(lostRuns);
          expect(lost + aborted).toBeGreaterThanOrEqual(lostRuns);
          for (const order of begun) expect(order).toEqual([...order].sort((a, b) => a - b));
          expect(models.map((model) => pool.ready(model))).toEqual([workers, workers]);
          const released = Promise.all(models.map((model) => pool.release(model)));
          await answerAll(hosts);
          await released;
          expect(hosts.filter(({ state }) => state === "alive")).toEqual([]);
          expect(hosts.every(({ holds, state }) => state === "lost" || holds === 0)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});
