import { type Kysely, sql } from "kysely";
import type { Clock } from "../../core/clock.ts";
import { sha256 } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import type { MigrationRow, Tables } from "./tables.ts";

/** One forward step of a schema. A released step is never edited: its statements are part of what databases have recorded. */
export interface Migration {
  /** Sorts after the name of the step before it, for example `0002-run-metrics`. */
  readonly name: string;
  /** SQL in the backend's dialect, as text of our own: text made by a library would change its checksum with the library. */
  readonly statements: readonly string[];
}

/** How a backend lets one process at a time change its schema. */
export interface MigrationGuard {
  /** Whether the table of the steps is there; needs no right to make one. */
  readonly recorded: (db: Kysely<Tables>) => Promise<boolean>;
  /**
   * Runs work while nobody else runs any here. What it does is undone when it fails, where the database can undo a change of its
   * schema; where it cannot, every statement of a step has to succeed when it is repeated.
   */
  readonly alone: <T>(db: Kysely<Tables>, work: (db: Kysely<Tables>) => Promise<T>) => Promise<T>;
}

/** What a schema is brought to, and where. */
interface MigrateOptions {
  readonly migrations: readonly Migration[];
  readonly guard: MigrationGuard;
  /** As errors name it. */
  readonly store: string;
  readonly clock: Clock;
}

/**
 * Applies the steps that the database has not seen, each with its record. Safe when several processes begin at once. A database that
 * has seen them all is only read.
 *
 * @throws a {@link ModelwrightError} with code `STORE_SCHEMA`, before anything is changed, when the database has seen a step that
 * this release does not know or that reads differently
 */
export async function migrate(db: Kysely<Tables>, { migrations, guard, store, clock }: MigrateOptions): Promise<void> {
  const steps = await Promise.all(
    migrations.map(async ({ name, statements }) => {
      const checksum = await sha256(new TextEncoder().encode(statements.join(";\n")));
      return { name, statements, checksum };
    }),
  );
  let applied = (await guard.recorded(db)) ? verify(await seen(db), steps, store) : 0;
  while (applied < steps.length) {
    applied = await guard.alone(db, async (own) => {
      await sql
        .raw(
          "create table if not exists modelwright_migrations (name varchar(255) not null primary key, checksum varchar(71) not null, applied_at bigint not null)",
        )
        .execute(own);
      const count = verify(await seen(own), steps, store);
      const step = steps[count];
      if (step === undefined) return count;
      for (const statement of step.statements) await sql.raw(statement).execute(own);
      const { name, checksum } = step;
      await own
        .insertInto("modelwright_migrations")
        .values({ name, checksum, applied_at: Math.floor(clock.now()) })
        .execute();
      return count + 1;
    });
  }
}

function seen(db: Kysely<Tables>): Promise<readonly MigrationRow[]> {
  return db.selectFrom("modelwright_migrations").selectAll().orderBy("name").execute();
}

/** How many steps were applied, when they are the first ones of ours. */
function verify(
  applied: readonly MigrationRow[],
  steps: readonly { readonly name: string; readonly checksum: string }[],
  store: string,
): number {
  const wrong = applied.find(({ name, checksum }, i) => steps[i]?.name !== name || steps[i].checksum !== checksum);
  if (wrong === undefined) return applied.length;
  const known = steps.map(({ name }) => name).join(", ");
  throw new ModelwrightError(
    "STORE_SCHEMA",
    `${store} has the schema step ${wrong.name} (${wrong.checksum}), which is not the one of this release (${known}); ` +
      "use the release that wrote the database, or a newer one",
    { details: { store, found: applied.map(({ name }) => name).join(", "), known } },
  );
}
