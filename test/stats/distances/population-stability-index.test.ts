import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { type Random, randomNormal, seeded } from "../../../src/core/random.ts";
import { binIndex, learnBins } from "../../../src/stats/bins.ts";
import { psiOfCounts } from "../../../src/stats/distances/population-stability-index.ts";
import { normalCdf, populationStabilityIndex, psiFromCounts } from "../../../src/stats/index.ts";
import { greatestError, reference } from "../reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

describe("populationStabilityIndex", () => {
  it("agrees with NumPy's quantiles, add-half smoothing and SciPy's chi-squared law", () => {
    const { psi } = reference;
    for (const found of [
      populationStabilityIndex(psi.reference, psi.current),
      psiFromCounts(psi.referenceCounts, psi.currentCounts),
    ]) {
      expect(
        greatestError([
          [found.psi, psi.psi],
          [found.psiDebiased, psi.psiDebiased],
          [found.pValue, psi.pValue],
        ]),
      ).toBeLessThan(1e-10);
      expect(found.bins).toBe(10);
    }
  });

  it("changes by less than 5 % for one outlier", () => {
    const random = seeded(3);
    const before = draw(random, 1000);
    const after = draw(random, 1000).map((value) => value + 0.7);
    const { psi } = populationStabilityIndex(before, after);
    for (const outlier of [1e6, -1e300]) {
      const touched = after.with(0, outlier);
      expect(Math.abs(populationStabilityIndex(before, touched).psi / psi - 1)).toBeLessThan(0.05);
      expect(Math.abs(populationStabilityIndex(before.with(0, outlier), after).psi / psi - 1)).toBeLessThan(0.05);
    }
  });

  it("gives each value of a short list its own bin, and what lies beyond them too", () => {
    const dice = Array.from({ length: 600 }, (_, i) => 1 + (i % 6));
    expect(populationStabilityIndex(dice, dice)).toMatchObject({ psi: 0, psiDebiased: -5 / 300, pValue: 1, bins: 6 });
    expect(
      populationStabilityIndex(
        dice,
        dice.map((value) => (value === 6 ? -1 : value)),
      ).bins,
    ).toBe(7);
    expect(
      populationStabilityIndex(
        dice,
        dice.map((value) => (value === 1 ? 7 : value)),
      ).bins,
    ).toBe(7);
  });

  it("tells a least value that many share from what is below it", () => {
    const before = Array.from({ length: 1000 }, (_, i) => Math.max(0, i - 500));
    const after = before.map((value) => (value === 0 ? -1 : value));
    expect(populationStabilityIndex(before, before)).toMatchObject({ psi: 0, bins: 6 });
    expect(populationStabilityIndex(before, after).psi).toBeGreaterThan(1);
  });

  it("gives a constant an index of 0 and a p-value of 1", () => {
    expect(populationStabilityIndex([3, 3, 3], [3, 3])).toEqual({
      psi: 0,
      psiDebiased: 0,
      interval: [0, 0],
      pValue: 1,
      bins: 1,
    });
  });

  it("takes the whole range of doubles", () => {
    const wide = Array.from({ length: 50 }, (_, i) => (i / 25 - 1) * Number.MAX_VALUE);
    expect(populationStabilityIndex(wide, wide).psi).toBe(0);
    expect(populationStabilityIndex([-Number.MAX_VALUE], [Number.MAX_VALUE]).psi).toBeGreaterThan(0);
  });

  it("refuses NaN, infinities, an empty sample, and a wrong number of bins", () => {
    for (const sample of [[Number.NaN], [Number.POSITIVE_INFINITY], []]) {
      expect(() => populationStabilityIndex(sample, [1])).toThrow(invalid);
      expect(() => populationStabilityIndex([1], sample)).toThrow(invalid);
    }
    for (const bins of [1, 2.5, 1001]) expect(() => populationStabilityIndex([1], [1], { bins })).toThrow(misconfigured);
  });
});

describe("populationStabilityIndex of a large sample", () => {
  it("has the bins and counts of the sorted one", () => {
    const random = seeded(9);
    for (const round of [0, 1, 30]) {
      const values = () => draw(random, 12_000).map((value) => (round ? Math.round(value * round) / round : value));
      const [before, after] = [values(), values()];
      const { edges } = learnBins(Float64Array.from(before).sort(), 10);
      const counts = (sample: readonly number[]) => {
        const found = new Float64Array(edges.length + 1);
        for (const value of sample) found[binIndex(edges, value)]! += 1;
        return found;
      };
      expect(populationStabilityIndex(before, after)).toEqual(psiFromCounts(counts(before), counts(after)));
    }
  });
});

describe("the interval of the index", () => {
  it("agrees with the delta method written out, and widens with the confidence", () => {
    const reference = [100, 200, 300, 400];
    const current = [150, 150, 350, 350];
    const [n, m] = [1000, 1000];
    const share = (counts: readonly number[]) => counts.map((count) => (count + 0.5) / (1000 + 2));
    const [p, q] = [share(reference), share(current)];
    const variance = (shares: readonly number[], slopes: readonly number[]) =>
      shares.reduce((sum, x, i) => sum + x * slopes[i]! ** 2, 0) - shares.reduce((sum, x, i) => sum + x * slopes[i]!, 0) ** 2;
    const byP = p.map((x, i) => 1 - Math.log(q[i]! / x) - q[i]! / x);
    const byQ = q.map((x, i) => 1 + Math.log(x / p[i]!) - p[i]! / x);
    const error = Math.sqrt(variance(p, byP) / n + variance(q, byQ) / m + 2 * 3 * (1 / n + 1 / m) ** 2);
    const { psiDebiased, interval } = psiFromCounts(reference, current);
    expect(interval[0]).toBeCloseTo(psiDebiased - 1.959963984540054 * error, 12);
    expect(interval[1]).toBeCloseTo(psiDebiased + 1.959963984540054 * error, 12);
    const wider = psiFromCounts(reference, current, { confidence: 0.99 }).interval;
    expect(wider[0]).toBeLessThan(interval[0]);
    expect(wider[1]).toBeGreaterThan(interval[1]);
  });

  it.each([
    { shift: 0, least: 0.99, most: 1 },
    { shift: 0.2, least: 0.95, most: 0.995 },
    { shift: 0.6, least: 0.93, most: 0.97 },
  ])("holds the true index in about 95 % of samples, and in more next to 0: shift $shift", ({ shift, least, most }) => {
    const random = seeded(5);
    const edges = [-1.2, -0.7, -0.2, 0.2, 0.7, 1.2];
    const count = (length: number, mean: number) => {
      const counts = new Float64Array(edges.length + 1);
      for (let i = 0; i < length; i++) {
        const value = randomNormal(random) + mean;
        let bin = 0;
        while (bin < edges.length && edges[bin]! < value) bin += 1;
        counts[bin]! += 1;
      }
      return counts;
    };
    const shares = (mean: number) =>
      [...edges, Number.POSITIVE_INFINITY].map((edge, i) => normalCdf(edge - mean) - normalCdf((edges[i - 1] ?? -1e9) - mean));
    const [p, q] = [shares(0), shares(shift)];
    const truth = p.reduce((sum, x, i) => sum + (q[i]! - x) * Math.log(q[i]! / x), 0);
    let held = 0;
    const runs = 400;
    for (let run = 0; run < runs; run++) {
      const [low, high] = psiFromCounts(count(800, 0), count(400, shift)).interval;
      if (low <= truth && truth <= high) held += 1;
    }
    expect(held / runs).toBeGreaterThan(least);
    expect(held / runs).toBeLessThanOrEqual(most);
  });

  it("refuses a confidence of 0, 1 or more", () => {
    for (const confidence of [0, 1, 95, Number.NaN]) {
      expect(() => psiFromCounts([1, 2], [2, 1], { confidence })).toThrow(misconfigured);
      expect(() => populationStabilityIndex([1, 2], [2, 1], { confidence })).toThrow(misconfigured);
    }
  });
});

describe("psiOfCounts", () => {
  it("is psiFromCounts for whole counts, and divides weighted ones by their own sum", () => {
    const [a, b] = [
      [10, 20, 30],
      [15, 15, 40],
    ];
    expect(psiOfCounts(a, b, 60, 70)).toEqual(psiFromCounts(a, b));
    const weighted = psiOfCounts(
      a.map((count) => count * 0.37),
      b,
      60,
      70,
    );
    expect(weighted.psi).toBeCloseTo(psiFromCounts(a, b).psi, 14);
    expect(weighted.pValue).toBeCloseTo(psiFromCounts(a, b).pValue, 12);
    expect(psiOfCounts([0.25, 0], [3, 0], 1, 3)).toMatchObject({ psi: 0, pValue: 1, bins: 1 });
  });
});

describe("psiFromCounts", () => {
  it("does not change under swapped sides or another order of bins, and is never negative or NaN", () => {
    const pair = fc.tuple(fc.nat({ max: 500 }), fc.nat({ max: 500 }));
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 12 }), (pairs) => {
        const a = pairs.map(([count]) => count);
        const b = pairs.map(([, count]) => count);
        fc.pre(a.some((count) => count > 0) && b.some((count) => count > 0));
        const { psi, pValue, bins } = psiFromCounts(a, b);
        expect(psi).toBeGreaterThanOrEqual(0);
        expect(pValue).toBeGreaterThanOrEqual(0);
        expect(pValue).toBeLessThanOrEqual(1);
        expect(psiFromCounts(b, a).psi).toBeCloseTo(psi, 10);
        expect(psiFromCounts(a.toReversed(), b.toReversed()).psi).toBeCloseTo(psi, 10);
        expect(psiFromCounts([...a, 0], [...b, 0])).toEqual({ ...psiFromCounts(a, b), bins });
      }),
    );
  });

  it("takes one value in a bin that is new to a large reference for chance", () => {
    const reference = [...Array.from({ length: 10 }, () => 100_000), 0];
    const current = [11, 9, 12, 8, 10, 10, 9, 11, 10, 9, 1];
    expect(psiFromCounts(reference, current).pValue).toBeGreaterThan(0.9);
  });

  it("refuses what is no count, no value at all, and unlike bins", () => {
    for (const [a, b] of [
      [[0.5], [1]],
      [
        [0, 0],
        [1, 1],
      ],
      [
        [1, 1],
        [0, 0],
      ],
      [[1], [1, 1]],
      [[], []],
    ] as const) {
      expect(() => psiFromCounts(a, b)).toThrow(invalid);
    }
  });

  it.each([
    { n: 100, bins: 3 },
    { n: 500, bins: 3 },
    { n: 500, bins: 10 },
    { n: 5000, bins: 10 },
    { n: 5000, bins: 50 },
  ])("rejects 3 to 7 % of equal samples at 5 %: $n values, $bins bins", ({ n, bins }) => {
    const random = seeded(n + bins);
    const runs = n > 1000 ? 500 : 4000;
    let rejected = 0;
    for (let run = 0; run < runs; run++)
      if (psiFromCounts(toss(random, n, bins), toss(random, n, bins)).pValue < 0.05) rejected += 1;
    expect(rejected / runs).toBeGreaterThan(0.03);
    expect(rejected / runs).toBeLessThan(0.07);
  });
});

function draw(random: Random, length: number): number[] {
  return Array.from({ length }, () => randomNormal(random));
}

function toss(random: Random, n: number, bins: number): Float64Array {
  const counts = new Float64Array(bins);
  for (let i = 0; i < n; i++) counts[Math.floor(random.next() * bins)]! += 1;
  return counts;
}
