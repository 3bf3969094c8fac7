import { isBytes } from "../core/chunks.ts";
import { isDigest } from "../core/digest.ts";
import { ModelwrightError } from "../core/errors.ts";
import { canonicalJson, type JsonValue, jsonText } from "../core/json.ts";
import { invalidInput } from "../core/schema.ts";
import type { FileContent } from "../storage/stored-files.ts";
import { Issues, isArtifactPath, LIMITS } from "./limits.ts";
import type { MetricEntry, RunBatch, RunDataset } from "./port.ts";

/**
 * The value of a param. It is kept as text: text as it is; numbers as ECMAScript prints them (`0.001`, `1e-7`, `NaN`), `true` and `false`;
 * null, arrays and objects as JSON with sorted members, so that equal ones are equal texts.
 */
export type ParamValue = JsonValue;

/** A value of a metric to be logged. */
export interface MetricInput {
  /** 1 to 250 characters. */
  readonly key: string;
  /** NaN and infinities are data. */
  readonly value: number;
  /** A safe integer. @defaultValue that of the whole log, or 0 */
  readonly step?: number | undefined;
  /** Milliseconds since the epoch. @defaultValue that of the whole log, or now */
  readonly at?: number | undefined;
}

/** Data that a run uses. */
export interface DatasetInput {
  /** 1 to 250 characters. */
  readonly name: string;
  /** What tells this content from any other, for example a SHA-256 digest; 1 to 128 characters. */
  readonly digest: string;
  /** For example `training`; at most 128 characters. @defaultValue "" */
  readonly context?: string | undefined;
  /** Where the data comes from, its schema, its profile; at most 1 Mi characters of JSON. @defaultValue null */
  readonly source?: JsonValue | undefined;
}

/**
 * What is logged in one step. At most 1000 metrics and 100 of each other kind; keys of 1 to 250 characters. Text has no NUL characters
 * and no lone surrogates.
 */
export interface RunLog {
  /** By name, or one by one. */
  readonly metrics?: Readonly<Record<string, number>> | readonly MetricInput[] | undefined;
  /** Of the metrics that do not say theirs, a safe integer. @defaultValue 0 */
  readonly step?: number | undefined;
  /** Of the metrics that do not say theirs, milliseconds since the epoch. @defaultValue now */
  readonly at?: number | undefined;
  /** Write-once; at most 6000 characters as text. */
  readonly params?: Readonly<Record<string, ParamValue>> | undefined;
  /** At most 8000 characters; null removes a tag. */
  readonly tags?: Readonly<Record<string, string | null>> | undefined;
  readonly datasets?: readonly DatasetInput[] | undefined;
  /** Files by relative path, `/` between its parts, at most 512 characters. One with the same path replaces the earlier one. */
  readonly artifacts?: Readonly<Record<string, FileContent>> | undefined;
}

const members = ["metrics", "step", "at", "params", "tags", "datasets", "artifacts"] satisfies readonly (keyof RunLog)[];

/**
 * The batch that a log is, and the files that it brings.
 *
 * @param now - milliseconds since the epoch
 * @throws a `ModelwrightError` with code `INPUT_INVALID` that lists every issue
 */
export function parseLog(
  log: RunLog,
  now: number,
): { readonly batch: Omit<RunBatch, "artifacts">; readonly files: Readonly<Record<string, FileContent>> } {
  const issues = new Issues();
  const given: RunLog = isRecord(log) ? log : {};
  if (!isRecord(log)) issues.add([], "expected an object");
  for (const member of Object.keys(given)) {
    if (!members.some((known) => known === member)) issues.add([member], `expected one of ${members.join(", ")}`);
  }
  const { step = 0, at = Math.floor(now) } = given;
  const batch = {
    metrics: parseMetrics(given.metrics, { step, at }, issues),
    params: parseParams(given.params, issues),
    tags: parseTags(given.tags, issues),
    datasets: parseDatasets(given.datasets, issues),
  };
  const files = parseFiles(given.artifacts, issues);
  if (issues.all.length > 0) throw invalidInput("What is logged", issues.all);
  return { batch, files };
}

function parseMetrics(
  given: RunLog["metrics"],
  defaults: { readonly step: number; readonly at: number },
  issues: Issues,
): readonly MetricEntry[] {
  const listed = isList(given);
  const inputs = listed ? given : entriesOf(given, "metrics", issues).map(toInput);
  if (!fits(inputs, "metrics", issues)) return [];
  // Unlike `map`, not past the holes of an array.
  return Array.from(inputs, (input, i) => {
    const { key, value, step = defaults.step, at = defaults.at } = Object(input) as MetricInput;
    const path = ["metrics", listed ? i : key];
    issues.text(path, key, 1, LIMITS.key);
    if (typeof value !== "number") issues.add(path, `expected a number, but got ${value === null ? "null" : typeof value}`);
    if (!Number.isSafeInteger(step)) issues.add(path, "expected a step that is a safe integer");
    if (!Number.isSafeInteger(at)) issues.add(path, "expected a time that is an integer of milliseconds since the epoch");
    return { key, value: value === 0 ? 0 : value, step: step === 0 ? 0 : step, at };
  });
}

function toInput([key, value]: readonly [string, number]): MetricInput {
  return { key, value };
}

/** @throws nothing; what is wrong is added to the issues */
export function parseParams(given: RunLog["params"], issues: Issues): Readonly<Record<string, string>> {
  const entries = entriesOf(given, "params", issues);
  if (!fits(entries, "params", issues)) return {};
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const path = ["params", key];
      issues.text(path, key, 1, LIMITS.key);
      const text = attempt(path, issues, () => paramText(value)) ?? "";
      issues.text(path, text, 0, LIMITS.param);
      return [key, text];
    }),
  );
}

/** The text that a param is kept as. */
function paramText(value: ParamValue): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : canonicalJson(value);
}

/** @throws nothing; what is wrong is added to the issues */
export function parseTags(given: RunLog["tags"], issues: Issues): Readonly<Record<string, string | null>> {
  const entries = entriesOf(given, "tags", issues);
  if (!fits(entries, "tags", issues)) return {};
  for (const [key, value] of entries) {
    issues.text(["tags", key], key, 1, LIMITS.key);
    if (value !== null) issues.text(["tags", key], value, 0, LIMITS.tag);
  }
  return Object.fromEntries(entries);
}

function parseDatasets(given: RunLog["datasets"], issues: Issues): readonly RunDataset[] {
  if (given !== undefined && !Array.isArray(given)) issues.add(["datasets"], "expected an array");
  const inputs: readonly DatasetInput[] = Array.isArray(given) ? given : [];
  if (!fits(inputs, "datasets", issues)) return [];
  return Array.from(inputs, (input, i) => {
    const { name, digest, context = "", source = null } = Object(input) as DatasetInput;
    const path = ["datasets", i];
    issues.text([...path, "name"], name, 1, LIMITS.key);
    issues.text([...path, "digest"], digest, 1, LIMITS.label);
    issues.text([...path, "context"], context, 0, LIMITS.label);
    const text = attempt([...path, "source"], issues, () => jsonText(source, "The source of a data set")) ?? "null";
    const fit = text.length <= LIMITS.source;
    if (!fit) issues.add([...path, "source"], `expected at most ${LIMITS.source} characters of JSON, but got ${text.length}`);
    return { name, digest, context, source: fit ? (JSON.parse(text) as JsonValue) : null };
  });
}

function parseFiles(given: RunLog["artifacts"], issues: Issues): Readonly<Record<string, FileContent>> {
  const entries = entriesOf(given, "artifacts", issues);
  if (!fits(entries, "artifacts", issues)) return {};
  for (const [path, content] of entries) {
    if (!isArtifactPath(path)) issues.add(["artifacts", path], "expected a relative path such as plots/roc.svg");
    if (!isContent(content)) issues.add(["artifacts", path], "expected a Uint8Array, an async iterable of them or { digest }");
  }
  return Object.fromEntries(entries);
}

function entriesOf<T>(given: Readonly<Record<string, T>> | undefined, kind: string, issues: Issues): readonly [string, T][] {
  if (given === undefined) return [];
  if (isRecord(given)) return Object.entries(given);
  issues.add([kind], "expected an object");
  return [];
}

/** Refuses what is too long before every item is looked at. */
function fits(
  items: readonly unknown[],
  kind: "metrics" | "params" | "tags" | "datasets" | "artifacts",
  issues: Issues,
): boolean {
  const most = LIMITS[kind];
  if (items.length <= most) return true;
  const advice = kind === "metrics" ? "; logHistory sends any number, batch by batch" : "; send several batches";
  issues.add([kind], `expected at most ${most} in one batch, which is stored as a whole, but got ${items.length}${advice}`);
  return false;
}

/** What the work answers; undefined when the value has no JSON form, which becomes an issue. */
function attempt(path: readonly (string | number)[], issues: Issues, work: () => string): string | undefined {
  try {
    return work();
  } catch (error) {
    if (!ModelwrightError.is(error, "INPUT_INVALID")) throw error;
    for (const issue of error.details.issues) issues.add([...path, ...issue.path], issue.message);
    return undefined;
  }
}

function isContent(value: unknown): boolean {
  return (
    isBytes(value) ||
    isDigest((value as { digest?: string } | null | undefined)?.digest ?? "") ||
    typeof (value as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] === "function"
  );
}

function isList(metrics: RunLog["metrics"]): metrics is readonly MetricInput[] {
  return Array.isArray(metrics);
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
