import { type Compilable, type Kysely, sql } from "kysely";
import type { LabelOutcome, LoggedPrediction, NewLabel } from "../../monitoring/port.ts";
import { isTaken, labelOutcome } from "../../monitoring/rules/label-outcome.ts";
import { PREDICTION_COLUMNS, type StoredPrediction, toPrediction } from "./monitoring-rows.ts";
import { dialectOf, locked } from "./portable.ts";
import { preparedList } from "./prepared-lists.ts";
import type { Tables } from "./tables.ts";
import { upsertRows } from "./tracking-writes.ts";

type Db = Kysely<Tables>;

/** Joins labels to predictions within a transaction. */
type LabelWriter = (db: Db, model: string, labels: readonly NewLabel[], windowMs: number) => Promise<readonly LabelOutcome[]>;

/** A writer of labels: a statement reads and locks 128 predictions, another one writes those that have changed. */
export function labelWriter(): LabelWriter {
  const select = preparedList<StoredPrediction>((db, ids, p) =>
    dialectOf(db) === "postgres" ? selectEach(db, ids, p("model")) : selectAll(db, ids, p("model")),
  );
  // With all columns, since a row that could be inserted is asked for, though each is there and locked.
  const write = upsertRows(
    "modelwright_predictions",
    ["model", "at", "id"],
    ["version", "segment", "output", "label", "labelled_at"],
  );
  return async (db, model, labels, windowMs) => {
    // In one order, in which they are locked, so that two writers wait for each other instead of locking each other out.
    const ids = [...new Set(labels.map(({ id }) => id))].sort();
    const known = new Map<string, LoggedPrediction>();
    for (const row of await select(db, ids, { model })) known.set(row.id, toPrediction(row));
    const changed = new Set<string>();
    const outcomes = labels.map((label) => {
      const prediction = known.get(label.id);
      const outcome = labelOutcome(prediction, label, windowMs);
      if (prediction !== undefined && isTaken(outcome)) {
        known.set(label.id, { ...prediction, label: label.label, labelledAt: label.at });
        changed.add(label.id);
      }
      return outcome;
    });
    const rows = [...changed].map((id) => {
      const { at, version, segment, output, label, labelledAt } = known.get(id)!;
      return [model, at, id, version, segment, JSON.stringify(output), JSON.stringify(label), labelledAt];
    });
    await write(db, rows);
    return outcomes;
  };
}

function selectAll(db: Db, ids: readonly never[], model: never): Compilable<StoredPrediction> {
  const rows = db
    .selectFrom("modelwright_predictions")
    .select(PREDICTION_COLUMNS)
    .where("model", "=", model)
    .where("id", "in", ids)
    .orderBy("id");
  return locked(rows) as never;
}

/**
 * One search of the index for each id. PostgreSQL would rather compare all predictions of a model with all ids, while it does not know
 * yet how many there are.
 */
function selectEach(db: Db, ids: readonly never[], model: never): Compilable<StoredPrediction> {
  const wanted = sql<{ readonly id: string }>`(values ${sql.join(ids.map((id) => sql`(${id})`))})`.as<"wanted">(sql`wanted(id)`);
  return db
    .selectFrom(wanted)
    .innerJoinLateral(
      (query) =>
        query
          .selectFrom("modelwright_predictions as stored")
          .select(PREDICTION_COLUMNS)
          .where("stored.model", "=", model)
          .whereRef("stored.id", "=", "wanted.id")
          .limit(sql.lit(1))
          .forUpdate()
          .as("found"),
      (join) => join.onTrue(),
    )
    .selectAll("found") as never;
}
