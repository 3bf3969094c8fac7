import type { Migration } from "../../sql/migrate.ts";

/** Text in the order of its bytes, whatever the collation of the database is. */
const TEXT = 'text collate "C"';

/** All tables of the first release for PostgreSQL. What has an index stays far below the 2704 bytes that an entry of one may have. */
export const firstStep: Migration = {
  name: "0001-first",
  statements: [
    `create table modelwright_models (
  name ${TEXT} not null primary key,
  created_at bigint not null,
  versions bigint not null,
  last_version bigint not null,
  notes ${TEXT} not null
)`,
    `create table modelwright_versions (
  name ${TEXT} not null references modelwright_models (name),
  version bigint not null,
  id ${TEXT} not null unique,
  label ${TEXT},
  stage ${TEXT} not null,
  stage_changed_at bigint not null,
  created_at bigint not null,
  created_by ${TEXT},
  content ${TEXT} not null,
  notes ${TEXT} not null,
  lineage ${TEXT} not null,
  primary key (name, version),
  unique (name, label)
)`,
    "create index modelwright_versions_stage on modelwright_versions (stage, name, version)",
    "create index modelwright_versions_created on modelwright_versions (created_at desc, name, version desc)",
    `create table modelwright_aliases (
  name ${TEXT} not null,
  alias ${TEXT} not null,
  version bigint not null,
  primary key (name, alias),
  foreign key (name, version) references modelwright_versions (name, version)
)`,
    "create index modelwright_aliases_version on modelwright_aliases (name, version, alias)",
    // No index on values: a condition on facts is asked of one version after the other, for which the key serves best.
    `create table modelwright_version_facts (
  name ${TEXT} not null,
  version bigint not null,
  kind ${TEXT} not null,
  key ${TEXT} not null,
  text ${TEXT},
  number double precision,
  primary key (name, version, kind, key)
)`,
    `create table modelwright_lineage (
  name ${TEXT} not null,
  version bigint not null,
  position bigint not null,
  kind ${TEXT} not null,
  ref ${TEXT} not null,
  primary key (name, version, position),
  foreign key (name, version) references modelwright_versions (name, version)
)`,
    "create index modelwright_lineage_ref on modelwright_lineage (kind, ref, name, version, position)",
    // No reference to the version: it is remembered when the version is deleted.
    `create table modelwright_stage_events (
  seq bigint not null primary key,
  at bigint not null,
  kind ${TEXT} not null,
  name ${TEXT} not null,
  version bigint not null,
  from_stage ${TEXT},
  to_stage ${TEXT},
  exclusive bigint not null,
  previous bigint
)`,
    "create index modelwright_stage_events_name on modelwright_stage_events (name, seq)",
    "create index modelwright_stage_events_exclusive on modelwright_stage_events (name, to_stage, seq) where exclusive = 1",
    `create table modelwright_approvals (
  id ${TEXT} not null primary key,
  name ${TEXT} not null,
  version bigint not null,
  status ${TEXT} not null,
  request ${TEXT} not null
)`,
    "create index modelwright_approvals_version on modelwright_approvals (name, version, id)",
    "create index modelwright_approvals_status on modelwright_approvals (status, id)",
    `create table modelwright_audit (
  seq bigint not null primary key,
  at bigint not null,
  actor ${TEXT},
  reason ${TEXT},
  request_id ${TEXT},
  action ${TEXT} not null,
  name ${TEXT} not null,
  version bigint,
  before ${TEXT} not null,
  after ${TEXT} not null,
  previous_hash ${TEXT} not null,
  hash ${TEXT} not null
)`,
    "create index modelwright_audit_name on modelwright_audit (name, seq)",
    `create function modelwright_audit_refuse() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log can only be added to';
end
$$`,
    `create trigger modelwright_audit_keep before update or delete or truncate on modelwright_audit
  for each statement execute function modelwright_audit_refuse()`,
    `create table modelwright_audit_head (
  id bigint not null primary key check (id = 1),
  seq bigint not null,
  hash ${TEXT} not null
)`,
    `insert into modelwright_audit_head (id, seq, hash) values (1, 0, 'sha256:${"0".repeat(64)}')`,
    `create table modelwright_cursors (
  consumer ${TEXT} not null primary key,
  seq bigint not null
)`,
    `create table modelwright_blob_refs (
  digest ${TEXT} not null,
  owner ${TEXT} not null,
  primary key (digest, owner)
)`,
    "create index modelwright_blob_refs_owner on modelwright_blob_refs (owner)",
    `create table modelwright_blob_marks (
  digest ${TEXT} not null primary key,
  since bigint not null,
  collector ${TEXT},
  fenced_at bigint
)`,
    `create table modelwright_experiments (
  id ${TEXT} not null primary key,
  name ${TEXT} not null unique,
  created_at bigint not null,
  updated_at bigint not null,
  deleted_at bigint
)`,
    "create index modelwright_experiments_created on modelwright_experiments (created_at desc, id)",
    `create table modelwright_experiment_tags (
  experiment_id ${TEXT} not null references modelwright_experiments (id),
  key ${TEXT} not null,
  text ${TEXT} not null,
  primary key (experiment_id, key)
)`,
    `create table modelwright_runs (
  id ${TEXT} not null primary key,
  experiment_id ${TEXT} not null references modelwright_experiments (id),
  name ${TEXT} not null,
  parent_id ${TEXT},
  status ${TEXT} not null,
  created_by ${TEXT},
  started_at bigint not null,
  ended_at bigint,
  deleted_at bigint
)`,
    "create index modelwright_runs_experiment on modelwright_runs (experiment_id, started_at desc, id)",
    "create index modelwright_runs_started on modelwright_runs (started_at desc, id)",
    "create index modelwright_runs_parent on modelwright_runs (parent_id)",
    `create table modelwright_run_facts (
  run_id ${TEXT} not null references modelwright_runs (id),
  kind ${TEXT} not null,
  key ${TEXT} not null,
  text ${TEXT} not null,
  primary key (run_id, kind, key)
)`,
    `create table modelwright_run_metrics (
  series bigint not null generated by default as identity primary key,
  run_id ${TEXT} not null references modelwright_runs (id),
  key ${TEXT} not null,
  value double precision,
  special smallint not null,
  comparable smallint not null,
  step bigint not null,
  at bigint not null,
  unique (run_id, key)
)`,
    // No reference: points are written by the hundred, and only beside their metric.
    `create table modelwright_metric_points (
  series bigint not null,
  step bigint not null,
  at bigint not null,
  special smallint not null,
  value double precision not null,
  primary key (series, step, at, special, value)
)`,
    `create table modelwright_run_datasets (
  run_id ${TEXT} not null references modelwright_runs (id),
  name ${TEXT} not null,
  digest ${TEXT} not null,
  context ${TEXT} not null,
  source ${TEXT} not null,
  primary key (run_id, name, digest, context)
)`,
    `create table modelwright_run_artifacts (
  run_id ${TEXT} not null references modelwright_runs (id),
  path ${TEXT} not null,
  digest ${TEXT} not null,
  size_bytes bigint not null,
  primary key (run_id, path)
)`,
    `create table modelwright_online (
  view ${TEXT} not null,
  key ${TEXT} not null,
  event_at_us bigint not null,
  created_at_us bigint not null,
  features ${TEXT} not null,
  primary key (view, key)
)`,
    `create table modelwright_key_values (
  key bytea not null primary key,
  value bytea not null,
  revision bigint not null generated by default as identity
)`,
  ],
};
