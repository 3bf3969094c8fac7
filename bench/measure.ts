import { mkdir, writeFile } from "node:fs/promises";

/** One comparison, as it is written to `bench/results`. */
export interface Comparison {
  readonly name: string;
  /** Median over the rounds, in `unit` per call. */
  readonly ours: number;
  /** Median over the rounds, in `unit` per call. */
  readonly reference: number;
  readonly unit: string;
  /** `ours / reference`, the median over the rounds of the ratio within a round: below 1, ours is better. */
  readonly ratio: number;
}

const WARM_UP_MS = 2_000;

/** What to compare. */
export interface CompareOptions {
  /** Does the work once. */
  readonly ours: () => unknown;
  /** Does the same work without us. */
  readonly reference: () => unknown;
  /** @defaultValue "us" */
  readonly unit?: "us" | "ms";
  /** @defaultValue 31 */
  readonly rounds?: number;
  /** Calls in a round of each side. @defaultValue as many as take about 20 ms */
  readonly callsPerRound?: number;
}

/**
 * Times two ways of doing the same work in turns, so that what else the machine does hits both, and prints one line.
 *
 * The ratio is taken within each round, of two neighbours in time; its median over the rounds ignores the rounds that were disturbed.
 */
export async function compare(name: string, options: CompareOptions): Promise<Comparison> {
  const { ours, reference, unit = "us", rounds = 31 } = options;
  const calls = options.callsPerRound ?? (await callsFor(20, reference));
  // Until the optimising compiler has settled, which takes asynchronous code tens of thousands of calls: a service runs warm.
  for (const startedAt = performance.now(); performance.now() - startedAt < WARM_UP_MS; ) {
    await timed(ours, calls);
    await timed(reference, calls);
  }
  const times: { ours: number; reference: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    // The order changes, so that neither side always runs in the other's wake.
    const first = round % 2 === 0 ? await timed(ours, calls) : undefined;
    const middle = await timed(reference, calls);
    times.push({ ours: first ?? (await timed(ours, calls)), reference: middle });
  }
  const scale = unit === "us" ? 1000 : 1;
  const comparison: Comparison = {
    name,
    ours: round(median(times.map((time) => time.ours)) * scale),
    reference: round(median(times.map((time) => time.reference)) * scale),
    unit,
    ratio: round(median(times.map((time) => time.ours / time.reference))),
  };
  const { ours: a, reference: b, ratio } = comparison;
  console.log(`${name.padEnd(60)} ours ${`${a}`.padStart(9)} ${unit}   reference ${`${b}`.padStart(9)} ${unit}   ratio ${ratio}`);
  return comparison;
}

/** Writes `bench/results/<name>.json`. */
export async function record(name: string, comparisons: readonly Comparison[]): Promise<void> {
  const folder = new URL("results/", import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(`${name}.json`, folder), `${JSON.stringify(comparisons, undefined, 2)}\n`);
}

/** Milliseconds of one call. */
async function timed(work: () => unknown, calls: number): Promise<number> {
  const startedAt = performance.now();
  for (let call = 0; call < calls; call++) {
    const answer = work();
    if (answer instanceof Promise) await answer;
  }
  return (performance.now() - startedAt) / calls;
}

async function callsFor(milliseconds: number, work: () => unknown): Promise<number> {
  await timed(work, 20);
  return Math.max(1, Math.ceil(milliseconds / Math.max(await timed(work, 50), 1e-6)));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
