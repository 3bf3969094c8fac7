import type { Kysely } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SqlDatabase } from "../../src/adapters/sql/database.ts";
import { preparedInsert, preparedList } from "../../src/adapters/sql/prepared-lists.ts";
import type { Tables } from "../../src/adapters/sql/tables.ts";
import { nodeSqlite } from "../../src/adapters/sqlite/dialect.ts";
import { migrations } from "../../src/adapters/sqlite/migrations.ts";
import { systemClock } from "../../src/core/clock.ts";

/** Once through kysely, as a server is asked, and once past it. */
describe.each([
  ["through kysely", false],
  ["at once", true],
])("lists of values in SQL, %s", (_, atOnce) => {
  let database: SqlDatabase;
  let db: Kysely<Tables>;

  beforeEach(async () => {
    const { dialect, read, write } = nodeSqlite({ path: ":memory:", busyTimeoutMs: 0, readOnly: false, clock: systemClock });
    const direct = atOnce ? { read, write } : undefined;
    database = new SqlDatabase({ name: "test", dialect, direct, migrations, retryable: () => false });
    db = (await database.ready()).reader;
  });
  afterEach(() => database.close());

  const insert = preparedInsert("modelwright_cursors", ["consumer", "seq"]);
  const find = preparedList((creator, consumers, p) =>
    creator
      .selectFrom("modelwright_cursors")
      .select(["consumer", "seq"])
      .where("consumer", "in", consumers)
      .where("seq", ">=", p("least"))
      .orderBy("consumer"),
  );

  it.each([0, 1, 2, 3, 5, 127, 128, 129, 300])("of %i are written and found, each once", async (count) => {
    const rows = Array.from({ length: count }, (_, i) => ({ consumer: `c${`${i}`.padStart(4, "0")}`, seq: i }));
    await insert(db, rows);
    const { total } = await db
      .selectFrom("modelwright_cursors")
      .select(({ fn }) => fn.countAll<number>().as("total"))
      .executeTakeFirstOrThrow();
    expect(total).toBe(count);
    const names = rows.map(({ consumer }) => consumer);
    expect(await find(db, ["none", ...names], { least: 1 })).toEqual(rows.slice(1));
  });

  it("keep nulls apart from texts", async () => {
    const marks = preparedInsert("modelwright_blob_marks", ["digest", "since", "collector"]);
    await marks(db, [
      { digest: "a", since: 1, collector: null },
      { digest: "b", since: 2, collector: "x" },
    ]);
    const rows = await db.selectFrom("modelwright_blob_marks").select(["digest", "collector"]).orderBy("digest").execute();
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { digest: "a", collector: null },
      { digest: "b", collector: "x" },
    ]);
  });
});
