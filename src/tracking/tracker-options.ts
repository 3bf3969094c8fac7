import * as z from "zod";
import type { CallOptions } from "../core/call.ts";
import { port } from "../core/options.ts";
import { invalidInput } from "../core/schema.ts";
import type { Filter, SearchOrder } from "../search/port.ts";
import type { BlobStore } from "../storage/port.ts";
import { Issues, isStorable, isTime, LIMITS } from "./limits.ts";
import type { RunDraft, RunStatus, TrackingStore } from "./port.ts";
import { type ParamValue, parseParams, parseTags } from "./run-log.ts";

/** Options of {@link ExperimentTracker}. The stores are borrowed: closing the tracker leaves them open. */
export interface ExperimentTrackerOptions {
  readonly store: TrackingStore;
  /** Where artifacts go. Give a registry the same ones to register them as they are. */
  readonly blobs: BlobStore;
  /** Who runs are made by unless they say so, 1 to 250 characters. @defaultValue nobody is named */
  readonly actor?: string | undefined;
}

/** A run to be started. Text has no NUL characters and no lone surrogates. */
export interface RunOptions {
  /** 1 to 250 characters. @defaultValue `run-` and the end of its id */
  readonly name?: string | undefined;
  /** Write-once; at most 100, more can be logged later. */
  readonly params?: Readonly<Record<string, ParamValue>> | undefined;
  /** At most 100, more can be set later. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** `scheduled` for a run that is resumed later. @defaultValue "running" */
  readonly status?: "running" | "scheduled" | undefined;
  /** Who makes it, 1 to 250 characters. @defaultValue the tracker's own `actor` */
  readonly createdBy?: string | undefined;
  /** Milliseconds since the epoch. @defaultValue now */
  readonly startedAt?: number | undefined;
}

/** A run to be started in an experiment. */
export interface StartRunOptions extends RunOptions {
  /** Name or id. One with a new name is made. */
  readonly experiment: string;
  /** Id of a run of the same experiment that this one is a part of. @defaultValue none */
  readonly parent?: string | undefined;
}

/** How {@link ExperimentTracker.search} and the search of experiments read. */
export interface TrackingSearchOptions {
  /** As text, for example `metrics.auc > 0.9 AND tags.team = 'risk'`, or as an object. @defaultValue every one */
  readonly filter?: string | Filter | undefined;
  /** As text, for example `metrics.auc DESC, started_at`, or as keys. @defaultValue the newest first */
  readonly orderBy?: string | readonly SearchOrder[] | undefined;
  /** What becomes of those that were deleted. @defaultValue "exclude" */
  readonly deleted?: "exclude" | "include" | "only" | undefined;
  /** Records read at once, 1 to 1000. @defaultValue 100 */
  readonly pageSize?: number | undefined;
  /** Most records to answer in all. @defaultValue all of them */
  readonly limit?: number | undefined;
}

/** How {@link ExperimentTracker.search} reads. */
export interface RunSearchOptions extends TrackingSearchOptions {
  /** Names or ids, at most 1000. @defaultValue every experiment, also the deleted ones */
  readonly experiments?: readonly string[] | undefined;
}

/** Which run {@link ExperimentTracker.best} looks for. */
export interface BestRunOptions {
  /** Name or id. */
  readonly experiment: string;
  readonly metric: string;
  /** Which way the metric is better. */
  readonly direction: "maximize" | "minimize";
  /** As {@link TrackingSearchOptions.filter}, for example `status = 'finished'`. @defaultValue every run */
  readonly filter?: string | Filter | undefined;
}

/** How a run ends. */
export interface EndRunOptions extends CallOptions {
  /** Milliseconds since the epoch. @defaultValue now */
  readonly endedAt?: number | undefined;
}

const name = z.string().min(1).max(LIMITS.key).refine(isStorable, "expected text without NUL characters and lone surrogates");

export const trackerSchema = z.strictObject({
  store: port<TrackingStore>("tracking/1"),
  blobs: port<BlobStore>("blob/1"),
  actor: name.optional(),
});

const searchShape = {
  filter: z.custom<string | Filter>().optional(),
  orderBy: z.custom<string | readonly SearchOrder[]>().optional(),
  deleted: z.enum(["exclude", "include", "only"]).default("exclude"),
  pageSize: z.number().int().min(1).max(1000).default(100),
  limit: z.number().int().min(1).optional(),
};

export const experimentSearchSchema = z.strictObject(searchShape);

export const runSearchSchema = z.strictObject({ ...searchShape, experiments: z.array(z.string()).max(1000).optional() });

export const bestSchema = z.strictObject({
  experiment: z.string(),
  metric: name,
  direction: z.enum(["maximize", "minimize"]),
  filter: z.custom<string | Filter>().optional(),
});

export const sampleSchema = z.strictObject({ buckets: z.number().int().min(1).max(10_000).default(200) });

export const purgeSchema = z.strictObject({ deletedBefore: z.number() });

const runMembers = ["name", "params", "tags", "status", "createdBy", "startedAt"] satisfies readonly (keyof RunOptions)[];
const startMembers = ["experiment", "parent", ...runMembers] satisfies readonly (keyof StartRunOptions)[];

/**
 * The draft that options describe, but for its place.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` that lists every issue
 */
export function parseRun(
  given: RunOptions | StartRunOptions,
  { id, now, actor }: { readonly id: string; readonly now: number; readonly actor: string | undefined },
): Omit<RunDraft, "experimentId" | "parentId"> {
  const issues = new Issues();
  if (typeof given !== "object" || given === null) throw invalidInput("The run", [{ path: [], message: "expected an object" }]);
  for (const member of Object.keys(given)) {
    if (!startMembers.some((known) => known === member)) issues.add([member], `expected one of ${startMembers.join(", ")}`);
  }
  const { name = `run-${id.slice(-8)}`, status = "running", createdBy = actor, startedAt = now } = given;
  issues.text(["name"], name, 1, LIMITS.key);
  if (createdBy !== undefined) issues.text(["createdBy"], createdBy, 1, LIMITS.key);
  if (status !== "running" && status !== "scheduled") issues.add(["status"], "expected running or scheduled");
  if (!isTime(startedAt)) issues.add(["startedAt"], "expected an integer of milliseconds since the epoch, of a date");
  const params = parseParams(given.params, issues);
  const tags = parseTags(given.tags, issues);
  for (const [key, value] of Object.entries(tags)) if (value === null) issues.add(["tags", key], "expected text, but got null");
  if (issues.all.length > 0) throw invalidInput("The run", issues.all);
  return { id, name, status, createdBy: createdBy ?? null, startedAt, params, tags: tags as RunDraft["tags"] };
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless the text may name an experiment or a run */
export function assertNameOf(subject: string, text: string): void {
  const issues = new Issues();
  issues.text(["name"], text, 1, LIMITS.key);
  if (issues.all.length > 0) throw invalidInput(subject, issues.all);
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless it is a status that a run ends with */
export function assertEnd(status: RunStatus): void {
  if (status === "finished" || status === "failed" || status === "killed") return;
  throw invalidInput("The end of a run", [{ path: ["status"], message: "expected finished, failed or killed" }]);
}
