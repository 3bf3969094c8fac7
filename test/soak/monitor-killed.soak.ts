import { expect, it } from "vitest";
import { killMonitor } from "./kill-monitor.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const kills = Number(process.env["SOAK_MONITOR_KILLS"] ?? 30);

it(`nothing that a monitor has answered for is lost or there twice after ${kills} kills`, async () => {
  using folder = temporaryFolder();
  const report = await killMonitor(folder.path, kills);
  console.log(JSON.stringify(report));
  expect(report).toMatchObject({ kills, lost: 0 });
  expect(report.acknowledged).toBeGreaterThan(0);
  expect(report.stored).toBeGreaterThanOrEqual(report.acknowledged);
  expect(report.within, "kills between a record and the answer of its flush").toBeGreaterThan(kills / 10);
});
