import { type Issue, ModelwrightError } from "../core/errors.ts";
import type { JsonValue } from "../core/json.ts";
import { invalidInput, validate } from "../core/schema.ts";
import { encodeValue } from "./encode-value.ts";
import { encodeKey } from "./entity-key.ts";
import type { FeatureWrite } from "./feature-row.ts";
import type { FeatureView } from "./feature-view.ts";
import type { OnlineRow } from "./port.ts";

/** Problems that an error lists; a large batch may have one in every row. */
const MAX_ISSUES = 100;

/**
 * The rows as the store takes them: validated, and their values encoded.
 *
 * @param nowUs - when they are made, and the event time of those that have none, microseconds since the epoch
 * @throws a {@link ModelwrightError} with code `INPUT_INVALID` that names every row and feature at fault, up to 100 of them
 */
export function toOnlineRows(view: FeatureView, rows: readonly FeatureWrite<unknown>[], nowUs: number): OnlineRow[] {
  const issues: Issue[] = [];
  const answer: OnlineRow[] = [];
  for (const [i, { key, eventAtUs = nowUs, values }] of rows.entries()) {
    const before = issues.length;
    const text = collect(issues, [i, "key"], () => encodeKey(key, "key"));
    if (!Number.isSafeInteger(eventAtUs)) {
      issues.push({ path: [i, "eventAtUs"], message: `expected whole microseconds since the epoch, but got ${eventAtUs}` });
    }
    const encoded = encodeRow(view, values, [i, "values"], issues);
    if (issues.length > before) continue;
    answer.push({ view: view.name, key: text!, eventAtUs, createdAtUs: nowUs, values: encoded });
  }
  if (issues.length === 0) return answer;
  const listed = issues.slice(0, MAX_ISSUES);
  if (issues.length > MAX_ISSUES) listed.push({ path: [], message: `and ${issues.length - MAX_ISSUES} more` });
  throw invalidInput(`A batch of ${rows.length} rows for feature view ${view.name}`, listed);
}

/** The features of the row; a member that is no feature of the view, or undefined, is not stored. */
function encodeRow(view: FeatureView, given: unknown, path: Issue["path"], issues: Issue[]): Record<string, JsonValue> {
  const before = issues.length;
  const row = collect(issues, path, () => validate(view.schema, given, "row"));
  const encoded: [string, JsonValue][] = [];
  if (typeof row !== "object" || row === null) {
    if (issues.length === before) issues.push({ path, message: "expected the schema to yield an object" });
    return {};
  }
  for (const feature of view.features) {
    const value = Object.hasOwn(row, feature) ? row[feature as keyof typeof row] : undefined;
    if (value === undefined) continue;
    const json = collect(issues, [...path, feature], () => encodeValue(value));
    if (json !== undefined) encoded.push([feature, json]);
  }
  return Object.fromEntries(encoded);
}

/** Runs `work`; the issues of an `INPUT_INVALID` error are added under `path`. */
function collect<T>(issues: Issue[], path: Issue["path"], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!ModelwrightError.is(error, "INPUT_INVALID")) throw error;
    issues.push(...error.details.issues.map((issue) => ({ path: [...path, ...issue.path], message: issue.message })));
    return undefined;
  }
}
