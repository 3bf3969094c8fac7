import type { Kysely } from "kysely";
import { isDigest } from "../../core/digest.ts";
import type { MetricPoint, RunArtifact, RunDataset, RunRecord, RunStatus } from "../../tracking/port.ts";
import { preparedList } from "./prepared-lists.ts";
import { damaged, storedValue } from "./stored-json.ts";
import type { Tables } from "./tables.ts";
import type { RunRow } from "./tracking-tables.ts";
import { toInteger, toIntegerOrNull, toPoint } from "./tracking-values.ts";

/** Makes records of rows, in their order. */
export type RunRecords = (db: Kysely<Tables>, rows: readonly RunRow[]) => Promise<readonly RunRecord[]>;

/** What a run has logged, while its rows are gathered. */
interface Logged {
  readonly tags: [string, string][];
  readonly params: [string, string][];
  readonly metrics: [string, MetricPoint][];
  readonly datasets: RunDataset[];
  readonly artifacts: RunArtifact[];
}

const statuses: readonly string[] = ["running", "scheduled", "finished", "failed", "killed"] satisfies readonly RunStatus[];

/** However many runs there are, what they have logged comes in four statements for 128 of them. */
export function runRecords(): RunRecords {
  const facts = preparedList((db, ids) =>
    db.selectFrom("modelwright_run_facts").select(["run_id", "kind", "key", "text"]).where("run_id", "in", ids),
  );
  const metrics = preparedList((db, ids) =>
    db
      .selectFrom("modelwright_run_metrics")
      .select(["run_id", "key", "value", "special", "step", "at"])
      .where("run_id", "in", ids),
  );
  const datasets = preparedList((db, ids) =>
    db
      .selectFrom("modelwright_run_datasets")
      .select(["run_id", "name", "digest", "context", "source"])
      .where("run_id", "in", ids),
  );
  const artifacts = preparedList((db, ids) =>
    db.selectFrom("modelwright_run_artifacts").select(["run_id", "path", "digest", "size_bytes"]).where("run_id", "in", ids),
  );
  return async (db, rows) => {
    const runs = new Map<string, Logged>();
    for (const { id } of rows) runs.set(id, { tags: [], params: [], metrics: [], datasets: [], artifacts: [] });
    const ids = [...runs.keys()];
    for (const { run_id, kind, key, text } of await facts(db, ids)) {
      runs.get(run_id)?.[kind === "tag" ? "tags" : "params"].push([key, text]);
    }
    for (const row of await metrics(db, ids)) runs.get(row.run_id)?.metrics.push([row.key, toPoint(row)]);
    for (const { run_id, name, digest, context, source } of await datasets(db, ids)) {
      runs.get(run_id)?.datasets.push({ name, digest, context, source: storedValue(source, "a stored data set") });
    }
    for (const { run_id, path, digest, size_bytes } of await artifacts(db, ids)) {
      if (!isDigest(digest)) throw damaged("a stored artifact");
      runs.get(run_id)?.artifacts.push({ path, digest, sizeBytes: toInteger(size_bytes) });
    }
    return rows.map((row) => assembled(row, runs.get(row.id)!));
  };
}

function assembled(row: RunRow, { tags, params, metrics, datasets, artifacts }: Logged): RunRecord {
  if (!statuses.includes(row.status)) throw damaged("a stored run");
  return {
    id: row.id,
    experimentId: row.experiment_id,
    name: row.name,
    parentId: row.parent_id,
    status: row.status as RunStatus,
    createdBy: row.created_by,
    startedAt: toInteger(row.started_at),
    endedAt: toIntegerOrNull(row.ended_at),
    deletedAt: toIntegerOrNull(row.deleted_at),
    params: Object.fromEntries(params),
    tags: Object.fromEntries(tags),
    metrics: Object.fromEntries(metrics),
    datasets: datasets.sort((a, b) => order(a.name, b.name) || order(a.digest, b.digest) || order(a.context, b.context)),
    artifacts: artifacts.sort((a, b) => order(a.path, b.path)),
  };
}

/** By code units: databases order text in ways of their own. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
