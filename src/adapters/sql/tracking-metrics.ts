import type { Kysely } from "kysely";
import type { MetricEntry, MetricPoint } from "../../tracking/port.ts";
import { supersedes } from "../../tracking/rules/metric-points.ts";
import { preparedList } from "./prepared-lists.ts";
import type { Tables } from "./tables.ts";
import { comparableOf, finiteOf, specialOf, toPoint } from "./tracking-values.ts";
import { insertMissing, upsertRows } from "./tracking-writes.ts";

/** Writes points of a run and keeps the latest of each metric. */
type MetricWriter = (db: Kysely<Tables>, runId: string, entries: readonly MetricEntry[]) => Promise<void>;

/** What is known of a metric before points are added. */
interface Known {
  readonly series: number;
  readonly latest: MetricPoint;
}

/**
 * A writer of points. However many there are, it reads the latest point of their metrics, writes those that are newer, and appends the
 * points: one statement each for 128 rows. The run's row must be locked.
 */
export function metricWriter(): MetricWriter {
  const latest = preparedList((db, keys, p) =>
    db
      .selectFrom("modelwright_run_metrics")
      .select(["series", "key", "value", "special", "step", "at"])
      .where("run_id", "=", p("runId"))
      .where("key", "in", keys),
  );
  const setLatest = upsertRows("modelwright_run_metrics", ["run_id", "key"], ["value", "special", "comparable", "step", "at"]);
  const append = insertMissing("modelwright_metric_points", ["series", "step", "at", "special", "value"]);

  const knownOf = async (db: Kysely<Tables>, runId: string, keys: readonly string[]): Promise<Map<string, Known>> => {
    const rows = await latest(db, keys, { runId });
    return new Map(rows.map((row) => [row.key, { series: Number(row.series), latest: toPoint(row) }]));
  };

  return async (db, runId, entries) => {
    const candidates = new Map<string, MetricEntry>();
    for (const entry of entries) {
      const other = candidates.get(entry.key);
      if (other === undefined || supersedes(entry, other)) candidates.set(entry.key, entry);
    }
    const known = await knownOf(db, runId, [...candidates.keys()]);
    const added: string[] = [];
    const changed: unknown[][] = [];
    for (const [key, entry] of candidates) {
      const before = known.get(key);
      if (before === undefined) added.push(key);
      else if (!supersedes(entry, before.latest)) continue;
      const { value, step, at } = entry;
      changed.push([runId, key, comparableOf(value), specialOf(value), Number.isNaN(value) ? 0 : 1, step, at]);
    }
    await setLatest(db, changed);
    // The database numbers new metrics; not every one answers the numbers of what it inserts.
    if (added.length > 0) for (const [key, each] of await knownOf(db, runId, added)) known.set(key, each);
    await append(
      db,
      entries.map(({ key, value, step, at }) => [known.get(key)!.series, step, at, specialOf(value), finiteOf(value)]),
    );
  };
}
