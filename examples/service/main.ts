// A Hono service that embeds a model. Run it with: node examples/service/main.ts
// With --once it answers two requests to itself and stops.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import {
  InferenceSession,
  Metrics,
  ModelRegistry,
  ModelwrightError,
  memoryBlobs,
  memoryRegistry,
  prometheusContentType,
  prometheusText,
} from "modelwright";
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

const metrics = new Metrics();
await using fraud = await InferenceSession.open({
  model: registry.source("fraud@production"),
  providers: [onnx()],
  input: z.object({ amount: z.number().min(0), hour: z.int().min(0).max(23) }),
  output: z.object({ probability: z.number() }),
  batching: { queue: { maxRequests: 1_000 } },
  metrics,
});

const app = new Hono();
app.get("/ready", (c) => c.json(fraud.health(), fraud.health().ready ? 200 : 503));
app.get("/metrics", (c) => c.text(prometheusText(metrics), 200, { "content-type": prometheusContentType }));
app.post("/predict", async (c) => {
  try {
    const { output, model } = await fraud.predict(await c.req.json(), { signal: c.req.raw.signal, timeoutMs: 100 });
    return c.json({ ...output, model: `${model.name}@${model.version}` });
  } catch (error) {
    if (error instanceof SyntaxError) return c.json({ code: "INPUT_INVALID", message: "The body is not JSON" }, 400);
    if (!ModelwrightError.is(error)) throw error;
    if (ModelwrightError.is(error, "MODEL_OVERLOADED"))
      c.header("retry-after", `${Math.ceil(error.details.retryAfterMs / 1000)}`);
    return c.json(error.toJSON(), error.code.startsWith("INPUT_") ? 400 : error.code === "DEADLINE_EXCEEDED" ? 504 : 503);
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
  for (const path of ["/ready", "/metrics"]) {
    const response = await app.request(path);
    console.log(response.status, (await response.text()).slice(0, 200));
  }
} else {
  const server = serve({ fetch: app.fetch, port: 3000 }, ({ port }) => console.log(`http://localhost:${port}/predict`));
  await new Promise((resolve) => process.once("SIGINT", resolve));
  server.close();
}
