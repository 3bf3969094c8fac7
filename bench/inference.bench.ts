// One row at a time, awaited, on the thread that calls: InferenceSession against onnxruntime-node alone, its run on a tensor that is
// ready, and the same with the packing of rows that a caller would write by hand.
import { z } from "zod";
import { onnx } from "../src/adapters/onnx/index.ts";
import { tensor } from "../src/core/tensor.ts";
import { InferenceSession } from "../src/inference/index.ts";
import { hold } from "./goal.ts";
import { compare, record } from "./measure.ts";
import { columnsOf, mlp } from "./models.ts";
import { rawSession, rawTensor } from "./raw-session.ts";

const model = mlp([50, 64, 1]);
const columns = columnsOf(50);
// As it comes out of a request's body.
const newRow = (): Record<string, number> =>
  JSON.parse(JSON.stringify(Object.fromEntries(columns.map((column, i) => [column, Math.sin(i)]))));
const row = newRow();
const rows = Array.from({ length: 256 }, newRow);
const input = z.object(Object.fromEntries(columns.map((column) => [column, z.number()])));
const output = z.object({ prediction: z.number() });
const providers = [onnx({ placement: "inline" })];

await using session = await InferenceSession.open({ model, providers, columns });
await using alone = await InferenceSession.open({ model, providers, columns, batching: false });
await using checked = await InferenceSession.open({ model, providers, input, output });
await using placed = await InferenceSession.open({ model, providers: [onnx()], columns });
console.log(`placed by itself: ${placed.placement.where} (${placed.placement.reason ?? "no reason given"})`);
const raw = await rawSession(model);

async function byHand(samples: readonly Record<string, number>[]): Promise<{ prediction: number }[]> {
  const data = new Float32Array(samples.length * columns.length);
  let at = 0;
  for (const sample of samples) for (const column of columns) data[at++] = sample[column]!;
  const { prediction } = await raw.run({ features: rawTensor(data, [samples.length, columns.length]) });
  return Array.from(prediction!.data as Float32Array, (value) => ({ prediction: value }));
}

const data = Float32Array.from(columns, (column) => row[column]!);
const features = tensor("float32", data, [1, columns.length]);
const ready = { features: rawTensor(data, [1, columns.length]) };
const comparisons = [
  await compare("run on a tensor / raw run on a ready tensor", {
    ours: () => session.run({ features }),
    reference: () => raw.run(ready),
  }),
  await compare("predict / raw run and packing by hand", {
    ours: () => session.predict(row),
    reference: () => byHand([row]),
  }),
  await compare("predict without batching / raw run and packing by hand", {
    ours: () => alone.predict(row),
    reference: () => byHand([row]),
  }),
  await compare("predict with zod schemas / raw run and packing by hand", {
    ours: () => checked.predict(row),
    reference: () => byHand([row]),
  }),
  await compare("predict where it is placed by itself / raw run and packing", {
    ours: () => placed.predict(row),
    reference: () => byHand([row]),
  }),
  await compare("predictMany, 256 rows / packing by hand", {
    ours: () => session.predictMany(rows),
    reference: () => byHand(rows),
  }),
];
await raw.release();
for (const [at, name] of ["run", "predict"].entries()) {
  hold({
    name: `latency of ${name}, ours to raw`,
    measured: comparisons[at]!.ratio,
    unit: "x",
    at: "most",
    goal: 1.15,
    limit: 2,
  });
}
await record("inference", comparisons);
