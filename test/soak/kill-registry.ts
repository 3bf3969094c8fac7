import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { checkGarbage, checkRegistry } from "./registry-invariants.ts";
import { openWork } from "./registry-work.ts";

/** What the kills met. */
export interface KillReport {
  readonly kills: number;
  /** Versions that there are afterwards, and entries of the log. */
  readonly versions: number;
  readonly entries: number;
  /** Blobs that nothing referred to, which a collection has removed at the end. */
  readonly orphans: number;
  /** Operations that were finished. */
  readonly done: Readonly<Record<string, number>>;
  /** Kills that came while an operation ran. */
  readonly within: number;
}

const records = { kind: "sqlite" } as const;

/**
 * Kills a process that registers, promotes, rolls back, deletes, applies retention and collects garbage, again and again, and checks
 * what it has left each time.
 */
export async function killRegistry(folder: string, kills: number): Promise<KillReport> {
  const done: Record<string, number> = {};
  let within = 0;
  for (let kill = 1; kill <= kills; kill++) {
    const lines = await liveAndDie(folder);
    if (lines.at(-1) === ".") within += 1;
    for (const line of lines) if (line !== "." && line !== "ready") done[line] = (done[line] ?? 0) + 1;
    await using work = await openWork(folder, records);
    // All of it is read through each time; as it grows, at every tenth kill.
    if (kill < 20 || kill % 10 === 0 || kill === kills) await checkRegistry(work);
    else await work.store.auditHead();
  }
  await using work = await openWork(folder, records);
  const { versions, entries } = await checkRegistry(work);
  const { orphans } = await checkGarbage(work);
  await checkRegistry(work);
  return { kills, versions, entries, orphans, done, within };
}

/** Runs the child until a random moment behind its start; answers what it printed, of which the last line may be cut. */
async function liveAndDie(folder: string): Promise<readonly string[]> {
  const fixture = fileURLToPath(new URL("./fixtures/work-until-killed.ts", import.meta.url));
  const child = spawn(process.execPath, [fixture, folder, JSON.stringify(records), "600000"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
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
  return printed.split("\n").filter((line) => line !== "");
}

/** Timers count whole milliseconds; the kill shall come at any moment between. */
function killAfter(child: { kill(signal: "SIGKILL"): boolean }, microseconds: number): void {
  const end = performance.now() + microseconds / 1000;
  while (performance.now() < end);
  child.kill("SIGKILL");
}
