import {
  alignChanges,
  alignRows,
  type ChangeRow,
  type Comparison,
  compareRecords,
  type Direction,
  type Row,
} from "../core/align.ts";
import type { Digest } from "../core/digest.ts";
import type { JsonValue } from "../core/json.ts";
import { invalidInput } from "../core/schema.ts";
import { isTime, shown } from "./limits.ts";
import type { RunRecord } from "./port.ts";

/** Runs side by side. Facts are what has one value: name, status, who has made it, and so on; times are ISO text. */
export interface RunComparison extends Comparison {
  /** Data sets by name and, where it is given, context (`train (validation)`), each as its digest. */
  readonly datasets: readonly Row<string>[];
  readonly artifacts: readonly ChangeRow<{ readonly digest: Digest; readonly sizeBytes: number }>[];
}

/** Options of {@link compareRuns}. */
export interface CompareRunsOptions {
  /** Id of the run that the others are compared with. @defaultValue the first one */
  readonly baseline?: string | undefined;
  /** Which way metrics are better. @defaultValue not known, so that no difference is for the better or the worse */
  readonly directions?: Readonly<Record<string, Direction>> | undefined;
}

/**
 * Puts runs side by side, of one experiment or of several: params, the latest values of metrics with their differences, tags, data sets,
 * artifacts. Plain JSON.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for no runs, for a baseline that is not one of them, and for a
 * direction that is none
 *
 * @example
 * ```ts
 * import { memoryBlobs, memoryTracking } from "modelwright/memory";
 * import { ExperimentTracker } from "modelwright/tracking";
 * import { compareRuns } from "modelwright/tracking";
 *
 * await using tracker = new ExperimentTracker({ store: memoryTracking(), blobs: memoryBlobs() });
 * const runs = [];
 * for await (const run of tracker.search({ orderBy: "metrics.loss ASC", limit: 3 })) runs.push(run);
 * if (runs.length > 0) console.log(compareRuns(runs, { directions: { loss: "minimize" } }).metrics);
 * ```
 */
export function compareRuns(runs: readonly RunRecord[], { baseline, directions = {} }: CompareRunsOptions = {}): RunComparison {
  const index = baseline === undefined ? 0 : runs.findIndex(({ id }) => id === baseline);
  if (runs.length === 0) throw refused("expected at least one run");
  if (index < 0) throw refused(`expected the baseline ${shown(baseline ?? "")} among the runs`);
  for (const [metric, direction] of Object.entries(directions)) {
    if (direction === "maximize" || direction === "minimize") continue;
    throw refused(`expected maximize or minimize as the direction of ${shown(metric)}`);
  }
  const records = runs.map((run) => ({
    label: run.name,
    facts: factsOf(run),
    params: run.params,
    metrics: Object.fromEntries(Object.entries(run.metrics).map(([key, { value }]) => [key, value])),
    directions,
    tags: run.tags,
  }));
  const artifacts = runs.map((run) =>
    Object.fromEntries(run.artifacts.map(({ path, digest, sizeBytes }) => [path, { digest, sizeBytes }])),
  );
  return {
    ...compareRecords(records, index),
    datasets: alignRows(runs.map(datasetsOf)),
    artifacts: alignChanges(artifacts, index),
  };
}

function factsOf(run: RunRecord): Readonly<Record<string, JsonValue>> {
  const { id, experimentId, parentId, status, createdBy, startedAt, endedAt } = run;
  return {
    id,
    experimentId,
    parentId,
    status,
    createdBy,
    startedAt: timeText(startedAt),
    endedAt: endedAt === null ? null : timeText(endedAt),
    durationMs: endedAt === null ? null : endedAt - startedAt,
  };
}

/** As ISO text; a time that is no date, which another program may have stored, as its number. */
function timeText(time: number): string {
  return isTime(time) ? new Date(time).toISOString() : String(time);
}

/** Several of one name and context stand one after the other, in the order of their digests. */
function datasetsOf({ datasets }: RunRecord): Readonly<Record<string, string>> {
  const digests = new Map<string, string>();
  for (const { name, digest, context } of datasets) {
    const key = context === "" ? name : `${name} (${context})`;
    const before = digests.get(key);
    digests.set(key, before === undefined ? digest : `${before}, ${digest}`);
  }
  return Object.fromEntries(digests);
}

function refused(message: string) {
  return invalidInput("The comparison", [{ path: [], message }]);
}
