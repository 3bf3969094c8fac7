pragma foreign_keys = off;
CREATE TABLE modelwright_aliases (
  name text not null,
  alias text not null,
  version integer not null,
  primary key (name, alias),
  foreign key (name, version) references modelwright_versions (name, version)
) strict, without rowid;
CREATE TABLE modelwright_key_values (
  revision integer primary key autoincrement,
  key blob not null unique,
  value blob not null
) strict;
CREATE TABLE modelwright_migrations (name varchar(255) not null primary key, checksum varchar(71) not null, applied_at bigint not null);
CREATE TABLE modelwright_models (
  name text not null primary key,
  created_at integer not null,
  versions integer not null,
  last_version integer not null
) strict, without rowid;
CREATE TABLE modelwright_online (
  view text not null,
  key text not null,
  event_at_us integer not null,
  created_at_us integer not null,
  features text not null,
  primary key (view, key)
) strict, without rowid;
CREATE TABLE modelwright_versions (
  name text not null references modelwright_models (name),
  version integer not null,
  id text not null unique,
  stage text not null,
  stage_changed_at integer not null,
  created_at integer not null,
  content text not null,
  primary key (name, version)
) strict;
CREATE INDEX modelwright_aliases_version on modelwright_aliases (name, version, alias);
CREATE INDEX modelwright_versions_stage on modelwright_versions (stage, name, version);
delete from sqlite_sequence;
insert into "modelwright_aliases" values ('fraud', 'champion', 2);
insert into "modelwright_aliases" values ('fraud', 'eu', 2);
insert into "modelwright_aliases" values ('fraud', 'shadow', 3);
insert into "modelwright_key_values" values (2, x'73746174652f61', x'6f6e65');
insert into "modelwright_key_values" values (3, x'73746174652fd0bad0bbd18ed187', x'007f80ff');
insert into "modelwright_migrations" values ('0001-first', 'sha256:7cc98305e0c88ce1bb2825aa02d9481438357a02f1123b24c78f06b7cd099491', 1750000000000);
insert into "modelwright_models" values ('Fraud', 1750000000000, 1, 1);
insert into "modelwright_models" values ('fraud', 1750000000000, 3, 3);
insert into "modelwright_online" values ('spend', 'u1', 1750000000000001, 1750000000000002, '{"avg":12.5}');
insert into "modelwright_online" values ('spend', 'ключ 🚀', -1, 0, '{}');
insert into "modelwright_online" values ('visits', 'u1', 5, 6, '{"list":[1,null,"x"]}');
insert into "modelwright_versions" values ('fraud', 1, '01977420-dc00-7482-9996-335ce55a2fd5', 'archived', 1750000000000, 1750000000000, '{"files":[{"path":"model.onnx","digest":"sha256:f95823b5fd495a52fff16e96154f5881f4406c2f822fb7f8d2d429aa6c9140f9","sizeBytes":126},{"path":"notes/readme.md","digest":"sha256:a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e","sizeBytes":5}],"format":"onnx","signature":{"inputs":[{"name":"a","type":"float32","dims":["batch",2]},{"name":"b","type":"float32","dims":["batch",2]}],"outputs":[{"name":"sum","type":"float32","dims":["batch",2]}]},"description":"first","tags":{"team":"risk"},"metrics":{"auc":0.93,"seed":9007199254740991},"hyperparameters":{"layers":[64,null,{"dropout":0.5}]},"lineage":[{"kind":"parent","ref":"fraud@0"}]}');
insert into "modelwright_versions" values ('fraud', 2, '01977420-dc00-7482-9996-352245b84258', 'production', 1750000000000, 1750000000000, '{"files":[{"path":"model.onnx","digest":"sha256:f95823b5fd495a52fff16e96154f5881f4406c2f822fb7f8d2d429aa6c9140f9","sizeBytes":126},{"path":"notes/readme.md","digest":"sha256:fe6df03cc2a951ba57ce5c14957065618a2c5767065b9747333b71ac88f32e39","sizeBytes":22}],"format":"onnx","signature":{"inputs":[{"name":"a","type":"float32","dims":["batch",2]},{"name":"b","type":"float32","dims":["batch",2]}],"outputs":[{"name":"sum","type":"float32","dims":["batch",2]}]},"description":"naïve 模型 ''quoted''","tags":{"team":"risk"},"metrics":{"auc":0.93,"seed":9007199254740991},"hyperparameters":{"layers":[64,null,{"dropout":0.5}]},"lineage":[{"kind":"parent","ref":"fraud@0"}]}');
insert into "modelwright_versions" values ('fraud', 3, '01977420-dc00-7482-9996-38c198111526', 'development', 1750000000000, 1750000000000, '{"files":[{"path":"model.onnx","digest":"sha256:f95823b5fd495a52fff16e96154f5881f4406c2f822fb7f8d2d429aa6c9140f9","sizeBytes":126},{"path":"notes/readme.md","digest":"sha256:b1e99324505bd32da0e1f85dcf5e19a09db0481e8a15f62c41eb320304a8e927","sizeBytes":5}],"format":"onnx","signature":{"inputs":[{"name":"a","type":"float32","dims":["batch",2]},{"name":"b","type":"float32","dims":["batch",2]}],"outputs":[{"name":"sum","type":"float32","dims":["batch",2]}]},"description":"third","tags":{"team":"risk"},"metrics":{"auc":0.93,"seed":9007199254740991},"hyperparameters":{"layers":[64,null,{"dropout":0.5}]},"lineage":[{"kind":"parent","ref":"fraud@0"}]}');
insert into "modelwright_versions" values ('Fraud', 1, '01977420-dc00-7482-9996-3c31ab6e8d02', 'development', 1750000000000, 1750000000000, '{"files":[{"path":"rules.txt","digest":"sha256:f04372e11a648fa36209979fb95b8d91509d45880ee83d4dd6358086a6d94216","sizeBytes":12}],"format":"text","signature":null,"description":"","tags":{},"metrics":{},"hyperparameters":{},"lineage":[]}');
insert into "sqlite_sequence" values ('modelwright_key_values', 3);
