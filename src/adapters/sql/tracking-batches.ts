import { jsonText } from "../../core/json.ts";
import type { MetricEntry, RunArtifact, RunBatch, RunDataset } from "../../tracking/port.ts";
import { paramImmutable } from "../../tracking/rules/failures.ts";

/** A batch as it is written: a copy, which stays as it is while it waits for its transaction. */
export interface BatchRows {
  readonly metrics: readonly MetricEntry[];
  readonly params: ReadonlyMap<string, string>;
  /** Null for one that is removed. */
  readonly tags: ReadonlyMap<string, string | null>;
  /** With JSON text as the source. */
  readonly datasets: readonly (Omit<RunDataset, "source"> & { readonly source: string })[];
  readonly artifacts: readonly RunArtifact[];
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` for a source that has no JSON form */
export function batchRows({ metrics, params, tags, datasets, artifacts }: RunBatch): BatchRows {
  return {
    metrics: metrics.map(({ key, value, step, at }) => ({ key, value, step, at })),
    params: new Map(Object.entries(params)),
    tags: new Map(Object.entries(tags)),
    datasets: datasets.map(({ name, digest, context, source }) => {
      return { name, digest, context, source: jsonText(source, `The source of the data set ${name}`) };
    }),
    artifacts: artifacts.map(({ path, digest, sizeBytes }) => ({ path, digest, sizeBytes })),
  };
}

/** How much a batch adds to a transaction: roughly the rows that it writes. */
export function batchWeight({ metrics, params, tags, datasets, artifacts }: BatchRows): number {
  return 1 + metrics.length + params.size + tags.size + datasets.length + artifacts.length;
}

/**
 * The batch that does what the batches of a run do one after the other.
 *
 * @throws a `ModelwrightError` with code `TRACKING_PARAM_IMMUTABLE` when two give a param different values
 */
export function mergedBatches(runId: string, batches: readonly BatchRows[]): BatchRows {
  const [first] = batches;
  if (first !== undefined && batches.length === 1) return first;
  const params = new Map<string, string>();
  for (const [key, text] of batches.flatMap((batch) => [...batch.params])) {
    if ((params.get(key) ?? text) !== text) throw paramImmutable(runId, key);
    params.set(key, text);
  }
  return {
    metrics: batches.flatMap(({ metrics }) => metrics),
    params,
    tags: new Map(batches.flatMap(({ tags }) => [...tags])),
    datasets: batches.flatMap(({ datasets }) => datasets),
    artifacts: batches.flatMap(({ artifacts }) => artifacts),
  };
}
