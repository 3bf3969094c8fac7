import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NumberCells } from "../../src/monitoring/bucket/number-cells.ts";
import { delayScale, probabilityScale, signedScale, timeScale } from "../../src/monitoring/bucket/number-scale.ts";

const scales = { timeScale, probabilityScale, signedScale, delayScale };
const numbers = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -2, max: 2, noNaN: true }),
  fc.integer({ min: -1000, max: 100_000 }),
);

describe.each(Object.entries(scales))("%s", (_, scale) => {
  it("has a cell for every number, and cells that grow with the numbers", () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const cells = [scale.cellOf(low), scale.cellOf(high)] as const;
        expect(cells[0]).toBeGreaterThanOrEqual(0);
        expect(cells[1]).toBeLessThan(scale.cells);
        expect(cells[0]).toBeLessThanOrEqual(cells[1]);
      }),
    );
  });

  it("says where a cell begins", () => {
    for (let cell = 1; cell < scale.cells; cell++) {
      const low = scale.lower(cell);
      expect(low).toBeGreaterThan(scale.lower(cell - 1));
      const middle = cell + 1 < scale.cells ? (low + scale.lower(cell + 1)) / 2 : low * 2;
      expect(scale.cellOf(middle)).toBe(cell);
      expect(scale.groupOf(cell)).toBeGreaterThanOrEqual(scale.groupOf(cell - 1));
    }
  });
});

describe("NumberCells", () => {
  it("answers quantiles of times that are off by 1.6 % at most", () => {
    const times = fc.array(fc.double({ min: 0.002, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(times, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const cells = new NumberCells(timeScale);
        for (const value of values) cells.add(value);
        const exact = values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(q * values.length)) - 1]!;
        expect(Math.abs(cells.quantile(q)! / exact - 1)).toBeLessThanOrEqual(1 / 63);
      }),
    );
  });

  it("answers quantiles of numbers of both signs in their order", () => {
    const cells = new NumberCells(signedScale);
    for (const value of [-1000, -1, 0, 1, 1000]) cells.add(value);
    const [low, middle, high] = [0, 0.5, 1].map((q) => cells.quantile(q)!);
    expect(low).toBeLessThan(-960);
    expect(low).toBeGreaterThanOrEqual(-1000);
    expect(Math.abs(middle!)).toBeLessThan(1e-9);
    expect(high).toBeGreaterThan(960);
    expect(high).toBeLessThanOrEqual(1000);
  });

  it("has nothing to say without a number", () => {
    const cells = new NumberCells(timeScale);
    expect([cells.count, cells.mean, cells.low, cells.high, cells.quantile(0.5), cells.bars()]).toEqual([
      0,
      null,
      null,
      null,
      null,
      [],
    ]);
  });

  it("is empty again after it was cleared", () => {
    const cells = new NumberCells(probabilityScale);
    for (const value of [0, 0.5, 1]) cells.add(value);
    cells.clear();
    cells.add(0.25);
    expect(cells.bars()).toEqual([{ low: 0.25, high: 0.25, count: 1 }]);
    expect(cells.quantile(1)).toBe(0.25);
  });

  it("joins neighbouring cells to bars that do not overlap and hold every number", () => {
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 1, maxLength: 40 }), (values) => {
        const cells = new NumberCells(signedScale);
        for (const value of values) cells.add(value);
        const bars = cells.bars();
        expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
        for (const [i, { low, high }] of bars.entries()) {
          expect(low).toBeLessThanOrEqual(high);
          if (i > 0) expect(low).toBeGreaterThanOrEqual(bars[i - 1]!.high);
        }
      }),
    );
  });
});
