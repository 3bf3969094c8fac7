import type { Kysely } from "kysely";
import { isDigest } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { type JsonValue, jsonText } from "../../core/json.ts";
import { formatModelRef } from "../../core/model.ts";
import type {
  ModelSummary,
  RegistryStore,
  StageMove,
  VersionContent,
  VersionDraft,
  VersionQuery,
  VersionRecord,
} from "../../registry/port.ts";
import { type SqlDatabase, SqlSession } from "./database.ts";
import { prepared } from "./prepared.ts";
import { damaged, isObject, storedObject } from "./stored-json.ts";
import type { Tables, VersionRow } from "./tables.ts";

/** A version beside one of its aliases: a version with several is in several rows, which stand together. */
interface JoinedRow extends VersionRow {
  readonly alias: string | null;
}

/** The registry port over SQL. A version and its aliases come in one statement. */
export function sqlRegistry(database: SqlDatabase, name: string, capabilities: RegistryStore["capabilities"]): RegistryStore {
  const session = new SqlSession(database, "registry");
  const queries = makeQueries();
  return {
    spec: "registry/1",
    name,
    capabilities,
    insertVersion: (draft, call) => session.write("register a version", call, (db) => insertVersion(db, queries, draft)),
    findVersion: (ref, call) =>
      session.read("find a version", call, async (db) => {
        const find = "version" in ref ? queries.byVersion : "stage" in ref ? queries.byStage : queries.byAlias;
        return toRecords(await find(db, { ...ref }))[0];
      }),
    listVersions: (query, call) =>
      session.read("list versions", call, async (db) => toRecords(await versionPage(db, query).execute())),
    findModel: (model, call) =>
      session.read("find a model", call, async (db) => {
        const row = await models(db).where("name", "=", model).executeTakeFirst();
        return row === undefined ? undefined : toSummary(row);
      }),
    listModels: ({ limit, after }, call) =>
      session.read("list models", call, async (db) => {
        const page = models(db).orderBy("name").limit(limit);
        return (await (after === undefined ? page : page.where("name", ">", after)).execute()).map(toSummary);
      }),
    moveStage: (move, call) => session.write("move a version", call, (db) => moveStage(db, move)),
    setAlias: (model, alias, version, call) =>
      session.write("set an alias", call, (db) => setAlias(db, { name: model, alias, version })),
    deleteAlias: (model, alias, call) =>
      session.write("delete an alias", call, async (db) => {
        const deleted = db.deleteFrom("modelwright_aliases").where("name", "=", model).where("alias", "=", alias);
        return (await deleted.returning("version").executeTakeFirst())?.version;
      }),
    [Symbol.asyncDispose]: () => session.close(),
  };
}

type Queries = ReturnType<typeof makeQueries>;

/** The statements of the hot verbs. */
function makeQueries() {
  return {
    byId: prepared((db, p) => joined(db).where("v.id", "=", p("id")).orderBy("a.alias")),
    byVersion: prepared((db, p) =>
      joined(db).where("v.name", "=", p("name")).where("v.version", "=", p("version")).orderBy("a.alias"),
    ),
    byStage: prepared((db, p) =>
      joined(db)
        .where("v.name", "=", p("name"))
        .where("v.version", "=", ({ selectFrom }) =>
          selectFrom("modelwright_versions as newest")
            .select(({ fn }) => fn.max("newest.version").as("version"))
            .where("newest.name", "=", p("name"))
            .where("newest.stage", "=", p("stage")),
        )
        .orderBy("a.alias"),
    ),
    byAlias: prepared((db, p) =>
      joined(db)
        .where("v.name", "=", p("name"))
        .where("v.version", "=", ({ selectFrom }) =>
          selectFrom("modelwright_aliases as chosen")
            .select("chosen.version")
            .where("chosen.name", "=", p("name"))
            .where("chosen.alias", "=", p("alias")),
        )
        .orderBy("a.alias"),
    ),
    nextNumber: prepared((db, p) =>
      db
        .insertInto("modelwright_models")
        .values({ name: p("name"), created_at: p("createdAt"), versions: 1, last_version: 1 })
        .onConflict((conflict) =>
          conflict.column("name").doUpdateSet((eb) => ({
            versions: eb("modelwright_models.versions", "+", 1),
            last_version: eb("modelwright_models.last_version", "+", 1),
          })),
        )
        .returning("last_version as version"),
    ),
    insert: prepared((db, p) =>
      db.insertInto("modelwright_versions").values({
        name: p("name"),
        version: p("version"),
        id: p("id"),
        stage: p("stage"),
        stage_changed_at: p("createdAt"),
        created_at: p("createdAt"),
        content: p("content"),
      }),
    ),
  };
}

/** Versions as `v`, each once for each of its aliases, and once when it has none. */
function joined(db: Kysely<Tables>) {
  return withAliases(versionsOf(db));
}

function versionsOf(db: Kysely<Tables>) {
  return db.selectFrom("modelwright_versions as v");
}

function withAliases(versions: ReturnType<typeof versionsOf>) {
  return versions
    .leftJoin("modelwright_aliases as a", (join) => join.onRef("a.name", "=", "v.name").onRef("a.version", "=", "v.version"))
    .selectAll("v")
    .select("a.alias");
}

function versionPage(db: Kysely<Tables>, { name, stage, limit, after }: VersionQuery) {
  let page = db.selectFrom("modelwright_versions").selectAll();
  if (name !== undefined) page = page.where("name", "=", name);
  if (stage !== undefined) page = page.where("stage", "=", stage);
  if (after !== undefined) {
    // The first condition is implied by the second, but is one that an index can begin with.
    page = page
      .where("name", ">=", after.name)
      .where(({ eb, or }) => or([eb("name", ">", after.name), eb("version", "<", after.version)]));
  }
  const limited = page.orderBy("name").orderBy("version", "desc").limit(limit);
  return withAliases(db.selectFrom(limited.as("v")))
    .orderBy("v.name")
    .orderBy("v.version", "desc")
    .orderBy("a.alias");
}

function models(db: Kysely<Tables>) {
  return db.selectFrom("modelwright_models").selectAll();
}

async function insertVersion(db: Kysely<Tables>, queries: Queries, draft: VersionDraft): Promise<VersionRecord> {
  const [earlier] = toRecords(await queries.byId(db, { id: draft.id }));
  if (earlier !== undefined) return earlier;
  const { name, id, stage, createdAt } = draft;
  const { files, format, signature, description, tags, metrics, hyperparameters, lineage } = draft;
  const fixed = { files, format, signature, description, tags, metrics, hyperparameters, lineage } satisfies VersionContent;
  const content = jsonText(fixed as unknown as JsonValue, `A version of ${name}`);
  const [{ version }] = (await queries.nextNumber(db, { name, createdAt })) as [{ version: number }];
  await queries.insert(db, { name, version, id, stage, createdAt, content });
  const row = { name, version, id, stage, created_at: createdAt, stage_changed_at: createdAt, content, alias: null };
  return toRecord(row, []);
}

async function moveStage(db: Kysely<Tables>, move: StageMove): Promise<readonly VersionRecord[]> {
  const { name, version, from, to, displaceTo, at } = move;
  const ofModel = joined(db).where("v.name", "=", name);
  const [moved] = toRecords(await ofModel.where("v.version", "=", version).orderBy("a.alias").execute());
  if (moved === undefined) throw versionNotFound(name, version);
  if (moved.stage !== from) throw conflict(move, moved.stage);
  const update = (stage: string) =>
    db.updateTable("modelwright_versions").set({ stage, stage_changed_at: at }).where("name", "=", name);
  let displaced: readonly VersionRecord[] = [];
  if (displaceTo !== undefined) {
    const others = ofModel.where("v.stage", "=", to).where("v.version", "!=", version);
    displaced = toRecords(await others.orderBy("v.version", "desc").orderBy("a.alias").execute());
    await update(displaceTo).where("stage", "=", to).where("version", "!=", version).execute();
  }
  await update(to).where("version", "=", version).execute();
  return [
    { ...moved, stage: to, stageChangedAt: at },
    ...displaced.map((record) => ({ ...record, stage: displaceTo ?? to, stageChangedAt: at })),
  ];
}

async function setAlias(
  db: Kysely<Tables>,
  { name, alias, version }: { readonly name: string; readonly alias: string; readonly version: number },
): Promise<number | undefined> {
  const target = db.selectFrom("modelwright_versions").select("version").where("name", "=", name).where("version", "=", version);
  if ((await target.executeTakeFirst()) === undefined) throw versionNotFound(name, version);
  const aliases = db.selectFrom("modelwright_aliases").select("version");
  const before = await aliases.where("name", "=", name).where("alias", "=", alias).executeTakeFirst();
  await db
    .insertInto("modelwright_aliases")
    .values({ name, alias, version })
    .onConflict((existing) => existing.columns(["name", "alias"]).doUpdateSet({ version }))
    .execute();
  return before?.version;
}

/** Folds rows that differ in the alias only. */
function toRecords(rows: readonly JoinedRow[]): VersionRecord[] {
  const records: VersionRecord[] = [];
  let aliases: string[] = [];
  let last: JoinedRow | undefined;
  for (const row of rows) {
    if (last?.id !== row.id) {
      aliases = [];
      records.push(toRecord(row, aliases));
      last = row;
    }
    if (row.alias !== null) aliases.push(row.alias);
  }
  return records;
}

function toRecord(row: VersionRow, aliases: readonly string[]): VersionRecord {
  const { name, version, id, stage, created_at: createdAt, stage_changed_at: stageChangedAt } = row;
  return { name, version, id, stage, aliases, createdAt, stageChangedAt, ...contentOf(row.content) };
}

/** What was written for a version, checked: somebody else may have edited the database. */
function contentOf(text: string): VersionContent {
  const subject = "a stored version";
  const { files, format, signature, description, tags, metrics, hyperparameters, lineage } = storedObject(text, subject);
  const sound =
    Array.isArray(files) &&
    files.every((file) => isObject(file) && isDigest(file["digest"] as string) && typeof file["path"] === "string") &&
    [format, description].every((item) => typeof item === "string") &&
    (signature === null || (isObject(signature) && Array.isArray(signature["inputs"]) && Array.isArray(signature["outputs"]))) &&
    isObject(tags) &&
    Object.values(tags).every((tag) => typeof tag === "string") &&
    isObject(metrics) &&
    Object.values(metrics).every((metric) => typeof metric === "number") &&
    isObject(hyperparameters) &&
    Array.isArray(lineage) &&
    lineage.every((edge) => isObject(edge) && typeof edge["ref"] === "string");
  if (!sound) throw damaged(subject);
  return { files, format, signature, description, tags, metrics, hyperparameters, lineage } as unknown as VersionContent;
}

function toSummary(row: Tables["modelwright_models"]): ModelSummary {
  return { name: row.name, createdAt: row.created_at, versions: row.versions, latestVersion: row.last_version };
}

function versionNotFound(name: string, version: number): ModelwrightError<"REGISTRY_VERSION_NOT_FOUND"> {
  const ref = formatModelRef({ name, version });
  return new ModelwrightError("REGISTRY_VERSION_NOT_FOUND", `There is no model version ${ref}`, { details: { ref } });
}

function conflict({ name, version, from }: StageMove, actual: string): ModelwrightError<"REGISTRY_CONFLICT"> {
  const ref = formatModelRef({ name, version });
  return new ModelwrightError(
    "REGISTRY_CONFLICT",
    `${ref} is in stage ${actual}, not in ${from}: it was moved meanwhile; read it again and decide again`,
    { details: { ref, expected: from, actual } },
  );
}
