import { describe, expect, it } from "vitest";
import { z } from "zod";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { sha256 } from "../../src/core/digest.ts";
import { Emitter } from "../../src/core/events.ts";
import type { Logger } from "../../src/core/logger.ts";
import type { Schema } from "../../src/core/schema.ts";
import { decodeValue, encodeValue } from "../../src/features/encode-value.ts";
import {
  canonicalJson,
  DriftDetector,
  FeatureServer,
  featureView,
  HybridRouter,
  InferenceSession,
  ModelRegistry,
  ModelwrightError,
  memoryBlobs,
  memoryOnline,
  memoryRegistry,
  type Predictor,
} from "../../src/index.ts";
import { linearModel } from "../../src/onnx-format/index.ts";

const fail = () => {
  throw new Error("the log is full");
};
const failingLogger: Logger = { debug: fail, info: fail, warn: fail, error: fail };

const answering = (name: string): Predictor<number, number> => ({
  spec: "predictor/1",
  name,
  predict: async () => ({ output: 1, model: {}, provider: "test" }),
});
const throwing = (thrown: unknown): Predictor<number, number> => ({
  spec: "predictor/1",
  name: "throwing",
  predict: () => Promise.reject(thrown),
});

describe("a predictor that misbehaves", () => {
  const unprintable = {
    toString: () => {
      throw new Error("no text");
    },
  };
  const thrown = [
    Object.create(null),
    unprintable,
    Symbol("x"),
    undefined,
    null,
    Object.assign(new Error(), { message: Object.create(null) }),
  ];

  it.each(thrown)("cannot keep the next target from being asked by what it throws (%#)", async (error) => {
    const router = new HybridRouter({ targets: { a: { predictor: throwing(error) }, b: { predictor: answering("b") } } });
    expect((await router.predict(1)).route).toMatchObject({
      target: "b",
      attempts: [{ outcome: "failed" }, { outcome: "answered" }],
    });
  });
});

describe("a logger that throws", () => {
  it("does not make a router ask a second target when a listener fails, too", async () => {
    const targets = {
      a: { predictor: throwing(new Error("down")) },
      b: { predictor: answering("b") },
      c: { predictor: answering("c") },
    };
    const router = new HybridRouter({ targets }, { logger: failingLogger });
    router.onFallback(fail);
    expect((await router.predict(1)).route).toMatchObject({ target: "b", attempts: { length: 2 } });
  });

  it("does not stop other listeners or the sender", async () => {
    const emitter = new Emitter<number>(failingLogger);
    const heard: number[] = [];
    emitter.event(fail);
    emitter.event(() => Promise.reject(new Error("late")) as never);
    emitter.event((payload) => void heard.push(payload));
    emitter.emit(1);
    await new Promise(setImmediate);
    expect(heard).toEqual([1]);
  });

  it("does not keep a session from opening with the next provider", async () => {
    const provider = onnx({ placement: "inline" });
    const broken = { ...provider, name: "broken", load: () => Promise.reject(new Error("no")) };
    const model = linearModel({ columns: ["a"], weights: [1], bias: 0 });
    await using session = await InferenceSession.open({ model, providers: [broken, provider] }, { logger: failingLogger });
    expect(session.provider).toBe(provider.name);
  });
});

describe("a schema that answers oddly", () => {
  const schemaOf = (result: unknown): Schema<{ a: number }> => ({
    "~standard": { version: 1, vendor: "odd", validate: () => result as never },
  });

  it.each([undefined, null, 5, "text", {}, { issues: [] }, { issues: [], value: { a: 1 } }, { value: 5 }, { value: undefined }])(
    "does not pass a row as valid (%j)",
    async (result) => {
      await using online = memoryOnline();
      const odd = featureView({ name: "odd", entity: "user", schema: schemaOf(result), features: ["a"] });
      const server = new FeatureServer({ views: [odd], online });
      const written = server.write(odd, [{ key: "k", values: { a: 1 } }]);
      await expect(written).rejects.toSatisfy((error) => ModelwrightError.is(error));
      expect(await online.readMany([{ view: "odd", key: "k" }])).toEqual([undefined]);
    },
  );
});

describe("hostile windows and columns of a drift detector", () => {
  const schema = z.object({ a: z.number() });
  const rows = Array.from({ length: 100 }, (_, a) => ({ a }));
  const fitted = () => {
    const detector = new DriftDetector({ schema });
    detector.fit(rows);
    return detector;
  };

  it("cannot make counts that are no longer exact", () => {
    const source = fitted();
    source.observe(rows);
    const window = source.window.toJSON();
    const most = 2 ** 43;
    const [feature] = window.parts[0]!.features;
    const counts = feature!.counts.map((_, bin) => (bin === 0 ? most : 0));
    const huge = { ...window, parts: [{ rows: most, features: [{ ...feature!, counts }], seasons: null }] };
    const detector = fitted();
    detector.merge(huge);
    expect(() => detector.merge(huge)).toThrow(expect.objectContaining({ code: "DRIFT_STATE_INVALID" }));
    expect(detector.window.rows).toBe(most);
    expect(detector.check().verdict).toBe("significant");
    const restored = fitted();
    restored.merge(detector.window.toBytes());
    expect(restored.window.toJSON()).toEqual(detector.window.toJSON());
  });

  it.each([{ length: 1e15 }, { length: Number.POSITIVE_INFINITY }, "text"])(
    "cannot hold up the event loop with a length that JSON can claim (%j)",
    (a) => {
      const detector = fitted();
      expect(() => detector.observeColumns({ a } as never)).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
      expect(detector.window.rows).toBe(0);
    },
  );
});

describe("hostile text and values", () => {
  it("cannot fill a message, which logs repeat", () => {
    const error = new ModelwrightError("MODEL_INVALID", "x".repeat(1_000_000), { details: { reason: "x" } });
    expect(error.message.length).toBeLessThan(10_000);
    expect(error.message).toMatch(/^x+…$/);
  });

  it("cannot change what kind of reference an object is", async () => {
    const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
    await registry.register({ name: "m", flavor: "text", files: { a: Uint8Array.of(1) } });
    await registry.alias("m", "champion", 1);
    const refs = [
      { name: "m", stage: "1" },
      { name: "m", stage: "alias:champion" },
      { name: "m", version: "development" },
      { name: "m", version: "1" },
      {},
      [],
      null,
      undefined,
      5,
    ];
    for (const ref of refs) await expect(registry.get(ref as never)).rejects.toMatchObject({ code: "INPUT_INVALID" });
    expect(await registry.get({ name: "m", alias: "champion" })).toMatchObject({ version: 1 });
  });

  it("cannot turn few objects, each used twice, into work without end", async () => {
    let shared: unknown[] = [1];
    for (let i = 0; i < 60; i++) shared = [shared, shared];
    const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
    const registered = registry.register({
      name: "m",
      flavor: "text",
      files: { a: Uint8Array.of(1) },
      hyperparameters: { shared: shared as never },
    });
    await expect(registered).rejects.toMatchObject({ code: "INPUT_INVALID" });
    expect(() => canonicalJson(shared as never)).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
  });

  it("cannot overflow the stack of the pattern that checks stored bytes", () => {
    const large = new Uint8Array(30_000_000).fill(7);
    expect(Buffer.compare(decodeValue(encodeValue(large)) as Uint8Array, large)).toBe(0);
    for (const damaged of ["A", "AA=", "A===", "====", "AAAA=", "AA A", "AA==AAAA", "A?=="]) {
      expect(() => decodeValue({ $bytes: damaged })).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
    }
    for (const length of [0, 1, 2, 3, 4]) {
      const bytes = new Uint8Array(length).fill(255);
      expect(decodeValue(encodeValue(bytes))).toEqual(bytes);
    }
  });

  it("are refused as digests with a code", async () => {
    const blobs = memoryBlobs();
    for (const digest of [
      5,
      null,
      undefined,
      {},
      Object.create(null),
      "../../etc/passwd",
      `${await sha256(new Uint8Array())}\n`,
    ]) {
      await expect(blobs.get(digest as never)).rejects.toMatchObject({ code: "INPUT_INVALID" });
    }
  });

  it("as keys of entities are not repeated in errors", async () => {
    const view = featureView({ name: "v", entity: "user", schema: z.object({ a: z.number() }) });
    const server = new FeatureServer({ views: [view], online: memoryOnline() });
    const error = await server.get({ user: 98_765.25 }, ["v.a"]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "INPUT_INVALID" });
    expect(JSON.stringify(error)).not.toContain("98765");
  });
});
