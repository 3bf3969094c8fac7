import type { Kysely } from "kysely";
import type { PredictionPage } from "../../monitoring/port.ts";
import { type CheckedQuery, cursorOf } from "../../monitoring/rules/prediction-query.ts";
import { PREDICTION_COLUMNS, type StoredPrediction, toPrediction } from "./monitoring-rows.ts";
import { type Prepared, prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";

/** What a statement asks for: predictions of a range of times, or of one time behind an id; and which of them. */
interface Shape extends Pick<CheckedQuery, "labelled"> {
  readonly range: "times" | "ids";
  readonly version: boolean;
  readonly segment: boolean;
}

/** Reads pages of predictions, each as one range of the primary key, or as two behind a cursor. */
export function predictionPages() {
  const byShape = new Map<string, Prepared<StoredPrediction>>();
  const selectOf = (shape: Shape): Prepared<StoredPrediction> => {
    const key = JSON.stringify(shape);
    const select = byShape.get(key) ?? selectPage(shape);
    byShape.set(key, select);
    return select;
  };

  return async (db: Kysely<Tables>, model: string, query: CheckedQuery): Promise<PredictionPage> => {
    const { from, to, version, segment, labelled, limit, after } = query;
    const shape = { labelled, version: version !== undefined, segment: segment !== undefined };
    const values = { model, to, version, segment };
    const rows: StoredPrediction[] = [];
    // One condition for both ranges would be a range of the index to some databases only.
    if (after !== undefined && after.at >= from && after.at < to) {
      const sameTime = selectOf({ range: "ids", ...shape });
      rows.push(...(await sameTime(db, { ...values, at: after.at, id: after.id, limit: limit + 1 })));
    }
    if (rows.length <= limit) {
      const start = after === undefined ? from : Math.max(from, after.at + 1);
      const later = selectOf({ range: "times", ...shape });
      rows.push(...(await later(db, { ...values, from: start, limit: limit + 1 - rows.length })));
    }
    const predictions = rows.slice(0, limit).map(toPrediction);
    return { predictions, next: rows.length > limit ? cursorOf(predictions.at(-1)!) : undefined };
  };
}

function selectPage({ range, version, segment, labelled }: Shape): Prepared<StoredPrediction> {
  return prepared<StoredPrediction>((db, p) => {
    let rows = db.selectFrom("modelwright_predictions").select(PREDICTION_COLUMNS).where("model", "=", p("model"));
    if (range === "ids") rows = rows.where("at", "=", p("at")).where("id", ">", p("id"));
    else rows = rows.where("at", ">=", p("from")).where("at", "<", p("to"));
    if (version) rows = rows.where("version", "=", p("version"));
    if (segment) rows = rows.where("segment", "=", p("segment"));
    if (labelled !== undefined) rows = rows.where("label", labelled ? "is not" : "is", null);
    return rows.orderBy("at").orderBy("id").limit(p("limit")) as never;
  });
}
