/**
 * Filters and orders of searches: as text, by a typed builder, and checked.
 *
 * @module modelwright/search
 */

export { checkQuery } from "./check-query.ts";
export type { SearchableFields, SearchEntity, TieBreak } from "./fields.ts";
export {
  type AttributeFilters,
  type ExperimentFilterBuilder,
  experimentFilter,
  type FieldFilters,
  type ModelFilterBuilder,
  modelFilter,
  type RunFilterBuilder,
  runFilter,
  type TextFilters,
  type VersionFilterBuilder,
  versionFilter,
} from "./filter.ts";
export type { AttributeOf, SearchKind } from "./kinds.ts";
export { type Searchable, searchArray } from "./match.ts";
export { parseFilter, parseOrder } from "./parse.ts";
export type { Filter, Page, SearchField, SearchOrder, SearchQuery, SearchValue } from "./port.ts";
