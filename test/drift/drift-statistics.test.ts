import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Random, randomInt, randomNormal, seeded } from "../../src/core/random.ts";
import { DriftDetector } from "../../src/drift/index.ts";
import { ksTest } from "../../src/stats/index.ts";
import { payment, payments } from "./rows.ts";

/** Verdicts of windows of `n` rows that `draw` makes. */
function verdicts(detector: DriftDetector<typeof payment>, runs: number, draw: () => ReturnType<typeof payments>): string[] {
  return Array.from({ length: runs }, () => {
    detector.observe(draw());
    return detector.check({ reset: true }).verdict;
  });
}

const share = (items: readonly boolean[]) => items.filter(Boolean).length / items.length;

describe("without drift", () => {
  it.each([30, 100, 500, 5000])("at most 7 of 100 windows of %i rows alarm", (n) => {
    const random = seeded(n);
    const detector = new DriftDetector({ schema: payment });
    detector.fit(payments(random, 10_000));
    const runs = n > 1000 ? 60 : 400;
    const found = verdicts(detector, runs, () => payments(random, n));
    expect(found).toHaveLength(runs);
    expect(share(found.map((verdict) => verdict !== "none"))).toBeLessThanOrEqual(n >= 500 ? 0.01 : 0.07);
  });

  it.each([
    { n: 100, categories: 3 },
    { n: 100, categories: 10 },
    { n: 500, categories: 10 },
    { n: 5000, categories: 50 },
  ])(
    "p-values fall below 5 % in 2 to 7 % of windows: $n rows, $categories categories of unlike frequency",
    ({ n, categories }) => {
      const random = seeded(n + categories);
      const draw = (length: number) => ({
        word: Array.from({ length }, () => `w${Math.floor(categories * random.next() ** 2)}`),
      });
      const detector = new DriftDetector({ schema: z.object({ word: z.string() }) });
      detector.fit(draw(20_000).word.map((word) => ({ word })));
      const runs = n > 1000 ? 400 : 1000;
      const rejected = Array.from({ length: runs }, () => {
        detector.observeColumns(draw(n));
        return detector.check({ reset: true }).features[0]!.pValue < 0.05;
      });
      expect(share(rejected)).toBeGreaterThan(0.02);
      expect(share(rejected)).toBeLessThan(0.07);
    },
  );

  it.each([
    { rows: 1000, n: 100, categories: 50 },
    { rows: 100, n: 2000, categories: 30 },
    { rows: 500, n: 500, categories: 80 },
  ])(
    "p-values fall below 5 % in at most a tenth of windows, also where luck could choose the categories: $n rows against $rows, $categories categories",
    ({ rows, n, categories }) => {
      const random = seeded(24);
      const words = (length: number) => Array.from({ length }, () => `w${randomInt(random, categories)}`);
      const rejected = Array.from({ length: n > 1000 ? 60 : 200 }, () => {
        const detector = new DriftDetector({ schema: z.object({ word: z.string() }), validate: "never" });
        detector.fit(words(rows).map((word) => ({ word })));
        detector.observeColumns({ word: words(n) });
        return detector.check().features[0]!.pValue < 0.05;
      });
      expect(share(rejected)).toBeLessThanOrEqual(0.1);
    },
  );

  it("one unseen category in a window of 100 alarms no more often than chance, however large the reference", () => {
    const random = seeded(20);
    const detector = new DriftDetector({ schema: payment });
    detector.fit(payments(random, 50_000));
    const found = verdicts(detector, 200, () => payments(random, 100).with(0, { amount: 100, country: "XX", items: 1 }));
    expect(share(found.map((verdict) => verdict !== "none"))).toBeLessThanOrEqual(0.07);
  });

  it.each([
    { n: 100, rows: 1000, draw: (random: Random) => `id${random.next()}` },
    { n: 1000, rows: 1000, draw: (random: Random) => `id${random.next()}` },
    { n: 100, rows: 1000, draw: (random: Random) => `w${Math.floor(2000 * random.next() ** 3)}` },
    { n: 1000, rows: 1000, draw: (random: Random) => `w${Math.floor(2000 * random.next() ** 3)}` },
    { n: 1000, rows: 10_000, draw: (random: Random) => `w${Math.floor(2000 * random.next() ** 3)}` },
    { n: 1000, rows: 100, draw: (random: Random) => `w${Math.floor(45 * random.next() ** 2)}` },
  ])("at most 10 of 100 windows alarm because of rare categories: $n rows against $rows, case %#", ({ n, rows, draw }) => {
    const random = seeded(22);
    const words = (length: number) => Array.from({ length }, () => draw(random));
    const alarms = Array.from({ length: 40 }, () => {
      const detector = new DriftDetector({ schema: z.object({ word: z.string() }), validate: "never" });
      detector.fit(words(rows).map((word) => ({ word })));
      detector.observeColumns({ word: words(n) });
      return detector.check().verdict !== "none";
    });
    expect(share(alarms)).toBeLessThanOrEqual(0.1);
  });

  it("30 features alarm no more often than one", () => {
    const random = seeded(21);
    const names = Array.from({ length: 30 }, (_, i) => `f${i}`);
    const schema = z.record(z.string(), z.number());
    const features = Object.fromEntries(names.map((name) => [name, "numeric"] as const));
    const detector = new DriftDetector({ schema, features });
    const rows = (length: number) =>
      Array.from({ length }, () => Object.fromEntries(names.map((name) => [name, randomNormal(random)])));
    detector.fit(rows(2000));
    const alarms = Array.from({ length: 60 }, () => {
      detector.observe(rows(200));
      return detector.check({ reset: true }).verdict !== "none";
    });
    expect(share(alarms)).toBeLessThanOrEqual(0.1);
  });
});

describe("with drift", () => {
  const reference = payments(seeded(30), 10_000);

  function detectionRate(
    n: number,
    draw: (random: Random) => ReturnType<typeof payments>,
    least: "moderate" | "significant",
  ): number {
    const random = seeded(31 + n);
    const detector = new DriftDetector({ schema: payment });
    detector.fit(reference);
    const wanted = least === "significant" ? ["significant"] : ["moderate", "significant"];
    return share(verdicts(detector, 50, () => draw(random)).map((verdict) => wanted.includes(verdict)));
  }

  it("a shift of one standard deviation is significant in 200 rows", () => {
    expect(detectionRate(200, (random) => payments(random, 200, { mean: 1 }), "significant")).toBe(1);
  });

  it("a shift of half a standard deviation is at least moderate in 500 rows", () => {
    expect(detectionRate(500, (random) => payments(random, 500, { mean: 0.5 }), "moderate")).toBeGreaterThan(0.95);
  });

  it("a rise of missing values from 2 to 20 % is moderate in 100 rows and significant in 500", () => {
    expect(detectionRate(100, (random) => payments(random, 100, { missing: 0.2 }), "moderate")).toBeGreaterThan(0.9);
    expect(detectionRate(500, (random) => payments(random, 500, { missing: 0.2 }), "significant")).toBeGreaterThan(0.95);
  });

  it("a new country in a fifth of 200 rows is significant", () => {
    const countries = ["CH", "DE", "FR", "IT", "XX"];
    expect(detectionRate(200, (random) => payments(random, 200, { countries }), "significant")).toBeGreaterThan(0.95);
  });

  it("a new word in half of 500 rows is drift, also where many rare ones are to be expected", () => {
    const random = seeded(33);
    const words = (length: number) => Array.from({ length }, () => `w${Math.floor(2000 * random.next() ** 3)}`);
    const detector = new DriftDetector({ schema: z.object({ word: z.string() }) });
    detector.fit(words(5000).map((word) => ({ word })));
    detector.observeColumns({ word: words(500).map((word, i) => (i % 2 === 0 ? "new" : word)) });
    expect(detector.check().verdict).toBe("moderate");
  });

  it("one outlier changes the index by less than 5 %", () => {
    const rows = payments(seeded(32), 1000, { mean: 0.7 });
    const psiOf = (window: ReturnType<typeof payments>) => {
      const detector = new DriftDetector({ schema: payment });
      detector.fit(reference);
      detector.observe(window);
      return detector.check().features[0]!.psi;
    };
    expect(Math.abs(psiOf(rows.with(0, { ...rows[0]!, amount: 1e6 })) / psiOf(rows) - 1)).toBeLessThan(0.05);
  });
});

describe("the Kolmogorov–Smirnov distance of a report", () => {
  const schema = z.object({ value: z.number() });

  function both(before: readonly number[], after: readonly number[]): { binned: number; exact: number } {
    const detector = new DriftDetector({ schema });
    detector.fit(before.map((value) => ({ value })));
    detector.observeColumns({ value: after });
    return { binned: detector.check().features[0]!.ks!.statistic, exact: ksTest(before, after).statistic };
  }

  it("falls short of that of the rows by less than half a percent", () => {
    const random = seeded(40);
    for (const shift of [0, 0.1, 0.5, 2]) {
      const before = Array.from({ length: 5000 }, () => randomNormal(random));
      const after = Array.from({ length: 700 }, () => randomNormal(random) * 1.1 + shift);
      const { binned, exact } = both(before, after);
      expect(binned).toBeLessThanOrEqual(exact + 1e-12);
      expect(binned).toBeGreaterThan(exact - 0.005);
    }
  });

  it("is that of the rows when they hold few distinct values", () => {
    const random = seeded(41);
    const before = Array.from({ length: 500 }, () => randomInt(random, 20));
    const after = Array.from({ length: 300 }, () => randomInt(random, 15));
    const { binned, exact } = both(before, after);
    expect(binned).toBeCloseTo(exact, 14);
  });
});
