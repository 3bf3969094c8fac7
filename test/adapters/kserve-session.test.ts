import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { kserve } from "../../src/adapters/kserve/index.ts";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { InferenceSession } from "../../src/inference/index.ts";
import { twoColumnModel } from "../../src/testing/tiny-models.ts";
import { V2Server } from "./fixtures/v2-server.ts";

let server: V2Server;

beforeAll(async () => {
  server = await V2Server.start();
  await server.addOnnx("total", twoColumnModel());
});
afterAll(() => server[Symbol.asyncDispose]());

const schemas = { input: z.object({ amount: z.number(), count: z.int() }), output: z.object({ total: z.number() }) };

describe("a session over kserve", () => {
  it("opens without a model of its own, and names the server's", async () => {
    await using session = await InferenceSession.open({
      providers: [kserve({ url: server.url, model: "total", version: 1 })],
      ...schemas,
    });
    const { output, model, provider } = await session.predict({ amount: 1.5, count: 2 });
    expect(output.total).toBe(3.5);
    expect(model).toMatchObject({ name: "total", version: 1 });
    expect(provider).toBe(`kserve/${new URL(server.url).host}`);
    const many = await session.predictMany([
      { amount: 1, count: 1 },
      { amount: 2, count: 3 },
    ]);
    expect(many.map(({ output }) => output.total)).toEqual([2, 5]);
  });

  it("falls back to the local model when the server does not answer", async () => {
    const down = await V2Server.start();
    await down[Symbol.asyncDispose]();
    const providers = [kserve({ url: down.url, model: "total", attempts: 1 }), onnx()];
    await using session = await InferenceSession.open(
      { model: twoColumnModel(), providers, ...schemas },
      { logger: silentLogger },
    );
    expect(session.provider).toContain("onnxruntime-node");
    expect(session.fallbacks).toMatchObject([
      { provider: `kserve/${new URL(down.url).host}`, reason: expect.stringContaining("ECONNREFUSED") },
    ]);
    expect((await session.predict({ amount: 1.5, count: 2 })).output.total).toBe(3.5);
  });
});
