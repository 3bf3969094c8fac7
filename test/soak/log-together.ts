import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { memoryBlobs } from "../../src/adapters/memory/index.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { ExperimentTracker, type RunRecord } from "../../src/tracking/index.ts";

/** What several processes have logged to one run. */
export interface LogReport {
  readonly run: RunRecord;
  /** How many points there are, by metric. */
  readonly points: ReadonlyMap<string, number>;
  /** How many batches each writer was refused. */
  readonly refused: readonly number[];
  /** How long the writers took, ms, from the moment at which all of them were ready. */
  readonly tookMs: number;
}

/** Has processes log to one run of one SQLite file at once, and reads what is there afterwards. */
export async function logTogether(path: string, writers: number, batches: number): Promise<LogReport> {
  await using db = sqlite({ path });
  await using blobs = memoryBlobs();
  await using tracker = new ExperimentTracker({ store: db.tracking, blobs });
  const { id } = await tracker.startRun({ experiment: "writers" });
  const children = Array.from({ length: writers }, (_, writer) => start([path, id, `${writer}`, `${batches}`]));
  for (const child of children) await child.ready;
  const startedAt = performance.now();
  const answers = children.map((child) => child.go());
  const refused = await Promise.all(answers);
  const tookMs = performance.now() - startedAt;
  const run = await tracker.get(id);
  const points = new Map<string, number>();
  for (const key of Object.keys(run.metrics)) {
    let count = 0;
    for await (const _ of tracker.history(id, key)) count++;
    points.set(key, count);
  }
  return { run, points, refused, tookMs };
}

/** A writer, which waits until it is told to go. */
function start(args: readonly string[]): { readonly ready: Promise<void>; readonly go: () => Promise<number> } {
  const fixture = fileURLToPath(new URL("./fixtures/log-many.ts", import.meta.url));
  const child = spawn(process.execPath, [fixture, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`A writer ended with ${child.exitCode}`);
    return value;
  };
  const ready = line().then(() => {});
  return {
    ready,
    go: async () => {
      child.stdin.end("go\n");
      return Number(await line());
    },
  };
}
