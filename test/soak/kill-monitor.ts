import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { ModelMonitor } from "../../src/monitoring/index.ts";
import type { LoggedPrediction, MonitoringStore } from "../../src/monitoring/port.ts";

/** What the kills met. */
export interface MonitorKillReport {
  readonly kills: number;
  /** Predictions whose flush was answered, of all lives. */
  readonly acknowledged: number;
  /** Records and counted predictions that are there. */
  readonly stored: number;
  readonly counted: number;
  /** Predictions whose flush was answered and that are not there. */
  readonly lost: number;
  /** Kills between a record and the answer of its flush. */
  readonly within: number;
}

/** How far a life has come. */
interface Life {
  readonly begun: number;
  readonly flushed: number;
  readonly labelled: number;
}

/** Kills a process that records and labels predictions, again and again, and checks what it has left each time. */
export async function killMonitor(folder: string, kills: number): Promise<MonitorKillReport> {
  const lives: Life[] = [];
  let [stored, counted, lost, within] = [0, 0, 0, 0];
  for (let kill = 0; kill < kills; kill++) {
    const life = await liveAndDie(folder, `v${kill}`);
    lives.push(life);
    if (life.begun > life.flushed) within += 1;
    const left = await check(folder, `v${kill}`, life);
    stored += left.stored;
    counted += left.counted;
    lost += Math.max(0, life.flushed - left.stored, life.flushed - left.counted);
  }
  // Nothing of an earlier life is changed by a later one.
  for (const [i, life] of lives.entries()) await check(folder, `v${i}`, life);
  const raw = new DatabaseSync(join(folder, "models.db"));
  expect(raw.prepare("pragma integrity_check").get()).toEqual({ integrity_check: "ok" });
  expect(raw.prepare("select count(*) as n from modelwright_predictions").get()).toEqual({ n: stored });
  raw.close();
  return { kills, acknowledged: lives.reduce((sum, { flushed }) => sum + flushed, 0), stored, counted, lost, within };
}

/** Runs the child until a random moment behind its start. */
async function liveAndDie(folder: string, version: string): Promise<Life> {
  const fixture = fileURLToPath(new URL("./fixtures/monitor-until-killed.ts", import.meta.url));
  const child = spawn(process.execPath, [fixture, folder, version], { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  let failed = "";
  const closed = once(child, "close");
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    failed += chunk;
  });
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    if (printed === "") setTimeout(() => killAfter(child, randomInt(1000)), randomInt(300));
    printed += chunk;
  });
  const [, signal] = await closed;
  if (signal !== "SIGKILL") throw new Error(`The child ended by itself: ${failed}`);
  // The last line may be cut by the kill.
  const lines = printed.split("\n").slice(0, -1);
  const last = (letter: string) => Number(lines.findLast((line) => line.startsWith(letter))?.slice(1) ?? 0);
  return { begun: last("r"), flushed: last("f"), labelled: last("l") };
}

/** Timers count whole milliseconds; the kill shall come at any moment between. */
function killAfter(child: { kill(signal: "SIGKILL"): boolean }, microseconds: number): void {
  const end = performance.now() + microseconds / 1000;
  while (performance.now() < end);
  child.kill("SIGKILL");
}

async function check(folder: string, version: string, { begun, flushed, labelled }: Life) {
  await using db = sqlite({ path: join(folder, "models.db") });
  await using monitor = new ModelMonitor({ model: "fraud", task: "binary", store: db.monitoring, bucketMs: 1000 });
  const records = await recordsOf(db.monitoring, version);
  const numbers = records.map(({ id }) => Number(id.slice(version.length + 1))).sort((a, b) => a - b);
  expect(numbers, "records are the first ones, each once").toEqual(numbers.map((_, i) => i));
  expect(numbers.length, "records that were acknowledged").toBeGreaterThanOrEqual(flushed);
  expect(numbers.length, "records that were made").toBeLessThanOrEqual(begun);
  const unlabelled = records.filter(({ id, label }) => Number(id.slice(version.length + 1)) < labelled && label === null);
  expect(unlabelled, "labels that were acknowledged").toEqual([]);
  const to = Date.now() + 3_600_000;
  const { total, damagedBuckets } = await monitor.traffic({ from: to - 12 * 3_600_000, to, version });
  expect([damagedBuckets, total.errors, total.records.logged]).toEqual([0, 0, total.requests]);
  expect(total.requests, "counts that were acknowledged").toBeGreaterThanOrEqual(flushed);
  expect(total.requests, "counts that were made").toBeLessThanOrEqual(begun);
  expect(total.latency?.count ?? 0).toBe(total.requests);
  return { stored: numbers.length, counted: total.requests };
}

async function recordsOf(store: MonitoringStore, version: string): Promise<readonly LoggedPrediction[]> {
  const records: LoggedPrediction[] = [];
  let cursor: string | undefined;
  do {
    const query = { from: 0, to: Number.MAX_SAFE_INTEGER, version, limit: 10_000, cursor };
    const { predictions, next } = await store.predictions("fraud", query);
    records.push(...predictions);
    cursor = next;
  } while (cursor !== undefined);
  return records;
}
