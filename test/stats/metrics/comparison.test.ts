import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import {
  accuracy,
  bootstrapInterval,
  deLongTest,
  discordantCounts,
  mcNemarTest,
  meanAbsoluteError,
  pairedBootstrap,
  rocAuc,
} from "../../../src/stats/index.ts";
import { agrees, reference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

describe("deLongTest", () => {
  it.each(reference.deLong)(
    "agrees with its definition over all pairs: $name",
    ({ labels, a, b, name, intervalA, ...expected }) => {
      const found = deLongTest(labels, a, b);
      for (const key of ["aucA", "aucB", "difference", "standardError", "statistic", "pValue"] as const) {
        expect(found[key], key).toSatisfy((value: number) => agrees(value, expected[key]));
      }
      expect(found.interval.every((limit, i) => agrees(limit, expected.interval[i]!))).toBe(true);
      expect([found.aucA, found.aucB]).toEqual([rocAuc(labels, a), rocAuc(labels, b)]);
      const turned = deLongTest(labels, b, a);
      expect(turned.pValue).toBeCloseTo(found.pValue, 14);
      expect(turned.statistic).toBeCloseTo(-found.statistic, 12);
    },
  );

  it("finds no difference of scores in the same order, however few", () => {
    const { interval, ...found } = deLongTest([0, 1, 0, 1], [1, 2, 3, 4], [10, 20, 30, 40]);
    expect(found).toEqual({ aucA: 0.75, aucB: 0.75, difference: 0, standardError: 0, statistic: 0, pValue: 1 });
    expect(interval).toEqual([0, 0]);
  });

  it("is cautious where the estimated variance is 0 although the areas differ", () => {
    const labels = [0, 0, 0, 1, 1, 1, 1];
    const perfect = [1, 2, 3, 4, 5, 6, 7];
    const constant = labels.map(() => 0);
    const found = deLongTest(labels, perfect, constant);
    expect(found.difference).toBe(0.5);
    expect(found.standardError).toBe(Math.sqrt(1 / 3));
    expect(found.pValue).toBeGreaterThan(0.3);
    expect(deLongTest(labels, perfect, [...perfect].reverse()).pValue).toBeGreaterThan(0.05);
  });

  it("rejects equal areas about as often as it says", () => {
    const random = seeded(3);
    let rejected = 0;
    for (let round = 0; round < 400; round++) {
      const labels = Uint8Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? 1 : 0));
      const common = Float64Array.from(labels, (label) => label + randomNormal(random));
      const a = common.map((score) => score + randomNormal(random));
      const b = common.map((score) => score + randomNormal(random));
      if (deLongTest(labels, a, b).pValue < 0.05) rejected += 1;
    }
    expect(rejected / 400).toBeGreaterThan(0.025);
    expect(rejected / 400).toBeLessThan(0.085);
  });

  it("refuses one row of a class, NaN, and unequal lengths", () => {
    expect(() => deLongTest([0, 0, 1], [1, 2, 3], [1, 2, 3])).toThrow(invalid);
    expect(() => deLongTest([0, 0, 1, 1], [1, 2, 3, Number.NaN], [1, 2, 3, 4])).toThrow(invalid);
    expect(() => deLongTest([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3])).toThrow(invalid);
    expect(() => deLongTest([], [], [])).toThrow(invalid);
    expect(() => deLongTest([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3, 4], { confidence: 1 })).toThrow(misconfigured);
  });
});

describe("discordantCounts", () => {
  it("counts the rows that only one of two classifiers gets right", () => {
    const counts = discordantCounts(["a", "b", "c", "a", "b"], ["a", "b", "a", "b", "a"], ["a", "c", "c", "b", "b"]);
    expect(counts).toEqual({ b: 1, c: 2 });
    expect(mcNemarTest(counts)).toEqual({ statistic: 1, pValue: 1, method: "exact" });
    expect(discordantCounts([0, 1, 1], [0, 0, 1], [500, 1, -1])).toEqual({ b: 2, c: 1 });
    expect(() => discordantCounts([0], [0], [0, 1])).toThrow(invalid);
    expect(() => discordantCounts([], [], [])).toThrow(invalid);
  });

  it("keeps the digits of the exact p-value of a billion disagreements", () => {
    const { pValue } = mcNemarTest({ b: 1_000_000_000, c: 1_000_100_000 }, { method: "exact" });
    // Twice the binomial tail, added term by term with mpmath 1.2 at 40 digits; SciPy 1.10.1 has 7 of them right.
    expect(Math.abs(pValue / 0.025_352_444_671_547_6 - 1)).toBeLessThan(1e-10);
  });
});

describe("bootstrapInterval", () => {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const skewed = (random = seeded(2), n = 40) => Float64Array.from({ length: n }, () => -Math.log(1 - random.next()));

  it.each(["percentile", "bca"] as const)("holds the true mean about as often as it says: %s", (method) => {
    const random = seeded(9);
    let hits = 0;
    for (let round = 0; round < 120; round++) {
      const { interval } = bootstrapInterval(skewed(random), mean, { resamples: 250, method, random });
      if (interval[0] <= 1 && 1 <= interval[1]) hits += 1;
    }
    expect(hits / 120).toBeGreaterThan(0.88);
    expect(hits / 120).toBeLessThan(0.985);
  });

  it("moves with BCa to the side of the longer tail", () => {
    const values = skewed(seeded(4), 30);
    const plain = bootstrapInterval(values, mean, { resamples: 20_000 }).interval;
    const corrected = bootstrapInterval(values, mean, { resamples: 20_000, method: "bca" }).interval;
    expect(corrected[0]).toBeGreaterThan(plain[0]);
    expect(corrected[1]).toBeGreaterThan(plain[1]);
  });

  it("estimates the standard error of a mean", () => {
    const values = skewed(seeded(6), 200);
    const center = mean(values);
    const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / 200 / 200);
    const found = bootstrapInterval(values, mean);
    expect(found.standardError / spread).toBeGreaterThan(0.93);
    expect(found.standardError / spread).toBeLessThan(1.07);
    expect(found.estimate).toBe(center);
    expect([found.resamples, found.skipped]).toEqual([2000, 0]);
  });

  it("draws the same with the same seed, and something else with another", () => {
    const values = skewed();
    const draw = (seed?: number) => bootstrapInterval(values, mean, { resamples: 200, ...(seed !== undefined && { seed }) });
    expect(draw()).toEqual(draw(1));
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7).interval).not.toEqual(draw(8).interval);
    expect(draw(7)).toEqual(bootstrapInterval(values, mean, { resamples: 200, random: seeded(7) }));
  });

  it.each(["percentile", "bca"] as const)(
    "has no width for a constant, nor NaN at the ends of the range of doubles: %s",
    (method) => {
      expect(bootstrapInterval([3, 3, 3], mean, { method })).toMatchObject({ interval: [3, 3], standardError: 0 });
      for (const unit of [1e-300, 1e150, 1e306]) {
        const { interval, standardError } = bootstrapInterval(
          [1, 2, 4, 9].map((value) => value * unit),
          mean,
          { method },
        );
        expect(interval[0] / unit).toBeGreaterThanOrEqual(1);
        expect(interval[1] / unit).toBeLessThanOrEqual(9);
        expect(standardError / unit).toBeGreaterThan(1);
        expect(standardError / unit).toBeLessThan(2);
      }
    },
  );

  it("leaves out resamples without a value, and says how many; refuses when they are most", () => {
    const values = [1, 2, 3, 4];
    const unlessFirstIs = (refused: (first: number) => boolean) => (sample: Float64Array) =>
      refused(sample[0]!) ? Number.NaN : mean(sample);
    const found = bootstrapInterval(
      values,
      unlessFirstIs((first) => first === 4),
    );
    expect(found.resamples + found.skipped).toBe(2000);
    expect(found.skipped / 2000).toBeCloseTo(0.25, 1);
    expect(() =>
      bootstrapInterval(
        values,
        unlessFirstIs((first) => first > 1),
      ),
    ).toThrow(invalid);
    expect(() => bootstrapInterval(values, () => Number.NaN)).toThrow(invalid);
  });

  it("refuses one value, NaN, and options that are none", () => {
    expect(() => bootstrapInterval([1], mean)).toThrow(invalid);
    expect(() => bootstrapInterval([], mean)).toThrow(invalid);
    expect(() => bootstrapInterval([1, Number.NaN], mean)).toThrow(invalid);
    expect(() => bootstrapInterval([1, 2], mean, { resamples: 10 })).toThrow(misconfigured);
    expect(() => bootstrapInterval([1, 2], mean, { confidence: 2 })).toThrow(misconfigured);
    expect(() => bootstrapInterval([1, 2], mean, { random: {} as never })).toThrow(misconfigured);
  });
});

describe("pairedBootstrap", () => {
  const draw = (n: number, noiseA: number, noiseB: number, seed = 1) => {
    const random = seeded(seed);
    const labels = Float64Array.from({ length: n }, () => 3 * randomNormal(random));
    const a = labels.map((label) => label + noiseA * randomNormal(random));
    return { labels, a, b: labels.map((label) => label + noiseB * randomNormal(random)) };
  };

  it("tells a better model from a worse one, and not two equally good ones", () => {
    const found = pairedBootstrap(meanAbsoluteError, draw(200, 1, 1.5), { resamples: 500 });
    expect(found.difference).toBe(found.a - found.b);
    expect(found.interval[1]).toBeLessThan(0);
    expect(found.pValue).toBe(2 / 501);
    const equal = pairedBootstrap(meanAbsoluteError, draw(200, 1, 1), { resamples: 500 });
    expect(equal.interval[0] < 0 && equal.interval[1] > 0).toBe(true);
    expect(equal.pValue).toBeGreaterThan(0.05);
  });

  it("finds no difference of a model from itself", () => {
    const { labels, a } = draw(50, 1, 1);
    for (const method of ["percentile", "bca"] as const) {
      const found = pairedBootstrap(meanAbsoluteError, { labels, a, b: a }, { resamples: 200, method });
      expect(found).toMatchObject({ difference: 0, interval: [0, 0], standardError: 0, pValue: 1, skipped: 0 });
    }
  });

  it("agrees with DeLong on the standard error of a difference of areas", () => {
    const { labels, a, b } = reference.deLong[0]!;
    const { standardError, difference } = deLongTest(labels, a, b);
    const found = pairedBootstrap(rocAuc, { labels, a, b }, { stratified: true });
    expect(found.difference).toBeCloseTo(difference, 14);
    expect(found.standardError / standardError).toBeGreaterThan(0.9);
    expect(found.standardError / standardError).toBeLessThan(1.1);
  });

  it("keeps a rare class in every resample when stratified", () => {
    const labels = [1, ...Array<number>(9).fill(0)];
    const a = [0.9, ...Array<number>(9).fill(0.1)];
    const options = { resamples: 100, stratified: true } as const;
    expect(pairedBootstrap(rocAuc, { labels, a, b: a }, options).a).toBe(1);
    expect(() => pairedBootstrap(rocAuc, { labels, a, b: a }, { resamples: 100 })).toThrow(invalid);
  });

  it("takes texts", () => {
    const labels = ["x", "y", "x", "y"];
    const found = pairedBootstrap(accuracy, { labels, a: labels, b: ["y", "y", "y", "y"] }, { resamples: 100 });
    expect([found.a, found.b, found.difference]).toEqual([1, 0.5, 0.5]);
  });

  it("refuses unequal lengths and fewer than two rows", () => {
    expect(() => pairedBootstrap(accuracy, { labels: [0, 1], a: [0, 1], b: [0] })).toThrow(invalid);
    expect(() => pairedBootstrap(accuracy, { labels: [0], a: [0], b: [0] })).toThrow(invalid);
    expect(() => pairedBootstrap(accuracy, { labels: [0, 1], a: [0, 1], b: [0, 1] }, { stratified: 1 as never })).toThrow(
      misconfigured,
    );
  });
});
