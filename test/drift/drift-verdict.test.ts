import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Random, randomNormal, seeded, shuffle } from "../../src/core/random.ts";
import { DriftDetector, multivariateDrift } from "../../src/drift/index.ts";
import { wasserstein } from "../../src/stats/index.ts";

const number = z.object({ x: z.number().nullable() });

function fitted(seed: number, make: (random: Random) => number | null, options: object = {}) {
  const detector = new DriftDetector({ schema: number, ...options });
  const random = seeded(seed);
  detector.fit(Array.from({ length: 10_000 }, () => ({ x: make(random) })));
  return {
    detector,
    /** What a window of `n` values shows. */
    check: (n: number, draw: (random: Random) => number | null) => {
      detector.observe(Array.from({ length: n }, () => ({ x: draw(random) })));
      return detector.check({ reset: true }).features[0]!;
    },
  };
}

describe("what is measured", () => {
  it("one outlier of a million moves PSI by less than 5 %, and the Wasserstein distance hardly", () => {
    const { detector } = fitted(1, randomNormal);
    const values = Array.from(
      { length: 1000 },
      (() =>
        (
          (random) => () =>
            randomNormal(random) + 0.7
        )(seeded(2)))(),
    );
    const found = [values, values.with(17, 1e6)].map((window) => {
      detector.observeColumns({ x: window });
      return detector.check({ reset: true }).features[0]!;
    });
    expect(Math.abs(found[1]!.psi / found[0]!.psi - 1)).toBeLessThan(0.05);
    expect(Math.abs(found[1]!.wasserstein!.statistic / found[0]!.wasserstein!.statistic - 1)).toBeLessThan(0.05);
  });

  it("the Wasserstein distance is that of the samples, but for the bins", () => {
    const { detector } = fitted(3, randomNormal);
    const random = seeded(3);
    const reference = Array.from({ length: 10_000 }, () => randomNormal(random));
    for (const [shift, scale] of [
      [0.5, 1],
      [0, 1.4],
      [-0.3, 0.7],
    ] as const) {
      const window = Array.from({ length: 2000 }, () => scale * randomNormal(random) + shift);
      detector.observeColumns({ x: window });
      const { wasserstein: found, moments } = detector.check({ reset: true }).features[0]!;
      const whole = wasserstein(reference, window) / moments!.reference!.deviation;
      expect(Math.abs(found!.statistic - whole)).toBeLessThan(0.02);
      expect(found!.interval[0]).toBeLessThan(whole);
      expect(found!.interval[1]).toBeGreaterThan(whole);
    }
  });

  it("the interval of PSI holds the index of the populations in about 95 % of the windows", () => {
    const random = seeded(5);
    const p = [0.1, 0.2, 0.3, 0.4];
    const q = [0.25, 0.25, 0.2, 0.3];
    const population = p.reduce((sum, share, i) => sum + (q[i]! - share) * Math.log(q[i]! / share), 0);
    const pick = (shares: readonly number[]) => {
      const at = random.next();
      return { word: `w${shares.findIndex((_, i) => at < shares.slice(0, i + 1).reduce((a, b) => a + b) + 1e-12)}` };
    };
    const detector = new DriftDetector({ schema: z.object({ word: z.string() }) });
    const held = Array.from({ length: 200 }, () => {
      detector.fit(Array.from({ length: 1500 }, () => pick(p)));
      detector.observe(Array.from({ length: 800 }, () => pick(q)));
      const [low, high] = detector.check().features[0]!.psiInterval;
      return low <= population && population <= high;
    });
    const share = held.filter(Boolean).length / held.length;
    expect(share).toBeGreaterThan(0.9);
    expect(share).toBeLessThan(0.99);
  });
});

describe("e-values", () => {
  it("raise few false alarms in fifty looks at a growing window, and find a shift", () => {
    const random = seeded(6);
    const { detector } = fitted(7, randomNormal, {
      evidence: "e-value",
      thresholds: { psiModerate: 1e-9, psiSignificant: 1, psiAlpha: 0.05 },
    });
    const alarms = (shift: number, runs: number) =>
      Array.from({ length: runs }, () => {
        detector.reset();
        for (let look = 1; look <= 50; look++) {
          detector.observeColumns({ x: Array.from({ length: 40 }, () => randomNormal(random) + shift) });
          if (["moderate", "significant"].includes(detector.check().verdict)) return true;
        }
        return false;
      }).filter(Boolean).length / runs;
    expect(alarms(0, 60)).toBeLessThanOrEqual(0.05);
    expect(alarms(0.3, 5)).toBe(1);
  });
});

describe("hints", () => {
  const hints = (
    draw: (random: Random) => number | null,
    before: (random: Random) => number | null = (random) => 170 + 10 * randomNormal(random),
  ) =>
    fitted(8, before)
      .check(500, draw)
      .hints.map(({ hint, message }) => `${hint}: ${message}`);

  it("say that the unit may have changed", () => {
    expect(hints((random) => (170 + 10 * randomNormal(random)) / 100)).toContainEqual(
      expect.stringMatching(/^unit_change: .* 0\.0\d+ times/),
    );
    expect(hints((random) => (170 + 10 * randomNormal(random)) * 1000)).toContainEqual(
      expect.stringMatching(/^unit_change: .*9\d\d|10\d\d times/),
    );
    expect(hints((random) => 200 + 10 * randomNormal(random)).join()).not.toContain("unit_change");
  });

  it("name missing, infinite, constant, frequent and far values", () => {
    const usual = (random: Random) => 170 + 10 * randomNormal(random);
    expect(hints((random) => (random.next() < 0.3 ? null : usual(random)))).toEqual([
      expect.stringMatching(/^missing_values: (2[5-9]|3[0-5])\.\d % of the rows have no value, 0\.0 %/),
    ]);
    expect(hints(() => 171).join()).toMatch(/constant: Every value is 171.*one_value: 100\.0 % of the rows/);
    expect(hints((random) => (random.next() < 0.4 ? -1 : usual(random))).join()).toMatch(/out_of_range: Values reach from -1 to/);
  });
});

describe("comprehensive", () => {
  it("shows what every method finds, and how far they agree", () => {
    const { detector } = fitted(9, randomNormal);
    detector.observeColumns({
      x: Array.from(
        { length: 1000 },
        (() =>
          (
            (random) => () =>
              randomNormal(random) + 0.8
          )(seeded(1)))(),
      ),
    });
    const { agreement, features } = detector.comprehensive();
    expect(multivariateDrift(detector.reference!, detector.window)).toBeNull();
    const [x] = agreement;
    expect(x).toMatchObject({ feature: "x", majority: "significant", agreement: 1 });
    expect(x!.findings.map(({ method }) => method)).toHaveLength(x!.votes.significant);
    const psi = x!.findings.find(({ method }) => method === "psi")!;
    expect(psi.effect).toBe(features[0]!.psiDebiased);
    for (const { method } of x!.findings) expect(detector.check({ method }).verdict).toBe("significant");
    expect(() => detector.check({ method: "vibes" as never })).toThrow();
  });

  it("finds 3 to 7 % of undrifted windows at 5 %, by every method with a law of its own", () => {
    const { detector } = fitted(10, randomNormal, { correction: "none" });
    const random = seeded(11);
    const runs = 400;
    const rejected = new Map<string, number>();
    for (let run = 0; run < runs; run++) {
      detector.observeColumns({ x: Array.from({ length: 300 }, () => randomNormal(random)) });
      for (const { method, pValue } of detector.comprehensive().agreement[0]!.findings) {
        if (pValue < 0.05) rejected.set(method, (rejected.get(method) ?? 0) + 1);
      }
      detector.reset();
    }
    for (const method of [
      "psi",
      "jensen-shannon",
      "hellinger",
      "chi-squared",
      "g-test",
      "kullback-leibler",
      "cramer-von-mises",
      "anderson-darling",
      "mann-whitney",
      "welch",
    ]) {
      expect(rejected.get(method)! / runs, method).toBeGreaterThan(0.025);
      expect(rejected.get(method)! / runs, method).toBeLessThan(0.075);
    }
    expect((rejected.get("e-value") ?? 0) / runs).toBeLessThan(0.05);
    expect((rejected.get("kolmogorov-smirnov") ?? 0) / runs).toBeLessThan(0.07);
  });

  it("sees with samples of rows that two features no longer move together", () => {
    const schema = z.object({ a: z.number(), b: z.number() });
    const detector = new DriftDetector({ schema, sampleRows: 600 });
    const random = seeded(12);
    const rows = (sign: number, length: number) =>
      Array.from({ length }, () => {
        const a = randomNormal(random);
        return { a, b: sign * 0.9 * a + 0.4 * randomNormal(random) };
      });
    detector.fit(rows(1, 3000));
    detector.observe(rows(1, 600));
    const quiet = multivariateDrift(detector.reference!, detector.window)!;
    expect(quiet.domainClassifier).toMatchObject({ status: "ok" });
    if (quiet.domainClassifier.status === "ok") expect(quiet.domainClassifier.pValue).toBeGreaterThan(0.01);
    detector.reset();
    detector.observe(rows(-1, 600));
    expect(detector.check().verdict).toBe("none");
    const { domainClassifier, pcaReconstruction, mmd } = multivariateDrift(detector.reference!, detector.window)!;
    expect(domainClassifier.status === "ok" && domainClassifier.pValue).toBeLessThan(1e-6);
    expect(domainClassifier.status === "ok" && domainClassifier.columns.map(({ name }) => name).toSorted()).toEqual(["a", "b"]);
    expect(pcaReconstruction.status === "ok" && pcaReconstruction.pValue).toBeLessThan(1e-6);
    expect(mmd!.pValue).toBeLessThan(0.01);
  });
});

describe("corrections", () => {
  it("of many features keep the false alarms down", () => {
    const schema = z.object(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, z.number()])));
    const random = seeded(13);
    const row = () => Object.fromEntries(Object.keys(schema.shape).map((name) => [name, randomNormal(random)]));
    const reference = new DriftDetector({ schema }).fit(Array.from({ length: 3000 }, row));
    const thresholds = { psiModerate: 1e-9, psiSignificant: 10, psiAlpha: 0.05, ksStatistic: 1 };
    const share = (correction: "none" | "bonferroni" | "holm" | "benjamini-hochberg") => {
      const detector = new DriftDetector({ schema, reference, thresholds, correction });
      const window = seeded(14);
      const alarms = Array.from({ length: 30 }, () => {
        detector.observeColumns(
          Object.fromEntries(
            Object.keys(schema.shape).map((name) => [name, Array.from({ length: 100 }, () => randomNormal(window))]),
          ),
        );
        return detector.check({ reset: true }).verdict !== "none";
      });
      return alarms.filter(Boolean).length / alarms.length;
    };
    expect(share("none")).toBeGreaterThan(0.5);
    for (const correction of ["bonferroni", "holm", "benjamini-hochberg"] as const) expect(share(correction)).toBeLessThan(0.2);
  });
});

describe("the order of rows", () => {
  it("does not change a report", () => {
    const { detector } = fitted(15, randomNormal);
    const random = seeded(16);
    const rows = Array.from({ length: 300 }, () => ({ x: random.next() < 0.1 ? null : randomNormal(random) }));
    detector.observe(rows);
    const { features } = detector.check();
    detector.reset();
    detector.observe(shuffle(random, [...rows]));
    expect(detector.check().features).toEqual(features);
  });
});
