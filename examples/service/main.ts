// A Hono service that embeds a model. Run it with: node examples/service/main.ts
// With --once it answers two requests to itself and stops.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { InferenceSession, ModelRegistry, ModelwrightError, memoryBlobs, memoryRegistry } from "modelwright";
import { onnx } from "modelwright/onnx";
import { logisticModel } from "modelwright/onnx-format";
import { z } from "zod";

// In a real service the registry is on sqlite() and fs(), and somebody else registers and promotes.
const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
await registry.register({
  name: "fraud",
  files: { "model.onnx": logisticModel({ columns: ["amount", "hour"], weights: [0.02, -0.1], bias: -1 }) },
});
await registry.transition("fraud@1", "staging");
await registry.transition("fraud@1", "production");

await using fraud = await InferenceSession.open({
  model: registry.source("fraud@production"),
  providers: [onnx()],
  input: z.object({ amount: z.number().min(0), hour: z.int().min(0).max(23) }),
  output: z.object({ probability: z.number() }),
});

const app = new Hono();
app.post("/predict", async (c) => {
  try {
    const { output, model } = await fraud.predict(await c.req.json(), { signal: c.req.raw.signal, timeoutMs: 100 });
    return c.json({ ...output, model: `${model.name}@${model.version}` });
  } catch (error) {
    if (error instanceof SyntaxError) return c.json({ code: "INPUT_INVALID", message: "The body is not JSON" }, 400);
    if (!ModelwrightError.is(error)) throw error;
    return c.json(error.toJSON(), error.code.startsWith("INPUT_") ? 400 : 503);
  }
});

if (process.argv.includes("--once")) {
  for (const body of [
    { amount: 120, hour: 3 },
    { amount: "a lot", hour: 3 },
  ]) {
    const response = await app.request("/predict", { method: "POST", body: JSON.stringify(body) });
    console.log(response.status, await response.text());
  }
} else {
  const server = serve({ fetch: app.fetch, port: 3000 }, ({ port }) => console.log(`http://localhost:${port}/predict`));
  await new Promise((resolve) => process.once("SIGINT", resolve));
  server.close();
}
