import { describe, expect, it } from "vitest";
import { seeded } from "../../../src/core/random.ts";
import { BatchSizer } from "../../../src/inference/batching/batch-sizer.ts";
import { RunTimeFit } from "../../../src/inference/batching/run-time-fit.ts";
import type { Placement } from "../../../src/inference/port.ts";

/** Runs `count` batches of a model for 64 callers that always wait, and answers the sizes. */
function serve(
  sizer: BatchSizer,
  time: (rows: number) => number,
  { count = 2_000, waiting = 64, placement = "worker" as Placement, noise = seeded(7) } = {},
): number[] {
  return Array.from({ length: count }, () => {
    const rows = Math.min(waiting, sizer.limit(waiting, 1, placement, 1));
    // Half as fast at times, and one run in 100 meets a pause of 20 ms.
    sizer.observe(rows, time(rows) * (1 + noise.next() * 0.4) + (noise.next() < 0.01 ? 20 : 0));
    return rows;
  });
}

const median = (sizes: readonly number[]) => [...sizes].sort((a, b) => a - b)[sizes.length >> 1]!;
const settled = (sizes: readonly number[]) => median(sizes.slice(-sizes.length / 2));

/** Times in ms that were measured on two shared cores. */
const mlp50 = (rows: number) => 0.02 + 0.0001 * rows;
const mlp1024 = (rows: number) => 0.25 + 0.025 * rows;
const convolution = (rows: number) => 0.25 * rows;

describe("the size of a run", () => {
  it("is one row before anything is known, and doubles as sizes become known", () => {
    const sizes = serve(new BatchSizer("auto", []), mlp50, { count: 50 });
    expect(sizes.slice(0, 6)).toEqual([1, 1, 1, 1, 1, 1]);
    // Twice what is known, and twice that where a larger size is tried.
    for (const [i, rows] of sizes.entries()) expect(rows).toBeLessThanOrEqual(4 * Math.max(1, ...sizes.slice(0, i)));
    expect(sizes.at(-1)).toBe(64);
  });

  it("takes all that waits where a run costs much more than its rows", () => {
    expect(settled(serve(new BatchSizer("auto", []), mlp50))).toBe(64);
    expect(settled(serve(new BatchSizer("auto", []), mlp50, { waiting: 1_000 }))).toBe(128);
  });

  it("is about the fewest rows that give 90 % of the throughput", () => {
    // 9 · 0.05 / 0.025 = 18
    const rows = settled(serve(new BatchSizer("auto", []), (n) => 0.05 + 0.025 * n, { waiting: 200 }));
    expect(rows).toBeGreaterThanOrEqual(14);
    expect(rows).toBeLessThanOrEqual(32);
  });

  it("stays at one or a few rows for a model whose rows are all that takes time", () => {
    expect(settled(serve(new BatchSizer("auto", []), convolution))).toBeLessThanOrEqual(2);
  });

  it("keeps a run on the thread that calls about 1 ms, where a row is shorter than that", () => {
    const rows = settled(serve(new BatchSizer("auto", []), mlp1024, { placement: "inline", waiting: 200 }));
    expect(mlp1024(rows)).toBeLessThan(1.1);
    expect(mlp1024(rows)).toBeGreaterThan(0.6);
    expect(settled(serve(new BatchSizer("auto", []), (n) => 5 * n, { placement: "inline" }))).toBe(1);
  });

  it("stays below the size from which rows take longer again, which the line does not show", () => {
    const cliff = (rows: number) => 0.5 + (rows > 32 ? 0.05 : 0.01) * rows;
    const sizes = serve(new BatchSizer("auto", []), cliff, { waiting: 128 });
    expect(settled(sizes)).toBeLessThanOrEqual(32);
    expect(settled(sizes)).toBeGreaterThanOrEqual(16);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("is right on a busy machine, where long runs are interrupted: seed %i", (seed) => {
    const noise = seeded(seed);
    const busy = (time: (n: number) => number) => (n: number) => {
      const ms = time(n) * (1 + 0.6 * noise.next());
      return ms + (noise.next() < ms / 20 ? 4 : 0);
    };
    const quiet = { next: () => 0.5 } as typeof noise;
    expect(
      settled(
        serve(
          new BatchSizer("auto", []),
          busy((n) => 1.4 * n),
          { noise: quiet },
        ),
      ),
    ).toBeLessThanOrEqual(4);
    expect(settled(serve(new BatchSizer("auto", []), busy(mlp50), { noise: quiet }))).toBe(64);
  });

  it("grows at once though a cold start has misled the line", () => {
    const sizer = new BatchSizer("auto", []);
    for (const ms of [0.571, 0.069, 0.1, 0.071, 0.082, 0.101]) sizer.observe(1, ms);
    for (const ms of [0.225, 0.096]) sizer.observe(2, ms);
    expect(serve(sizer, mlp50, { count: 45 }).at(-1)).toBe(64);
  });

  it("is measured again where it looked bad by chance", () => {
    const sizer = new BatchSizer("auto", []);
    for (const rows of [1, 2, 4]) for (let i = 0; i < 6; i++) sizer.observe(rows, 2 * convolution(rows));
    for (let i = 0; i < 6; i++) sizer.observe(8, convolution(8));
    const sizes = serve(sizer, convolution, { count: 8_000 });
    expect(median(sizes.slice(0, 60))).toBeGreaterThanOrEqual(8);
    expect(median(sizes.slice(3_000, 4_000))).toBeLessThan(8);
    expect(median(sizes.slice(-500))).toBeLessThanOrEqual(2);
  });

  it("goes down again when a small size proves as good", () => {
    const sizer = new BatchSizer("auto", []);
    expect(settled(serve(sizer, mlp50))).toBe(64);
    expect(settled(serve(sizer, convolution, { count: 12_000 }))).toBeLessThanOrEqual(4);
  });

  it("is not tried smaller at the price of splitting a job", () => {
    const sizer = new BatchSizer("auto", []);
    serve(sizer, mlp50);
    for (let i = 0; i < 200; i++) expect(sizer.limit(40, 1, "worker", 1, 40)).toBeGreaterThanOrEqual(40);
  });

  it("recovers from first runs that were slow by chance", () => {
    const sizer = new BatchSizer("auto", []);
    sizer.observe(1, 0.02);
    sizer.observe(2, 5);
    sizer.observe(2, 5);
    expect(settled(serve(sizer, mlp50))).toBeGreaterThanOrEqual(32);
  });

  it("follows a machine that has become slower", () => {
    const sizer = new BatchSizer("auto", []);
    const fast = settled(serve(sizer, mlp1024, { placement: "inline", waiting: 200 }));
    const slow = settled(serve(sizer, (n) => 3 * mlp1024(n), { placement: "inline", waiting: 200, count: 1_000 }));
    expect(slow).toBeLessThan(fast / 2);
    expect(3 * mlp1024(slow)).toBeLessThan(1.4);
  });

  it("is the number that was set, whatever is learned", () => {
    expect(new Set(serve(new BatchSizer(8, []), convolution))).toEqual(new Set([8]));
  });

  it("is a preferred one: the largest up to what would be taken, or the smallest", () => {
    const sizer = new BatchSizer("auto", [16, 4]);
    expect(settled(serve(sizer, mlp50))).toBe(16);
    expect(settled(serve(new BatchSizer("auto", [16, 4]), convolution))).toBe(4);
  });

  it("counts rows by their work where extents are open", () => {
    const sizer = new BatchSizer("auto", []);
    serve(sizer, (n) => 0.05 + 0.025 * n);
    const small = sizer.limit(1_000, 1, "worker", 1);
    const large = sizer.limit(1_000, 8, "worker", 1);
    expect(large).toBeLessThanOrEqual(Math.ceil(small / 4));
    expect(large).toBeGreaterThanOrEqual(1);
  });

  it("is found from the times of a warm-up alone", () => {
    const sizer = new BatchSizer("auto", []);
    sizer.learn(
      [1, 2, 4, 8, 16, 32].map((rows) => ({ rows, inferMs: mlp50(rows), roundTripMs: 0.1 + mlp50(rows) })),
      "worker",
    );
    expect(sizer.limit(64, 1, "worker", 1)).toBe(64);
    expect(sizer.fit.fixedMs).toBeCloseTo(0.12, 2);
  });
});

describe("the time of a run", () => {
  const learn = (fit: RunTimeFit, sizes: readonly number[], time: (n: number) => number, count: number, noise = seeded(3)) => {
    for (let i = 0; i < count; i++) {
      const n = sizes[Math.floor(noise.next() * sizes.length)]!;
      fit.observe(n, time(n) * (0.95 + noise.next() * 0.1) + (noise.next() < 0.02 ? 50 : 0));
    }
    return fit;
  };

  it("is learned as a + b·n in spite of pauses a thousand times as long", () => {
    const fit = learn(new RunTimeFit(), [1, 4, 16, 32], (n) => 0.02 + 0.004 * n, 1_000);
    expect(Math.abs(fit.fixedMs / 0.02 - 1)).toBeLessThan(0.15);
    expect(Math.abs(fit.perRowMs / 0.004 - 1)).toBeLessThan(0.1);
    expect(fit.samples).toBe(1_000);
  });

  it("is exact for exact times after two sizes", () => {
    const fit = new RunTimeFit();
    for (const n of [1, 8, 1, 8, 1, 8]) fit.observe(n, 0.5 + 0.25 * n);
    expect(fit.fixedMs).toBeCloseTo(0.5, 2);
    expect(fit.perRowMs).toBeCloseTo(0.25, 2);
  });

  it("keeps what it knows of the slope through a long spell of one size", () => {
    const fit = learn(new RunTimeFit(), [1, 4, 16, 32], (n) => 0.02 + 0.004 * n, 500);
    learn(fit, [1], (n) => 0.02 + 0.004 * n, 20_000);
    expect(fit.perRowMs).toBeGreaterThan(0.003);
    expect(fit.perRowMs).toBeLessThan(0.005);
  });

  it("follows a machine that has become three times slower within 200 runs, and back", () => {
    const fit = learn(new RunTimeFit(), [1, 8, 32], (n) => 0.02 + 0.004 * n, 500);
    learn(fit, [1, 8, 32], (n) => 0.06 + 0.012 * n, 200);
    expect(fit.predict(32)).toBeGreaterThan(0.8 * 0.444);
    learn(fit, [1, 8, 32], (n) => 0.02 + 0.004 * n, 200);
    expect(fit.predict(32)).toBeLessThan(1.25 * 0.148);
  });

  it("has no negative part, and agrees with the data where they are", () => {
    const falling = new RunTimeFit();
    for (const n of [1, 2, 1, 2]) falling.observe(n, 1 / n);
    expect([falling.fixedMs >= 0, falling.perRowMs]).toEqual([true, 0]);
    const steep = new RunTimeFit();
    for (const n of [2, 4, 2, 4]) steep.observe(n, n * n);
    expect(steep.fixedMs).toBe(0);
    expect(steep.predict(3)).toBeGreaterThan(5);
    expect(steep.predict(3)).toBeLessThan(15);
  });

  it("ignores what is no time and no size", () => {
    const fit = new RunTimeFit();
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      fit.observe(value, 1);
      fit.observe(1, value);
    }
    expect([fit.samples, fit.fixedMs, fit.perRowMs]).toEqual([0, 0, 0]);
  });

  it("stays finite over a million runs of any sizes", () => {
    const fit = new RunTimeFit();
    const noise = seeded(11);
    for (let i = 0; i < 1_000_000; i++) fit.observe(1 + Math.floor(noise.next() * 4) ** 8, 10 ** (noise.next() * 6 - 3));
    expect(Number.isFinite(fit.predict(1)) && Number.isFinite(fit.predict(1e6))).toBe(true);
  });
});
