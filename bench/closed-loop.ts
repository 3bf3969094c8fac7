/** What callers met who ask again as soon as they are answered. */
export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Two sides under the same load: medians over the rounds, as those of the ratios within a round. */
export interface LoadComparison {
  readonly ours: Load;
  readonly reference: Load;
  /** Requests per second, ours to theirs. */
  readonly speedup: number;
  /** 99th percentile of the latency, ours to theirs. */
  readonly p99Ratio: number;
}

/** What to compare. */
export interface LoadOptions {
  /** Answers a caller, who is told by number. */
  readonly ours: (caller: number) => Promise<unknown>;
  /** Does the same work without us. */
  readonly reference: (caller: number) => Promise<unknown>;
  /** @defaultValue 64 */
  readonly callers?: number;
  /** @defaultValue 9 */
  readonly rounds?: number;
  /** Of a round of each side. @defaultValue 400 */
  readonly roundMs?: number;
  /** Of each side. @defaultValue 1500 */
  readonly warmUpMs?: number;
}

/** Loads two ways of doing the same work in turns, so that what else the machine does hits both. */
export async function compareLoads(options: LoadOptions): Promise<LoadComparison> {
  const { ours, reference, callers = 64, rounds = 9, roundMs = 400, warmUpMs = 1500 } = options;
  await closedLoop(reference, callers, warmUpMs);
  await closedLoop(ours, callers, warmUpMs);
  const loads: { ours: Load; reference: Load }[] = [];
  for (let round = 0; round < rounds; round++) {
    // The order changes, so that neither side always runs in the other's wake.
    const first = round % 2 === 0 ? await closedLoop(ours, callers, roundMs) : undefined;
    const middle = await closedLoop(reference, callers, roundMs);
    loads.push({ ours: first ?? (await closedLoop(ours, callers, roundMs)), reference: middle });
  }
  const typical = (side: "ours" | "reference"): Load => ({
    perSecond: median(loads.map((load) => load[side].perSecond)),
    p50Ms: median(loads.map((load) => load[side].p50Ms)),
    p99Ms: median(loads.map((load) => load[side].p99Ms)),
  });
  return {
    ours: typical("ours"),
    reference: typical("reference"),
    speedup: median(loads.map((load) => load.ours.perSecond / load.reference.perSecond)),
    p99Ratio: median(loads.map((load) => load.ours.p99Ms / load.reference.p99Ms)),
  };
}

/** Has callers ask, each again when it was answered, for a time. */
export async function closedLoop(ask: (caller: number) => Promise<unknown>, callers: number, durationMs: number): Promise<Load> {
  const latencies: number[] = [];
  const startedAt = performance.now();
  const endAt = startedAt + durationMs;
  const asking = async (caller: number) => {
    for (let from = performance.now(); from < endAt; ) {
      await ask(caller);
      const answeredAt = performance.now();
      latencies.push(answeredAt - from);
      from = answeredAt;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => asking(caller)));
  const perSecond = (1000 * latencies.length) / (performance.now() - startedAt);
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (p: number) => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!;
  return { perSecond, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}

/** The middle value; the mean of the two in the middle where there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
