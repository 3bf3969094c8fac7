import type { LoggedPrediction, PredictionQuery } from "../port.ts";
import { assertText, assertTime, refused } from "./assert-text.ts";

/** Most predictions of a page. */
const MAX_LIMIT = 10_000;

/** Where a prediction stands in the order of pages. */
export type PredictionPlace = Pick<LoggedPrediction, "at" | "id">;

/** A query with its cursor read. */
export interface CheckedQuery extends Omit<PredictionQuery, "cursor"> {
  /** Behind which prediction the page begins. */
  readonly after: PredictionPlace | undefined;
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` for a query or a model that is not as the port says */
export function checkQuery(
  model: string,
  { from, to, version, segment, labelled, limit, cursor }: PredictionQuery,
): CheckedQuery {
  const subject = "query of predictions";
  assertText(model, "model", subject);
  assertTime(from, subject, ["from"]);
  assertTime(to, subject, ["to"]);
  if (version !== undefined) assertText(version, "version", subject);
  if (segment !== undefined) assertText(segment, "segment", subject);
  if (labelled !== undefined && typeof labelled !== "boolean") throw refused(subject, ["labelled"], "expected true or false");
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw refused(subject, ["limit"], `expected a whole number from 1 to ${MAX_LIMIT}, but got ${String(limit)}`);
  }
  const after = cursor === undefined ? undefined : placeOf(cursor);
  return { from, to, version, segment, labelled, limit, after };
}

/** A place as text, from which a page goes on. */
export function cursorOf({ at, id }: PredictionPlace): string {
  return `${at}/${id}`;
}

function placeOf(cursor: string): PredictionPlace {
  const [, at = "", id = ""] = /^(-?\d+)\/(.+)$/su.exec(cursor) ?? [];
  const place = { at: Number(at), id };
  const known = Number.isSafeInteger(place.at) && id.length <= 128 && !/\0|\p{Surrogate}/u.test(id) && cursorOf(place) === cursor;
  if (!known) throw refused("query of predictions", ["cursor"], "expected `next` of the page before");
  return place;
}
