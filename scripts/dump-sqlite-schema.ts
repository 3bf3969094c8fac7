// Writes the schema as a migration step leaves it, with sample data, to test/adapters/sqlite-schemas/<number of the step>.sql, once: what
// a release has written must stay readable, so a dump is never made again. Run by hand when a migration was added:
// node scripts/dump-sqlite-schema.ts [number of the step, the newest when absent]
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { sqlite } from "../src/adapters/sqlite/index.ts";
import { migrations } from "../src/adapters/sqlite/migrations.ts";
import { writeMonitoringSample } from "../test/adapters/sqlite-schemas/monitoring-sample.ts";
import { writeRegistrySample } from "../test/adapters/sqlite-schemas/registry-sample.ts";
import { sampleClock, writeSample } from "../test/adapters/sqlite-schemas/sample.ts";
import { schemaText } from "../test/adapters/sqlite-schemas/schema-text.ts";
import { writeTrackingSample } from "../test/adapters/sqlite-schemas/tracking-sample.ts";

const newest = Number(process.argv[2] ?? migrations.length);
const steps = migrations.slice(0, newest);
const target = new URL(`../test/adapters/sqlite-schemas/${steps.at(-1)?.name.slice(0, 4)}.sql`, import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "modelwright-dump-"));
const path = join(folder, "sample.db");
try {
  const stores = sqlite({ path }, { clock: sampleClock() });
  await writeSample(stores);
  if (newest >= 2) await writeRegistrySample(stores);
  if (newest >= 3) await writeTrackingSample(stores);
  if (newest >= 4) await writeMonitoringSample(stores);
  await stores.close();
  const db = new DatabaseSync(path);
  db.exec(`delete from modelwright_migrations where name > '${steps.at(-1)?.name}'`);
  writeFileSync(target, `${dump(db, emptied()).join(";\n")};\n`, { flag: "wx" });
  db.close();
  console.log(`wrote ${target.pathname}`);
} finally {
  rmSync(folder, { recursive: true });
}

/** A database with the tables of the steps, which later steps may have added to in the sample. */
function emptied(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  const [migrationsTable] = schemaText(new DatabaseSync(path)).filter((text) => text.includes(" modelwright_migrations "));
  for (const statement of [migrationsTable!, ...steps.flatMap(({ statements }) => statements)]) db.exec(statement);
  return db;
}

/**
 * The statements that make a database with the schema of `made` and the rows of `db`. SQLite makes its own table of sequences; only its
 * rows are ours to restore.
 */
function dump(db: DatabaseSync, made: DatabaseSync): string[] {
  const tables = made
    .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite~_stat%' escape '~' order by name")
    .all()
    .map(({ name }) => String(name));
  const rows = tables.flatMap((table) => {
    const columns = made.prepare(`select name from pragma_table_info('${table}')`).all();
    return db
      .prepare(`select ${columns.map(({ name }) => `"${name}"`).join(", ")} from "${table}"`)
      .all()
      .map((row) => `insert into "${table}" values (${Object.values(row).map(literal).join(", ")})`);
  });
  return ["pragma foreign_keys = off", ...schemaText(made), "delete from sqlite_sequence", ...rows];
}

function literal(value: SQLOutputValue): string {
  if (value === null || typeof value === "number" || typeof value === "bigint") return String(value);
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : `x'${Buffer.from(value).toString("hex")}'`;
}
