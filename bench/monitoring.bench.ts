// ModelMonitor on SQLite: what a prediction pays for being watched, and how long the history of a month takes to read.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { sqlite } from "../src/adapters/sqlite/index.ts";
import { seeded } from "../src/core/random.ts";
import { DriftDetector } from "../src/drift/drift-detector.ts";
import { probabilityScale } from "../src/monitoring/bucket/number-scale.ts";
import { OpenBucket } from "../src/monitoring/bucket/open-bucket.ts";
import { ModelMonitor } from "../src/monitoring/index.ts";
import type { MonitoringStore, StoredBucket } from "../src/monitoring/port.ts";
import { hold } from "./goal.ts";
import { record } from "./measure.ts";

const FEATURES = 50;
const MINUTE = 60_000;
const MINUTES = 30 * 24 * 60;
/** Requests in each minute. */
const REQUESTS = 300;

const random = seeded(42);
const names = Array.from({ length: FEATURES }, (_, i) => `f${i}`);

function row(): Readonly<Record<string, number>> {
  return Object.fromEntries(names.map((name) => [name, random.next()]));
}

const schema = z.object(Object.fromEntries(names.map((name) => [name, z.number()])));
const drift = new DriftDetector({ schema, validate: "never" });
drift.fit(Array.from({ length: 5000 }, row));
const cells = drift.layout.reduce((sum, feature) => sum + feature.cells, 0);

const folder = await mkdtemp(join(tmpdir(), "modelwright-bench-"));
await using cleanUp = new AsyncDisposableStack();
cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
const stores = cleanUp.use(sqlite({ path: join(folder, "monitoring.db") }));

const to = Math.floor(Date.now() / MINUTE) * MINUTE;
const from = to - MINUTES * MINUTE;

const rows = Array.from({ length: 256 }, row);

/** Milliseconds of processor time, of all threads: what else the machine does is none of it. */
async function cost(work: () => unknown): Promise<number> {
  const startedAt = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(startedAt);
  return (user + system) / 1000;
}

/** A store that takes everything, so that only the caller's own time is measured. */
const taken = {
  ...stores.monitoring,
  addPredictions: async (_: string, made: readonly unknown[]) => made.length,
  putBuckets: async () => {},
} as unknown as MonitoringStore;
const watched = cleanUp.use(new ModelMonitor({ model: "live", task: "binary", store: taken, drift }));
const plain = cleanUp.use(new ModelMonitor({ model: "plain", task: "binary", store: taken }));

/** Microseconds of processor time of a call, the median of rounds, each of which waits for its records to leave. */
async function perCall(work: (i: number) => unknown, rounds = 40, calls = 4000): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const milliseconds = await cost(() => {
      for (let i = 0; i < calls; i++) work(i);
    });
    times.push((milliseconds * 1000) / calls);
    await watched.flush();
    await plain.flush();
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}
const dummy = (i: number) => ({ version: "7", output: (i % 100) / 100, latencyMs: 4.2 + (i % 7) });
const counter = drift.counter();
const observed = await perCall((i) => counter.observe(rows[i & 255]));
const bare = await perCall((i) => plain.record(dummy(i)));
const full = await perCall((i) => watched.record({ ...dummy(i), input: rows[i & 255] }));
console.log(`record() without features: ${bare.toFixed(2)} us; the counter of 50 features alone: ${observed.toFixed(2)} us`);
hold({ name: "record() with 50 features", measured: full, unit: "us", at: "most", goal: 5, limit: 10 });

/** With the way to the file, in rounds of a second of 2000 predictions. */
const filed = cleanUp.use(new ModelMonitor({ model: "filed", task: "binary", store: stores.monitoring, drift }));
const rounds: number[] = [];
for (let round = 0; round < 20; round++) {
  const milliseconds = await cost(async () => {
    for (let i = 0; i < 2000; i++) filed.record({ ...dummy(i), input: rows[i & 255] });
    await filed.flush();
  });
  rounds.push(milliseconds / 2000);
}
const whole = rounds.sort((a, b) => a - b)[rounds.length >> 1]!;
hold({
  name: "what watching adds to 5 ms, storing included",
  measured: (whole / 5) * 100,
  unit: "%",
  at: "most",
  goal: 1,
  limit: 2,
});

/** A minute of one process, as it is stored. */
function minute(at: number, i: number): StoredBucket {
  const bucket = new OpenBucket({
    series: "7",
    at,
    spanMs: MINUTE,
    writer: "bench",
    openedAt: 0,
    scale: probabilityScale,
    drift,
  });
  for (let n = 0; n < REQUESTS; n++) {
    bucket.predictions += 1;
    bucket.touch(at + n);
    bucket.outputs.add(random.next());
    bucket.latency.add(5 * Math.exp(2 * random.next()));
    bucket.observe(rows[(i + n) % rows.length]);
  }
  bucket.countError("DEADLINE_EXCEEDED", 100);
  return bucket.encode();
}

/** Many a minute is like another one; to count each anew would take longer than all that is measured. */
const contents = Array.from({ length: 200 }, (_, i) => minute(from + i * MINUTE, i).content);

const filling = performance.now();
let bytes = 0;
for (let i = 0; i < MINUTES; i += 100) {
  const batch = Array.from({ length: Math.min(100, MINUTES - i) }, (_, j) => ({
    series: "7",
    at: from + (i + j) * MINUTE,
    writer: "bench",
    content: contents[(i + j) % contents.length]!,
  }));
  for (const { content } of batch) bytes += content.length;
  await stores.monitoring.putBuckets("fraud", batch);
}
console.log(
  `${MINUTES} buckets of ${cells} cells in ${Math.round(bytes / MINUTES)} bytes stored in ${((performance.now() - filling) / 1000).toFixed(1)} s`,
);

const monitor = cleanUp.use(
  new ModelMonitor({
    model: "fraud",
    task: "binary",
    store: stores.monitoring,
    drift,
    sla: { latencyP99Ms: 50, errorRatio: 0.01 },
  }),
);

/** The best of three: the first one warms the compiler and the file system's cache. Nothing of it waits but for the processor. */
async function best(work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) least = Math.min(least, await cost(work));
  return least;
}

const everyMs = 60 * MINUTE;
const month = { from, to, everyMs };
const scanned = await best(async () => {
  for await (const _ of stores.monitoring.buckets("fraud", { from, to }));
});
console.log(`the store alone: ${scanned.toFixed(0)} ms`);
const goals = { unit: "ms", at: "most", goal: 1000, limit: 2500 } as const;
hold({ name: "30 days of minutes: hourly drift of 50 features", measured: await best(() => monitor.drift(month)), ...goals });
hold({ name: "30 days of minutes: hourly traffic", measured: await best(() => monitor.traffic(month)), ...goals });
hold({ name: "30 days of minutes: dashboard", measured: await best(() => monitor.dashboard(month)), ...goals });

const PREDICTIONS = 200_000;
const BATCH = 5000;
for (let i = 0; i < PREDICTIONS; i += BATCH) {
  const made = Array.from({ length: BATCH }, (_, j) => {
    const at = from + Math.floor(((i + j) / PREDICTIONS) * MINUTES) * MINUTE;
    return { id: `p${i + j}`, version: "7", at, segment: null, output: random.next() };
  });
  await stores.monitoring.addPredictions("fraud", made);
  const labels = made.map(({ id, at, output }) => ({
    id,
    at: at + MINUTE,
    label: random.next() < output ? 1 : 0,
    replaces: false,
  }));
  await stores.monitoring.addLabels("fraud", labels, { windowMs: MINUTE });
}
const performanceTime = await best(() => monitor.performance({ from, to, everyMs: 24 * everyMs }));
hold({ name: "30 days: daily performance of 200 000 labels", measured: performanceTime, ...goals, goal: 3000, limit: 8000 });

const name = "record() with 50 features / to count them alone";
await record("monitoring", [{ name, ours: full, reference: observed, unit: "us", ratio: full / observed }]);
