import * as z from "zod";
import { isLabel } from "../core/model.ts";
import type { Filter, SearchOrder } from "../search/port.ts";

/** How {@link ModelRegistry.search} and {@link ModelRegistry.models} read. */
export interface SearchOptions {
  /** As text, for example `metrics.auc DESC, version`, or as keys. @defaultValue the natural order */
  readonly orderBy?: string | readonly SearchOrder[] | undefined;
  /** Records read at once, 1 to 1000. @defaultValue 100 */
  readonly pageSize?: number | undefined;
  /** Most records to answer in all. @defaultValue all of them */
  readonly limit?: number | undefined;
}

/** Which versions {@link ModelRegistry.list} answers. */
export interface ListOptions {
  /** Name of the model. @defaultValue every model */
  readonly name?: string | undefined;
  /** @defaultValue every stage */
  readonly stage?: string | undefined;
  /** Versions read at once, 1 to 1000. @defaultValue 100 */
  readonly pageSize?: number | undefined;
}

/** Options of {@link ModelRegistry.productionAt}. */
export interface ProductionAtOptions {
  /** An exclusive stage. @defaultValue "production" */
  readonly stage?: string | undefined;
}

/** Which stage events {@link ModelRegistry.history} answers. */
export interface HistoryOptions {
  readonly version?: number | undefined;
  /** Only events that lead into or out of this stage. */
  readonly stage?: string | undefined;
  /** @defaultValue "asc", the oldest first */
  readonly direction?: "asc" | "desc" | undefined;
}

const pageSize = z.number().int().min(1).max(1000).default(100);

export const searchSchema = z.strictObject({
  orderBy: z.custom<string | readonly SearchOrder[]>().optional(),
  pageSize,
  limit: z.number().int().min(1).optional(),
});

export const listSchema = z.strictObject({ name: z.string().optional(), stage: z.string().optional(), pageSize });

export const historySchema = z.strictObject({
  version: z.number().int().min(1).optional(),
  stage: z.string().refine(isLabel, "expected a stage").optional(),
  direction: z.enum(["asc", "desc"]).default("asc"),
});

/** The furthest from the epoch that a `Date` can be, ms. */
const MAX_TIME = 8.64e15;

/** What {@link ModelRegistry.productionAt} asks for beside the name. */
export const momentSchema = z.object({
  at: z.number().min(-MAX_TIME).max(MAX_TIME).transform(Math.floor),
  stage: z.string().refine(isLabel, "expected a stage"),
});

/** The condition that a listing's options are. */
export function listFilter({ name, stage }: ListOptions): Filter | undefined {
  const of: Filter[] = [];
  if (name !== undefined) of.push({ op: "=", field: { entity: "attribute", key: "name" }, value: name });
  if (stage !== undefined) of.push({ op: "=", field: { entity: "attribute", key: "stage" }, value: stage });
  return of.length === 0 ? undefined : { op: "and", of };
}
