import type {
  BucketQuery,
  LabelOutcome,
  LoggedPrediction,
  MonitoringStore,
  NewLabel,
  NewPrediction,
  PredictionQuery,
  StoredBucket,
} from "../../monitoring/port.ts";

/** When the predictions of the tests begin, ms since the epoch. */
export const START = 1_750_000_000_000;

/** The model that most tests are about. */
export const MODEL = "fraud";

/** Longest label window of the tests, ms. */
export const HOUR = 3_600_000;

/** A span that holds every time. */
export const ALWAYS = { from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER };

/** Names that are easily taken for one another, or for something else than a name. */
export const trickyNames = [
  "a",
  "A",
  "a ",
  " a",
  "a/b",
  "a'b",
  'a"b',
  "a\\b",
  "a%",
  "a_",
  "a;--",
  "1",
  "01",
  "null",
  "é",
  "e\u0301",
  "\u{ffff}",
  "\u{10000}",
  "__proto__",
  "constructor",
  "k".repeat(127),
  "k".repeat(128),
  "模".repeat(128),
  "😀".repeat(64),
];

/** Texts that no store takes as a name. */
export const noNames: readonly string[] = ["", "a\0b", "a\ud800", "\udc00a", "k".repeat(129), 7 as unknown as string];

/** A prediction of a number. */
export function prediction(id: string, given: Partial<NewPrediction> = {}): NewPrediction {
  return { id, version: "7", at: START, segment: null, output: 0.5, ...given };
}

/** A prediction as it is answered. */
export function logged(made: NewPrediction, given: Partial<LoggedPrediction> = {}): LoggedPrediction {
  return { ...made, label: null, labelledAt: null, ...given };
}

/** A label that is no correction. */
export function label(id: string, value: NewLabel["label"], at = START, replaces = false): NewLabel {
  return { id, label: value, at, replaces };
}

/** A bucket of one byte. */
export function bucket(given: Partial<StoredBucket> = {}, mark = 1): StoredBucket {
  return { series: "7", at: START, writer: "w1", content: new Uint8Array([mark]), ...given };
}

/** Joins labels and answers what became of them. */
export function join(
  store: MonitoringStore,
  labels: readonly NewLabel[],
  windowMs: number = HOUR,
): Promise<readonly LabelOutcome[]> {
  return store.addLabels(MODEL, labels, { windowMs });
}

/** Every prediction that a query finds, read in pages. */
export async function allPredictions(
  store: MonitoringStore,
  query: Partial<PredictionQuery> = {},
  model: string = MODEL,
): Promise<readonly LoggedPrediction[]> {
  const found: LoggedPrediction[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await store.predictions(model, { ...ALWAYS, limit: 1000, ...query, cursor });
    found.push(...page.predictions);
    cursor = page.next;
    if (cursor === undefined) return found;
  }
}

/** The ids of every prediction that a query finds. */
export async function allIds(
  store: MonitoringStore,
  query?: Partial<PredictionQuery>,
  model?: string,
): Promise<readonly string[]> {
  return (await allPredictions(store, query, model)).map(({ id }) => id);
}

/** Every bucket that a query finds. */
export async function allBuckets(
  store: MonitoringStore,
  query: Partial<BucketQuery> = {},
  model: string = MODEL,
): Promise<readonly StoredBucket[]> {
  const found: StoredBucket[] = [];
  for await (const each of store.buckets(model, { ...ALWAYS, ...query })) found.push(each);
  return found;
}

/** Where every bucket that a query finds belongs, and its first byte. */
export async function bucketMarks(
  store: MonitoringStore,
  query?: Partial<BucketQuery>,
  model?: string,
): Promise<readonly string[]> {
  const found = await allBuckets(store, query, model);
  return found.map(({ series, at, writer, content }) => `${at - START} ${series} ${writer}: ${content[0]}`);
}
