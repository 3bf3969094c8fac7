// 64 callers of one row each, who ask again when they are answered: InferenceSession as it is by default against a run of
// onnxruntime-node for each call, in the same process. What raw runs of many rows reach is printed beside it: nobody who shares runs
// can do more on one core, and how many times a single run that is differs from one processor to another. Words as arguments choose
// the models whose names contain one.
import type { InferenceSession as RawSession } from "onnxruntime-node";
import { onnx } from "../src/adapters/onnx/index.ts";
import { seeded } from "../src/core/random.ts";
import { tensor } from "../src/core/tensor.ts";
import { InferenceSession } from "../src/inference/index.ts";
import { closedLoop, compareLoads, type Load } from "./closed-loop.ts";
import { hold } from "./goal.ts";
import { type Comparison, record } from "./measure.ts";
import { attention, boostedTrees, columnsOf, convolutions, mlp, normals, randomForest } from "./models.ts";
import { rawSession, rawTensor } from "./raw-session.ts";

const CALLERS = 64;

interface Case {
  readonly name: string;
  readonly model: () => Uint8Array;
  readonly input: string;
  /** Extents of a row; one that has a single axis is asked as named values, too. */
  readonly dims: readonly number[];
  /** Requests/s, ours to raw; without, the case is only told. */
  readonly speedup?: { readonly goal: number; readonly limit: number };
}

const cases: readonly Case[] = [
  {
    name: "MLP 256-1024-1024-10",
    model: () => mlp([256, 1024, 1024, 10]),
    input: "features",
    dims: [256],
    speedup: { goal: 6, limit: 1.2 },
  },
  { name: "boosted trees", model: boostedTrees, input: "features", dims: [30], speedup: { goal: 4, limit: 1.3 } },
  { name: "convolutions", model: convolutions, input: "image", dims: [3, 64, 64], speedup: { goal: 0.95, limit: 0.4 } },
  { name: "MLP 50-64-1", model: () => mlp([50, 64, 1]), input: "features", dims: [50] },
  { name: "random forest", model: randomForest, input: "features", dims: [30] },
  { name: "attention", model: attention, input: "tokens", dims: [128, 128] },
];

const words = process.argv.slice(2);
const comparisons: Comparison[] = [];
for (const it of cases) {
  if (words.length === 0 || words.some((word) => it.name.includes(word))) comparisons.push(...(await measure(it)));
}
await record("inference-load", comparisons);

async function measure({ name, model, input, dims, speedup }: Case): Promise<Comparison[]> {
  const bytes = model();
  const raw = await rawSession(bytes);
  const size = dims.reduce((product, extent) => product * extent, 1);
  const columns = dims.length === 1 ? columnsOf(size) : undefined;
  await using session = await InferenceSession.open({ model: bytes, providers: [onnx()], columns });
  const random = seeded(11);
  const data = Array.from({ length: CALLERS }, () => normals(random, size));
  const rowDims = [1, ...dims];
  const tensors = data.map((values) => ({ [input]: tensor("float32", values, rowDims) }));
  const rawRun = (values: Float32Array) => raw.run({ [input]: rawTensor(values, rowDims) });
  await checkAnswers(await Promise.all(tensors.map((it) => session.run(it))), data, rawRun);
  const best = await bestRate(raw, input, dims);
  const loads = await compareLoads({
    callers: CALLERS,
    ours: (caller) => session.run(tensors[caller]!),
    reference: (caller) => rawRun(data[caller]!),
  });
  const { where, instances, reason } = session.placement;
  console.log(`${name}: ${where}, ${instances} at once (${reason ?? "no reason given"}); batching: ${session.batching.reason}`);
  console.log(`  run      ${shown(loads.ours)}; one raw run each ${shown(loads.reference)}`);
  const ceiling = best.perSecond / loads.reference.perSecond;
  console.log(
    `  ${loads.speedup.toFixed(2)} times raw; a core that does nothing but raw runs of ${best.rows} ready rows does ` +
      `${Math.round(best.perSecond)} rows/s, ${ceiling.toFixed(2)} times`,
  );
  const [statistics] = session.statistics();
  console.log(`  ${(statistics!.rows / statistics!.executions).toFixed(1)} rows a run`);
  if (speedup !== undefined) {
    hold({ name: "requests/s, ours to raw", measured: loads.speedup, unit: "x", at: "least", ...speedup });
    hold({ name: "p99, ours to raw", measured: loads.p99Ratio, unit: "x", at: "most", goal: 1, limit: 8 });
  }
  const compared = [
    comparison(`${name}, time per request`, 1e6 / loads.ours.perSecond, 1e6 / loads.reference.perSecond, "us", 1 / loads.speedup),
    comparison(`${name}, p99`, loads.ours.p99Ms, loads.reference.p99Ms, "ms", loads.p99Ratio),
  ];
  if (columns !== undefined) {
    const rows = data.map((values) => namedRow(columns, values));
    const named = await compareLoads({
      callers: CALLERS,
      ours: (caller) => session.predict(rows[caller]!),
      reference: async (caller) => {
        const row = rows[caller]!;
        const packed = Float32Array.from(columns, (column) => row[column]!);
        const { prediction } = await rawRun(packed);
        return { prediction: Array.from(prediction!.data as Float32Array) };
      },
    });
    console.log(`  predict  ${shown(named.ours)}; packed by hand ${shown(named.reference)}; ${named.speedup.toFixed(2)} times`);
    const [ours, reference] = [1e6 / named.ours.perSecond, 1e6 / named.reference.perSecond];
    compared.push(comparison(`${name}, time per row of named values`, ours, reference, "us", 1 / named.speedup));
  }
  await raw.release();
  return compared;
}

/** A row as it comes out of a request's body. */
function namedRow(columns: readonly string[], values: Float32Array): Record<string, number> {
  return JSON.parse(JSON.stringify(Object.fromEntries(columns.map((column, i) => [column, values[i]]))));
}

/** What is fast and wrong must not win. */
async function checkAnswers(
  answers: readonly Awaited<ReturnType<InferenceSession["run"]>>[],
  data: readonly Float32Array[],
  rawRun: (values: Float32Array) => ReturnType<RawSession["run"]>,
): Promise<void> {
  for (const [i, answer] of answers.entries()) {
    const expected = (await rawRun(data[i]!))["prediction"]!.data as Float32Array;
    const given = answer["prediction"]!.data as Float32Array;
    const differs = expected.some((value, at) => Math.abs(value - given[at]!) > 1e-4 * (1 + Math.abs(value)));
    if (differs || given.length !== expected.length) throw new Error(`Caller ${i} got ${given}, not ${expected}`);
  }
}

/** Rows per second of raw runs of ready tensors, at the number of rows where they are most. */
async function bestRate(raw: RawSession, input: string, dims: readonly number[]): Promise<{ rows: number; perSecond: number }> {
  const size = dims.reduce((product, extent) => product * extent, 1);
  let best = { rows: 0, perSecond: 0 };
  for (const rows of [1, 4, 16, 32, 64]) {
    const feeds = { [input]: rawTensor(normals(seeded(rows), rows * size), [rows, ...dims]) };
    const { perSecond } = await closedLoop(() => raw.run(feeds), 1, 400);
    if (rows * perSecond > best.perSecond) best = { rows, perSecond: rows * perSecond };
  }
  return best;
}

function shown({ perSecond, p50Ms, p99Ms }: Load): string {
  return `${Math.round(perSecond)}/s, p50 ${p50Ms.toPrecision(3)} ms, p99 ${p99Ms.toPrecision(3)} ms`;
}

function comparison(name: string, ours: number, reference: number, unit: string, ratio: number): Comparison {
  const [a, b, c] = [ours, reference, ratio].map((value) => Number(value.toPrecision(4)));
  return { name: `${name}, ${CALLERS} callers`, ours: a!, reference: b!, unit, ratio: c! };
}
