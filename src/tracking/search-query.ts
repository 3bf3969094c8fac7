import { checkQuery, parseFilter, parseOrder } from "../search/index.ts";
import type { Filter, SearchQuery } from "../search/port.ts";
import type { TrackingSearchOptions } from "./tracker-options.ts";

const DELETED: Filter = { op: "exists", field: { entity: "attribute", key: "deleted_at" } };

/**
 * The query that options are, with a condition on what was deleted.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` that says where the filter or the order is wrong
 */
export function searchQuery(
  {
    filter,
    orderBy,
    deleted,
    pageSize,
  }: Required<Pick<TrackingSearchOptions, "deleted" | "pageSize">> & Pick<TrackingSearchOptions, "filter" | "orderBy">,
  kind: "runs" | "experiments",
): SearchQuery {
  const of: Filter[] = [];
  if (deleted === "exclude") of.push({ op: "not", of: DELETED });
  if (deleted === "only") of.push(DELETED);
  const given = typeof filter === "string" ? parseFilter(filter, kind) : filter;
  if (given !== undefined) of.push(given);
  return checkQuery({
    where: of.length === 0 ? undefined : { op: "and", of },
    orderBy: typeof orderBy === "string" ? parseOrder(orderBy, kind) : orderBy,
    limit: pageSize ?? 100,
  });
}
