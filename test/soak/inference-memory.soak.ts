import { expect, it } from "vitest";
import type { Holdings } from "./leftovers.ts";
import { type MemorySample, rssSlope } from "./rss-slope.ts";
import { runFixture } from "./run-fixture.ts";

const predictions = Number(process.env["SOAK_PREDICTIONS"] ?? 200_000);
const loads = Number(process.env["SOAK_LOADS"] ?? 1000);
const cancelled = Number(process.env["SOAK_CANCELLED"] ?? 10_000);

/** What the line through the memory may rise while nothing is loaded, MiB. */
const GROWTH_MIB = 12;

/**
 * The same while models of 4 MiB are loaded. Workers leave what they have read to their own collectors, which come late;
 * one model in twenty-five that is not given back is more by the end.
 */
const LOAD_GROWTH_MIB = 160;

interface Report {
  readonly memory: readonly MemorySample[];
  readonly before: Holdings;
  readonly after: Holdings;
}

function expectNothingLeft(what: string, { memory, before, after }: Report, mostMib = GROWTH_MIB): void {
  const { mibPerThousand, growthMib, meanMib } = rssSlope(memory);
  console.log(
    `${what}: ${meanMib.toFixed(0)} MiB, ${growthMib >= 0 ? "+" : ""}${growthMib.toFixed(2)} MiB over the run, ${mibPerThousand.toFixed(3)} MiB per 1000; ` +
      `${before.threads} threads before, ${after.threads} after`,
  );
  expect(growthMib, "MiB that the memory has grown").toBeLessThan(mostMib);
  expect(after.threads, "threads").toBeLessThanOrEqual(before.threads);
  expect(after.children, "child processes").toBe(0);
  expect(after.listeners, "listeners on the process").toBeLessThanOrEqual(before.listeners);
  expect(after.resources, "open resources").toEqual([]);
}

it.each(["inline", "worker", "process"])(
  `%s: ${predictions} predictions leave memory, threads and listeners as they were`,
  async (place) => {
    const report = await runFixture<
      Report & { wrong: number; asked: number; requests: number; succeeded: number; rows: number; executions: number }
    >("predict-for-long", place, predictions);
    expect(report.wrong).toBe(0);
    expect(report.requests).toBe(report.asked);
    expect(report.succeeded).toBe(report.asked);
    expect(report.executions).toBeLessThan(report.rows);
    expectNothingLeft(`${predictions} predictions, ${place}`, report);
  },
);

it(`${loads} sessions of ${loads} models that are opened and closed leave memory, threads and processes as they were`, async () => {
  const report = await runFixture<
    Report & { wrong: number; cycles: number; cache: Record<"held" | "users" | "loads" | "unloads", number> }
  >("load-for-long", loads);
  expect(report.wrong).toBe(0);
  expect(report.cycles).toBe(loads);
  expect(report.cache.held).toBeLessThanOrEqual(4);
  expect(report.cache).toMatchObject({ users: 0, unloads: report.cache.loads });
  expectNothingLeft(`${loads} loads`, report, LOAD_GROWTH_MIB);
});

it(`${cancelled} calls that are given up at any moment leave nothing, and are not answered to others`, async () => {
  const report = await runFixture<
    Report & {
      asked: number;
      counts: { answered: number; aborted: number; late: number; wrong: number };
      statistics: { requests: number; succeeded: number; cancelled: number; timedOut: number; others: number };
      listeners: number;
      afterwards: number;
    }
  >("cancel-for-long", cancelled);
  console.log(JSON.stringify({ ...report.counts, ...report.statistics }));
  const { answered, aborted, late, wrong } = report.counts;
  expect(wrong).toBe(0);
  expect(answered + aborted + late).toBe(cancelled);
  for (const count of [answered, aborted, late]) expect(count).toBeGreaterThan(cancelled / 100);
  expect(report.statistics.others).toBe(0);
  expect(report.statistics.succeeded).toBeGreaterThanOrEqual(answered);
  expect(report.listeners, "listeners on the signals").toBe(0);
  expect(report.afterwards).toBe(16);
  expectNothingLeft(`${cancelled} cancelled calls`, report);
});
