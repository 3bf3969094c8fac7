import { describe, expect, it } from "vitest";
import { type OnnxWebOptions, onnxWeb, type WebWorker } from "../../src/adapters/onnx-web/index.ts";
import type { EngineReply, EngineRequest } from "../../src/adapters/onnxruntime/engine-messages.ts";
import { nextTurn } from "../../src/core/next-turn.ts";
import { tensor } from "../../src/core/tensor.ts";
import type { Executor } from "../../src/inference/port.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

/** What a worker does with a request: answers it, says nothing, loses its device, ends, or says what failed. */
type Behaviour = "answer" | "silent" | "device" | "crash" | { readonly failure: string };

/** Workers whose engine answers `x` as `y`. They do with each load and run what a test says, in the order of asking. */
class FakeWorkers {
  readonly workers: FakeWorker[] = [];
  readonly runs: Behaviour[] = [];
  readonly loads: Behaviour[] = [];
  /** What `y` is declared as. */
  outputType = "float32";
  /** Requests that are answered when the test says so. */
  readonly held: (() => void)[] = [];
  hold = false;
  busy = 0;
  mostBusy = 0;

  readonly make = (): WebWorker => {
    const worker = new FakeWorker(this);
    this.workers.push(worker);
    return worker;
  };

  /** Requests over all workers, by kind. */
  count(kind: EngineRequest["kind"]): number {
    return this.workers.flatMap(({ requests }) => requests).filter((request) => request.kind === kind).length;
  }
}

class FakeWorker implements WebWorker {
  readonly requests: EngineRequest[] = [];
  terminated = false;
  readonly #all: FakeWorkers;
  readonly #listeners = new Map<string, (event: never) => void>();

  constructor(all: FakeWorkers) {
    this.#all = all;
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, listener);
  }

  postMessage(message: unknown, transfer: ArrayBuffer[]): void {
    const request = structuredClone(message, { transfer }) as EngineRequest | { kind: "start" };
    if (request.kind === "start") return;
    this.requests.push(request);
    this.#all.busy += 1;
    this.#all.mostBusy = Math.max(this.#all.mostBusy, this.#all.busy);
    const reply = () => this.#reply(request);
    if (this.#all.hold) this.#all.held.push(reply);
    else queueMicrotask(reply);
  }

  terminate(): void {
    this.terminated = true;
  }

  #reply(request: EngineRequest): void {
    this.#all.busy -= 1;
    if (this.terminated) return;
    const script = request.kind === "run" ? this.#all.runs : request.kind === "load" ? this.#all.loads : [];
    const behaviour = script.shift() ?? "answer";
    if (behaviour === "silent") return;
    if (behaviour === "crash") this.#emit("error", { message: "out of memory" });
    else if (behaviour === "device") this.#send({ id: request.id, failure: { kind: "device", reason: "the device was lost" } });
    else if (behaviour !== "answer") {
      this.#send({ id: request.id, failure: { kind: "engine", reason: behaviour.failure } });
    } else this.#send(this.#answer(request));
  }

  #answer(request: EngineRequest): EngineReply {
    const { id, kind } = request;
    if (kind === "release") return { id, answer: { kind } };
    if (kind === "run") return { id, answer: { kind, outputs: { y: request.feeds["x"]! }, inferMs: 3 } };
    const inputs = [{ name: "x", isTensor: true, type: "float32" }];
    return { id, answer: { kind, inputs, outputs: [{ name: "y", isTensor: true, type: this.#all.outputType }], createMs: 5 } };
  }

  #send(reply: EngineReply): void {
    this.#emit("message", { data: reply });
  }

  #emit(type: string, event: unknown): void {
    (this.#listeners.get(type) as ((event: unknown) => void) | undefined)?.(event);
  }
}

describe("the worker of onnxWeb", () => {
  function setUp(options: OnnxWebOptions = {}) {
    const clock = new FakeClock();
    const fake = new FakeWorkers();
    const provider = onnxWeb({ worker: fake.make, ...options }, { clock });
    const load = (bytes = Uint8Array.of(1, 2, 3)) => provider.load({ identity: {}, bytes });
    return { clock, fake, provider, load };
  }

  const run = async (executor: Executor, value = 1) => {
    const { outputs } = await executor.run({ x: tensor("float32", Float32Array.of(value), [1]) }, []);
    return outputs["y"]?.data[0];
  };

  /** Lets everything happen that needs no time. */
  const settle = async () => {
    for (let i = 0; i < 10; i++) await nextTurn();
  };

  it("is asked one thing at a time, over all models", async () => {
    const { fake, load } = setUp();
    const executors = await Promise.all([load(), load(), load()]);
    const answers = await Promise.all([...executors, ...executors].map((executor, i) => run(executor, i)));
    await Promise.all(executors.map((executor) => executor[Symbol.asyncDispose]()));
    expect(answers).toEqual([0, 1, 2, 3, 4, 5]);
    expect([fake.workers.length, fake.mostBusy]).toEqual([1, 1]);
  });

  it("says where it works, and measures the run there", async () => {
    const { load } = setUp();
    const executor = await load();
    expect(executor).toMatchObject({ placement: "worker", concurrency: 1, sharedMemory: true, provider: "onnxruntime-web/wasm" });
    expect((await executor.run({ x: tensor("float32", Float32Array.of(1)) }, ["y"])).inferMs).toBe(3);
  });

  it("is given copies of just the elements, and shared memory as it is", async () => {
    const { fake, load } = setUp();
    const executor = await load();
    const memory = new Float32Array(1000).fill(7);
    await executor.run({ x: tensor("float32", memory.subarray(10, 12), [2]) }, []);
    const shared = new Float32Array(new SharedArrayBuffer(8));
    await executor.run({ x: tensor("float32", shared, [2]) }, []);
    const sent = fake.workers[0]!.requests.flatMap((request) => (request.kind === "run" ? [request.feeds["x"]!.data] : []));
    expect(sent.map((data) => (data as Float32Array).buffer.byteLength)).toEqual([8, 8]);
    expect((sent[1] as Float32Array).buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(memory.length).toBe(1000);
  });

  it("counts as frozen after 120 s in a first run, and after 30 s in a later one", async () => {
    const { clock, fake, load } = setUp();
    fake.runs.push("silent");
    const executor = await load();
    const first = run(executor).catch((error) => error);
    await settle();
    clock.advance(119_999);
    await settle();
    expect(fake.workers[0]!.terminated).toBe(false);
    clock.advance(1);
    const details = { provider: "onnxruntime-web/wasm", replaced: true, reason: expect.stringContaining("120000 ms") };
    expect(await first).toMatchObject({ code: "MODEL_EXECUTOR_LOST", retryable: true, details });
    expect(fake.workers[0]!.terminated).toBe(true);

    expect(await run(executor, 5)).toBe(5);
    fake.runs.push("silent");
    const later = run(executor).catch((error) => error);
    await settle();
    clock.advance(30_000);
    expect(await later).toMatchObject({ details: { replaced: true, reason: expect.stringContaining("30000 ms") } });
    expect(await run(executor, 6)).toBe(6);
    expect(fake.workers.map(({ terminated }) => terminated)).toEqual([true, true, false]);
  });

  it("counts as frozen in loading, too, and never where the watchdog is off", async () => {
    const { clock, fake, load } = setUp({ watchdog: { firstMs: 50 } });
    fake.loads.push("silent");
    const loading = load().catch((error) => error);
    await settle();
    clock.advance(50);
    expect(await loading).toMatchObject({ code: "MODEL_EXECUTOR_LOST" });

    const patient = setUp({ watchdog: { firstMs: Number.POSITIVE_INFINITY, runMs: Number.POSITIVE_INFINITY } });
    patient.fake.loads.push("silent");
    patient.load().catch(() => {});
    await settle();
    expect(patient.clock.pending).toBe(0);
  });

  it.each(["device", "crash"] as const)(
    "takes the place of one that was lost (%s), with the model as it was, and repeats the run",
    async (loss) => {
      const { fake, load } = setUp();
      const bytes = Uint8Array.of(1, 2, 3);
      const executor = await load(bytes);
      const other = await load(Uint8Array.of(9));
      bytes.fill(0);
      fake.runs.push("answer", loss);
      expect([await run(executor, 1), await run(executor, 2), await run(other, 3)]).toEqual([1, 2, 3]);
      const [before, after] = fake.workers;
      expect([before!.terminated, after!.terminated]).toEqual([true, false]);
      const loaded = after!.requests.flatMap((request) => (request.kind === "load" ? [[...request.bytes]] : []));
      expect(loaded).toEqual([[1, 2, 3], [9]]);
    },
  );

  it("is not replaced when it was lost twice without a run in between that succeeded, until a model is loaded anew", async () => {
    const { fake, load } = setUp();
    const executor = await load();
    fake.runs.push("device", "device");
    const lost = { code: "MODEL_EXECUTOR_LOST", retryable: false, details: { replaced: false, reason: "the device was lost" } };
    await expect(run(executor)).rejects.toMatchObject(lost);
    await expect(run(executor)).rejects.toMatchObject(lost);
    expect(fake.workers.length).toBe(2);
    await using again = await load();
    expect(await run(again, 4)).toBe(4);
    expect(await run(executor, 5)).toBe(5);
  });

  it("is not replaced when the model cannot be loaded again, and says both reasons", async () => {
    const { fake, load } = setUp();
    const executor = await load();
    fake.runs.push("device");
    fake.loads.push({ failure: "Failed to get GPU adapter" });
    await expect(run(executor)).rejects.toMatchObject({
      code: "MODEL_EXECUTOR_LOST",
      details: { replaced: false, reason: expect.stringMatching(/the device was lost.*Failed to get GPU adapter/) },
    });
  });

  it("fails a run as the engine does, and goes on", async () => {
    const { fake, load } = setUp();
    const executor = await load();
    fake.runs.push({ failure: "requires f16 but the device does not support it" });
    await expect(run(executor)).rejects.toMatchObject({ code: "MODEL_RUN_FAILED", message: expect.stringContaining("f16") });
    expect(await run(executor, 8)).toBe(8);
    expect(fake.workers.length).toBe(1);
  });

  it("never hears of a run that was aborted while it waited; one that has begun is not waited for", async () => {
    const { fake, load } = setUp();
    const executor = await load();
    fake.hold = true;
    const abort = new AbortController();
    const x = tensor("float32", Float32Array.of(1));
    const running = executor.run({ x }, [], { signal: abort.signal }).catch((error) => error);
    const waiting = executor.run({ x }, [], { signal: abort.signal }).catch((error) => error);
    await settle();
    const reason = new Error("enough");
    abort.abort(reason);
    expect(await Promise.all([running, waiting])).toEqual([reason, reason]);
    const next = run(executor, 9);
    await settle();
    expect(fake.count("run")).toBe(1);
    fake.hold = false;
    for (const reply of fake.held) reply();
    expect(await next).toBe(9);
    expect(fake.count("run")).toBe(2);
  });

  it("releases a model that was loaded after nobody waited for it any more", async () => {
    const { fake, provider } = setUp();
    fake.hold = true;
    const abort = new AbortController();
    const loading = provider.load({ identity: {}, bytes: Uint8Array.of(1) }, { signal: abort.signal }).catch((error) => error);
    await settle();
    abort.abort("gone");
    expect(await loading).toBe("gone");
    fake.hold = false;
    for (const reply of fake.held) reply();
    await settle();
    expect(fake.count("release")).toBe(1);
  });

  it("gives back a model whose types it cannot pass", async () => {
    const { fake, load } = setUp();
    fake.outputType = "int4";
    await expect(load()).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED" });
    expect(fake.count("release")).toBe(1);
  });

  it("waits for runs before it releases their model", async () => {
    const { fake, load } = setUp();
    const executor = await load();
    const answer = run(executor, 2);
    await executor[Symbol.asyncDispose]();
    expect(await answer).toBe(2);
    expect(fake.workers[0]!.requests.map(({ kind }) => kind)).toEqual(["load", "run", "release"]);
  });

  it("ends ten seconds after its last model, unless another one comes", async () => {
    const { clock, fake, load } = setUp();
    const [one, two] = await Promise.all([load(), load()]);
    await one[Symbol.asyncDispose]();
    clock.advance(10_000);
    await settle();
    await two[Symbol.asyncDispose]();
    clock.advance(9_999);
    await settle();
    expect(fake.workers[0]!.terminated).toBe(false);
    const three = await load();
    clock.advance(60_000);
    await settle();
    expect(fake.workers[0]!.terminated).toBe(false);
    await three[Symbol.asyncDispose]();
    clock.advance(10_000);
    await settle();
    expect(fake.workers[0]!.terminated).toBe(true);
    expect(clock.pending).toBe(0);
    await load();
    expect(fake.workers.length).toBe(2);
  });

  it("names what is wrong with its options, all at once", () => {
    const options = { wasmPaths: "/ort", device: "gpu", worker: true, watchdog: { runMs: 0 } } as never;
    const message = expect.stringMatching(/wasmPaths.*which ends in \/.*device.*worker.*watchdog\.runMs/);
    expect(() => onnxWeb(options)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID", message }));
  });
});
