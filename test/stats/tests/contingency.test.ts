import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { randomInt, seeded } from "../../../src/core/random.ts";
import { chiSquaredContingency, cramersV, fisherExact, gTest } from "../../../src/stats/index.ts";
import { greatestError } from "../reference.ts";
import { reference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));
const damaged: readonly (readonly number[])[][] = [
  [],
  [[]],
  [
    [0, 0],
    [0, 0],
  ],
  [[1, 2], [3]],
  [
    [1, -1],
    [2, 2],
  ],
  [
    [1, Number.NaN],
    [2, 2],
  ],
  [
    [1, 1 / 0],
    [2, 2],
  ],
  [
    [Number.MAX_VALUE, 1],
    [Number.MAX_VALUE, 2],
  ],
  [
    ["1" as unknown as number, 1],
    [2, 2],
  ],
];

describe.each(reference.contingency)("a table of $df degrees of freedom", ({ table, df, expected, ...values }) => {
  it("has SciPy's chi-squared and G tests", () => {
    const plain = chiSquaredContingency(table);
    const yates = chiSquaredContingency(table, { yates: true });
    const g = gTest(table);
    expect(plain.df).toBe(df);
    expect(
      greatestError(expected.flatMap((row, i) => row.map((cell, j) => [plain.expected[i]![j]!, cell] as const))),
    ).toBeLessThan(1e-14);
    expect(
      greatestError([
        [plain.statistic, values.statistic],
        [plain.pValue, values.pValue],
        [yates.statistic, values.yates.statistic],
        [yates.pValue, values.yates.pValue],
        [g.statistic, values.g.statistic],
        [g.pValue, values.g.pValue],
      ]),
    ).toBeLessThan(1e-9);
  });

  it("has SciPy's Cramér's V, and Bergsma's", () => {
    expect(cramersV(table)).toBeCloseTo(values.cramersV, 12);
    expect(cramersV(table, { biasCorrected: true })).toBeCloseTo(values.corrected, 12);
  });

  it("does not change under another order, turned over, or with rows and columns of zeros", () => {
    const turned = table[0]!.map((_, j) => table.map((row) => row[j]!));
    const padded = [...table.map((row) => [0, ...row]), Array.from({ length: table[0]!.length + 1 }, () => 0)];
    for (const other of [turned, padded, table.toReversed()]) {
      expect(
        greatestError([
          [chiSquaredContingency(other).pValue, values.pValue],
          [gTest(other).pValue, values.g.pValue],
        ]),
      ).toBeLessThan(1e-9);
      expect(cramersV(other, { biasCorrected: true })).toBeCloseTo(values.corrected, 12);
      expect(chiSquaredContingency(other).df).toBe(df);
    }
  });
});

describe("chiSquaredContingency, gTest and cramersV", () => {
  it("find nothing in a single row or column that is not all 0", () => {
    for (const table of [
      [[3, 4]],
      [[3], [4]],
      [
        [3, 4],
        [0, 0],
      ],
      [
        [0, 1],
        [0, 1],
      ],
    ]) {
      expect(chiSquaredContingency(table)).toMatchObject({ statistic: 0, pValue: 1, df: 0 });
      expect(gTest(table)).toMatchObject({ statistic: 0, pValue: 1, df: 0 });
      expect(cramersV(table)).toBe(0);
      expect(cramersV(table, { biasCorrected: true })).toBe(0);
    }
  });

  it("find nothing in equal rows, and everything where the one tells the other; never NaN", () => {
    const row = fc.array(fc.nat({ max: 40 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(row, fc.integer({ min: 1, max: 9 }), (counts, times) => {
        fc.pre(counts.some((count) => count > 0));
        const table = [counts, counts.map((count) => count * times)];
        expect(chiSquaredContingency(table).pValue).toBeCloseTo(1, 12);
        expect(gTest(table).pValue).toBeCloseTo(1, 12);
        expect(gTest(table).statistic).toBeGreaterThanOrEqual(0);
        expect(cramersV(table)).toBeCloseTo(0, 7);
        const diagonal = counts.map((count, i) => counts.map((_, j) => (i === j ? count + 1 : 0)));
        expect(cramersV(diagonal)).toBeCloseTo(1, 12);
        expect(cramersV(diagonal, { biasCorrected: true })).toBeCloseTo(
          counts.length > 2 || counts[0]! > 0 ? 1 : cramersV(diagonal, { biasCorrected: true }),
          12,
        );
      }),
    );
    expect(
      cramersV(
        [
          [0.5, 0],
          [0, 0.5],
        ],
        { biasCorrected: true },
      ),
    ).toBe(0);
  });

  it("take shares and weighted counts: the statistics grow with their sum, Cramér's V does not", () => {
    const table = [
      [1.5, 2.25, 0],
      [3, 1, 2.5],
    ];
    const tenfold = table.map((row) => row.map((cell) => cell * 10));
    expect(chiSquaredContingency(tenfold).statistic).toBeCloseTo(10 * chiSquaredContingency(table).statistic, 10);
    expect(cramersV(tenfold)).toBeCloseTo(cramersV(table), 12);
    const vast = table.map((row) => row.map((cell) => cell * 1e300));
    expect(chiSquaredContingency(vast).statistic / 1e300).toBeCloseTo(chiSquaredContingency(table).statistic, 10);
  });

  it("reject 3 to 7 % of equal rows at 5 %", () => {
    const random = seeded(31);
    const toss = (length: number) => {
      const counts = new Float64Array(5);
      for (let i = 0; i < length; i++) counts[randomInt(random, 5)]! += 1;
      return counts;
    };
    let chi = 0;
    let g = 0;
    for (let run = 0; run < 1000; run++) {
      const table = [toss(300), toss(200)];
      if (chiSquaredContingency(table).pValue < 0.05) chi += 1;
      if (gTest(table).pValue < 0.05) g += 1;
    }
    for (const rejected of [chi, g]) {
      expect(rejected / 1000).toBeGreaterThan(0.03);
      expect(rejected / 1000).toBeLessThan(0.07);
    }
  });

  it("refuse damaged tables and wrong options", () => {
    for (const table of damaged) {
      for (const test of [chiSquaredContingency, gTest, cramersV]) expect(() => test(table)).toThrow(invalid);
    }
    expect(() => chiSquaredContingency([[1, 2]], { yates: 1 as unknown as boolean })).toThrow(misconfigured);
    expect(() => cramersV([[1, 2]], { correction: true } as object)).toThrow(misconfigured);
  });
});

describe("fisherExact", () => {
  it("agrees with SciPy's odds ratios and exact sums of binomials", () => {
    for (const { table, alternative, statistic, pValue } of reference.fisherExact) {
      const found = fisherExact(table, { alternative });
      expect(
        greatestError([
          [found.statistic, Number(statistic)],
          [found.pValue, pValue],
        ]),
      ).toBeLessThan(1e-11);
    }
  });

  it("mirrors under swapped rows, and is whole: both one-sided tails share the table itself only", () => {
    const count = fc.nat({ max: 30 });
    fc.assert(
      fc.property(count, count, count, count, (a, b, c, d) => {
        fc.pre(a + b + c + d > 0);
        const less = fisherExact(
          [
            [a, b],
            [c, d],
          ],
          { alternative: "less" },
        ).pValue;
        const greater = fisherExact(
          [
            [c, d],
            [a, b],
          ],
          { alternative: "greater" },
        ).pValue;
        expect(less).toBeCloseTo(greater, 12);
        const both = fisherExact([
          [a, b],
          [c, d],
        ]);
        expect(both.pValue).toBeCloseTo(
          fisherExact([
            [a, c],
            [b, d],
          ]).pValue,
          12,
        );
        expect(both.pValue).toBeLessThanOrEqual(1);
        expect(both.statistic).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it("finds nothing where a row or a column is all 0", () => {
    for (const table of [
      [
        [0, 0],
        [3, 4],
      ],
      [
        [0, 3],
        [0, 4],
      ],
      [
        [5, 0],
        [0, 0],
      ],
    ]) {
      expect(fisherExact(table)).toEqual({ statistic: 1, pValue: 1 });
    }
  });

  it("takes great counts in bounded time, and tails below all doubles", () => {
    // 1 - hypergeom.cdf(499999, 2000000, 1000000, 1000000): half, and half of the table's own probability.
    const even = fisherExact(
      [
        [500_000, 500_000],
        [500_000, 500_000],
      ],
      { alternative: "greater" },
    ).pValue;
    expect(even).toBeCloseTo(0.5 + 0.5 * Math.sqrt(2 / (Math.PI * 500_000)), 7);
    expect(
      fisherExact([
        [2e11, 2e11],
        [2e11, 2e11],
      ]).pValue,
    ).toBeCloseTo(1, 9);
    expect(
      fisherExact([
        [1e6, 0],
        [0, 1e6],
      ]).pValue,
    ).toBe(0);
    expect(
      fisherExact(
        [
          [1e6, 0],
          [0, 1e6],
        ],
        { alternative: "less" },
      ).pValue,
    ).toBe(1);
  }, 5000);

  it("refuses another shape, what is no count, and counts that would take too long", () => {
    for (const table of [
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
      [[1, 2]],
      [
        [1, 2.5],
        [1, 1],
      ],
      [
        [1e12, 1],
        [1, 1],
      ],
      [
        [1, null as unknown as number],
        [1, 1],
      ],
    ]) {
      expect(() => fisherExact(table)).toThrow(invalid);
    }
    expect(() =>
      fisherExact(
        [
          [1, 2],
          [3, 4],
        ],
        { alternative: "both" as "less" },
      ),
    ).toThrow(misconfigured);
  });
});
