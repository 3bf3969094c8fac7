import type { MetricPoint } from "../port.ts";

/** The order of a metric's history: by step, then time, then value, NaN last. 0 for the same point. */
export function comparePoints(a: MetricPoint, b: MetricPoint): number {
  if (a.step !== b.step) return a.step < b.step ? -1 : 1;
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  if (Number.isNaN(a.value) || Number.isNaN(b.value)) return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
  return a.value === b.value ? 0 : a.value < b.value ? -1 : 1;
}

/** Whether `candidate` is a run's value of the metric rather than `current`: greater by step, then time, then value, NaN first. */
export function supersedes(candidate: MetricPoint, current: MetricPoint): boolean {
  const sameTime = candidate.step === current.step && candidate.at === current.at;
  if (sameTime && Number.isNaN(candidate.value) !== Number.isNaN(current.value)) return Number.isNaN(current.value);
  return comparePoints(candidate, current) > 0;
}

/**
 * Points of a history that show its course: the steps from the first to the last are cut into `buckets` equal ranges, and of each range
 * that has points the smallest value, the greatest (the first of several) and the last point are kept. NaN is neither small nor great.
 *
 * @param history - in the order of {@link comparePoints}
 */
export function samplePoints(history: readonly MetricPoint[], buckets: number): readonly MetricPoint[] {
  const first = history[0]?.step ?? 0;
  // The number of steps, so that the last one is in the last range; at least 1.
  const steps = (history.at(-1)?.step ?? 0) - first + 1;
  const kept: MetricPoint[] = [];
  for (let start = 0; start < history.length; ) {
    const bucket = bucketOf(history[start]!, first, steps, buckets);
    let end = start + 1;
    while (end < history.length && bucketOf(history[end]!, first, steps, buckets) === bucket) end++;
    kept.push(...extremes(history, start, end));
    start = end;
  }
  return kept;
}

function bucketOf({ step }: MetricPoint, first: number, steps: number, buckets: number): number {
  // Beyond 2^53, where the last step and the number of steps may be the same double, the last range takes what rounds up.
  return Math.min(buckets - 1, Math.floor(((step - first) * buckets) / steps));
}

/** The smallest, the greatest and the last of the points from `start` to before `end`, in their order, each once. */
function extremes(history: readonly MetricPoint[], start: number, end: number): readonly MetricPoint[] {
  let least: number | undefined;
  let greatest: number | undefined;
  for (let i = start; i < end; i++) {
    const { value } = history[i]!;
    if (Number.isNaN(value)) continue;
    if (least === undefined || value < history[least]!.value) least = i;
    if (greatest === undefined || value > history[greatest]!.value) greatest = i;
  }
  const indices = new Set([least ?? end - 1, greatest ?? end - 1, end - 1]);
  return [...indices].sort((a, b) => a - b).map((i) => history[i]!);
}
