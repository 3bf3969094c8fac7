import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Runs a fixture in a process of its own, in which memory can be collected on demand, and answers the JSON of the last line that it
 * prints. A fixture that does not end by itself, because something is left open, fails after 25 minutes.
 */
export async function runFixture<Report>(name: string, ...args: readonly (string | number)[]): Promise<Report> {
  const file = fileURLToPath(new URL(`./fixtures/${name}.ts`, import.meta.url));
  // By default glibc gives new threads areas of their own, up to eight for each core, and each keeps some of what was freed in it:
  // memory that rises for thousands of threads before it stays, and hides a leak meanwhile.
  const env = { ...process.env, MALLOC_ARENA_MAX: "2" };
  const options = { env, maxBuffer: 1 << 28, timeout: 25 * 60_000 };
  const { stdout } = await run(process.execPath, ["--expose-gc", file, ...args.map(String)], options);
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Report;
}
