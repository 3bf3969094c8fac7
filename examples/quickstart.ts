// Register a model, promote it, ask it. Run with: node examples/quickstart.ts
import { InferenceSession, ModelRegistry, memoryBlobs, memoryRegistry } from "modelwright";
import { onnx } from "modelwright/onnx";
import { logisticModel } from "modelwright/onnx-format";
import { z } from "zod";

const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
const bytes = logisticModel({ columns: ["amount", "hour"], weights: [0.02, -0.1], bias: -1 });
const { version } = await registry.register({ name: "fraud", files: { "model.onnx": bytes }, metrics: { auc: 0.93 } });
await registry.transition(`fraud@${version}`, "staging");
await registry.transition(`fraud@${version}`, "production");

await using session = await InferenceSession.open({
  model: registry.source("fraud@production"),
  providers: [onnx()],
  input: z.object({ amount: z.number(), hour: z.number() }),
  output: z.object({ probability: z.number() }),
});
const { output, model, provider } = await session.predict({ amount: 120, hour: 3 });
console.log(`${model.name}@${model.version} on ${provider}: ${output.probability.toFixed(3)}`);
