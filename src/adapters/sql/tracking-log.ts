import type { Kysely } from "kysely";
import type { Digest } from "../../core/digest.ts";
import { paramImmutable } from "../../tracking/rules/failures.ts";
import type { BlobRefs } from "./blob-references.ts";
import { preparedList } from "./prepared-lists.ts";
import type { Tables } from "./tables.ts";
import type { BatchRows } from "./tracking-batches.ts";
import { metricWriter } from "./tracking-metrics.ts";
import { upsertRows } from "./tracking-writes.ts";

type Db = Kysely<Tables>;

/** Writes what a run logs, within a transaction that has locked the run's row. */
export type RunLog = (db: Db, runId: string, batch: BatchRows) => Promise<void>;

/** Owner of the references to blobs that a run has. */
export function blobOwner(runId: string): string {
  return `run/${runId}`;
}

/** @param store - its name, as errors show it */
export function runLog(store: string, refs: BlobRefs): RunLog {
  const logMetrics = metricWriter();
  const logFacts = factWriter();
  const logDatasets = datasetWriter();
  const logArtifacts = artifactWriter(store, refs);
  return async (db, runId, { metrics, params, tags, datasets, artifacts }) => {
    await logFacts(db, runId, params, tags);
    if (metrics.length > 0) await logMetrics(db, runId, metrics);
    if (datasets.length > 0) await logDatasets(db, runId, datasets);
    if (artifacts.length > 0) await logArtifacts(db, runId, artifacts);
  };
}

/** Writes params that are new and the tags as they are given. */
function factWriter() {
  const params = preparedList((db, keys, p) =>
    db
      .selectFrom("modelwright_run_facts")
      .select(["key", "text"])
      .where("run_id", "=", p("runId"))
      .where("kind", "=", "param")
      .where("key", "in", keys),
  );
  const set = upsertRows("modelwright_run_facts", ["run_id", "kind", "key"], ["text"]);
  const removeTags = preparedList((db, keys, p) =>
    db.deleteFrom("modelwright_run_facts").where("run_id", "=", p("runId")).where("kind", "=", "tag").where("key", "in", keys),
  );
  return async (db: Db, runId: string, paramsGiven: BatchRows["params"], tagsGiven: BatchRows["tags"]): Promise<void> => {
    const stored = new Map((await params(db, [...paramsGiven.keys()], { runId })).map(({ key, text }) => [key, text]));
    const rows: unknown[][] = [];
    for (const [key, text] of paramsGiven) {
      const before = stored.get(key);
      if (before === undefined) rows.push([runId, "param", key, text]);
      else if (before !== text) throw paramImmutable(runId, key);
    }
    const removed: string[] = [];
    for (const [key, text] of tagsGiven) {
      if (text === null) removed.push(key);
      else rows.push([runId, "tag", key, text]);
    }
    await removeTags(db, removed, { runId });
    await set(db, rows);
  };
}

/** Writes data sets; the last one given with a name, digest and context stays. */
function datasetWriter() {
  const set = upsertRows("modelwright_run_datasets", ["run_id", "name", "digest", "context"], ["source"]);
  return async (db: Db, runId: string, datasets: BatchRows["datasets"]): Promise<void> => {
    const rows = new Map<string, unknown[]>();
    for (const { name, digest, context, source } of datasets) {
      rows.set(JSON.stringify([name, digest, context]), [runId, name, digest, context, source]);
    }
    await set(db, [...rows.values()]);
  };
}

/** Writes artifacts and refers to their blobs, no longer to those of the artifacts that they replace. */
function artifactWriter(store: string, refs: BlobRefs) {
  const atPaths = preparedList((db, paths, p) =>
    db
      .selectFrom("modelwright_run_artifacts")
      .select(["path", "digest"])
      .where("run_id", "=", p("runId"))
      .where("path", "in", paths),
  );
  const set = upsertRows("modelwright_run_artifacts", ["run_id", "path"], ["digest", "size_bytes"]);
  const stillThere = preparedList((db, digests, p) =>
    db.selectFrom("modelwright_run_artifacts").select("digest").where("run_id", "=", p("runId")).where("digest", "in", digests),
  );
  const removeRefs = preparedList((db, digests, p) =>
    db.deleteFrom("modelwright_blob_refs").where("owner", "=", p("owner")).where("digest", "in", digests),
  );
  return async (db: Db, runId: string, artifacts: BatchRows["artifacts"]): Promise<void> => {
    const byPath = new Map(artifacts.map((artifact) => [artifact.path, artifact]));
    const owner = blobOwner(runId);
    const before = await atPaths(db, [...byPath.keys()], { runId });
    await refs.add(
      db,
      store,
      owner,
      [...byPath.values()].map(({ digest }) => digest),
    );
    await set(
      db,
      [...byPath.values()].map(({ path, digest, sizeBytes }) => [runId, path, digest, sizeBytes]),
    );
    const replaced = new Set(
      before.filter(({ path, digest }) => byPath.get(path)?.digest !== digest).map(({ digest }) => digest),
    );
    for (const { digest } of await stillThere(db, [...replaced], { runId })) replaced.delete(digest);
    await removeRefs(db, [...replaced] as Digest[], { owner });
  };
}
