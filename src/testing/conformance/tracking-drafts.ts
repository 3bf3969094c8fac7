import type { Digest } from "../../core/digest.ts";
import { uuidv7Generator } from "../../core/ids.ts";
import type { Page, SearchQuery } from "../../search/port.ts";
import type {
  ExperimentRecord,
  MetricEntry,
  MetricPoint,
  RunBatch,
  RunDraft,
  RunRecord,
  TrackingStore,
} from "../../tracking/port.ts";

export const nextId = uuidv7Generator();

/** When drafts are made unless a test says otherwise, ms. */
export const START = 1_700_000_000_000;

/** A digest that begins with these hexadecimal digits. */
export function digestOf(digits: string): Digest {
  return `sha256:${digits.padEnd(64, "0")}`;
}

/** Texts that are ordinary names, and that careless stores mistake for each other or for something else. */
export const hostileTexts: readonly string[] = [
  "__proto__",
  "constructor",
  "toString",
  "a/b",
  "%",
  "_",
  "a'b",
  'a"b',
  "a`b",
  "a\\",
  "'; DROP TABLE runs; --",
  "$1",
  "?",
  ":name",
  "Loss",
  "loss",
  "LOSS",
  "loss ",
  " loss",
  "stra\u00dfe",
  "strasse",
  "caf\u00e9",
  "cafe\u0301",
  "cafe",
  "模型 🚀",
  "\u2028\t\n",
  "0",
  "00",
  "null",
  "x".repeat(250),
];

/** Makes an experiment. */
export function insertExperiment(
  store: TrackingStore,
  name = "churn",
  given: Partial<Pick<ExperimentRecord, "id" | "tags" | "createdAt">> = {},
): Promise<ExperimentRecord> {
  return store.insertExperiment({ id: nextId(), name, tags: {}, createdAt: START, ...given });
}

/** A run to be made; give what matters to the test. */
export function runDraft(experimentId: string, given: Partial<RunDraft> = {}): RunDraft {
  return {
    id: nextId(),
    experimentId,
    name: "run",
    parentId: null,
    status: "running",
    createdBy: null,
    startedAt: START,
    params: {},
    tags: {},
    ...given,
  };
}

/** Makes a run in an experiment of its own. */
export async function insertRun(store: TrackingStore, given: Partial<RunDraft> = {}): Promise<RunRecord> {
  const experimentId = given.experimentId ?? (await insertExperiment(store, `of ${nextId()}`)).id;
  return store.insertRun(runDraft(experimentId, given));
}

/** A batch; give what matters to the test. */
export function batch(given: Partial<RunBatch>): RunBatch {
  return { metrics: [], params: {}, tags: {}, datasets: [], artifacts: [], ...given };
}

/** A value of the metric `loss`. */
export function loss(value: number, step = 0, at = START): MetricEntry {
  return { key: "loss", value, step, at };
}

/** The whole history of a metric, read in pages. */
export async function historyOf(
  store: TrackingStore,
  runId: string,
  { key = "loss", limit = 1000 }: { readonly key?: string; readonly limit?: number } = {},
): Promise<readonly MetricPoint[]> {
  return pages(limit, (after) => store.metricHistory({ runId, key, limit, after }));
}

/** The names of the runs that a query answers, read in pages. */
export async function searchNames(store: TrackingStore, query: Partial<SearchQuery> = {}): Promise<readonly string[]> {
  const { limit = 100 } = query;
  return (await pages(limit, (after) => store.searchRuns({ ...query, limit, after }))).map(({ name }) => name);
}

/** As {@link searchNames}, of experiments. */
export async function searchExperimentNames(store: TrackingStore, query: Partial<SearchQuery> = {}): Promise<readonly string[]> {
  const { limit = 100 } = query;
  return (await pages(limit, (after) => store.searchExperiments({ ...query, limit, after }))).map(({ name }) => name);
}

/** Every page of a listing, joined. */
async function pages<T>(limit: number, read: (after: string | undefined) => Promise<Page<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  let after: string | undefined;
  do {
    const page = await read(after);
    if (page.items.length > limit) throw new Error(`A page has ${page.items.length} items, more than the limit of ${limit}`);
    if (page.items.length === 0 && page.next !== undefined) throw new Error("A page is empty, but says that more follow");
    items.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return items;
}

/** An object with these members, also where a literal would set the prototype. */
export function record<T>(keys: readonly string[], valueFor: (key: string) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(keys.map((key) => [key, valueFor(key)]));
}
