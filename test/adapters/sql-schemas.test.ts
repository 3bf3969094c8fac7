import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { beforeAll, describe, expect, it } from "vitest";
import { mariadb } from "../../src/adapters/mariadb/index.ts";
import { postgres } from "../../src/adapters/postgres/index.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { requirement } from "../requirement.ts";
import { freshMariadbDatabase, whyNoMariadb } from "./fixtures/mariadb-server.ts";
import { freshPostgresSchema, postgresUrl, whyNoPostgres } from "./fixtures/postgres-server.ts";

/** A column of one of our tables, in the terms that all databases share. */
interface Column {
  readonly name: string;
  readonly nullable: unknown;
  readonly type: string;
}

const FAMILIES: Readonly<Record<string, string>> = {
  integer: "integer",
  bigint: "integer",
  smallint: "integer",
  real: "number",
  double: "number",
  "double precision": "number",
  text: "text",
  varchar: "text",
  "character varying": "text",
  longtext: "text",
  blob: "bytes",
  bytea: "bytes",
  longblob: "bytes",
  varbinary: "bytes",
};

function described(columns: readonly Column[]): readonly string[] {
  return columns
    .filter(({ name }) => !name.startsWith("modelwright_migrations."))
    .map(({ name, nullable, type }) => {
      const family = FAMILIES[type.toLowerCase().replace(/\(.*/, "")] ?? type;
      // Bytes in MariaDB, for the room in an index.
      const shown = /^modelwright_online\.(?:view|key)$/.test(name) ? "text" : family;
      return `${name} ${shown}${["YES", 1, "1"].some((yes) => nullable === yes) ? " or null" : ""}`;
    })
    .sort();
}

const onPostgres = await requirement("PostgreSQL", whyNoPostgres);
const onMariadb = await requirement("MariaDB", whyNoMariadb);
const INFORMATION =
  "select concat(table_name, '.', column_name) as name, is_nullable as nullable, data_type as type from information_schema.columns where table_name like 'modelwright%' and table_schema =";

describe("the tables of SQL databases", () => {
  let expected: readonly string[];
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "modelwright-schemas-"));
    const path = join(folder, "models.db");
    {
      await using db = sqlite({ path });
      await db.keyValues.get("made");
    }
    const db = new DatabaseSync(path);
    const columns = db
      .prepare(
        `select t.name || '.' || c.name as name, c."notnull" = 0 and c.pk = 0 as nullable, c.type as type
from sqlite_master as t, pragma_table_info(t.name) as c where t.type = 'table' and t.name like 'modelwright%'`,
      )
      .all();
    expected = described(columns as unknown as Column[]);
    db.close();
    rmSync(folder, { recursive: true });
  });

  it("hold what those of SQLite hold", () => expect(expected.length).toBeGreaterThan(80));

  onPostgres("PostgreSQL", () => {
    it("has the same columns", async () => {
      await using schema = await freshPostgresSchema();
      await using db = postgres({ url: postgresUrl, schema: schema.name });
      await db.keyValues.get("made");
      expect(described(await schema.query<Column>(`${INFORMATION} current_schema()`))).toEqual(expected);
    });
  });

  onMariadb("MariaDB", () => {
    it("has the same columns, and numbers for revisions", async () => {
      await using database = await freshMariadbDatabase();
      await using db = mariadb({ url: database.url });
      await db.keyValues.get("made");
      const columns = described(await database.query<Column>(`${INFORMATION} database()`));
      expect(columns.filter((column) => !column.startsWith("modelwright_revisions."))).toEqual(expected);
    });
  });
});
