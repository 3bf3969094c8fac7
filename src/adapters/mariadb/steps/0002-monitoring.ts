import type { Migration } from "../../sql/migrate.ts";

/** Text by its bytes and with its trailing spaces, in tables that can be written in transactions. */
const TABLE = "engine = InnoDB row_format = dynamic character set utf8mb4 collate utf8mb4_nopad_bin";

/** Predictions with their labels, and sums over time. Every statement passes over what is there, so that the step can be repeated. */
export const monitoringStep: Migration = {
  name: "0002-monitoring",
  statements: [
    // In the order of pages, so that a span of time is read, and removed, as a range.
    `create table if not exists modelwright_predictions (
  model varchar(128) not null,
  at bigint not null,
  id varchar(128) not null,
  version varchar(128) not null,
  segment varchar(128),
  output longtext not null,
  label longtext,
  labelled_at bigint,
  primary key (model, at, id),
  unique (model, id)
) ${TABLE}`,
    `create table if not exists modelwright_monitoring_buckets (
  model varchar(128) not null,
  at bigint not null,
  series varchar(128) not null,
  writer varchar(64) not null,
  content longblob not null,
  primary key (model, at, series, writer)
) ${TABLE}`,
  ],
};
