// Runs the compute-bound model of inference-workers.bench.ts for some seconds, and prints how often per second.

import { InferenceSession, Tensor } from "onnxruntime-node";
import { seeded } from "../src/core/random.ts";
import { matrixProducts, normals } from "./models.ts";

const session = await InferenceSession.create(matrixProducts(8), {
  executionProviders: ["cpu"],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const x = new Tensor("float32", normals(seeded(12), 512), [1, 512, 1]);
const from = performance.now();
let runs = 0;
while (performance.now() - from < 4_000) {
  await session.run({ x });
  runs += 1;
}
console.log(runs / ((performance.now() - from) / 1_000));
await session.release();
