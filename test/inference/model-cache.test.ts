import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import type { Digest } from "../../src/core/digest.ts";
import type { Logger } from "../../src/core/logger.ts";
import { tensor } from "../../src/core/tensor.ts";
import { customProvider } from "../../src/inference/custom-provider.ts";
import { type Lease, ModelCache, type ModelCacheKey } from "../../src/inference/model-cache.ts";
import type { ExecutionProvider, Executor } from "../../src/inference/port.ts";
import { addModel, FakeClock } from "../../src/testing/index.ts";
import { gate } from "../core/gate.ts";

const digestOf = (model: number): Digest => `sha256:${String(model).padStart(64, "0")}`;

const providerOf = (): ExecutionProvider =>
  customProvider({ name: "test", inputs: [], outputs: [{ name: "y", type: "bool", dims: [] }], run: () => ({}) });

/** Executors that say when they are loaded and disposed, in `log`. */
function loader(log: string[] = []) {
  const provider = providerOf();
  const load = (model: number) => async (): Promise<Executor> => {
    log.push(`load ${model}`);
    const executor = await provider.load({ identity: {}, bytes: new Uint8Array() });
    return Object.assign(executor, {
      [Symbol.asyncDispose]: async () => {
        await turn();
        log.push(`unload ${model}`);
      },
    });
  };
  const key = (model: number, bytes = 10): ModelCacheKey => ({ digest: digestOf(model), provider, bytes });
  return { log, provider, load, key };
}

function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "nothing",
    (error: unknown) => error,
  );
}

describe("ModelCache", () => {
  it("loads a model once for all who use it, at once and later, and keeps it", async () => {
    const { log, load, key } = loader();
    await using models = new ModelCache();
    const leases = await Promise.all([1, 2, 3].map(() => models.acquire(key(1), load(1))));
    expect(new Set(leases.map(({ executor }) => executor)).size).toBe(1);
    expect(models.statistics).toEqual({ models: 1, bytes: 10, users: 3, hits: 2, loads: 1, unloads: 0 });
    for (const lease of leases) await lease[Symbol.asyncDispose]();
    const again = await models.acquire(key(1), load(1));
    expect(again.executor).toBe(leases[0]!.executor);
    await again[Symbol.asyncDispose]();
    expect(models.statistics).toEqual({ models: 1, bytes: 10, users: 0, hits: 3, loads: 1, unloads: 0 });
    expect(log).toEqual(["load 1"]);
  });

  it("shares a model that a real engine has loaded, and ends it with the cache", async () => {
    const provider = onnx({ placement: "inline" });
    const bytes = addModel();
    const models = new ModelCache();
    const acquire = () =>
      models.acquire({ digest: digestOf(1), provider, bytes: bytes.length }, (call) =>
        provider.load({ identity: {}, bytes }, call),
      );
    const [first, second] = await Promise.all([acquire(), acquire()]);
    await first[Symbol.asyncDispose]();
    const a = tensor("float32", Float32Array.of(1, 2), [1, 2]);
    const { outputs } = await second.executor.run({ a, b: a }, ["sum"]);
    expect(outputs["sum"]).toEqual(tensor("float32", Float32Array.of(2, 4), [1, 2]));
    await second[Symbol.asyncDispose]();
    await models.close();
    expect(await failure(second.executor.run({ a, b: a }, ["sum"]))).toMatchObject({ code: "CLOSED" });
  });

  it("loads a model for each provider object, because their options may differ", async () => {
    const { log, load, key } = loader();
    await using models = new ModelCache();
    const first = await models.acquire(key(1), load(1));
    const second = await models.acquire({ ...key(1), provider: providerOf() }, load(1));
    expect(second.executor).not.toBe(first.executor);
    expect(log).toEqual(["load 1", "load 1"]);
    await Promise.all([first, second].map((lease) => lease[Symbol.asyncDispose]()));
  });

  it("unloads what was given back longest ago when another model needs the room, before it is loaded", async () => {
    const { log, load, key } = loader();
    await using models = new ModelCache({ maxBytes: 30 });
    const [a, b, c] = await Promise.all([1, 2, 3].map((model) => models.acquire(key(model), load(model))));
    for (const lease of [b!, a!, c!]) await lease[Symbol.asyncDispose]();
    await using _again = await models.acquire(key(2), load(2));
    log.length = 0;
    await using _large = await models.acquire(key(4, 15), load(4));
    expect(log).toEqual(["unload 1", "unload 3", "load 4"]);
    expect(models.statistics).toMatchObject({ models: 2, bytes: 25, users: 2, unloads: 2 });
  });

  it("never unloads what is used, however much that is, and does when it is given back", async () => {
    const { log, load, key } = loader();
    await using models = new ModelCache({ maxBytes: 5 });
    const [a, b] = await Promise.all([1, 2].map((model) => models.acquire(key(model), load(model))));
    expect(models.statistics).toMatchObject({ models: 2, bytes: 20 });
    expect(log).toEqual(["load 1", "load 2"]);
    await a![Symbol.asyncDispose]();
    expect(log).toEqual(["load 1", "load 2", "unload 1"]);
    await b![Symbol.asyncDispose]();
    expect(models.statistics).toMatchObject({ models: 0, bytes: 0, unloads: 2 });
  });

  it("counts a lease that is given back twice once", async () => {
    const { load, key } = loader();
    await using models = new ModelCache({ maxBytes: 0 });
    const [a, b] = await Promise.all([models.acquire(key(1), load(1)), models.acquire(key(1), load(1))]);
    await a[Symbol.asyncDispose]();
    await a[Symbol.asyncDispose]();
    expect(models.statistics).toMatchObject({ models: 1, users: 1 });
    await b[Symbol.asyncDispose]();
    expect(models.statistics).toMatchObject({ models: 0, users: 0 });
  });

  it("lets those who wait go, while others wait on and the model stays for the next one", async () => {
    const { log, load, key } = loader();
    const clock = new FakeClock();
    const started = gate();
    await using models = new ModelCache({}, { clock });
    const slow = async () => {
      await started.promise;
      return load(1)();
    };
    const controller = new AbortController();
    const [aborted, late, patient] = [
      failure(models.acquire(key(1), slow, { signal: controller.signal })),
      failure(models.acquire(key(1), slow, { timeoutMs: 10 })),
      models.acquire(key(1), slow),
    ];
    controller.abort(new Error("enough"));
    expect(await aborted).toBe(controller.signal.reason);
    await clock.advanceAsync(10);
    expect(await late).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(models.statistics.users).toBe(1);
    started.resolve();
    await using _lease = await patient;
    expect(log).toEqual(["load 1"]);
    expect(clock.pending).toBe(0);
  });

  it("keeps a model that nobody waits for any more when it is loaded, if there is room", async () => {
    for (const [maxBytes, events] of [
      [100, ["load 1"]],
      [0, ["load 1", "unload 1"]],
    ] as const) {
      const { log, load, key } = loader();
      await using models = new ModelCache({ maxBytes });
      const controller = new AbortController();
      const waiting = failure(models.acquire(key(1), load(1), { signal: controller.signal }));
      controller.abort();
      await waiting;
      await turn();
      await turn();
      expect(log).toEqual(events);
      expect(models.statistics.users).toBe(0);
    }
  });

  it("gives a failure to all who wait, and tries again for the next one", async () => {
    const { log, load, key } = loader();
    await using models = new ModelCache();
    const error = new Error("no such operator");
    const fails = () => Promise.reject(error);
    const failures = await Promise.all([1, 2].map(() => failure(models.acquire(key(1), fails))));
    expect(failures).toEqual([error, error]);
    expect(models.statistics).toEqual({ models: 0, bytes: 0, users: 0, hits: 1, loads: 1, unloads: 0 });
    await using _lease = await models.acquire(key(1), load(1));
    expect(log).toEqual(["load 1"]);
  });

  it("has no unhandled rejection when a load fails that nobody waits for", async () => {
    const { key } = loader();
    await using models = new ModelCache();
    const failing = gate<Executor>();
    const controller = new AbortController();
    const waiting = failure(models.acquire(key(1), () => failing.promise, { signal: controller.signal }));
    const late = failure(models.acquire(key(2), () => failing.promise, { timeoutMs: 0 }));
    controller.abort();
    await waiting;
    expect(await late).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    failing.reject(new Error("late"));
    await turn();
    expect(models.statistics.models).toBe(0);
  });

  it("gives a discarded executor to nobody else, and disposes it with its last lease", async () => {
    const { log, load, key } = loader();
    await using models = new ModelCache();
    const [a, b] = await Promise.all([models.acquire(key(1), load(1)), models.acquire(key(1), load(1))]);
    a.discard();
    a.discard();
    await a[Symbol.asyncDispose]();
    const fresh = await models.acquire(key(1), load(1));
    expect(fresh.executor).not.toBe(b.executor);
    expect(log).toEqual(["load 1", "load 1"]);
    await b[Symbol.asyncDispose]();
    expect(log).toEqual(["load 1", "load 1", "unload 1"]);
    b.discard();
    expect(models.statistics).toMatchObject({ models: 1, bytes: 10, users: 1 });
    await fresh[Symbol.asyncDispose]();
  });

  it("logs an executor that cannot be disposed, and goes on", async () => {
    const warnings: unknown[] = [];
    const logger: Logger = { debug() {}, info() {}, warn: (_, fields) => warnings.push(fields), error() {} };
    const { load, key, provider } = loader();
    await using models = new ModelCache({ maxBytes: 0 }, { logger });
    const error = new Error("stuck");
    const broken = async () =>
      Object.assign(await provider.load({ identity: {}, bytes: new Uint8Array() }), {
        [Symbol.asyncDispose]: () => Promise.reject(error),
      });
    await (await models.acquire(key(1), broken))[Symbol.asyncDispose]();
    expect(warnings).toEqual([{ provider: "test", error }]);
    await using lease = await models.acquire(key(2), load(2));
    expect(lease.executor.provider).toBe("test");
  });

  it("waits for leases when it is closed, refuses others, and unloads everything", async () => {
    const { log, load, key } = loader();
    const models = new ModelCache();
    const idle = await models.acquire(key(1), load(1));
    const used = await models.acquire(key(2), load(2));
    await idle[Symbol.asyncDispose]();
    let closed = false;
    const closing = models.close().then(() => {
      closed = true;
    });
    expect(await failure(models.acquire(key(1), load(1)))).toMatchObject({ code: "CLOSED" });
    await turn();
    expect([closed, log]).toEqual([false, ["load 1", "load 2"]]);
    await used[Symbol.asyncDispose]();
    await closing;
    expect(log.slice(2).sort()).toEqual(["unload 1", "unload 2"]);
    expect(models.statistics).toMatchObject({ models: 0, bytes: 0, users: 0, unloads: 2 });
    await models[Symbol.asyncDispose]();
  });

  it("gives those their lease who waited for it when it was closed", async () => {
    const { log, load, key } = loader();
    const started = gate();
    const models = new ModelCache();
    const waiting = models.acquire(key(1), () => started.promise.then(load(1)));
    const closing = models.close();
    started.resolve();
    await (await waiting)[Symbol.asyncDispose]();
    await closing;
    expect(log).toEqual(["load 1", "unload 1"]);
  });

  it("aborts a load that nobody waits for when it is closed", async () => {
    const { key } = loader();
    const models = new ModelCache();
    const controller = new AbortController();
    const load = ({ signal }: { readonly signal?: AbortSignal | undefined }) =>
      new Promise<Executor>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    const waiting = failure(models.acquire(key(1), load, { signal: controller.signal }));
    controller.abort();
    await waiting;
    await models.close();
    expect(models.statistics).toMatchObject({ models: 0, users: 0 });
  });

  it.each([{ maxBytes: -1 }, { maxBytes: 0.5 }, { maxByte: 5 }])("refuses %j", (options) => {
    expect(() => new ModelCache(options as never)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("keeps its promises in any order of acquiring, waiting, giving back, discarding and failing", async () => {
    const operation = fc.oneof(
      fc.record({ kind: fc.constant("acquire" as const), model: fc.nat(4), fails: fc.boolean(), aborted: fc.boolean() }),
      fc.record({ kind: fc.constantFrom("release" as const, "discard" as const), at: fc.nat(100) }),
      fc.record({ kind: fc.constant("turn" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), fc.nat(40), async (operations, maxBytes) => {
        const { provider, key } = loader();
        const models = new ModelCache({ maxBytes });
        /** Executors that are loaded; those that are used may not leave it. */
        const alive = new Set<Executor>();
        const loading = new Map<number, number>();
        const leases: Lease[] = [];
        const discarded = new Set<Executor>();
        const pending: Promise<void>[] = [];
        const load = (model: number, fails: boolean) => async () => {
          expect(loading.get(model) ?? 0).toBe(0);
          loading.set(model, 1);
          await turn();
          loading.set(model, 0);
          if (fails) throw new Error("fails");
          const executor: Executor = Object.assign(await provider.load({ identity: {}, bytes: new Uint8Array() }), {
            [Symbol.asyncDispose]: async () => {
              expect(alive.delete(executor)).toBe(true);
              expect(leases.some((lease) => lease.executor === executor)).toBe(false);
            },
          });
          alive.add(executor);
          return executor;
        };
        for (const each of operations) {
          if (each.kind === "turn") await turn();
          else if (each.kind === "acquire") {
            const controller = new AbortController();
            const acquired = models.acquire(key(each.model, each.model * 5), load(each.model, each.fails), {
              signal: controller.signal,
            });
            pending.push(
              acquired.then(
                (lease) => {
                  expect(alive.has(lease.executor)).toBe(true);
                  leases.push(lease);
                },
                () => {},
              ),
            );
            if (each.aborted) controller.abort();
          } else if (leases.length > 0) {
            const [lease] = leases.splice(each.at % leases.length, 1);
            if (each.kind === "discard") {
              lease!.discard();
              discarded.add(lease!.executor);
            }
            await lease![Symbol.asyncDispose]();
          }
        }
        await Promise.all(pending);
        for (const lease of leases) expect(alive.has(lease.executor)).toBe(true);
        expect(models.statistics.users).toBe(leases.length);
        for (const lease of leases.splice(0)) await lease[Symbol.asyncDispose]();
        // Loads that nobody waits for go on.
        while ([...loading.values()].includes(1)) await turn();
        await turn();
        for (const executor of discarded) expect(alive.has(executor)).toBe(false);
        expect(models.statistics.bytes <= maxBytes).toBe(true);
        expect(models.statistics.models).toBe(alive.size);
        await models.close();
        expect(alive.size).toBe(0);
        const { loads, unloads } = models.statistics;
        expect(unloads <= loads).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
