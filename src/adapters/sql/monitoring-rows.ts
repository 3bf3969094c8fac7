import type { LoggedPrediction, PredictionLabel } from "../../monitoring/port.ts";
import { isLabel, isOutput } from "../../monitoring/rules/predictions.ts";
import { damaged, storedValue } from "./stored-json.ts";
import { toInteger, toIntegerOrNull } from "./tracking-values.ts";

/** The columns of a prediction that is read. */
export const PREDICTION_COLUMNS = ["at", "id", "version", "segment", "output", "label", "labelled_at"] as const;

/** What they hold. */
export interface StoredPrediction {
  readonly at: number;
  readonly id: string;
  readonly version: string;
  readonly segment: string | null;
  readonly output: string;
  readonly label: string | null;
  readonly labelled_at: number | null;
}

/** The prediction of a row. @throws a `TypeError` for a row that no store has written */
export function toPrediction(row: StoredPrediction): LoggedPrediction {
  const output = storedValue(row.output, "a stored prediction");
  if (!isOutput(output)) throw damaged("a stored prediction");
  return {
    id: row.id,
    version: row.version,
    at: toInteger(row.at),
    segment: row.segment,
    output,
    label: row.label === null ? null : toLabel(row.label),
    labelledAt: toIntegerOrNull(row.labelled_at),
  };
}

function toLabel(text: string): PredictionLabel {
  const label = storedValue(text, "a stored label");
  if (!isLabel(label)) throw damaged("a stored label");
  return label;
}
