import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { type Random, randomNormal, seeded } from "../../../src/core/random.ts";
import { mmd } from "../../../src/stats/index.ts";
import { greatestError } from "../reference.ts";
import { reference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

function rows(random: Random, count: number, width: number, shift = 0): number[][] {
  return Array.from({ length: count }, () => Array.from({ length: width }, () => randomNormal(random) + shift));
}

describe("mmd", () => {
  const { x, y, ...expected } = reference.mmd;

  it("agrees with scikit-learn's kernel and SciPy's distances", () => {
    const found = mmd(x, y);
    const narrow = mmd(x, y, { bandwidth: 0.5 });
    expect(
      greatestError([
        [found.bandwidth, expected.bandwidth],
        [found.statistic, expected.statistic],
        [narrow.statistic, expected.narrow],
      ]),
    ).toBeLessThan(1e-10);
    expect(narrow.bandwidth).toBe(0.5);
  });

  it("has the p-value of relabellings that are added up pair by pair", () => {
    const small = { x: x.slice(0, 4), y: y.slice(0, 3) };
    const all = [...small.x, ...small.y];
    const { bandwidth, statistic } = mmd(small.x, small.y);
    const kernel = (u: readonly number[], v: readonly number[]) =>
      Math.exp(-u.reduce((sum, value, i) => sum + (value - v[i]!) ** 2, 0) / (2 * bandwidth ** 2));
    let [atLeast, total] = [0, 0];
    for (let mask = 0; mask < 1 << 7; mask++) {
      const [inX, inY] = [true, false].map((side) => all.filter((_, i) => (((mask >> i) & 1) === 1) === side)) as [
        number[][],
        number[][],
      ];
      if (inX.length !== 4) continue;
      const mean = (a: number[][], b: number[][], pairs: number) =>
        a.reduce((sum, u) => sum + b.reduce((inner, v) => inner + (u === v ? 0 : kernel(u, v)), 0), 0) / pairs;
      total += 1;
      if (mean(inX, inX, 12) + mean(inY, inY, 6) - 2 * mean(inX, inY, 12) >= statistic - 1e-12) atLeast += 1;
    }
    const { pValue } = mmd(small.x, small.y, { permutations: 20_000 });
    expect(Math.abs(pValue - atLeast / total)).toBeLessThan(0.015);
  });

  it("sees a difference that no coordinate shows by itself", () => {
    const random = seeded(3);
    const together = rows(random, 80, 1).map(([value]) => [value!, value!]);
    expect(mmd(together, rows(random, 80, 2)).pValue).toBe(1 / 200);
  });

  it("rejects 2 to 8 % of equal samples at 5 %", () => {
    const random = seeded(4);
    let rejected = 0;
    for (let run = 0; run < 300; run++) {
      if (mmd(rows(random, 12, 2), rows(random, 18, 2), { permutations: 99, random }).pValue <= 0.05) rejected += 1;
    }
    expect(rejected / 300).toBeGreaterThan(0.02);
    expect(rejected / 300).toBeLessThan(0.08);
  });

  it("draws rows of a longer sample, and gives equal results for equal samples and seeds", () => {
    const random = seeded(5);
    const [a, b] = [rows(random, 300, 2), rows(random, 40, 2, 1)];
    const options = { maxRows: 50, permutations: 19 };
    expect(mmd(a, b, options)).toEqual(mmd(a, b, options));
    expect(mmd(a, b, options)).not.toEqual(mmd(a, b, { ...options, random: seeded(1) }));
    expect(mmd(a, b, { ...options, maxRows: 300 }).statistic).toBe(mmd(a, b, { permutations: 19 }).statistic);
    expect(mmd(a, b, options).pValue).toBe(1 / 20);
  });

  it("finds nothing in equal rows, and keeps to doubles for rows of any magnitude", () => {
    const constant = [
      [1, 2],
      [1, 2],
      [1, 2],
    ];
    expect(mmd(constant, constant)).toEqual({ statistic: 0, pValue: 1, bandwidth: 1 });
    const mostly = [...constant, [5, 5]];
    expect(mmd(mostly, constant).bandwidth).toBe(5);
    const { statistic } = mmd(x, y);
    for (const unit of [1e-200, 1e200]) {
      const scaled = (list: readonly (readonly number[])[]) => list.map((row) => row.map((value) => value * unit));
      const found = mmd(scaled(x), scaled(y));
      expect(found.statistic).toBeCloseTo(statistic, 12);
      expect(greatestError([[found.bandwidth, expected.bandwidth * unit]])).toBeLessThan(1e-10);
    }
  });

  it("refuses fewer than two rows, unlike rows, what is not finite, and wrong options", () => {
    for (const wrong of [[], [[1]], [[1], [1, 2]], [[1], [Number.NaN]], [[1], [1 / 0]], [[], []]]) {
      expect(() => mmd(wrong, [[1], [2]])).toThrow(invalid);
      expect(() => mmd([[1], [2]], wrong)).toThrow(invalid);
    }
    for (const options of [{ bandwidth: 0 }, { permutations: 0 }, { maxRows: 1 }, { random: () => 0 }]) {
      expect(() => mmd([[1], [2]], [[1], [2]], options as object)).toThrow(misconfigured);
    }
  });
});
