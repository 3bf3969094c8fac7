// What a tracker does for a batch of metrics and for a search of runs, as somebody would write it who needs nothing else: prepared
// statements on node:sqlite over the same tables.
import type { DatabaseSync } from "node:sqlite";

/** A point of a metric, as a batch has it. */
interface Point {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  readonly at: number;
}

/** A run as a search by hand answers it. */
interface Found {
  readonly id: string;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, { readonly value: number; readonly step: number; readonly at: number }>>;
}

/** Statements over the tables of a tracker. */
export function byHand(db: DatabaseSync) {
  db.exec("pragma synchronous = full; pragma foreign_keys = on; pragma busy_timeout = 5000");
  const run = db.prepare("select deleted_at from modelwright_runs where id = ?");
  const known = db.prepare("select key, series, step, at from modelwright_run_metrics where run_id = ?");
  const latest = db.prepare(`insert into modelwright_run_metrics (run_id, key, value, special, comparable, step, at)
    values (?, ?, ?, 0, 1, ?, ?) on conflict (run_id, key) do update
    set value = excluded.value, special = 0, comparable = 1, step = excluded.step, at = excluded.at returning series`);
  const append = db.prepare(
    "insert into modelwright_metric_points (series, step, at, special, value) values (?, ?, ?, 0, ?) on conflict do nothing",
  );
  const page = db.prepare(`select r.* from modelwright_runs as r
    where exists (select 1 from modelwright_run_metrics as m where m.run_id = r.id and m.key = 'auc' and m.comparable = 1 and m.value > ?)
    and r.status = ? and r.deleted_at is null order by r.started_at desc, r.id limit 100`);
  const facts = db.prepare("select kind, key, text from modelwright_run_facts where run_id = ?");
  const metrics = db.prepare("select key, value, step, at from modelwright_run_metrics where run_id = ?");
  const datasets = db.prepare("select * from modelwright_run_datasets where run_id = ?");
  const artifacts = db.prepare("select * from modelwright_run_artifacts where run_id = ?");

  /** Within a transaction: the latest values, then the points. */
  const write = (id: string, points: readonly Point[]): void => {
    if (run.get(id)?.["deleted_at"] !== null) throw new Error("There is no such run");
    const before = new Map(known.all(id).map((row) => [row["key"], row]));
    for (const { key, value, step, at } of points) {
      const row = before.get(key);
      const newer = row === undefined || step > Number(row["step"]) || (step === row["step"] && at > Number(row["at"]));
      const series = newer ? latest.get(id, key, value, step, at)!["series"]! : row["series"]!;
      append.run(series, step, at, value);
    }
  };

  return {
    /** Writes batches in one transaction. */
    log(id: string, batches: readonly (readonly Point[])[]): void {
      db.exec("begin immediate");
      for (const points of batches) write(id, points);
      db.exec("commit");
    },
    search(auc: number, status: string): readonly Found[] {
      return page.all(auc, status).map((row) => {
        const id = row["id"] as string;
        const own = facts.all(id) as unknown as { kind: string; key: string; text: string }[];
        const textsOf = (kind: string) =>
          Object.fromEntries(own.filter((each) => each.kind === kind).map((each) => [each.key, each.text]));
        const values = metrics.all(id).map(({ key, value, step, at }) => [key, { value, step, at }]);
        return {
          ...row,
          id,
          params: textsOf("param"),
          tags: textsOf("tag"),
          metrics: Object.fromEntries(values),
          datasets: datasets.all(id),
          artifacts: artifacts.all(id),
        };
      });
    },
  };
}

/** Makes finished runs of an experiment, each with two params, a tag and three metrics. */
export function fill(db: DatabaseSync, experimentId: string, count: number): void {
  const run = db.prepare(`insert into modelwright_runs
    (id, experiment_id, name, parent_id, status, created_by, started_at, ended_at, deleted_at) values (?, ?, ?, null, ?, null, ?, ?, null)`);
  const fact = db.prepare("insert into modelwright_run_facts (run_id, kind, key, text) values (?, ?, ?, ?)");
  const metric = db.prepare(`insert into modelwright_run_metrics (run_id, key, value, special, comparable, step, at)
    values (?, ?, ?, 0, 1, 0, ?)`);
  const startedAt = Date.UTC(2026, 0, 1);
  db.exec("begin immediate");
  for (let i = 0; i < count; i++) {
    const id = `run-${`${i}`.padStart(6, "0")}`;
    run.run(id, experimentId, `run ${i}`, i % 10 === 0 ? "failed" : "finished", startedAt + i, startedAt + i + 1000);
    fact.run(id, "param", "rate", `${i / 1000}`);
    fact.run(id, "param", "depth", `${i % 7}`);
    fact.run(id, "tag", "team", "risk");
    for (const key of ["auc", "loss", "f1"]) metric.run(id, key, (i % 100) / 100, startedAt + i);
  }
  db.exec("commit");
}
