// Two-sample tests and distances of a million values each against SciPy and NumPy, which a process of Debian's python3 runs on the same
// data, in turns. The values must agree. Skipped where SciPy is missing.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { randomNormal, seeded } from "../src/core/random.ts";
import { ksTest, mannWhitney, populationStabilityIndex, wasserstein } from "../src/stats/index.ts";
import { hold } from "./goal.ts";
import { type Comparison, compare, record } from "./measure.ts";

const PYTHON = "/usr/bin/python3";
const ROWS = 1_000_000;
const PART = 200_000;

const random = seeded(42);
const reference = Float64Array.from({ length: ROWS }, () => randomNormal(random));
const current = Float64Array.from({ length: ROWS }, () => randomNormal(random) * 1.02 + 0.01);

const ours: Readonly<Record<string, () => number>> = {
  ksTest: () => ksTest(reference, current).statistic,
  wasserstein: () => wasserstein(reference, current),
  populationStabilityIndex: () => populationStabilityIndex(reference, current).psi,
  mannWhitney: () => mannWhitney(reference.subarray(0, PART), current.subarray(0, PART)).pValue,
};

if (spawnSync(PYTHON, ["-c", "import scipy.stats"]).status === 0) await main();
else console.log(`skipped: ${PYTHON} has no SciPy to compare with (Debian: python3-scipy)`);

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "modelwright-bench-"));
  await writeFile(join(folder, "reference.f64"), reference);
  await writeFile(join(folder, "current.f64"), current);
  const script = fileURLToPath(new URL("python/stats-tests.py", import.meta.url));
  const python = spawn(PYTHON, ["-W", "ignore", script, folder], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("SciPy's process has ended");
    return String(value);
  };
  const theirs = async (name: string) => {
    python.stdin.write(`${name}\n`);
    return Number(await answer());
  };
  const against = async (name: string, title: string, rounds: number) => {
    const [mine, other] = [ours[name]!(), await theirs(name)];
    if (!(Math.abs(mine / other - 1) < 1e-10)) throw new Error(`${name} is ${mine}, but theirs ${other}`);
    return compare(title, { ours: ours[name]!, reference: () => theirs(name), unit: "ms", rounds, callsPerRound: 1 });
  };
  try {
    console.log(`${await answer()}, two samples of ${ROWS} values`);
    const ks = await against("ksTest", "KS test, against scipy.stats.ks_2samp", 3);
    hold({ name: "KS is faster by", measured: 1 / ks.ratio, unit: "times", at: "least", goal: 3, limit: 3 });
    const psi = await against("populationStabilityIndex", "PSI, against NumPy's quantile, searchsorted, bincount", 15);
    hold({ name: "PSI takes, of NumPy's time,", measured: psi.ratio, unit: "times", at: "most", goal: 1, limit: 1.25 });
    const comparisons: Comparison[] = [
      ks,
      psi,
      await against("wasserstein", "Wasserstein, against scipy.stats.wasserstein_distance", 3),
      await against("mannWhitney", `Mann–Whitney, ${PART} values each, against mannwhitneyu`, 3),
    ];
    await record("stats-tests", comparisons);
  } finally {
    python.stdin.end();
    if (python.exitCode === null) await once(python, "exit");
    await rm(folder, { recursive: true });
  }
}
