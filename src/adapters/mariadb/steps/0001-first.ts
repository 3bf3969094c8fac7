import type { Migration } from "../../sql/migrate.ts";

/**
 * Text by its bytes and with its trailing spaces, in tables that can be written in transactions. Indexed columns have lengths that fit
 * into the 3072 bytes of an entry of an index, at four bytes for each character.
 */
const TABLE = "engine = InnoDB row_format = dynamic character set utf8mb4 collate utf8mb4_nopad_bin";

/** All tables of the first release for MariaDB. Every statement passes over what is there, so that the step can be repeated. */
export const firstStep: Migration = {
  name: "0001-first",
  statements: [
    `create table if not exists modelwright_models (
  name varchar(128) not null primary key,
  created_at bigint not null,
  versions bigint not null,
  last_version bigint not null,
  notes longtext not null
) ${TABLE}`,
    `create table if not exists modelwright_versions (
  name varchar(128) not null,
  version bigint not null,
  id varchar(128) not null unique,
  label varchar(64),
  stage varchar(64) not null,
  stage_changed_at bigint not null,
  created_at bigint not null,
  created_by varchar(250),
  content longtext not null,
  notes longtext not null,
  lineage longtext not null,
  primary key (name, version),
  unique (name, label),
  key modelwright_versions_stage (stage, name, version),
  key modelwright_versions_created (created_at desc, name, version desc),
  foreign key (name) references modelwright_models (name)
) ${TABLE}`,
    `create table if not exists modelwright_aliases (
  name varchar(128) not null,
  alias varchar(64) not null,
  version bigint not null,
  primary key (name, alias),
  key modelwright_aliases_version (name, version, alias),
  foreign key (name, version) references modelwright_versions (name, version)
) ${TABLE}`,
    // No index on values: a condition on facts is asked of one version after the other, for which the key serves best.
    `create table if not exists modelwright_version_facts (
  name varchar(128) not null,
  version bigint not null,
  kind varchar(32) not null,
  \`key\` varchar(250) not null,
  text longtext,
  number double,
  primary key (name, version, kind, \`key\`)
) ${TABLE}`,
    `create table if not exists modelwright_lineage (
  name varchar(128) not null,
  version bigint not null,
  position bigint not null,
  kind varchar(32) not null,
  ref varchar(250) not null,
  primary key (name, version, position),
  key modelwright_lineage_ref (kind, ref, name, version, position),
  foreign key (name, version) references modelwright_versions (name, version)
) ${TABLE}`,
    // No reference to the version: it is remembered when the version is deleted.
    `create table if not exists modelwright_stage_events (
  seq bigint not null primary key,
  at bigint not null,
  kind varchar(32) not null,
  name varchar(128) not null,
  version bigint not null,
  from_stage varchar(64),
  to_stage varchar(64),
  exclusive bigint not null,
  previous bigint,
  key modelwright_stage_events_name (name, seq),
  key modelwright_stage_events_exclusive (name, to_stage, seq)
) ${TABLE}`,
    `create table if not exists modelwright_approvals (
  id varchar(128) not null primary key,
  name varchar(128) not null,
  version bigint not null,
  status varchar(32) not null,
  request longtext not null,
  key modelwright_approvals_version (name, version, id),
  key modelwright_approvals_status (status, id)
) ${TABLE}`,
    `create table if not exists modelwright_audit (
  seq bigint not null primary key,
  at bigint not null,
  actor varchar(250),
  reason longtext,
  request_id varchar(250),
  action varchar(64) not null,
  name varchar(128) not null,
  version bigint,
  \`before\` longtext not null,
  after longtext not null,
  previous_hash varchar(71) not null,
  hash varchar(71) not null,
  key modelwright_audit_name (name, seq)
) ${TABLE}`,
    `create trigger if not exists modelwright_audit_update before update on modelwright_audit for each row
  signal sqlstate '45000' set message_text = 'the audit log can only be added to'`,
    `create trigger if not exists modelwright_audit_delete before delete on modelwright_audit for each row
  signal sqlstate '45000' set message_text = 'the audit log can only be added to'`,
    `create table if not exists modelwright_audit_head (
  id bigint not null primary key check (id = 1),
  seq bigint not null,
  hash varchar(71) not null
) ${TABLE}`,
    // Passed over when the step is repeated.
    `insert into modelwright_audit_head (id, seq, hash) values (1, 0, 'sha256:${"0".repeat(64)}') on duplicate key update id = id`,
    `create table if not exists modelwright_cursors (
  consumer varchar(250) not null primary key,
  seq bigint not null
) ${TABLE}`,
    `create table if not exists modelwright_blob_refs (
  digest varchar(71) not null,
  owner varchar(160) not null,
  primary key (digest, owner),
  key modelwright_blob_refs_owner (owner)
) ${TABLE}`,
    `create table if not exists modelwright_blob_marks (
  digest varchar(71) not null primary key,
  since bigint not null,
  collector varchar(250),
  fenced_at bigint
) ${TABLE}`,
    `create table if not exists modelwright_experiments (
  id varchar(128) not null primary key,
  name varchar(250) not null unique,
  created_at bigint not null,
  updated_at bigint not null,
  deleted_at bigint,
  key modelwright_experiments_created (created_at desc, id)
) ${TABLE}`,
    `create table if not exists modelwright_experiment_tags (
  experiment_id varchar(128) not null,
  \`key\` varchar(250) not null,
  text longtext not null,
  primary key (experiment_id, \`key\`),
  foreign key (experiment_id) references modelwright_experiments (id)
) ${TABLE}`,
    `create table if not exists modelwright_runs (
  id varchar(128) not null primary key,
  experiment_id varchar(128) not null,
  name varchar(250) not null,
  parent_id varchar(128),
  status varchar(32) not null,
  created_by varchar(250),
  started_at bigint not null,
  ended_at bigint,
  deleted_at bigint,
  key modelwright_runs_experiment (experiment_id, started_at desc, id),
  key modelwright_runs_started (started_at desc, id),
  key modelwright_runs_parent (parent_id),
  foreign key (experiment_id) references modelwright_experiments (id)
) ${TABLE}`,
    `create table if not exists modelwright_run_facts (
  run_id varchar(128) not null,
  kind varchar(32) not null,
  \`key\` varchar(250) not null,
  text longtext not null,
  primary key (run_id, kind, \`key\`),
  foreign key (run_id) references modelwright_runs (id)
) ${TABLE}`,
    `create table if not exists modelwright_run_metrics (
  series bigint not null auto_increment primary key,
  run_id varchar(128) not null,
  \`key\` varchar(250) not null,
  value double,
  special smallint not null,
  comparable smallint not null,
  step bigint not null,
  at bigint not null,
  unique (run_id, \`key\`),
  foreign key (run_id) references modelwright_runs (id)
) ${TABLE}`,
    // No reference: points are written by the hundred, and only beside their metric.
    `create table if not exists modelwright_metric_points (
  series bigint not null,
  step bigint not null,
  at bigint not null,
  special smallint not null,
  value double not null,
  primary key (series, step, at, special, value)
) ${TABLE}`,
    `create table if not exists modelwright_run_datasets (
  run_id varchar(128) not null,
  name varchar(250) not null,
  digest varchar(128) not null,
  context varchar(128) not null,
  source longtext not null,
  primary key (run_id, name, digest, context),
  foreign key (run_id) references modelwright_runs (id)
) ${TABLE}`,
    `create table if not exists modelwright_run_artifacts (
  run_id varchar(128) not null,
  path varchar(512) not null,
  digest varchar(71) not null,
  size_bytes bigint not null,
  primary key (run_id, path),
  foreign key (run_id) references modelwright_runs (id)
) ${TABLE}`,
    // As bytes, of which an index holds four times as many as of characters.
    `create table if not exists modelwright_online (
  view varbinary(500) not null,
  \`key\` varbinary(2048) not null,
  event_at_us bigint not null,
  created_at_us bigint not null,
  features longtext not null,
  primary key (view, \`key\`)
) ${TABLE}`,
    "create sequence if not exists modelwright_revisions",
    `create table if not exists modelwright_key_values (
  \`key\` varbinary(2048) not null primary key,
  value longblob not null,
  revision bigint not null
) ${TABLE}`,
  ],
};
