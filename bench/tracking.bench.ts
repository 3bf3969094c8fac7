// ExperimentTracker on SQLite against the same work by hand, on the same tables and in the same file.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { memoryBlobs } from "../src/adapters/memory/index.ts";
import { sqlite } from "../src/adapters/sqlite/index.ts";
import { ExperimentTracker } from "../src/tracking/index.ts";
import { compare, record } from "./measure.ts";
import { byHand, fill } from "./tracking-by-hand.ts";

const WRITERS = 8;
const METRICS = 100;
const RUNS = 5000;

/** Batches a second that the project promises. */
const PROMISED = 200;

const folder = await mkdtemp(join(tmpdir(), "modelwright-bench-"));
await using cleanUp = new AsyncDisposableStack();
cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
const path = join(folder, "runs.db");
const stores = cleanUp.use(sqlite({ path }));
const tracker = cleanUp.use(new ExperimentTracker({ store: stores.tracking, blobs: cleanUp.use(memoryBlobs()) }));

const run = await tracker.startRun({ experiment: "writers" });
const other = await tracker.startRun({ experiment: "writers" });
const { id: experimentId } = await tracker.experiments.create("search");

const db = new DatabaseSync(path);
cleanUp.defer(() => db.close());
const hand = byHand(db);
fill(db, experimentId, RUNS);

/** A batch for each writer: a step of a hundred metrics. */
function batches(step: number) {
  const at = Date.now();
  return Array.from({ length: WRITERS }, (_, writer) =>
    Array.from({ length: METRICS }, (_, i) => ({ key: `metric ${i}`, value: i / (step + 1), step: step * WRITERS + writer, at })),
  );
}

let step = 0;
const ours = () => Promise.all(batches(step++).map((metrics) => run.log({ metrics })));

async function searched(): Promise<number> {
  const filter = "metrics.auc > 0.05 AND status = 'finished'";
  let found = 0;
  for await (const _ of tracker.search({ filter, limit: 100 })) found++;
  return found;
}

if ((await searched()) !== hand.search(0.05, "finished").length) throw new Error("The searches differ");

const comparisons = [
  await compare(`tracker: ${METRICS} metrics x ${WRITERS} writers / a transaction for each`, {
    ours,
    reference: () => {
      for (const batch of batches(step++)) hand.log(other.id, [batch]);
    },
    callsPerRound: 2,
    unit: "ms",
  }),
  await compare(`tracker: ${METRICS} metrics x ${WRITERS} writers / one transaction for all`, {
    ours,
    reference: () => hand.log(other.id, batches(step++)),
    callsPerRound: 2,
    unit: "ms",
  }),
  await compare("tracker.search, 100 of 5,000 runs / the same SQL by hand", {
    ours: searched,
    reference: () => hand.search(0.05, "finished"),
  }),
];
const perSecond = (milliseconds: number) => Math.round((WRITERS * 1000) / milliseconds);
const [alone, together] = comparisons;
console.log(
  `batches/s: ours ${perSecond(alone!.ours)} (promised >= ${PROMISED}), a transaction each by hand ${perSecond(alone!.reference)}, one for all by hand ${perSecond(together!.reference)}`,
);
await record("tracking", comparisons);
