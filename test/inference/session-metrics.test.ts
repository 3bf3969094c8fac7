import { tracingChannel } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { Metrics } from "../../src/core/metrics.ts";
import type { ModelSource } from "../../src/core/model.ts";
import { prometheusText } from "../../src/core/prometheus.ts";
import { tensor } from "../../src/core/tensor.ts";
import { type CustomProviderOptions, customProvider, InferenceSession, responseCache, step } from "../../src/inference/index.ts";
import type { ExecutionProvider, Tensors } from "../../src/inference/port.ts";
import { SessionMetrics } from "../../src/inference/session-metrics.ts";
import { linearModel, logisticModel } from "../../src/onnx-format/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { gate } from "../core/gate.ts";
import { wrappedExecutor } from "./wrapped-executor.ts";

const real = onnx({ placement: "inline" });
const linear = (weight = 2, columns = ["a"]) => linearModel({ columns, weights: columns.map(() => weight), bias: 0 });
const quiet = { logger: silentLogger };

/** A source whose model can be replaced. */
function changing(name: string, first: Uint8Array) {
  let version = 1;
  let bytes = first;
  const source: ModelSource = {
    spec: "model-source/1",
    name,
    load: async () => ({ identity: { name, version }, bytes }),
  };
  const replace = (next: Uint8Array) => {
    version += 1;
    bytes = next;
  };
  return { source, replace };
}

const fraud = () => changing("fraud", linear()).source;

/** The double of `a` by a function, which is the model `twice`. */
const twice = (run: CustomProviderOptions["run"] = doubled, clock = new FakeClock()) =>
  customProvider(
    {
      name: "twice",
      model: { name: "twice" },
      inputs: [{ name: "a", type: "float32", dims: ["batch"] }],
      outputs: [{ name: "b", type: "float32", dims: ["batch"] }],
      run,
    },
    { clock },
  );

function doubled({ a }: Tensors): Tensors {
  return {
    b: tensor(
      "float32",
      (a!.data as Float32Array).map((each) => 2 * each),
    ),
  };
}

/** The series of a session's metrics whose value is not 0, without buckets. */
function shown(metrics: Metrics): string[] {
  return prometheusText(metrics)
    .split("\n")
    .filter((line) => line.startsWith("modelwright_inference_") && !line.includes("_bucket{") && !line.endsWith(" 0"))
    .map((line) => line.slice("modelwright_inference_".length));
}

/** What a tracing channel tells of. */
function watch(operation: string) {
  const seen: { readonly event: string; readonly attributes: object; readonly error?: unknown }[] = [];
  const on = (event: string) => (message: unknown) => void seen.push({ event, ...(message as { attributes: object }) });
  const subscribers = { start: on("start"), asyncEnd: on("asyncEnd"), error: on("error") };
  const channel = tracingChannel(`modelwright.${operation}`);
  channel.subscribe(subscribers as never);
  return { seen, [Symbol.dispose]: () => void channel.unsubscribe(subscribers as never) };
}

describe("the metrics of a session", () => {
  it("tell calls and rows, the runs of the engine, and where the time went", async () => {
    const metrics = new Metrics();
    const clock = new FakeClock();
    const open = gate();
    const begun = gate();
    const provider = twice(async (inputs) => {
      begun.resolve();
      await open.promise;
      return doubled(inputs);
    }, clock);
    await using session = await InferenceSession.open({ providers: [provider], metrics }, { clock, ...quiet });
    const first = session.predictMany([{ a: 1 }, { a: 2 }]);
    await begun.promise;
    const second = session.predict({ a: 3 });
    await clock.advance(250);
    open.resolve();
    await Promise.all([first, second]);
    expect(shown(metrics)).toEqual([
      'requests_total{model="twice",outcome="ok"} 2',
      'rows_total{model="twice"} 3',
      'seconds_sum{model="twice"} 0.5',
      'seconds_count{model="twice"} 2',
      'executions_total{model="twice",outcome="ok"} 2',
      'execution_rows_sum{model="twice"} 3',
      'execution_rows_count{model="twice"} 2',
      'execution_seconds_sum{model="twice"} 0.25',
      'execution_seconds_count{model="twice"} 2',
      'queue_seconds_sum{model="twice"} 0.25',
      'queue_seconds_count{model="twice"} 2',
    ]);
    expect(prometheusText(metrics)).toContain('modelwright_inference_execution_rows_bucket{model="twice",le="1"} 1\n');
  });

  it("are there with 0 from the beginning, so that a first failure is a rise", async () => {
    const metrics = new Metrics();
    await using _session = await InferenceSession.open({ model: fraud(), providers: [real], metrics });
    const text = prometheusText(metrics);
    for (const outcome of ["ok", "invalid_input", "overloaded", "deadline", "cancelled", "failed"])
      expect(text).toContain(`modelwright_inference_requests_total{model="fraud",outcome="${outcome}"} 0\n`);
    expect(text).toContain(`modelwright_inference_fallbacks_total{model="fraud",provider="${real.name}"} 0\n`);
  });

  it("tell calls by how they ended", async () => {
    const metrics = new Metrics();
    const clock = new FakeClock();
    const open = gate();
    const provider = twice(async (inputs) => {
      if (inputs["a"]!.data[0] === 13) throw new Error("unlucky");
      await open.promise;
      return doubled(inputs);
    });
    const batching = { queue: { maxRequests: 1 } };
    await using session = await InferenceSession.open({ providers: [provider], metrics, batching, warmUp: false }, { clock });
    await expect(session.predict({ a: 13 })).rejects.toMatchObject({ code: "MODEL_RUN_FAILED" });
    await expect(session.predict({})).rejects.toMatchObject({ code: "INPUT_MISSING" });
    const running = session.predict({ a: 1 });
    await Promise.resolve();
    const aborted = new AbortController();
    const waiting = session.predict({ a: 2 }, { signal: aborted.signal });
    await expect(session.predict({ a: 3 })).rejects.toMatchObject({ code: "MODEL_OVERLOADED" });
    aborted.abort("no longer wanted");
    await expect(waiting).rejects.toBe("no longer wanted");
    const late = session.predict({ a: 4 }, { timeoutMs: 5 });
    const refused = expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await clock.advance(5);
    await refused;
    open.resolve();
    await running;
    const requests = shown(metrics).filter((line) => line.startsWith("requests_total"));
    expect(requests.map((line) => /outcome="(\w+)"} (\d+)/.exec(line)!.slice(1).join(" ")).sort()).toEqual([
      "cancelled 1",
      "deadline 1",
      "failed 1",
      "invalid_input 1",
      "ok 1",
      "overloaded 1",
    ]);
    expect(shown(metrics)).toContain('executions_total{model="twice",outcome="failed"} 1');
  });

  it("count a time limit of the platform as one, and an answer that its schema refuses as a failure of the model", async () => {
    const metrics = new Metrics();
    const output = z.object({ b: z.number().max(10) });
    await using session = await InferenceSession.open({ providers: [twice()], metrics, output });
    await expect(session.predict({ a: 6 })).rejects.toMatchObject({ code: "INPUT_INVALID" });
    const expired = AbortSignal.abort(new DOMException("Too late", "TimeoutError"));
    await expect(session.predict({ a: 1 }, { signal: expired })).rejects.toMatchObject({ name: "TimeoutError" });
    expect(shown(metrics).filter((line) => line.startsWith("requests_total"))).toEqual([
      'requests_total{model="twice",outcome="deadline"} 1',
      'requests_total{model="twice",outcome="failed"} 1',
    ]);
  });

  it("take in what a processing step and a schema cost and refuse", async () => {
    const metrics = new Metrics();
    const clock = new FakeClock();
    const slow = (version: string) =>
      step({
        version,
        run: (row: object) => {
          void clock.advance(1_000);
          return row as never;
        },
      });
    const input = z.object({ a: z.number() });
    await using session = await InferenceSession.open(
      { providers: [twice()], metrics, input, preprocess: slow("1"), postprocess: slow("2"), warmUp: false },
      { clock },
    );
    await session.predict({ a: 1 });
    await expect(session.predict({ a: "one" as never })).rejects.toMatchObject({ code: "INPUT_INVALID" });
    expect(shown(metrics)).toEqual(
      expect.arrayContaining([
        'requests_total{model="twice",outcome="invalid_input"} 1',
        'seconds_sum{model="twice"} 2',
        'seconds_count{model="twice"} 2',
      ]),
    );
  });

  it("tell what the response cache answered", async () => {
    const metrics = new Metrics();
    const cache = responseCache();
    await using session = await InferenceSession.open({ model: linear(), providers: [real], metrics, cache });
    for (const a of [1, 1, 2, 1]) await session.predict({ a });
    expect(shown(metrics)).toEqual(
      expect.arrayContaining([
        `cache_hits_total{model="${session.name}"} 2`,
        `cache_misses_total{model="${session.name}"} 2`,
        `executions_total{model="${session.name}",outcome="ok"} 2`,
      ]),
    );
  });

  it("count providers that another one took over from, while the model was warmed up, too", async () => {
    for (const when of ["warm-up", "call"]) {
      const metrics = new Metrics();
      let broken = when === "warm-up";
      const gpu: ExecutionProvider = {
        ...real,
        name: "gpu",
        async load(...given) {
          const executor = await real.load(...given);
          const error = new ModelwrightError("MODEL_EXECUTOR_LOST", "gpu is lost", {
            details: { provider: "gpu", reason: "device lost", replaced: false },
          });
          return wrappedExecutor(executor, {
            provider: "gpu",
            run: (...call) => (broken ? Promise.reject(error) : executor.run(...call)),
          });
        },
      };
      await using session = await InferenceSession.open({ model: fraud(), providers: [gpu, real], metrics }, quiet);
      broken = true;
      await session.predict({ a: 1 });
      expect(shown(metrics)).toContain('fallbacks_total{model="fraud",provider="gpu"} 1');
    }
  });

  it("tell the versions that the session went over to, and those that could not take over", async () => {
    const metrics = new Metrics();
    const { source, replace } = changing("fraud", linear());
    await using session = await InferenceSession.open({ model: source, providers: [real], metrics }, quiet);
    replace(linear(3));
    await session.refresh();
    replace(linear(3, ["a", "another"]));
    await expect(session.refresh()).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED" });
    expect(shown(metrics)).toEqual(
      expect.arrayContaining(['swaps_total{model="fraud",outcome="ok"} 1', 'swaps_total{model="fraud",outcome="failed"} 1']),
    );
  });

  it("tell the bytes that the engines have of the models in use, for all sessions of a name together", async () => {
    const metrics = new Metrics();
    const bytes = () => shown(metrics).find((line) => line.startsWith("model_bytes"));
    const shape = { columns: ["a"], weights: [2], bias: 0 };
    const { source, replace } = changing("fraud", linearModel({ ...shape, output: "probability" }));
    const one = await InferenceSession.open({ model: source, providers: [real], metrics });
    const small = one.statistics()[0]!.modelBytes;
    expect(small).toBeGreaterThan(100);
    expect(bytes()).toBe(`model_bytes{model="fraud"} ${small}`);
    const two = await InferenceSession.open({ model: source, providers: [real], metrics });
    expect(bytes()).toBe(`model_bytes{model="fraud"} ${2 * small}`);
    replace(logisticModel(shape));
    await one.refresh();
    const other = one.statistics()[0]!.modelBytes;
    expect(other).toBeGreaterThan(small);
    expect(bytes()).toBe(`model_bytes{model="fraud"} ${small + other}`);
    await one.close();
    expect(bytes()).toBe(`model_bytes{model="fraud"} ${small}`);
    await two.close();
    expect(bytes()).toBeUndefined();
  });

  it("have the names and labels that the guide lists", () => {
    const metrics = new Metrics();
    new SessionMetrics(metrics, ["cpu"], new FakeClock()).named("fraud");
    const guide = readFileSync(new URL("../../docs/guides/watching.md", import.meta.url), "utf8");
    const [, row] = /^\| `InferenceSession` \| (`modelwright_.*) \|$/m.exec(guide)!;
    const listed = [...row!.matchAll(/`(?:modelwright_inference)?(_[a-z_]+)`/g)].map(
      ([, name]) => `modelwright_inference${name}`,
    );
    expect([...metrics.families].map(({ name }) => name).sort()).toEqual(listed.sort());
  });
});

describe("the traces of a session", () => {
  it("tell of the versions that it loads and goes over to", async () => {
    const { source, replace } = changing("traced-fraud", linear());
    using loads = watch("inference.load");
    using swaps = watch("inference.swap");
    await using session = await InferenceSession.open({ model: source, providers: [real] }, quiet);
    expect(loads.seen.map(({ event, attributes }) => ({ event, attributes }))).toEqual([
      { event: "start", attributes: { model: "traced-fraud", providers: 1 } },
      { event: "asyncEnd", attributes: { model: "traced-fraud", providers: 1 } },
    ]);
    expect(swaps.seen).toEqual([]);
    replace(linear(3));
    await session.refresh();
    expect(loads.seen.length).toBe(4);
    expect(swaps.seen.map(({ event }) => event)).toEqual(["start", "asyncEnd"]);
    expect(swaps.seen[0]!.attributes).toEqual({ model: "traced-fraud", from: 1, to: 2 });
    await session.refresh();
    expect([loads.seen.length, swaps.seen.length]).toEqual([6, 2]);
  });

  it("tell what failed", async () => {
    const { source, replace } = changing("traced-fraud", linear());
    await using session = await InferenceSession.open({ model: source, providers: [real] }, quiet);
    using loads = watch("inference.load");
    using swaps = watch("inference.swap");
    replace(linear(3, ["a", "another"]));
    const refused = await session.refresh().catch((error: unknown) => error);
    expect(swaps.seen.map(({ event, error }) => [event, error])).toContainEqual(["error", refused]);
    replace(Uint8Array.of(1, 2, 3));
    const invalid = await session.refresh().catch((error: unknown) => error);
    expect(loads.seen.map(({ event, error }) => [event, error])).toContainEqual(["error", invalid]);
  });
});
