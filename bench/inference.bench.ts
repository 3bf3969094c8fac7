// InferenceSession.predict of rows of 30 features against onnxruntime-node alone: its session.run on a tensor that is ready, and the
// same with the packing of rows that a caller would write by hand.
import { InferenceSession as RawSession, Tensor } from "onnxruntime-node";
import { z } from "zod";
import { onnx } from "../src/adapters/onnx/index.ts";
import { InferenceSession } from "../src/inference/index.ts";
import { logisticModel } from "../src/onnx-format/index.ts";
import { compare, record } from "./measure.ts";

const columns = Array.from({ length: 30 }, (_, i) => `feature_${i}`);
const model = logisticModel({ columns, weights: columns.map((_, i) => (i % 7) - 3), bias: 0.5 });
// As it comes out of a request's body.
const row: Record<string, number> = JSON.parse(
  JSON.stringify(Object.fromEntries(columns.map((column, i) => [column, Math.sin(i)]))),
);
const rows: (typeof row)[] = Array.from({ length: 256 }, () => JSON.parse(JSON.stringify(row)));
const input = z.object(Object.fromEntries(columns.map((column) => [column, z.number()])));
const output = z.object({ probability: z.number() });

await using session = await InferenceSession.open({ model, providers: [onnx()] });
await using checked = await InferenceSession.open({ model, providers: [onnx()], input, output });
const raw = await RawSession.create(model, { executionProviders: ["cpu"], intraOpNumThreads: 1, interOpNumThreads: 1 });

function pack(samples: readonly (typeof row)[]): Tensor {
  const data = new Float32Array(samples.length * columns.length);
  let at = 0;
  for (const sample of samples) for (const column of columns) data[at++] = sample[column]!;
  return new Tensor("float32", data, [samples.length, columns.length]);
}

async function byHand(samples: readonly (typeof row)[]): Promise<{ probability: number }[]> {
  const { probability } = await raw.run({ features: pack(samples) });
  return Array.from(probability!.data as Float32Array, (value) => ({ probability: value }));
}

const ready = { features: pack([row]) };
const rawRun = () => raw.run(ready);
const comparisons = [
  await compare("predict against a raw run on a ready tensor", { ours: () => session.predict(row), reference: rawRun }),
  await compare("predict against a raw run and packing by hand", {
    ours: () => session.predict(row),
    reference: () => byHand([row]),
  }),
  await compare("predict with zod schemas against a raw run on a ready tensor", {
    ours: () => checked.predict(row),
    reference: rawRun,
  }),
  await compare("predictMany, 256 rows, against packing by hand", {
    ours: () => session.predictMany(rows),
    reference: () => byHand(rows),
  }),
];
await raw.release();
await record("inference", comparisons);
