import { join } from "node:path";
import { expect, it } from "vitest";
import { logTogether } from "./log-together.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { expectNothingLost } from "./tracking-invariants.ts";

const batches = Number(process.env["SOAK_WRITERS_BATCHES"] ?? 200);

it(`8 processes that log ${batches} batches of 100 metrics each to one run lose none`, async () => {
  expect.hasAssertions();
  using folder = temporaryFolder();
  const report = await logTogether(join(folder.path, "runs.db"), 8, batches);
  console.log(`${8 * batches} batches in ${(report.tookMs / 1000).toFixed(1)} s, each with a second one that others contest`);
  expectNothingLost(report, 8, batches);
});
