import type { Migration } from "../../sql/migrate.ts";

/** Text in the order of its bytes, whatever the collation of the database is. */
const TEXT = 'text collate "C"';

/** Predictions with their labels, and sums over time. */
export const monitoringStep: Migration = {
  name: "0002-monitoring",
  statements: [
    `create table modelwright_predictions (
  model ${TEXT} not null,
  at bigint not null,
  id ${TEXT} not null,
  version ${TEXT} not null,
  segment ${TEXT},
  output ${TEXT} not null,
  label ${TEXT},
  labelled_at bigint,
  primary key (model, at, id),
  unique (model, id)
)`,
    `create table modelwright_monitoring_buckets (
  model ${TEXT} not null,
  at bigint not null,
  series ${TEXT} not null,
  writer ${TEXT} not null,
  content bytea not null,
  primary key (model, at, series, writer)
)`,
  ],
};
