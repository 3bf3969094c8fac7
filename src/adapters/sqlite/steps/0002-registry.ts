import type { Migration } from "../../sql/migrate.ts";

/** The content of `v`; an empty object where it is damaged, so that the step does not fail for it. */
const intact = "case when json_valid(v.content) and json_type(v.content) = 'object' then v.content else '{}' end";

/** The same without NUL characters, which are escapes there; backslashes are written another way first, to be told apart. */
const storable = String.raw`replace(replace(${intact}, '\\', '\u005c'), '\u0000', '\ufffd')`;

/** JSON text out of `storable`, as `JSON.stringify` writes it. */
const written = (json: string) => String.raw`replace(${json}, '\u005c', '\\')`;

const typeAt = (path: string) => `json_type(${intact}, '${path}')`;

/** Whether an item of a JSON array is an object with text at a path. */
const textAt = (item: string, path: string) =>
  `case when ${item}.type = 'object' then json_type(${item}.value, '${path}') end = 'text'`;

/**
 * Notes, labels, facts to search by, lineage, approvals, stage events, the audit log, cursors and blob references.
 *
 * What the first release has written is brought to the new form: notes and lineage leave the content, `format` becomes `flavor`, and
 * the tables that lead to versions are filled. The log begins empty: nobody wrote down who changed what.
 */
export const registryStep: Migration = {
  name: "0002-registry",
  statements: [
    `alter table modelwright_models add column notes text not null default '{"description":"","tags":{}}'`,
    "alter table modelwright_versions add column label text",
    "alter table modelwright_versions add column created_by text",
    `alter table modelwright_versions add column notes text not null default '{"description":"","tags":{},"legalHold":null}'`,
    "alter table modelwright_versions add column lineage text not null default '[]'",
    "create unique index modelwright_versions_label on modelwright_versions (name, label) where label is not null",
    // In the natural order of a search, by name and then by number downwards, so that a page is read without sorting a model's versions.
    "drop index modelwright_versions_stage",
    "create index modelwright_versions_stage on modelwright_versions (stage, name, version desc)",
    "create index modelwright_versions_order on modelwright_versions (name, version desc)",
    "create index modelwright_versions_created on modelwright_versions (created_at desc, name, version desc)",
    // No index on values: a condition on facts is asked of one version after the other, for which the key serves best.
    `create table modelwright_version_facts (
  name text not null,
  version integer not null,
  kind text not null,
  key text not null,
  text text,
  number real,
  primary key (name, version, kind, key)
) strict, without rowid`,
    `create table modelwright_lineage (
  name text not null,
  version integer not null,
  position integer not null,
  kind text not null,
  ref text not null,
  primary key (name, version, position),
  foreign key (name, version) references modelwright_versions (name, version)
) strict, without rowid`,
    "create index modelwright_lineage_ref on modelwright_lineage (kind, ref, name, version, position)",
    // No reference to the version: it is remembered when the version is deleted.
    `create table modelwright_stage_events (
  seq integer not null primary key,
  at integer not null,
  kind text not null,
  name text not null,
  version integer not null,
  from_stage text,
  to_stage text,
  exclusive integer not null,
  previous integer
) strict`,
    "create index modelwright_stage_events_name on modelwright_stage_events (name, seq)",
    "create index modelwright_stage_events_exclusive on modelwright_stage_events (name, to_stage, seq) where exclusive = 1",
    `create table modelwright_approvals (
  id text not null primary key,
  name text not null,
  version integer not null,
  status text not null,
  request text not null
) strict, without rowid`,
    "create index modelwright_approvals_version on modelwright_approvals (name, version, id)",
    "create index modelwright_approvals_status on modelwright_approvals (status, id)",
    `create table modelwright_audit (
  seq integer not null primary key,
  at integer not null,
  actor text,
  reason text,
  request_id text,
  action text not null,
  name text not null,
  version integer,
  before text not null,
  after text not null,
  previous_hash text not null,
  hash text not null
) strict`,
    "create index modelwright_audit_name on modelwright_audit (name, seq)",
    `create trigger modelwright_audit_update before update on modelwright_audit begin
  select raise(abort, 'the audit log can only be added to');
end`,
    `create trigger modelwright_audit_delete before delete on modelwright_audit begin
  select raise(abort, 'the audit log can only be added to');
end`,
    `create table modelwright_audit_head (
  id integer not null primary key check (id = 1),
  seq integer not null,
  hash text not null
) strict`,
    `insert into modelwright_audit_head (id, seq, hash) values (1, 0, 'sha256:${"0".repeat(64)}')`,
    `create table modelwright_cursors (
  consumer text not null primary key,
  seq integer not null
) strict, without rowid`,
    `create table modelwright_blob_refs (
  digest text not null,
  owner text not null,
  primary key (digest, owner)
) strict, without rowid`,
    "create index modelwright_blob_refs_owner on modelwright_blob_refs (owner)",
    `create table modelwright_blob_marks (
  digest text not null primary key,
  since integer not null,
  collector text,
  fenced_at integer
) strict, without rowid`,
    `insert into modelwright_version_facts (name, version, kind, key, text)
select name, 0, 'attribute', 'description', '' from modelwright_models`,
    // A row whose content is damaged stays as it is: reading it fails as before, everything else is brought over.
    `insert or ignore into modelwright_blob_refs (digest, owner)
select file.value ->> '$.digest', 'version/' || v.id
from modelwright_versions as v, json_each(${intact}, '$.files') as file
where ${textAt("file", "$.digest")}`,
    `insert or ignore into modelwright_lineage (name, version, position, kind, ref)
select v.name, v.version, edge.key, edge.value ->> '$.kind', edge.value ->> '$.ref'
from modelwright_versions as v, json_each(${storable}, '$.lineage') as edge
where ${textAt("edge", "$.kind")} and ${textAt("edge", "$.ref")}`,
    ...[
      ["flavor", "$.format"],
      ["description", "$.description"],
    ].map(
      ([key, path]) => `insert into modelwright_version_facts (name, version, kind, key, text)
select v.name, v.version, 'attribute', '${key}', ${storable} ->> '${path}'
from modelwright_versions as v
where ${typeAt(path!)} = 'text'`,
    ),
    ...[
      ["tag", "$.tags"],
      ["metric", "$.metrics"],
      ["param", "$.hyperparameters"],
    ].map(
      ([kind, path]) => `insert or ignore into modelwright_version_facts (name, version, kind, key, text, number)
select v.name, v.version, '${kind}', fact.key,
  case fact.type when 'integer' then null when 'real' then null when 'text' then fact.value
    when 'array' then ${written("fact.value")} when 'object' then ${written("fact.value")} else fact.type end,
  case when fact.type in ('integer', 'real') then fact.value end
from modelwright_versions as v, json_each(${storable}, '${path}') as fact
where ${typeAt(path!)} = 'object'`,
    ),
    `update modelwright_versions as v set
  notes = json_object('description', v.content -> '$.description', 'tags', v.content -> '$.tags', 'legalHold', null),
  lineage = coalesce(v.content -> '$.lineage', 'null'),
  content = json_object(
    'files', v.content -> '$.files', 'flavor', v.content -> '$.format', 'framework', null, 'modelType', null, 'label', null,
    'signature', v.content -> '$.signature', 'metrics', v.content -> '$.metrics', 'directions', json('{}'),
    'hyperparameters', v.content -> '$.hyperparameters', 'dataVersion', null, 'codeVersion', null, 'runId', null,
    'inputSchema', null, 'outputSchema', null, 'metadata', json('{}'), 'attestation', null)
where ${intact} = v.content`,
  ],
};
