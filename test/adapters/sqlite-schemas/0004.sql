pragma foreign_keys = off;
CREATE TABLE modelwright_aliases (
  name text not null,
  alias text not null,
  version integer not null,
  primary key (name, alias),
  foreign key (name, version) references modelwright_versions (name, version)
) strict, without rowid;
CREATE TABLE modelwright_approvals (
  id text not null primary key,
  name text not null,
  version integer not null,
  status text not null,
  request text not null
) strict, without rowid;
CREATE TABLE modelwright_audit (
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
) strict;
CREATE TABLE modelwright_audit_head (
  id integer not null primary key check (id = 1),
  seq integer not null,
  hash text not null
) strict;
CREATE TABLE modelwright_blob_marks (
  digest text not null primary key,
  since integer not null,
  collector text,
  fenced_at integer
) strict, without rowid;
CREATE TABLE modelwright_blob_refs (
  digest text not null,
  owner text not null,
  primary key (digest, owner)
) strict, without rowid;
CREATE TABLE modelwright_cursors (
  consumer text not null primary key,
  seq integer not null
) strict, without rowid;
CREATE TABLE modelwright_experiment_tags (
  experiment_id text not null references modelwright_experiments (id),
  key text not null,
  text text not null,
  primary key (experiment_id, key)
) strict, without rowid;
CREATE TABLE modelwright_experiments (
  id text not null primary key,
  name text not null unique,
  created_at integer not null,
  updated_at integer not null,
  deleted_at integer
) strict, without rowid;
CREATE TABLE modelwright_key_values (
  revision integer primary key autoincrement,
  key blob not null unique,
  value blob not null
) strict;
CREATE TABLE modelwright_lineage (
  name text not null,
  version integer not null,
  position integer not null,
  kind text not null,
  ref text not null,
  primary key (name, version, position),
  foreign key (name, version) references modelwright_versions (name, version)
) strict, without rowid;
CREATE TABLE modelwright_metric_points (
  series integer not null,
  step integer not null,
  at integer not null,
  special integer not null,
  value real not null,
  primary key (series, step, at, special, value)
) strict, without rowid;
CREATE TABLE modelwright_migrations (name varchar(255) not null primary key, checksum varchar(71) not null, applied_at bigint not null);
CREATE TABLE modelwright_models (
  name text not null primary key,
  created_at integer not null,
  versions integer not null,
  last_version integer not null
, notes text not null default '{"description":"","tags":{}}') strict, without rowid;
CREATE TABLE modelwright_monitoring_buckets (
  model text not null,
  at integer not null,
  series text not null,
  writer text not null,
  content blob not null,
  primary key (model, at, series, writer)
) strict;
CREATE TABLE modelwright_online (
  view text not null,
  key text not null,
  event_at_us integer not null,
  created_at_us integer not null,
  features text not null,
  primary key (view, key)
) strict, without rowid;
CREATE TABLE modelwright_predictions (
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
) strict, without rowid;
CREATE TABLE modelwright_run_artifacts (
  run_id text not null references modelwright_runs (id),
  path text not null,
  digest text not null,
  size_bytes integer not null,
  primary key (run_id, path)
) strict, without rowid;
CREATE TABLE modelwright_run_datasets (
  run_id text not null references modelwright_runs (id),
  name text not null,
  digest text not null,
  context text not null,
  source text not null,
  primary key (run_id, name, digest, context)
) strict, without rowid;
CREATE TABLE modelwright_run_facts (
  run_id text not null references modelwright_runs (id),
  kind text not null,
  key text not null,
  text text not null,
  primary key (run_id, kind, key)
) strict, without rowid;
CREATE TABLE modelwright_run_metrics (
  series integer primary key,
  run_id text not null references modelwright_runs (id),
  key text not null,
  value real,
  special integer not null,
  comparable integer not null,
  step integer not null,
  at integer not null,
  unique (run_id, key)
) strict;
CREATE TABLE modelwright_runs (
  id text not null primary key,
  experiment_id text not null references modelwright_experiments (id),
  name text not null,
  parent_id text,
  status text not null,
  created_by text,
  started_at integer not null,
  ended_at integer,
  deleted_at integer
) strict, without rowid;
CREATE TABLE modelwright_stage_events (
  seq integer not null primary key,
  at integer not null,
  kind text not null,
  name text not null,
  version integer not null,
  from_stage text,
  to_stage text,
  exclusive integer not null,
  previous integer
) strict;
CREATE TABLE modelwright_version_facts (
  name text not null,
  version integer not null,
  kind text not null,
  key text not null,
  text text,
  number real,
  primary key (name, version, kind, key)
) strict, without rowid;
CREATE TABLE modelwright_versions (
  name text not null references modelwright_models (name),
  version integer not null,
  id text not null unique,
  stage text not null,
  stage_changed_at integer not null,
  created_at integer not null,
  content text not null, label text, created_by text, notes text not null default '{"description":"","tags":{},"legalHold":null}', lineage text not null default '[]',
  primary key (name, version)
) strict;
CREATE INDEX modelwright_aliases_version on modelwright_aliases (name, version, alias);
CREATE INDEX modelwright_approvals_status on modelwright_approvals (status, id);
CREATE INDEX modelwright_approvals_version on modelwright_approvals (name, version, id);
CREATE INDEX modelwright_audit_name on modelwright_audit (name, seq);
CREATE INDEX modelwright_blob_refs_owner on modelwright_blob_refs (owner);
CREATE INDEX modelwright_experiments_created on modelwright_experiments (created_at desc, id);
CREATE INDEX modelwright_lineage_ref on modelwright_lineage (kind, ref, name, version, position);
CREATE INDEX modelwright_runs_experiment on modelwright_runs (experiment_id, started_at desc, id);
CREATE INDEX modelwright_runs_parent on modelwright_runs (parent_id);
CREATE INDEX modelwright_runs_started on modelwright_runs (started_at desc, id);
CREATE INDEX modelwright_stage_events_exclusive on modelwright_stage_events (name, to_stage, seq) where exclusive = 1;
CREATE INDEX modelwright_stage_events_name on modelwright_stage_events (name, seq);
CREATE INDEX modelwright_versions_created on modelwright_versions (created_at desc, name, version desc);
CREATE UNIQUE INDEX modelwright_versions_label on modelwright_versions (name, label) where label is not null;
CREATE INDEX modelwright_versions_order on modelwright_versions (name, version desc);
CREATE INDEX modelwright_versions_stage on modelwright_versions (stage, name, version desc);
CREATE TRIGGER modelwright_audit_delete before delete on modelwright_audit begin
  select raise(abort, 'the audit log can only be added to');
end;
CREATE TRIGGER modelwright_audit_update before update on modelwright_audit begin
  select raise(abort, 'the audit log can only be added to');
end;
delete from sqlite_sequence;
insert into "modelwright_aliases" values ('churn', 'champion', 2);
insert into "modelwright_aliases" values ('fraud', 'champion', 2);
insert into "modelwright_aliases" values ('fraud', 'eu', 2);
insert into "modelwright_aliases" values ('fraud', 'shadow', 3);
insert into "modelwright_approvals" values ('a1', 'churn', 1, 'used', '{"from":"development","to":"production","needed":1,"comment":"?","requestedBy":"ada","requestedAt":1750000240000,"decisions":[{"actor":"bob","approved":true,"comment":"yes","at":1750000300000}]}');
insert into "modelwright_audit" values (1, 1750000000000, null, null, null, 'version.registered', 'fraud', 1, 'null', '{"stage":"development","flavor":"onnx","label":null,"files":[{"path":"model.onnx","digest":"sha256:f95823b5fd495a52fff16e96154f5881f4406c2f822fb7f8d2d429aa6c9140f9"},{"path":"notes/readme.md","digest":"sha256:a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"}],"content":"sha256:d24042e38d9af060ec817f4e1345349284b4038d046fb83349a843a5a417dfb8"}', 'sha256:0000000000000000000000000000000000000000000000000000000000000000', 'sha256:b15a025890bfc066cbeb6a8cc70c0a38f0c8bfb9d119647d5a4bebbb832af154');
insert into "modelwright_audit" values (2, 1750000000000, null, null, null, 'version.registered', 'fraud', 2, 'null', '{"stage":"development","flavor":"onnx","label":null,"files":[{"path":"model.onnx","digest":"sha256:f95823b5fd495a52fff16e96154f5881f4406c2f822fb7f8d2d429aa6c9140f9"},{"path":"notes/readme.md","digest":"sha256:fe6df03cc2a951ba57ce5c14957065618a2c5767065b9747333b71ac88f32e39"}],"content":"sha256:4b939cd3d8eeed6a380455c219adf1a7a48d80c1d9c58b59dc5507adfdadc586"}', 'sha256:b15a025890bfc066cbeb6a8cc70c0a38f0c8bfb9d119647d5a4bebbb832af154', 'sha256:456f1c55e520b6916b16da9b986f64b5911f56fb4fbb1bbeb18f2f596f3527cd');
insert into "modelwright_audit" values (3, 1750000000000, null, null, null, 'version.registered', 'fraud', 3, 'null', '{"stage":"development","flavor":"onnx","label":null,"files":[{"path":"model.onnx","digest":"sha256:f95823b5fd495a52fff16e96154f5881f4406c2f822fb7f8d2d429aa6c9140f9"},{"path":"notes/readme.md","digest":"sha256:b1e99324505bd32da0e1f85dcf5e19a09db0481e8a15f62c41eb320304a8e927"}],"content":"sha256:d13a80b8b3f59118b10d7c1edf9d1dc413a9e4705f76a370ef041eacb9fca11d"}', 'sha256:456f1c55e520b6916b16da9b986f64b5911f56fb4fbb1bbeb18f2f596f3527cd', 'sha256:5320af5d6eb15ed6c7e848da171e9e284646dce738530d15da1486be38dfc85d');
insert into "modelwright_audit" values (4, 1750000000000, null, null, null, 'version.registered', 'Fraud', 1, 'null', '{"stage":"development","flavor":"text","label":null,"files":[{"path":"rules.txt","digest":"sha256:f04372e11a648fa36209979fb95b8d91509d45880ee83d4dd6358086a6d94216"}],"content":"sha256:9fa5e79aa9a0c8a3107e2ca7e3045ffbe5b61b62e29eead67adb843e6e80711a"}', 'sha256:5320af5d6eb15ed6c7e848da171e9e284646dce738530d15da1486be38dfc85d', 'sha256:94ff46103e1dc2c169a2757d4e795215b353ef4bf57ef327c7170132d419fcbe');
insert into "modelwright_audit" values (5, 1750000000000, null, null, null, 'version.moved', 'fraud', 1, '{"stage":"development"}', '{"stage":"staging"}', 'sha256:94ff46103e1dc2c169a2757d4e795215b353ef4bf57ef327c7170132d419fcbe', 'sha256:8593b584e88db26117d2c775ff5e9c6c69245b43abb365a9ad27c5a05704e2a9');
insert into "modelwright_audit" values (6, 1750000000000, null, null, null, 'version.moved', 'fraud', 1, '{"stage":"staging"}', '{"stage":"production"}', 'sha256:8593b584e88db26117d2c775ff5e9c6c69245b43abb365a9ad27c5a05704e2a9', 'sha256:6bfb79b9ab465851f6eceb1e1efcbe134f11d8a6227aa16471394c625e6e1591');
insert into "modelwright_audit" values (7, 1750000000000, null, null, null, 'version.moved', 'fraud', 2, '{"stage":"development"}', '{"stage":"staging"}', 'sha256:6bfb79b9ab465851f6eceb1e1efcbe134f11d8a6227aa16471394c625e6e1591', 'sha256:46ad3bf8acd7eb13a1c123278d8c4357a4e89d05cb6abcdb044471a8d56295df');
insert into "modelwright_audit" values (8, 1750000000000, null, null, null, 'version.displaced', 'fraud', 1, '{"stage":"production"}', '{"stage":"archived"}', 'sha256:46ad3bf8acd7eb13a1c123278d8c4357a4e89d05cb6abcdb044471a8d56295df', 'sha256:0abed6e732b1ca444d27165f6a1bc33f62ea92cba17242b67fe4955c37e6c16c');
insert into "modelwright_audit" values (9, 1750000000000, null, null, null, 'version.moved', 'fraud', 2, '{"stage":"staging"}', '{"stage":"production"}', 'sha256:0abed6e732b1ca444d27165f6a1bc33f62ea92cba17242b67fe4955c37e6c16c', 'sha256:d019d1a489073f831ab95aacb768a7244a2f667e6e42a2acf2649ab01823f66a');
insert into "modelwright_audit" values (10, 1750000000000, null, null, null, 'alias.set', 'fraud', 2, 'null', '{"alias":"champion","version":2}', 'sha256:d019d1a489073f831ab95aacb768a7244a2f667e6e42a2acf2649ab01823f66a', 'sha256:65f00eebf5179a31928dba1c0180f1f3b97256f91bb699b61534df5011343544');
insert into "modelwright_audit" values (11, 1750000000000, null, null, null, 'alias.set', 'fraud', 3, 'null', '{"alias":"shadow","version":3}', 'sha256:65f00eebf5179a31928dba1c0180f1f3b97256f91bb699b61534df5011343544', 'sha256:857defd77aaabd387a94635da25e558f66846d3450ae5d63a6dfa98819b9999e');
insert into "modelwright_audit" values (12, 1750000000000, null, null, null, 'alias.set', 'fraud', 2, 'null', '{"alias":"eu","version":2}', 'sha256:857defd77aaabd387a94635da25e558f66846d3450ae5d63a6dfa98819b9999e', 'sha256:db8f0a5c12c362b94ae4d6b2887410328d15b8186a6ad21858d70a53aedaa450');
insert into "modelwright_audit" values (13, 1750000060000, 'ada', 'minute 1', null, 'version.registered', 'churn', 1, 'null', '{"stage":"development","flavor":"text","label":"1.1.0","files":[{"path":"model.pkl","digest":"sha256:abababababababababababababababababababababababababababababababab"}],"content":"sha256:6fcf0b08803d907ac6c10779e19e00028307f8359c73c01fc1948883b4c0e138"}', 'sha256:db8f0a5c12c362b94ae4d6b2887410328d15b8186a6ad21858d70a53aedaa450', 'sha256:ed241837905d49722dfcd397dc3d995ff4b9d695ea9796fd90e97c24f337ecd3');
insert into "modelwright_audit" values (14, 1750000120000, 'ada', 'minute 2', null, 'version.registered', 'churn', 2, 'null', '{"stage":"development","flavor":"text","label":"1.2.0","files":[{"path":"model.pkl","digest":"sha256:abababababababababababababababababababababababababababababababab"}],"content":"sha256:d82a4a17a53cfbdd2ac084d601aa2546c5058864e2592b20d79eb5101294922a"}', 'sha256:ed241837905d49722dfcd397dc3d995ff4b9d695ea9796fd90e97c24f337ecd3', 'sha256:a1360211f403e7ce48c408128f627f7b3df7d17a3d86fab1a802e1a41c767652');
insert into "modelwright_audit" values (15, 1750000180000, 'ada', 'minute 3', null, 'version.registered', 'churn', 3, 'null', '{"stage":"development","flavor":"text","label":"1.3.0","files":[{"path":"model.pkl","digest":"sha256:abababababababababababababababababababababababababababababababab"}],"content":"sha256:f3fc2eaafb97b7a85e5f135b21f04e532604863e8c5128991bbc33ab654b7972"}', 'sha256:a1360211f403e7ce48c408128f627f7b3df7d17a3d86fab1a802e1a41c767652', 'sha256:8764036b64700e6fdbf283e0d910f4ff392c121903d247bcc087efa6097893b0');
insert into "modelwright_audit" values (16, 1750000240000, 'ada', 'minute 4', null, 'approval.requested', 'churn', 1, 'null', '{"id":"a1","from":"development","to":"production","status":"pending","needed":1,"requestedBy":"ada","decisions":[]}', 'sha256:8764036b64700e6fdbf283e0d910f4ff392c121903d247bcc087efa6097893b0', 'sha256:5fc7fbf9e6e5b7e91501ead1378ba54173e942186a9a8efa5dce63727a183172');
insert into "modelwright_audit" values (17, 1750000300000, 'bob', 'minute 5', null, 'approval.decided', 'churn', 1, '{"id":"a1","from":"development","to":"production","status":"pending","needed":1,"requestedBy":"ada","decisions":[]}', '{"id":"a1","from":"development","to":"production","status":"approved","needed":1,"requestedBy":"ada","decisions":[{"actor":"bob","approved":true,"comment":"yes","at":1750000300000}]}', 'sha256:5fc7fbf9e6e5b7e91501ead1378ba54173e942186a9a8efa5dce63727a183172', 'sha256:e8b30e940f5244f8dc043319d12d9016295fd75e8cbe416ae566e44f34541374');
insert into "modelwright_audit" values (18, 1750000360000, 'ada', 'minute 6', null, 'version.moved', 'churn', 1, '{"stage":"development"}', '{"stage":"production"}', 'sha256:e8b30e940f5244f8dc043319d12d9016295fd75e8cbe416ae566e44f34541374', 'sha256:3f6a36bc1c67554b15d3a8db9321e5c5c8a71e64722f9f2610bf470b80f9e013');
insert into "modelwright_audit" values (19, 1750000360000, 'ada', 'minute 6', null, 'approval.used', 'churn', 1, '{"id":"a1","from":"development","to":"production","status":"approved","needed":1,"requestedBy":"ada","decisions":[{"actor":"bob","approved":true,"comment":"yes","at":1750000300000}]}', '{"id":"a1","from":"development","to":"production","status":"used","needed":1,"requestedBy":"ada","decisions":[{"actor":"bob","approved":true,"comment":"yes","at":1750000300000}]}', 'sha256:3f6a36bc1c67554b15d3a8db9321e5c5c8a71e64722f9f2610bf470b80f9e013', 'sha256:7a4d52bd0d2ef8c781c44e4fa8ae497e806b774b1e93ed90c96ab0eddd2c4835');
insert into "modelwright_audit" values (20, 1750000420000, 'ada', 'minute 7', null, 'version.displaced', 'churn', 1, '{"stage":"production"}', '{"stage":"archived"}', 'sha256:7a4d52bd0d2ef8c781c44e4fa8ae497e806b774b1e93ed90c96ab0eddd2c4835', 'sha256:0ca79728d7a6f04c4d2c3db29fa6f31bc4895516f45a3010a3c0e4edce0206d6');
insert into "modelwright_audit" values (21, 1750000420000, 'ada', 'minute 7', null, 'version.moved', 'churn', 2, '{"stage":"development"}', '{"stage":"production"}', 'sha256:0ca79728d7a6f04c4d2c3db29fa6f31bc4895516f45a3010a3c0e4edce0206d6', 'sha256:62ea86607184def3505243d5103611cd05c479bbcef6dea7b46fc69662b723f3');
insert into "modelwright_audit" values (22, 1750000480000, 'ada', 'minute 8', null, 'alias.set', 'churn', 2, 'null', '{"alias":"champion","version":2}', 'sha256:62ea86607184def3505243d5103611cd05c479bbcef6dea7b46fc69662b723f3', 'sha256:d9e82c87aaf2fb03dca9c99414ffd50675503829bb10cc98e4a2cf121ba8bb1c');
insert into "modelwright_audit" values (23, 1750000540000, 'ada', 'minute 9', null, 'version.updated', 'churn', 2, '{"description":"","legalHold":null,"tags":{}}', '{"description":"noted","legalHold":"case 7","tags":{"owner":"ada"}}', 'sha256:d9e82c87aaf2fb03dca9c99414ffd50675503829bb10cc98e4a2cf121ba8bb1c', 'sha256:6dede78af0b406d8f5f5a3fc66cb78c2a82595b822ec763818911cbe9a640b8a');
insert into "modelwright_audit" values (24, 1750000600000, 'ada', 'minute 10', null, 'model.updated', 'churn', null, '{"description":"","tags":{}}', '{"description":"who leaves","tags":{"area":"crm"}}', 'sha256:6dede78af0b406d8f5f5a3fc66cb78c2a82595b822ec763818911cbe9a640b8a', 'sha256:18524d023122ea76fdd424d1b48fdd67e0f480b1e58babf20a32bec8f5c92a1c');
insert into "modelwright_audit" values (25, 1750000660000, 'ada', 'minute 11', null, 'version.linked', 'churn', 2, 'null', '[{"kind":"report","ref":"r1"}]', 'sha256:18524d023122ea76fdd424d1b48fdd67e0f480b1e58babf20a32bec8f5c92a1c', 'sha256:cc7bb67c5eb1686a7ba120d8adeae85ba54a8a93d07e94e9bc3cbc533b1a5097');
insert into "modelwright_audit" values (26, 1750000720000, 'ada', 'minute 12', null, 'version.deleted', 'churn', 3, '{"stage":"development","description":"","tags":{"team":"risk"},"lineage":[{"kind":"parent","ref":"churn@2"}]}', 'null', 'sha256:cc7bb67c5eb1686a7ba120d8adeae85ba54a8a93d07e94e9bc3cbc533b1a5097', 'sha256:9c69cbfa2847db88c5b702abc05569704628b572b9917880c99c83cc5efb14c1');
insert into "modelwright_audit_head" values (1, 26, 'sha256:9c69cbfa2847db88c5b702abc05569704628b572b9917880c99c83cc5efb14c1');
insert into "modelwright_blob_marks" values ('sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 1750000000000, null, null);
insert into "modelwright_blob_refs" values ('sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 'run/r1');
insert into "modelwright_blob_refs" values ('sha256:a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e', 'version/01977420-dc00-7482-9996-335ce55a2fd5');
insert into "modelwright_blob_refs" values ('sha256:f95823b5fd495a52fff16e96154f5881f4406c2f822fb7f8d2d429aa6c9140f9', 'version/01977420-dc00-7482-9996-335ce55a2fd5');
insert into "modelwright_blob_refs" values ('sha256:f95823b5fd495a52fff16e96154f5881f4406c2f822fb7f8d2d429aa6c9140f9', 'version/01977420-dc00-7482-9996-352245b84258');
insert into "modelwright_blob_refs" values ('sha256:fe6df03cc2a951ba57ce5c14957065618a2c5767065b9747333b71ac88f32e39', 'version/01977420-dc00-7482-9996-352245b84258');
insert into "modelwright_blob_refs" values ('sha256:b1e99324505bd32da0e1f85dcf5e19a09db0481e8a15f62c41eb320304a8e927', 'version/01977420-dc00-7482-9996-38c198111526');
insert into "modelwright_blob_refs" values ('sha256:f95823b5fd495a52fff16e96154f5881f4406c2f822fb7f8d2d429aa6c9140f9', 'version/01977420-dc00-7482-9996-38c198111526');
insert into "modelwright_blob_refs" values ('sha256:f04372e11a648fa36209979fb95b8d91509d45880ee83d4dd6358086a6d94216', 'version/01977420-dc00-7482-9996-3c31ab6e8d02');
insert into "modelwright_blob_refs" values ('sha256:abababababababababababababababababababababababababababababababab', 'version/churn 1');
insert into "modelwright_blob_refs" values ('sha256:abababababababababababababababababababababababababababababababab', 'version/churn 2');
insert into "modelwright_cursors" values ('webhooks', 5);
insert into "modelwright_experiment_tags" values ('e1', 'team', 'risk');
insert into "modelwright_experiments" values ('e1', 'churn', 1750000000000, 1750000000000, null);
insert into "modelwright_experiments" values ('e2', 'naïve 模型 ''quoted''', 1750000000001, 1750000000002, 1750000000002);
insert into "modelwright_key_values" values (2, x'73746174652f61', x'6f6e65');
insert into "modelwright_key_values" values (3, x'73746174652fd0bad0bbd18ed187', x'007f80ff');
insert into "modelwright_lineage" values ('churn', 2, 0, 'parent', 'churn@1');
insert into "modelwright_lineage" values ('fraud', 1, 0, 'parent', 'fraud@0');
insert into "modelwright_lineage" values ('fraud', 2, 0, 'parent', 'fraud@0');
insert into "modelwright_lineage" values ('fraud', 3, 0, 'parent', 'fraud@0');
insert into "modelwright_lineage" values ('churn', 2, 1, 'report', 'r1');
insert into "modelwright_metric_points" values (1, 0, 1750000000000, 0, -0.5);
insert into "modelwright_metric_points" values (1, 0, 1750000000000, 1, 0);
insert into "modelwright_metric_points" values (1, 0, 1750000000000, 2, 0);
insert into "modelwright_metric_points" values (2, 0, 1750000000000, 0, 0.5);
insert into "modelwright_metric_points" values (2, 1, 1750000000000, 2, 0);
insert into "modelwright_metric_points" values (2, 2, 1750000000000, 1, 0);
insert into "modelwright_metric_points" values (2, 3, 1750000000000, -1, 0);
insert into "modelwright_metric_points" values (2, 4, 1750000000000, 0, 1.7976931348623157e+308);
insert into "modelwright_metric_points" values (2, 5, 1750000000000, 0, 5e-324);
insert into "modelwright_metric_points" values (3, -9007199254740991, 1750000000000, 0, 0.5);
insert into "modelwright_metric_points" values (4, -9007199254740991, 1750000000000, 2, 0);
insert into "modelwright_metric_points" values (5, -9007199254740991, 1750000000000, 1, 0);
insert into "modelwright_metric_points" values (6, -9007199254740991, 1750000000000, -1, 0);
insert into "modelwright_metric_points" values (7, -9007199254740991, 1750000000000, 0, 1.7976931348623157e+308);
insert into "modelwright_metric_points" values (8, -9007199254740991, 1750000000000, 0, 5e-324);
insert into "modelwright_migrations" values ('0001-first', 'sha256:7cc98305e0c88ce1bb2825aa02d9481438357a02f1123b24c78f06b7cd099491', 1750000000000);
insert into "modelwright_migrations" values ('0002-registry', 'sha256:7cce45fcb3ef66e9dafa0d845ef628cf9ef0e5b6d4e7154b62238683f2675e96', 1750000000000);
insert into "modelwright_migrations" values ('0003-tracking', 'sha256:0ff73c67da415a6b7e7a5a959923a38555a0ee2ddadf4fe195bcdf217be34081', 1750000000000);
insert into "modelwright_migrations" values ('0004-monitoring', 'sha256:1f84a1d1d07331695d61a826e08a753a12976d6b9fcc2868e416ca3a8ea70336', 1750000000000);
insert into "modelwright_models" values ('Fraud', 1750000000000, 1, 1, '{"description":"","tags":{}}');
insert into "modelwright_models" values ('churn', 1750000060000, 2, 3, '{"description":"who leaves","tags":{"area":"crm"}}');
insert into "modelwright_models" values ('fraud', 1750000000000, 3, 3, '{"description":"","tags":{}}');
insert into "modelwright_monitoring_buckets" values ('fraud', 1750000000000, '7', 'w1', x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
insert into "modelwright_monitoring_buckets" values ('fraud', 1750000000000, '7', 'w2', x'');
insert into "modelwright_monitoring_buckets" values ('fraud', 1750000000001, '8', 'w1', x'010203');
insert into "modelwright_online" values ('spend', 'u1', 1750000000000001, 1750000000000002, '{"avg":12.5}');
insert into "modelwright_online" values ('spend', 'ключ 🚀', -1, 0, '{}');
insert into "modelwright_online" values ('visits', 'u1', 5, 6, '{"list":[1,null,"x"]}');
insert into "modelwright_predictions" values ('fraud', 1750000000000, 'p1', '7', null, '0.30000000000000004', '1', 1750000000003);
insert into "modelwright_predictions" values ('fraud', 1750000000000, 'p2', '7', 'eu', '"spam"', '"spam \u0000 \ud800"', 1750000000005);
insert into "modelwright_predictions" values ('fraud', 1750000000001, 'naïve 模型 ''quoted''', '8', null, '-1.7976931348623157e+308', null, null);
insert into "modelwright_predictions" values ('fraud', 1750000000002, 'p3', '8', 'us', '{"__proto__":0.25,"a\u0000b":5e-324}', null, null);
insert into "modelwright_run_artifacts" values ('r1', 'plots/roc.svg', 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 9007199254740991);
insert into "modelwright_run_datasets" values ('r1', 'train', 'ab', 'training', '{"rows":[1,null],"text":"\u0000"}');
insert into "modelwright_run_facts" values ('r1', 'param', 'constructor', '1');
insert into "modelwright_run_facts" values ('r1', 'param', 'layers/模型', '[64,32]');
insert into "modelwright_run_facts" values ('r1', 'param', 'rate', '0.1');
insert into "modelwright_run_facts" values ('r1', 'tag', 'empty', '');
insert into "modelwright_run_facts" values ('r1', 'tag', 'team', 'risk');
insert into "modelwright_run_metrics" values (1, 'r1', 'odd', 1.7976931348623157e+308, 1, 1, 0, 1750000000000);
insert into "modelwright_run_metrics" values (2, 'r1', 'loss', 5e-324, 0, 1, 5, 1750000000000);
insert into "modelwright_run_metrics" values (3, 'r1', 'm0', 0.5, 0, 1, -9007199254740991, 1750000000000);
insert into "modelwright_run_metrics" values (4, 'r1', 'm1', null, 2, 0, -9007199254740991, 1750000000000);
insert into "modelwright_run_metrics" values (5, 'r1', 'm2', 1.7976931348623157e+308, 1, 1, -9007199254740991, 1750000000000);
insert into "modelwright_run_metrics" values (6, 'r1', 'm3', -1.7976931348623157e+308, -1, 1, -9007199254740991, 1750000000000);
insert into "modelwright_run_metrics" values (7, 'r1', 'm4', 1.7976931348623157e+308, 0, 1, -9007199254740991, 1750000000000);
insert into "modelwright_run_metrics" values (8, 'r1', 'm5', 5e-324, 0, 1, -9007199254740991, 1750000000000);
insert into "modelwright_runs" values ('r1', 'e1', 'run r1', null, 'finished', 'ada', 1750000000000, 1750000000009, null);
insert into "modelwright_runs" values ('r2', 'e1', 'run r2', 'r1', 'scheduled', null, 1750000000005, null, 1750000000009);
insert into "modelwright_stage_events" values (1, 1750000000000, 'registered', 'fraud', 1, null, 'development', 0, null);
insert into "modelwright_stage_events" values (2, 1750000000000, 'registered', 'fraud', 2, null, 'development', 0, null);
insert into "modelwright_stage_events" values (3, 1750000000000, 'registered', 'fraud', 3, null, 'development', 0, null);
insert into "modelwright_stage_events" values (4, 1750000000000, 'registered', 'Fraud', 1, null, 'development', 0, null);
insert into "modelwright_stage_events" values (5, 1750000000000, 'moved', 'fraud', 1, 'development', 'staging', 0, null);
insert into "modelwright_stage_events" values (6, 1750000000000, 'moved', 'fraud', 1, 'staging', 'production', 1, null);
insert into "modelwright_stage_events" values (7, 1750000000000, 'moved', 'fraud', 2, 'development', 'staging', 0, null);
insert into "modelwright_stage_events" values (8, 1750000000000, 'displaced', 'fraud', 1, 'production', 'archived', 0, null);
insert into "modelwright_stage_events" values (9, 1750000000000, 'moved', 'fraud', 2, 'staging', 'production', 1, 1);
insert into "modelwright_stage_events" values (13, 1750000060000, 'registered', 'churn', 1, null, 'development', 0, null);
insert into "modelwright_stage_events" values (14, 1750000120000, 'registered', 'churn', 2, null, 'development', 0, null);
insert into "modelwright_stage_events" values (15, 1750000180000, 'registered', 'churn', 3, null, 'development', 0, null);
insert into "modelwright_stage_events" values (18, 1750000360000, 'moved', 'churn', 1, 'development', 'production', 1, null);
insert into "modelwright_stage_events" values (20, 1750000420000, 'displaced', 'churn', 1, 'production', 'archived', 0, null);
insert into "modelwright_stage_events" values (21, 1750000420000, 'moved', 'churn', 2, 'development', 'production', 1, 1);
insert into "modelwright_stage_events" values (26, 1750000720000, 'deleted', 'churn', 3, 'development', null, 0, null);
insert into "modelwright_version_facts" values ('Fraud', 0, 'attribute', 'description', '', null);
insert into "modelwright_version_facts" values ('Fraud', 1, 'attribute', 'description', '', null);
insert into "modelwright_version_facts" values ('Fraud', 1, 'attribute', 'flavor', 'text', null);
insert into "modelwright_version_facts" values ('churn', 0, 'attribute', 'description', 'who leaves', null);
insert into "modelwright_version_facts" values ('churn', 0, 'tag', 'area', 'crm', null);
insert into "modelwright_version_facts" values ('churn', 1, 'attribute', 'description', '', null);
insert into "modelwright_version_facts" values ('churn', 1, 'attribute', 'flavor', 'text', null);
insert into "modelwright_version_facts" values ('churn', 1, 'attribute', 'framework', 'scikit-learn 1.5', null);
insert into "modelwright_version_facts" values ('churn', 1, 'attribute', 'model_type', 'gradient boosting', null);
insert into "modelwright_version_facts" values ('churn', 1, 'metric', 'auc', null, 0.1);
insert into "modelwright_version_facts" values ('churn', 1, 'tag', 'team', 'risk', null);
insert into "modelwright_version_facts" values ('churn', 2, 'attribute', 'description', 'noted', null);
insert into "modelwright_version_facts" values ('churn', 2, 'attribute', 'flavor', 'text', null);
insert into "modelwright_version_facts" values ('churn', 2, 'attribute', 'framework', 'scikit-learn 1.5', null);
insert into "modelwright_version_facts" values ('churn', 2, 'attribute', 'legal_hold', 'case 7', null);
insert into "modelwright_version_facts" values ('churn', 2, 'attribute', 'model_type', 'gradient boosting', null);
insert into "modelwright_version_facts" values ('churn', 2, 'metric', 'auc', null, 0.2);
insert into "modelwright_version_facts" values ('churn', 2, 'tag', 'owner', 'ada', null);
insert into "modelwright_version_facts" values ('churn', 2, 'tag', 'team', 'risk', null);
insert into "modelwright_version_facts" values ('fraud', 0, 'attribute', 'description', '', null);
insert into "modelwright_version_facts" values ('fraud', 1, 'attribute', 'description', 'first', null);
insert into "modelwright_version_facts" values ('fraud', 1, 'attribute', 'flavor', 'onnx', null);
insert into "modelwright_version_facts" values ('fraud', 1, 'metric', 'auc', null, 0.93);
insert into "modelwright_version_facts" values ('fraud', 1, 'metric', 'seed', null, 9007199254740991);
insert into "modelwright_version_facts" values ('fraud', 1, 'param', 'layers', '[64,null,{"dropout":0.5}]', null);
insert into "modelwright_version_facts" values ('fraud', 1, 'tag', 'team', 'risk', null);
insert into "modelwright_version_facts" values ('fraud', 2, 'attribute', 'description', 'naïve 模型 ''quoted''', null);
insert into "modelwright_version_facts" values ('fraud', 2, 'attribute', 'flavor', 'onnx', null);
insert into "modelwright_version_facts" values ('fraud', 2, 'metric', 'auc', null, 0.93);
insert into "modelwright_version_facts" values ('fraud', 2, 'metric', 'seed', null, 9007199254740991);
insert into "modelwright_version_facts" values ('fraud', 2, 'param', 'layers', '[64,null,{"dropout":0.5}]', null);
insert into "modelwright_version_facts" values ('fraud', 2, 'tag', 'team', 'risk', null);
insert into "modelwright_version_facts" values ('fraud', 3, 'attribute', 'description', 'third', null);
insert into "modelwright_version_facts" values ('fraud', 3, 'attribute', 'flavor', 'onnx', null);
insert into "modelwright_version_facts" values ('fraud', 3, 'metric', 'auc', null, 0.93);
insert into "modelwright_version_facts" values ('fraud', 3, 'metric', 'seed', null, 9007199254740991);
insert into "modelwright_version_facts" values ('fraud', 3, 'param', 'layers', '[64,null,{"dropout":0.5}]', null);
insert into "modelwright_version_facts" values ('fraud', 3, 'tag', 'team', 'risk', null);
insert into "modelwright_versions" values ('fraud', 1, '01977420-dc00-7482-9996-335ce55a2fd5', 'archived', 1750000000000, 1750000000000, '{"files":[{"path":"model.onnx","digest":"sha256:f95823b5fd495a52fff16e96154f5881f4406c2f822fb7f8d2d429aa6c9140f9","sizeBytes":126},{"path":"notes/readme.md","digest":"sha256:a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e","sizeBytes":5}],"flavor":"onnx","framework":null,"modelType":null,"label":null,"signature":{"inputs":[{"name":"a","type":"float32","dims":["batch",2]},{"name":"b","type":"float32","dims":["batch",2]}],"outputs":[{"name":"sum","type":"float32","dims":["batch",2]}]},"metrics":{"auc":0.93,"seed":9007199254740991},"directions":{},"hyperparameters":{"layers":[64,null,{"dropout":0.5}]},"dataVersion":null,"codeVersion":null,"runId":null,"inputSchema":null,"outputSchema":null,"metadata":{},"attestation":null}', null, null, '{"description":"first","tags":{"team":"risk"},"legalHold":null}', '[{"kind":"parent","ref":"fraud@0"}]');
insert into "modelwright_versions" values ('fraud', 2, '01977420-dc00-7482-9996-352245b84258', 'production', 1750000000000, 1750000000000, '{"files":[{"path":"model.onnx","digest":"sha256:f95823b5fd495a52fff16e96154f5881f4406c2f822fb7f8d2d429aa6c9140f9","sizeBytes":126},{"path":"notes/readme.md","digest":"sha256:fe6df03cc2a951ba57ce5c14957065618a2c5767065b9747333b71ac88f32e39","sizeBytes":22}],"flavor":"onnx","framework":null,"modelType":null,"label":null,"signature":{"inputs":[{"name":"a","type":"float32","dims":["batch",2]},{"name":"b","type":"float32","dims":["batch",2]}],"outputs":[{"name":"sum","type":"float32","dims":["batch",2]}]},"metrics":{"auc":0.93,"seed":9007199254740991},"directions":{},"hyperparameters":{"layers":[64,null,{"dropout":0.5}]},"dataVersion":null,"codeVersion":null,"runId":null,"inputSchema":null,"outputSchema":null,"metadata":{},"attestation":null}', null, null, '{"description":"naïve 模型 ''quoted''","tags":{"team":"risk"},"legalHold":null}', '[{"kind":"parent","ref":"fraud@0"}]');
insert into "modelwright_versions" values ('fraud', 3, '01977420-dc00-7482-9996-38c198111526', 'development', 1750000000000, 1750000000000, '{"files":[{"path":"model.onnx","digest":"sha256:f95823b5fd495a52fff16e96154f5881f4406c2f822fb7f8d2d429aa6c9140f9","sizeBytes":126},{"path":"notes/readme.md","digest":"sha256:b1e99324505bd32da0e1f85dcf5e19a09db0481e8a15f62c41eb320304a8e927","sizeBytes":5}],"flavor":"onnx","framework":null,"modelType":null,"label":null,"signature":{"inputs":[{"name":"a","type":"float32","dims":["batch",2]},{"name":"b","type":"float32","dims":["batch",2]}],"outputs":[{"name":"sum","type":"float32","dims":["batch",2]}]},"metrics":{"auc":0.93,"seed":9007199254740991},"directions":{},"hyperparameters":{"layers":[64,null,{"dropout":0.5}]},"dataVersion":null,"codeVersion":null,"runId":null,"inputSchema":null,"outputSchema":null,"metadata":{},"attestation":null}', null, null, '{"description":"third","tags":{"team":"risk"},"legalHold":null}', '[{"kind":"parent","ref":"fraud@0"}]');
insert into "modelwright_versions" values ('Fraud', 1, '01977420-dc00-7482-9996-3c31ab6e8d02', 'development', 1750000000000, 1750000000000, '{"files":[{"path":"rules.txt","digest":"sha256:f04372e11a648fa36209979fb95b8d91509d45880ee83d4dd6358086a6d94216","sizeBytes":12}],"flavor":"text","framework":null,"modelType":null,"label":null,"signature":null,"metrics":{},"directions":{},"hyperparameters":{},"dataVersion":null,"codeVersion":null,"runId":null,"inputSchema":null,"outputSchema":null,"metadata":{},"attestation":null}', null, null, '{"description":"","tags":{},"legalHold":null}', '[]');
insert into "modelwright_versions" values ('churn', 1, 'churn 1', 'archived', 1750000420000, 1750000060000, '{"files":[{"path":"model.pkl","digest":"sha256:abababababababababababababababababababababababababababababababab","sizeBytes":1}],"flavor":"text","framework":"scikit-learn 1.5","modelType":"gradient boosting","label":"1.1.0","signature":null,"metrics":{"auc":0.1},"directions":{"auc":"maximize"},"hyperparameters":{},"dataVersion":null,"codeVersion":null,"runId":null,"inputSchema":{"type":"object"},"outputSchema":null,"metadata":{"note":"naïve \u0000 模型"},"attestation":{"payloadType":"t","payload":"cA==","signatures":[{"keyid":"k","sig":"cw=="}]}}', '1.1.0', 'ada', '{"description":"","tags":{"team":"risk"},"legalHold":null}', '[]');
insert into "modelwright_versions" values ('churn', 2, 'churn 2', 'production', 1750000420000, 1750000120000, '{"files":[{"path":"model.pkl","digest":"sha256:abababababababababababababababababababababababababababababababab","sizeBytes":2}],"flavor":"text","framework":"scikit-learn 1.5","modelType":"gradient boosting","label":"1.2.0","signature":null,"metrics":{"auc":0.2},"directions":{"auc":"maximize"},"hyperparameters":{},"dataVersion":null,"codeVersion":null,"runId":null,"inputSchema":{"type":"object"},"outputSchema":null,"metadata":{"note":"naïve \u0000 模型"},"attestation":{"payloadType":"t","payload":"cA==","signatures":[{"keyid":"k","sig":"cw=="}]}}', '1.2.0', 'ada', '{"description":"noted","tags":{"team":"risk","owner":"ada"},"legalHold":"case 7"}', '[{"kind":"parent","ref":"churn@1"},{"kind":"report","ref":"r1"}]');
insert into "sqlite_sequence" values ('modelwright_key_values', 3);
