import type { Digest } from "../../core/digest.ts";
import { deepFreeze } from "../../core/freeze.ts";
import type { RunArtifact, RunBatch, RunChange, RunDataset, RunDraft, RunRecord } from "../../tracking/port.ts";
import { MetricHistory } from "./metric-history.ts";

const NOTHING = new MetricHistory();

/** A run in memory, and what it has logged. Copies what it is given, and answers frozen records. */
export class MemoryRun {
  readonly experimentId: string;
  readonly #draft: Omit<RunDraft, "params" | "tags">;
  readonly #params: Map<string, string>;
  readonly #tags: Map<string, string>;
  readonly #metrics = new Map<string, MetricHistory>();
  readonly #datasets = new Map<string, RunDataset>();
  readonly #artifacts = new Map<string, RunArtifact>();
  #changed: Pick<RunRecord, "name" | "status" | "endedAt" | "deletedAt">;
  /** Until something changes. */
  #record: RunRecord | undefined;

  constructor({ params, tags, ...draft }: RunDraft) {
    this.experimentId = draft.experimentId;
    this.#draft = draft;
    this.#params = new Map(Object.entries(params));
    this.#tags = new Map(Object.entries(tags));
    this.#changed = { name: draft.name, status: draft.status, endedAt: null, deletedAt: null };
  }

  get deletedAt(): number | null {
    return this.#changed.deletedAt;
  }

  record(): RunRecord {
    this.#record ??= deepFreeze<RunRecord>({
      ...this.#draft,
      ...this.#changed,
      params: Object.fromEntries(this.#params),
      tags: Object.fromEntries(this.#tags),
      metrics: Object.fromEntries([...this.#metrics].map(([key, history]) => [key, { ...history.latest! }])),
      datasets: [...this.#datasets.values()].sort(byDataset),
      artifacts: [...this.#artifacts.values()].sort((a, b) => compare(a.path, b.path)),
    });
    return this.#record;
  }

  change({ name, status, endedAt, deletedAt }: RunChange): void {
    const before = this.#changed;
    this.#changed = {
      name: name ?? before.name,
      status: status ?? before.status,
      endedAt: endedAt === undefined ? before.endedAt : endedAt,
      deletedAt: deletedAt === undefined ? before.deletedAt : deletedAt,
    };
    this.#record = undefined;
  }

  /** The first of the params that has another value already. */
  conflict(params: RunBatch["params"]): string | undefined {
    return Object.entries(params).find(([key, value]) => (this.#params.get(key) ?? value) !== value)?.[0];
  }

  /** Writes a batch that fits; answers the digests of the artifacts that it has replaced. */
  log({ metrics, params, tags, datasets, artifacts }: RunBatch): readonly Digest[] {
    this.#record = undefined;
    for (const { key, ...point } of metrics) {
      const history = this.#metrics.get(key) ?? new MetricHistory();
      this.#metrics.set(key, history);
      history.add(point);
    }
    for (const [key, value] of Object.entries(params)) this.#params.set(key, value);
    for (const [key, value] of Object.entries(tags)) {
      if (value === null) this.#tags.delete(key);
      else this.#tags.set(key, value);
    }
    for (const dataset of datasets) {
      this.#datasets.set(JSON.stringify([dataset.name, dataset.digest, dataset.context]), dataset);
    }
    const replaced: Digest[] = [];
    for (const artifact of artifacts) {
      const before = this.#artifacts.get(artifact.path);
      if (before !== undefined) replaced.push(before.digest);
      this.#artifacts.set(artifact.path, artifact);
    }
    return replaced;
  }

  /** The points of a metric; none when it was never logged. */
  history(key: string): MetricHistory {
    return this.#metrics.get(key) ?? NOTHING;
  }
}

function byDataset(a: RunDataset, b: RunDataset): number {
  return compare(a.name, b.name) || compare(a.digest, b.digest) || compare(a.context, b.context);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
