import { invalidModel } from "./invalid-model.ts";
import type { OnnxModelInfo } from "./read-model.ts";

/** Key of the metadata entry that holds the feature columns, as a JSON array of strings. */
export const columnsKey = "modelwright.columns";

/**
 * The names of the feature columns, in the order of the model's `features` input, that the writers of this module record; undefined
 * for a model that records none.
 *
 * @throws a `ModelwrightError` with code `MODEL_INVALID` when the entry is there but is no list of distinct names: to guess the
 * order of columns would give wrong answers without a sign
 */
export function modelColumns(info: Pick<OnnxModelInfo, "metadata">): readonly string[] | undefined {
  const text = info.metadata[columnsKey];
  if (text === undefined) return undefined;
  const columns = parsed(text);
  const named = Array.isArray(columns) && columns.every((name) => typeof name === "string" && name !== "");
  if (named && new Set(columns).size === columns.length) return columns;
  throw invalidModel(`its metadata entry ${columnsKey} is not a JSON array of distinct names`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidModel(`its metadata entry ${columnsKey} is not JSON`, error);
  }
}
