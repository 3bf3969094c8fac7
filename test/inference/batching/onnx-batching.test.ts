import { describe, expect, it } from "vitest";
import { onnx } from "../../../src/adapters/onnx/index.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { type ElementType, elementTypes } from "../../../src/core/element-type.ts";
import { type Random, seeded } from "../../../src/core/random.ts";
import { type Tensor, tensor } from "../../../src/core/tensor.ts";
import { Batcher } from "../../../src/inference/batching/batcher.ts";
import { type Job, ownOutputs } from "../../../src/inference/batching/job.ts";
import type { Executor, Tensors } from "../../../src/inference/port.ts";
import { InferenceStatistics } from "../../../src/inference/statistics.ts";
import { linearModel, logisticModel, mlpModel, treeEnsembleModel } from "../../../src/onnx-format/index.ts";
import { identityModel, twoColumnModel } from "../../../src/testing/tiny-models.ts";

const load = (bytes: Uint8Array): Promise<Executor> =>
  onnx({ placement: "inline" }).load({ identity: { digest: "sha256:0" } as never, bytes });

const columns = ["a", "b", "c"];
const chance = seeded(5);
const weight = () => chance.next() - 0.5;
const layer = (from: number, to: number, activation: "relu" | "softmax") => ({
  weights: Array.from({ length: to }, () => Array.from({ length: from }, weight)),
  bias: Array.from({ length: to }, weight),
  activation,
});
type Tree =
  | { readonly value: number }
  | { readonly feature: number; readonly threshold: number; readonly left: Tree; readonly right: Tree };
const tree = (depth: number): Tree =>
  depth === 0
    ? { value: weight() }
    : { feature: Math.floor(chance.next() * 3), threshold: chance.next(), left: tree(depth - 1), right: tree(depth - 1) };

/** Elements of a type, at random. */
function elements(type: ElementType, count: number, random: Random): Tensor["data"] {
  const { array } = elementTypes[type];
  if (array === undefined) return Array.from({ length: count }, () => `word ${Math.floor(random.next() * 1e6)}`);
  const numbers = Array.from({ length: count }, () => random.next() * (type === "bool" ? 2 : 100));
  return (
    type === "int64"
      ? BigInt64Array.from(numbers, (n) => BigInt(Math.floor(n)) << 40n)
      : (array as Float32ArrayConstructor).from(numbers)
  ) as Tensor["data"];
}

const features = (rows: number, random: Random): Tensors => ({
  features: tensor("float32", elements("float32", rows * 3, random) as Float32Array, [rows, 3]),
});

const identity = (type: ElementType) => ({
  name: `identity of ${type}`,
  bytes: identityModel(type),
  outputs: ["y"],
  inputs: (rows: number, random: Random): Tensors => ({ x: tensor(type, elements(type, rows * 2, random) as never, [rows, 2]) }),
});

const models: {
  name: string;
  bytes: Uint8Array;
  outputs?: readonly string[];
  inputs: (rows: number, random: Random) => Tensors;
}[] = [
  { name: "linear", bytes: linearModel({ columns, weights: [1, -2, 0.5], bias: 1 }), inputs: features },
  { name: "logistic", bytes: logisticModel({ columns, weights: [1, -2, 0.5], bias: 1 }), inputs: features },
  { name: "perceptron", bytes: mlpModel({ columns, layers: [layer(3, 32, "relu"), layer(32, 4, "softmax")] }), inputs: features },
  {
    name: "tree ensemble",
    bytes: treeEnsembleModel({ columns, kind: "classifier", trees: Array.from({ length: 20 }, () => tree(4)) }),
    inputs: features,
  },
  {
    name: "sum of inputs of two types",
    bytes: twoColumnModel(),
    outputs: ["total"],
    inputs: (rows, random) => ({
      amount: tensor("float32", elements("float32", rows, random) as Float32Array, [rows, 1]),
      count: tensor(
        "int64",
        BigInt64Array.from({ length: rows }, (_, i) => BigInt(i)),
        [rows, 1],
      ),
    }),
  },
  ...(["int64", "string", "bool", "float16", "float64", "uint8"] as const).map(identity),
  {
    name: "model with an open second extent",
    bytes: identityModel("float32", ["batch", "length"]),
    outputs: ["y"],
    inputs: (rows, random) => {
      const length = 1 + Math.floor(random.next() * 3);
      return { x: tensor("float32", elements("float32", rows * length, random) as Float32Array, [rows, length]) };
    },
  },
];

const plain = (tensors: Tensors) =>
  Object.entries(tensors).map(([name, { type, dims, data }]) => [name, type, [...dims], [...(data as Iterable<unknown>)]]);

describe("rows that share a run on ONNX Runtime", () => {
  it.each(models)("are answered as alone by a $name", async ({ bytes, inputs, outputs = [] }) => {
    await using executor = await load(bytes);
    const statistics = new InferenceStatistics(systemClock);
    const batcher = new Batcher({ target: executor, batchable: true, model: "m", statistics, options: { maxRows: 16 } });
    const random = seeded(9);
    const jobs: Job[] = Array.from({ length: 60 }, (_, i) => {
      const rows = i === 30 ? 50 : 1 + Math.floor(random.next() * 4);
      return { inputs: inputs(rows, random), rows, outputs };
    });
    const together = await Promise.all(jobs.map((job) => batcher.submit(job)));
    for (const [i, { inputs: given, rows }] of jobs.entries()) {
      const alone = await executor.run(given, outputs);
      expect(plain(ownOutputs(together[i]!))).toEqual(plain(alone.outputs));
      expect(together[i]!.rows).toBe(rows);
    }
    await batcher.close();
    const { executions, rows } = statistics.snapshot();
    expect(rows).toBe(jobs.reduce((sum, job) => sum + job.rows, 0));
    expect(executions).toBeLessThan(rows / 3);
  });

  it("are answered as alone while callers come and go at any time", async () => {
    await using executor = await load(models[2]!.bytes);
    const batcher = new Batcher({
      target: executor,
      batchable: true,
      fixedShape: true,
      model: "m",
      statistics: new InferenceStatistics(systemClock),
    });
    const random = seeded(17);
    const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
    const caller = async () => {
      for (let i = 0; i < 25; i++) {
        const rows = 1 + Math.floor(random.next() * 3);
        const job = { inputs: features(rows, random), rows, outputs: [] };
        const answer = ownOutputs(await batcher.submit(job));
        const alone = await executor.run(job.inputs, []);
        expect(plain(answer)).toEqual(plain(alone.outputs));
        if (random.next() < 0.5) await turn();
      }
    };
    await Promise.all(Array.from({ length: 16 }, caller));
    await batcher.close();
  });
});
