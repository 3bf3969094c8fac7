import type { RegistryStore } from "../../registry/port.ts";
import { modelFields, versionFields } from "../../registry/rules/search-fields.ts";
import type { SqlSession } from "./database.ts";
import type { RegistryModels } from "./registry-models.ts";
import type { RegistryVersions } from "./registry-versions.ts";
import { type KeyedRelation, type SearchTarget, type SqlAttribute, searchRows } from "./search.ts";
import { HEAD_COLUMNS } from "./version-records.ts";

/** Facts of versions, or of models, of one kind. */
function facts(kind: string, on: KeyedRelation["on"], where: KeyedRelation["where"] = {}): KeyedRelation {
  return { table: "modelwright_version_facts", on, where: { kind, ...where }, key: "key", text: "text", number: "number" };
}

const OF_VERSION = { name: "v.name", version: "v.version" };
const VERSION_COLUMNS: Readonly<Record<string, SqlAttribute>> = {
  name: { column: "v.name", type: "text", required: true },
  version: { column: "v.version", type: "integer", required: true },
  label: { column: "v.label", type: "text" },
  stage: { column: "v.stage", type: "text", required: true },
  created_by: { column: "v.created_by", type: "text" },
  created_at: { column: "v.created_at", type: "integer", required: true },
  stage_changed_at: { column: "v.stage_changed_at", type: "integer", required: true },
};

/** Versions as `v`. */
const versionTarget: SearchTarget = {
  attributes: attributes(versionFields.attributes, VERSION_COLUMNS, { ...facts("attribute", OF_VERSION), number: undefined }),
  relations: {
    tag: facts("tag", OF_VERSION),
    metric: facts("metric", OF_VERSION),
    param: facts("param", OF_VERSION),
    alias: { table: "modelwright_aliases", on: OF_VERSION, columns: { name: "alias" } },
  },
  tieBreak: versionFields.tieBreak,
};

const OF_MODEL = { name: "m.name" };
const MODEL_COLUMNS: Readonly<Record<string, SqlAttribute>> = {
  name: { column: "m.name", type: "text", required: true },
  created_at: { column: "m.created_at", type: "integer", required: true },
};

/** Models as `m`. */
const modelTarget: SearchTarget = {
  attributes: attributes(modelFields.attributes, MODEL_COLUMNS, {
    ...facts("attribute", OF_MODEL, { version: 0 }),
    number: undefined,
  }),
  relations: {
    tag: facts("tag", OF_MODEL, { version: 0 }),
    alias: { table: "modelwright_aliases", on: OF_MODEL, columns: { name: "alias" } },
  },
  tieBreak: modelFields.tieBreak,
};

/** The verbs that search. A page of versions is one statement, one for its aliases, and one for content that was not read before. */
export function registrySearch(
  session: SqlSession,
  versions: RegistryVersions,
  models: RegistryModels,
): Pick<RegistryStore, "searchVersions" | "searchModels"> {
  return {
    searchVersions: (query, call) =>
      session.read("search versions", call, async (db) => {
        const select = db.selectFrom("modelwright_versions as v").select(HEAD_COLUMNS);
        const { items, next } = await searchRows(db, select, versionTarget, query);
        return { items: await versions.ofRows(db, items), next };
      }),
    searchModels: (query, call) =>
      session.read("search models", call, async (db) => {
        const select = db.selectFrom("modelwright_models as m").selectAll("m");
        const { items, next } = await searchRows(db, select, modelTarget, query);
        return { items: await models.summaries(db, items), next };
      }),
  };
}

/** What can be searched by: columns, and facts for the rest, which are texts. */
function attributes(
  known: Readonly<Record<string, "text" | "number">>,
  columns: Readonly<Record<string, SqlAttribute>>,
  fact: KeyedRelation,
): Readonly<Record<string, SqlAttribute>> {
  return Object.fromEntries(Object.entries(known).map(([name, type]) => [name, columns[name] ?? { fact, type }]));
}
