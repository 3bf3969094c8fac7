import { expect, it } from "vitest";
import { killRegistry } from "./kill-registry.ts";
import { killWhileRegistering } from "./kill-while-registering.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const kills = Number(process.env["SOAK_KILLS"] ?? 200);
const mixedKills = Number(process.env["SOAK_MIXED_KILLS"] ?? 300);

it(`no version is half registered or lost after ${kills} kills`, async () => {
  using folder = temporaryFolder();
  const report = await killWhileRegistering(folder.path, kills);
  console.log(JSON.stringify(report, undefined, 2));
  expect(report.kills).toBe(kills);
  const within = Object.entries(report.steps).filter(([step]) => step !== "between calls" && step !== "before the first step");
  expect(within.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(kills / 2);
});

it(`records, log and bytes agree after ${mixedKills} kills over all that changes a registry`, async () => {
  using folder = temporaryFolder();
  const report = await killRegistry(folder.path, mixedKills);
  console.log(JSON.stringify(report, undefined, 2));
  expect(report.within).toBeGreaterThan(mixedKills / 2);
});
