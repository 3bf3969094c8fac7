// Metrics of a million predictions against scikit-learn, which a process of Debian's python3 runs on the same data, in turns. The
// values must agree. Skipped where scikit-learn is missing.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { randomNormal, seeded } from "../src/core/random.ts";
import { accuracy, averagePrecision, f1, logLoss, precision, recall, rocAuc } from "../src/stats/index.ts";
import { hold } from "./goal.ts";
import { type Comparison, compare, record } from "./measure.ts";

const PYTHON = "/usr/bin/python3";
const ROWS = 1_000_000;

const random = seeded(42);
const labels = Uint8Array.from({ length: ROWS }, () => (random.next() < 0.2 ? 1 : 0));
const scores = Float64Array.from(labels, (label) => 1 / (1 + Math.exp(1 - 1.5 * label - randomNormal(random))));
const predictions = Uint8Array.from(scores, (score) => (score >= 0.5 ? 1 : 0));

const ours: Readonly<Record<string, () => readonly number[]>> = {
  rocAuc: () => [rocAuc(labels, scores)],
  averagePrecision: () => [averagePrecision(labels, scores)],
  logLoss: () => [logLoss(labels, scores)],
  counts: () => [accuracy, precision, recall, f1].map((metric) => metric(labels, predictions)),
};

if (spawnSync(PYTHON, ["-c", "import sklearn"]).status === 0) await main();
else console.log(`skipped: ${PYTHON} has no scikit-learn to compare with (Debian: python3-sklearn)`);

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "modelwright-bench-"));
  await writeFile(join(folder, "labels.u8"), labels);
  await writeFile(join(folder, "predictions.u8"), predictions);
  await writeFile(join(folder, "scores.f64"), scores);
  const script = new URL("python/stats-metrics.py", import.meta.url).pathname;
  const python = spawn(PYTHON, ["-W", "ignore", script, folder], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("scikit-learn's process has ended");
    return String(value);
  };
  console.log(`scikit-learn ${await answer()}, ${ROWS} rows`);
  const theirs = async (name: string) => {
    python.stdin.write(`${name}\n`);
    return JSON.parse(await answer()) as readonly number[];
  };
  const against = async (name: string, title: string, rounds: number) => {
    const [mine, others] = [ours[name]!(), await theirs(name)];
    const error = Math.max(...mine.map((value, i) => Math.abs(value / others[i]! - 1)));
    if (!(error < 1e-10)) throw new Error(`${name} differs from scikit-learn's by ${error}`);
    return compare(title, { ours: ours[name]!, reference: () => theirs(name), unit: "ms", rounds, callsPerRound: 1 });
  };
  try {
    const area = await against("rocAuc", "ROC AUC, against scikit-learn", 7);
    hold({ name: "ROC AUC is faster by", measured: 1 / area.ratio, unit: "times", at: "least", goal: 5, limit: 3.5 });
    const comparisons: Comparison[] = [
      area,
      await against("averagePrecision", "average precision, against scikit-learn", 3),
      await against("logLoss", "log loss, against scikit-learn", 3),
      await against("counts", "accuracy, precision, recall and F1, against scikit-learn", 3),
    ];
    await record("stats-metrics", comparisons);
  } finally {
    python.stdin.end();
    if (python.exitCode === null) await once(python, "exit");
    await rm(folder, { recursive: true });
  }
}
