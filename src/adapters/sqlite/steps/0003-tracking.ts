import type { Migration } from "../../sql/migrate.ts";

/** Experiments, runs and what they log. */
export const trackingStep: Migration = {
  name: "0003-tracking",
  statements: [
    `create table modelwright_experiments (
  id text not null primary key,
  name text not null unique,
  created_at integer not null,
  updated_at integer not null,
  deleted_at integer
) strict, without rowid`,
    "create index modelwright_experiments_created on modelwright_experiments (created_at desc, id)",
    `create table modelwright_experiment_tags (
  experiment_id text not null references modelwright_experiments (id),
  key text not null,
  text text not null,
  primary key (experiment_id, key)
) strict, without rowid`,
    `create table modelwright_runs (
  id text not null primary key,
  experiment_id text not null references modelwright_experiments (id),
  name text not null,
  parent_id text,
  status text not null,
  created_by text,
  started_at integer not null,
  ended_at integer,
  deleted_at integer
) strict, without rowid`,
    "create index modelwright_runs_experiment on modelwright_runs (experiment_id, started_at desc, id)",
    "create index modelwright_runs_started on modelwright_runs (started_at desc, id)",
    "create index modelwright_runs_parent on modelwright_runs (parent_id)",
    `create table modelwright_run_facts (
  run_id text not null references modelwright_runs (id),
  kind text not null,
  key text not null,
  text text not null,
  primary key (run_id, kind, key)
) strict, without rowid`,
    `create table modelwright_run_metrics (
  series integer primary key,
  run_id text not null references modelwright_runs (id),
  key text not null,
  value real,
  special integer not null,
  comparable integer not null,
  step integer not null,
  at integer not null,
  unique (run_id, key)
) strict`,
    // In the order of a history, which is read as a range. No reference: points are written by the hundred, and only beside their metric.
    `create table modelwright_metric_points (
  series integer not null,
  step integer not null,
  at integer not null,
  special integer not null,
  value real not null,
  primary key (series, step, at, special, value)
) strict, without rowid`,
    `create table modelwright_run_datasets (
  run_id text not null references modelwright_runs (id),
  name text not null,
  digest text not null,
  context text not null,
  source text not null,
  primary key (run_id, name, digest, context)
) strict, without rowid`,
    `create table modelwright_run_artifacts (
  run_id text not null references modelwright_runs (id),
  path text not null,
  digest text not null,
  size_bytes integer not null,
  primary key (run_id, path)
) strict, without rowid`,
  ],
};
