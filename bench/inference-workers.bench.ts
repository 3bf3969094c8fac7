// A model that does nothing but compute, in two worker threads against one, under the same callers.
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { onnx } from "../src/adapters/onnx/index.ts";
import { seeded } from "../src/core/random.ts";
import { tensor } from "../src/core/tensor.ts";
import { InferenceSession } from "../src/inference/index.ts";
import { compareLoads } from "./closed-loop.ts";
import { hold } from "./goal.ts";
import { record } from "./measure.ts";
import { matrixProducts, normals } from "./models.ts";

const model = matrixProducts(8);
await using two = await InferenceSession.open({ model, providers: [onnx({ placement: "worker", workers: 2 })] });
await using one = await InferenceSession.open({ model, providers: [onnx({ placement: "worker", workers: 1 })] });
const x = tensor("float32", normals(seeded(12), 512), [1, 512, 1]);
const loads = await compareLoads({
  callers: 8,
  rounds: 7,
  roundMs: 1500,
  ours: () => two.run({ x }),
  reference: () => one.run({ x }),
});
const { ours, reference, speedup } = loads;
console.log(`two workers ${ours.perSecond.toFixed(1)} rows/s, p99 ${ours.p99Ms.toFixed(0)} ms`);
console.log(
  `one worker  ${reference.perSecond.toFixed(1)} rows/s, p99 ${reference.p99Ms.toFixed(0)} ms; ratio ${speedup.toFixed(2)}`,
);
// What the machine has to give: two cores that share one unit do no more than one.
const alone = await rawRunsPerSecond(1);
const together = await rawRunsPerSecond(2);
const scaling = together / alone;
console.log(`raw runs of two processes to those of one: ${scaling.toFixed(2)}`);
if (availableParallelism() < 2) console.log("  One core only: two workers cannot be faster");
else hold({ name: "rows/s, two workers to one", measured: speedup, unit: "x", at: "least", goal: 1.7, limit: 0.6 });
hold({ name: "the same, to that of raw processes", measured: speedup / scaling, unit: "x", at: "least", goal: 0.9, limit: 0.5 });
await record("inference-workers", [
  {
    name: "compute-bound model, two workers against one, time per row",
    ours: Number((1000 / ours.perSecond).toPrecision(4)),
    reference: Number((1000 / reference.perSecond).toPrecision(4)),
    unit: "ms",
    ratio: Number((1 / speedup).toPrecision(4)),
  },
  {
    name: "compute-bound model, scaling from one worker to two against that of raw processes",
    ours: Number(speedup.toPrecision(4)),
    reference: Number(scaling.toPrecision(4)),
    unit: "x",
    ratio: Number((speedup / scaling).toPrecision(4)),
  },
]);

/** Runs per second of so many processes together, each of which does nothing but run the model with ONNX Runtime. */
async function rawRunsPerSecond(processes: number): Promise<number> {
  const script = new URL("raw-runs.ts", import.meta.url).pathname;
  const counts = Array.from({ length: processes }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [script]);
    return Number(stdout);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}
