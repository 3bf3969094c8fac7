import type { Kysely } from "kysely";
import type { CheckedPrediction } from "../../monitoring/rules/predictions.ts";
import { dialectOf } from "./portable.ts";
import { type Prepared, prepared } from "./prepared.ts";
import { preparedList } from "./prepared-lists.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

/** Adds predictions within a transaction and answers how many were new. No id may come twice. */
type PredictionWriter = (db: Db, model: string, predictions: readonly CheckedPrediction[]) => Promise<number>;

/** Most rows in one statement; sizes are powers of two up to here, so that few texts are compiled and prepared. */
const MAX_ROWS = 256;

const COLUMNS = ["model", "at", "id", "version", "segment", "output"] as const;

/**
 * A writer that counts each new id once, also when several connections add it at once: a statement waits for ids that others are
 * inserting, passes over those that are there, and answers the others.
 */
export function predictionWriter(): PredictionWriter {
  const bySize = new Map<number, Prepared<{ readonly id: string }>>();
  const stored = preparedList((db, ids, p) =>
    db.selectFrom("modelwright_predictions").select("id").where("model", "=", p("model")).where("id", "in", ids),
  );

  const insert = async (db: Db, model: string, batch: readonly CheckedPrediction[]): Promise<ReadonlySet<string>> => {
    const size = 2 ** Math.ceil(Math.log2(batch.length));
    const statement = bySize.get(size) ?? insertMissing(size);
    bySize.set(size, statement);
    const values: unknown[] = [];
    for (let i = 0; i < size; i++) {
      // The last one fills the places that are left: it is passed over there.
      const { at, id, version, segment, output } = batch[Math.min(i, batch.length - 1)]!;
      values.push(model, at, id, version, segment, output);
    }
    // Parameters are named by their positions: an array is filled faster than an object of as many names.
    const added = await statement(db, values as unknown as Readonly<Record<string, unknown>>);
    return new Set(added.map(({ id }) => id));
  };

  return async (db, model, predictions) => {
    // In one order, so that two writers of the same ids wait for each other instead of locking each other out.
    const sorted = predictions.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    let count = 0;
    for (let from = 0; from < sorted.length; from += MAX_ROWS) {
      const batch = sorted.slice(from, from + MAX_ROWS);
      const added = await insert(db, model, batch);
      count += added.size;
      if (added.size < batch.length && dialectOf(db) === "mariadb") {
        const passedOver = batch.filter(({ id }) => !added.has(id)).map(({ id }) => id);
        const found = await stored(db, passedOver, { model });
        if (new Set(found.map(({ id }) => id)).size < passedOver.length) throw new Error("predictions were passed over");
      }
    }
    return count;
  };
}

function insertMissing(size: number): Prepared<{ readonly id: string }> {
  return prepared((db, p) => {
    const rows = Array.from({ length: size }, (_, i) =>
      Object.fromEntries(COLUMNS.map((column, j) => [column, p(`${i * COLUMNS.length + j}`)])),
    );
    const insert = db.insertInto("modelwright_predictions").values(rows as never);
    // MariaDB does not tell which rows `on duplicate key update` has inserted. `ignore` passes over other failures as well, which is why
    // the writer asks whether what was passed over is there; no value is changed, since all are checked before.
    const missing = dialectOf(db) === "mariadb" ? insert.ignore() : insert.onConflict((conflict) => conflict.doNothing());
    return missing.returning("id");
  });
}
