import type { Migration } from "../../sql/migrate.ts";

/** Predictions with their labels, and sums over time. */
export const monitoringStep: Migration = {
  name: "0004-monitoring",
  statements: [
    // In the order of pages, so that a span of time is read, and removed, as a range.
    `create table modelwright_predictions (
  model text not null,
  at integer not null,
  id text not null,
  version text not null,
  segment text,
  output text not null,
  label text,
  labelled_at integer,
  primary key (model, at, id),
  unique (model, id)
) strict, without rowid`,
    // With rowids: contents of some kilobytes would make a tree of keys wide.
    `create table modelwright_monitoring_buckets (
  model text not null,
  at integer not null,
  series text not null,
  writer text not null,
  content blob not null,
  primary key (model, at, series, writer)
) strict`,
  ],
};
