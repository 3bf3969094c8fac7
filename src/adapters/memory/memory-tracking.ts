import type { CallOptions } from "../../core/call.ts";
import { withDeadline } from "../../core/deadline.ts";
import { deepFreeze } from "../../core/freeze.ts";
import { type JsonValue, jsonText } from "../../core/json.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { searchArray } from "../../search/match.ts";
import type { ExperimentRecord, RunBatch, RunDraft, TrackingStore } from "../../tracking/port.ts";
import {
  experimentDeleted,
  experimentExists,
  experimentNotFound,
  paramImmutable,
  parentNotFound,
  runDeleted,
  runNotFound,
} from "../../tracking/rules/failures.ts";
import { samplePoints } from "../../tracking/rules/metric-points.ts";
import { experimentFields, experimentValues, runFields, runValues } from "../../tracking/rules/search-fields.ts";
import { BlobMarks } from "./blob-marks.ts";
import { MemoryRun } from "./memory-run.ts";

const NAME = "memory";

const searchableExperiments = { ...experimentFields, values: experimentValues };
const searchableRuns = { ...runFields, values: runValues };

/**
 * A {@link TrackingStore} that keeps runs in this process's memory: for tests, and for experiments that need not outlive the process.
 * What is given is copied.
 *
 * @example
 * ```ts
 * import { memoryBlobs, memoryTracking } from "modelwright/memory";
 * import { ExperimentTracker } from "modelwright/tracking";
 *
 * await using tracker = new ExperimentTracker({ store: memoryTracking(), blobs: memoryBlobs() });
 * await using run = await tracker.startRun({ experiment: "churn", params: { rate: 0.1 } });
 * await run.logMetric("loss", 0.3);
 * ```
 */
export function memoryTracking(): TrackingStore {
  const experiments = new Map<string, ExperimentRecord>();
  const experimentIds = new Map<string, string>();
  const runs = new Map<string, MemoryRun>();
  const marks = new BlobMarks(NAME);
  const lifecycle = new Lifecycle(`Tracking store ${NAME}`, () => {
    for (const each of [experiments, experimentIds, runs, marks]) each.clear();
  });
  /** No step waits for anything, so every verb is atomic. */
  const step = <T>(call: CallOptions | undefined, work: () => T) => withDeadline(call, () => lifecycle.run(work));

  const findRun = (id: string): MemoryRun => {
    const run = runs.get(id);
    if (run === undefined) throw runNotFound(id);
    return run;
  };

  return {
    spec: "tracking/1",
    name: NAME,
    capabilities: { durable: false, shared: false },
    ...marks.verbs(step),

    insertExperiment: ({ id, name, tags, createdAt }, call) =>
      step(call, () => {
        const earlier = experiments.get(id);
        if (earlier !== undefined) return earlier;
        if (experimentIds.has(name)) throw experimentExists(name);
        const made = deepFreeze({ id, name, tags: { ...tags }, createdAt, updatedAt: createdAt, deletedAt: null });
        experiments.set(id, made);
        experimentIds.set(name, id);
        return made;
      }),

    findExperiment: (which, call) =>
      step(call, () => experiments.get("id" in which ? which.id : (experimentIds.get(which.name) ?? ""))),

    searchExperiments: (query, call) => step(call, () => searchArray(experiments.values(), query, searchableExperiments)),

    changeExperiment: (id, { name, tags, deletedAt }, at, call) =>
      step(call, () => {
        const before = experiments.get(id);
        if (before === undefined) throw experimentNotFound(id);
        if (name !== undefined && (experimentIds.get(name) ?? id) !== id) throw experimentExists(name);
        const changed = deepFreeze<ExperimentRecord>({
          ...before,
          name: name ?? before.name,
          tags: merged(before.tags, tags ?? {}),
          updatedAt: at,
          deletedAt: deletedAt === undefined ? before.deletedAt : deletedAt,
        });
        experimentIds.delete(before.name);
        experimentIds.set(changed.name, id);
        experiments.set(id, changed);
        return changed;
      }),

    insertRun: (draft, call) =>
      step(call, () => {
        const earlier = runs.get(draft.id);
        if (earlier !== undefined) return earlier.record();
        assertPlace(draft, experiments.get(draft.experimentId), runs);
        const run = new MemoryRun(draft);
        runs.set(draft.id, run);
        return run.record();
      }),

    findRun: (id, call) => step(call, () => runs.get(id)?.record()),

    searchRuns: (query, call) =>
      step(call, () => {
        const records = [...runs.values()].map((run) => run.record());
        return searchArray(records, query, searchableRuns);
      }),

    changeRun: (id, change, call) =>
      step(call, () => {
        const run = findRun(id);
        run.change(change);
        return run.record();
      }),

    logBatch: (id, batch, call) =>
      step(call, () => {
        const run = findRun(id);
        const copy = copyOf(batch);
        if (run.deletedAt !== null) throw runDeleted(id);
        const conflict = run.conflict(copy.params);
        if (conflict !== undefined) throw paramImmutable(id, conflict);
        marks.add(copy.artifacts.map(({ digest }) => digest));
        marks.remove(run.log(copy));
      }),

    metricHistory: ({ runId, key, limit, after }, call) =>
      step(call, () => runs.get(runId)?.history(key).page(limit, after) ?? { items: [], next: undefined }),

    sampleMetric: ({ runId, key, buckets }, call) =>
      step(call, () => samplePoints(runs.get(runId)?.history(key).points() ?? [], buckets)),

    purgeRun: (id, deletedBefore, call) =>
      step(call, () => {
        const run = runs.get(id);
        if (run === undefined || run.deletedAt === null || run.deletedAt > deletedBefore) return false;
        marks.remove(run.record().artifacts.map(({ digest }) => digest));
        return runs.delete(id);
      }),

    [Symbol.asyncDispose]: () => lifecycle.close(),
  };
}

/** @throws a `ModelwrightError` unless the run can be started in its experiment and under its parent */
function assertPlace(draft: RunDraft, experiment: ExperimentRecord | undefined, runs: ReadonlyMap<string, MemoryRun>): void {
  if (experiment === undefined) throw experimentNotFound(draft.experimentId);
  if (experiment.deletedAt !== null) throw experimentDeleted(experiment.name);
  if (draft.parentId === null || runs.get(draft.parentId)?.experimentId === draft.experimentId) return;
  throw parentNotFound(draft.parentId, experiment.name);
}

/** A copy of the batch, one artifact for each path, checked as a store that writes JSON checks it. */
function copyOf(batch: RunBatch): RunBatch {
  const artifacts = new Map(batch.artifacts.map(({ path, digest, sizeBytes }) => [path, { path, digest, sizeBytes }]));
  return {
    metrics: batch.metrics.map(({ key, value, step, at }) => ({ key, value, step, at })),
    params: { ...batch.params },
    tags: { ...batch.tags },
    datasets: batch.datasets.map(({ name, digest, context, source }) => {
      const copy: JsonValue = JSON.parse(jsonText(source, `The source of the data set ${name}`));
      return { name, digest, context, source: copy };
    }),
    artifacts: [...artifacts.values()],
  };
}

function merged(
  tags: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string>> {
  const all = new Map(Object.entries(tags));
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) all.delete(key);
    else all.set(key, value);
  }
  return Object.fromEntries(all);
}
