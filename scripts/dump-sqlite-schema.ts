// Writes the schema of this release, with sample data, to test/adapters/sqlite-schemas/<number of the newest step>.sql, once: what a
// release has written must stay readable, so a dump is never made again. Run by hand when a migration was added:
// node scripts/dump-sqlite-schema.ts
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { sqlite } from "../src/adapters/sqlite/index.ts";
import { migrations } from "../src/adapters/sqlite/migrations.ts";
import { sampleClock, writeSample } from "../test/adapters/sqlite-schemas/sample.ts";
import { schemaText } from "../test/adapters/sqlite-schemas/schema-text.ts";

const target = new URL(`../test/adapters/sqlite-schemas/${migrations.at(-1)?.name.slice(0, 4)}.sql`, import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "modelwright-dump-"));
const path = join(folder, "sample.db");
try {
  const stores = sqlite({ path }, { clock: sampleClock() });
  await writeSample(stores);
  await stores.close();
  const db = new DatabaseSync(path);
  writeFileSync(target, `${dump(db).join(";\n")};\n`, { flag: "wx" });
  db.close();
  console.log(`wrote ${target.pathname}`);
} finally {
  rmSync(folder, { recursive: true });
}

/** The statements that make an equal database. SQLite makes its own table of sequences; only its rows are ours to restore. */
function dump(db: DatabaseSync): string[] {
  const tables = db
    .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite~_stat%' escape '~' order by name")
    .all()
    .map(({ name }) => String(name));
  const rows = tables.flatMap((table) =>
    db
      .prepare(`select * from "${table}"`)
      .all()
      .map((row) => `insert into "${table}" values (${Object.values(row).map(literal).join(", ")})`),
  );
  return ["pragma foreign_keys = off", ...schemaText(db), "delete from sqlite_sequence", ...rows];
}

function literal(value: SQLOutputValue): string {
  if (value === null || typeof value === "number" || typeof value === "bigint") return String(value);
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : `x'${Buffer.from(value).toString("hex")}'`;
}
