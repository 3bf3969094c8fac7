import { expect, it } from "vitest";
import type { Holdings } from "./leftovers.ts";
import { type MemorySample, rssSlope } from "./rss-slope.ts";
import { runFixture } from "./run-fixture.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const seconds = Number(process.env["SOAK_SWAP_SECONDS"] ?? 60);
const PER_SECOND = 2000;
const PROMOTE_MS = 200;

interface Report {
  readonly sent: number;
  readonly perSecond: number;
  readonly answered: number;
  readonly wrong: number;
  readonly failed: readonly string[];
  readonly promoted: number;
  readonly last: { readonly version: number };
  readonly swaps: number;
  readonly unswapped: readonly string[];
  /** Versions and how often they were named. */
  readonly versions: readonly (readonly [version: number, answers: number])[];
  readonly statistics: readonly { readonly version: number; readonly requests: number; readonly succeeded: number }[];
  readonly cache: Readonly<Record<"held" | "users" | "loads" | "unloads" | "usersAfter" | "heldAfter", number>>;
  readonly mostOpen: number;
  readonly p99Ms: number;
  readonly memory: readonly MemorySample[];
  readonly before: Holdings;
  readonly after: Holdings;
}

it.each(["worker", "inline"])(
  `%s: ${PER_SECOND} requests/s for ${seconds} s are answered while versions are promoted`,
  async (place) => {
    using folder = temporaryFolder();
    const report = await runFixture<Report>("follow-promotions", folder.path, place, seconds, PER_SECOND, PROMOTE_MS);
    const { sent, answered, swaps, promoted, versions, statistics, cache, p99Ms, mostOpen, perSecond } = report;
    const { growthMib, meanMib } = rssSlope(report.memory);
    console.log(
      `${place}: ${sent} requests, ${perSecond.toFixed(0)}/s, p99 ${p99Ms.toFixed(1)} ms, at most ${mostOpen} open; ${promoted} versions ` +
        `promoted, ${swaps} swaps, ${versions.length} versions have answered; ${meanMib.toFixed(0)} MiB, ${growthMib.toFixed(1)} MiB growth`,
    );
    expect(report.failed).toEqual([]);
    expect(report.unswapped).toEqual([]);
    expect(report.wrong, "answers that are not those of the version that they name").toBe(0);
    expect(answered).toBe(sent);
    expect(perSecond, "requests per second").toBeGreaterThan(0.9 * PER_SECOND);
    // Some promotions may be over before the version before them is warm; half of them must be followed on a busy machine.
    expect(swaps).toBeGreaterThan(promoted / 2);
    expect(report.last.version, "the version in the end").toBe(promoted);
    expect(versions.length).toBeLessThanOrEqual(swaps + 1);
    expect(versions.reduce((sum, [, answers]) => sum + answers, 0)).toBe(sent);
    // The versions whose statistics are kept have answered exactly the requests whose answers name them.
    const named = new Map(versions);
    expect(statistics.length).toBeGreaterThan(1);
    for (const { version, requests, succeeded } of statistics) {
      expect({ version, requests, succeeded }).toEqual({ version, requests: named.get(version) ?? 0, succeeded: requests });
    }
    // Every version but the one in use was given back, and that one by the close.
    expect(cache).toMatchObject({ held: 1, users: 1, usersAfter: 0, heldAfter: 0 });
    expect(cache.loads - cache.unloads).toBe(1);
    expect(growthMib, "MiB that the memory has grown").toBeLessThan(32);
    expect(report.after.threads, "threads").toBeLessThanOrEqual(report.before.threads);
    expect(report.after).toMatchObject({ children: 0, resources: [] });
  },
);
