import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import { Histogram, type HistogramOptions, type HistogramState } from "../../src/core/histogram.ts";

function of(values: Iterable<number>, options?: HistogramOptions): Histogram {
  const histogram = new Histogram(options);
  for (const value of values) histogram.record(value);
  return histogram;
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (ModelwrightError.is(error)) return error.code;
    throw error;
  }
  return "success";
};

const restored = (histogram: Histogram) => Histogram.fromJSON(JSON.parse(JSON.stringify(histogram)) as HistogramState);

const bounds = { min: 2 ** -10, max: 2 ** 10 };
/** Values spread evenly over the octaves of `bounds`, and some on the bounds of buckets. */
const inRange = fc.oneof(
  fc.double({ min: -10, max: 10, noNaN: true }).map((exponent) => 2 ** exponent),
  fc.tuple(fc.integer({ min: -10, max: 9 }), fc.nat(32)).map(([exponent, k]) => 2 ** exponent * (1 + k / 32)),
);
const any = fc.double({ noDefaultInfinity: false, noNaN: false });

describe("Histogram quantiles", () => {
  it("are off by at most 1.6 % within the range", () => {
    fc.assert(
      fc.property(
        fc.array(inRange, { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, q) => {
          const sorted = values.toSorted((a, b) => a - b);
          const exact = sorted[Math.max(0, Math.ceil(q * values.length) - 1)]!;
          expect(Math.abs(of(values, bounds).quantile(q)! - exact)).toBeLessThanOrEqual(exact / 64);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("never leave the values seen, and never decrease with q", () => {
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 50 }), (values) => {
        const finite = values.filter(Number.isFinite);
        const histogram = of(values);
        const quantiles = [0, 0.1, 0.5, 0.9, 0.999, 1].map((q) => histogram.quantile(q));
        if (finite.length === 0) expect(quantiles.every((value) => value === undefined)).toBe(true);
        else {
          expect(quantiles[0]! + 0).toBe(Math.min(...finite) + 0);
          expect(quantiles[5]! + 0).toBe(Math.max(...finite) + 0);
          expect(quantiles.every((value, i) => i === 0 || value! >= quantiles[i - 1]!)).toBe(true);
        }
      }),
    );
  });

  it("of one value are that value", () => {
    for (const q of [0, 0.3, 1]) expect(of([0.123]).quantile(q)).toBe(0.123);
  });

  it("are undefined when nothing was recorded", () => {
    expect(new Histogram().quantile(0.5)).toBeUndefined();
  });

  it("outside [0, 1] are the smallest and the largest value", () => {
    expect(of([1, 2, 3]).quantile(-1)).toBe(1);
    expect(of([1, 2, 3]).quantile(2)).toBe(3);
  });
});

describe("Histogram buckets", () => {
  it("count the values at or below each power of 2 exactly", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(inRange, any), { maxLength: 100 }), (values) => {
        const finite = values.filter(Number.isFinite);
        for (const [bound, count] of of(values, bounds).cumulative()) {
          expect(count).toBe(finite.filter((value) => value <= bound).length);
        }
      }),
    );
  });

  it("are closed on the right: a power of 2 belongs below it, the next double above", () => {
    for (let exponent = -10; exponent <= 10; exponent++) {
      const power = 2 ** exponent;
      const count = (value: number) => new Map(of([value], bounds).cumulative()).get(power);
      expect([count(power * (1 - 2 ** -53)), count(power), count(power * (1 + 2 ** -52))]).toEqual([1, 1, 0]);
    }
  });

  it("list the powers of 2 from min to max, rounded outwards", () => {
    const powers = (options: HistogramOptions) => new Histogram(options).cumulative().map(([bound]) => bound);
    expect(powers({ min: 1, max: 8 })).toEqual([1, 2, 4, 8]);
    expect(powers({ min: 1.5, max: 5 })).toEqual([1, 2, 4, 8]);
    expect(powers({ min: 1.2, max: 1.3 })).toEqual([1, 2]);
    expect(new Histogram().cumulative()).toHaveLength(33);
  });

  it("hold zero, negative and tiny values below, huge ones above", () => {
    const histogram = of([0, -0, -5, -1e308, 5e-324, 2 ** -1022, 1e308], { min: 1, max: 2 });
    expect(histogram.cumulative()).toEqual([
      [1, 6],
      [2, 6],
    ]);
    expect(histogram.count).toBe(7);
    expect([histogram.quantile(0), histogram.quantile(1)]).toEqual([-1e308, 1e308]);
  });

  it("reach over all normal doubles", () => {
    const histogram = of([2 ** -1022, 1, 2 ** 1023, Number.MAX_VALUE], { min: 2 ** -1022, max: 2 ** 1023 });
    expect(histogram.cumulative()).toHaveLength(2046);
    expect(histogram.cumulative().at(-1)).toEqual([2 ** 1023, 3]);
    expect(histogram.quantile(0.75)! / 2 ** 1023).toBeCloseTo(1, 1);
  });

  it("leave out what is not finite, and count it apart", () => {
    const histogram = of([1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2]);
    expect([histogram.count, histogram.sum, histogram.nonFinite]).toEqual([2, 3, 3]);
    expect([histogram.quantile(0), histogram.quantile(1)]).toEqual([1, 2]);
  });

  it.each([
    [{ min: 0 }],
    [{ min: -1 }],
    [{ min: 5e-324 }],
    [{ min: 2, max: 1 }],
    [{ min: 1, max: 1 }],
    [{ max: Number.POSITIVE_INFINITY }],
    [{ max: Number.MAX_VALUE }],
    [{ min: Number.NaN }],
    [{ max: Number.NaN }],
  ])("refuse the bounds %j", (options) => {
    expect(codeOf(() => new Histogram(options))).toBe("CONFIG_INVALID");
  });
});

describe("Histogram.merge", () => {
  it("gives exactly the histogram of all values", () => {
    // Sums of integers are exact, so the order of addition cannot show.
    const values = fc.array(
      fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY)),
    );
    fc.assert(
      fc.property(values, values, (a, b) => {
        const merged = of(a);
        merged.merge(of(b));
        expect(merged.toJSON()).toEqual(of([...a, ...b]).toJSON());
      }),
    );
  });

  it("does not depend on the order", () => {
    fc.assert(
      fc.property(fc.array(inRange), fc.array(inRange), (a, b) => {
        const [left, right] = [of(a), of(b)];
        left.merge(of(b));
        right.merge(of(a));
        expect(left.toJSON()).toEqual(right.toJSON());
      }),
    );
  });

  it("leaves the other as it is, and may be given itself", () => {
    const histogram = of([1, 2]);
    const other = of([3]);
    histogram.merge(other);
    expect(other.toJSON()).toEqual(of([3]).toJSON());
    histogram.merge(histogram);
    expect([histogram.count, histogram.sum]).toEqual([6, 12]);
  });

  it("refuses other bounds", () => {
    const histogram = of([1]);
    expect(codeOf(() => histogram.merge(new Histogram({ max: 1 })))).toBe("CONFIG_INVALID");
    expect(codeOf(() => histogram.merge(new Histogram({ min: 1 })))).toBe("CONFIG_INVALID");
    expect(histogram.count).toBe(1);
  });
});

describe("Histogram as JSON", () => {
  it("restores to the same behaviour", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(inRange, any)), fc.array(inRange), (before, after) => {
        const histogram = of(before, bounds);
        const twin = restored(histogram);
        expect(twin.toJSON()).toEqual(histogram.toJSON());
        for (const value of after) {
          histogram.record(value);
          twin.record(value);
        }
        expect(twin.toJSON()).toEqual(histogram.toJSON());
        expect(twin.quantile(0.9)).toBe(histogram.quantile(0.9));
      }),
    );
  });

  it("restores an empty histogram", () => {
    const twin = restored(new Histogram(bounds));
    expect([twin.count, twin.quantile(0.5)]).toEqual([0, undefined]);
    twin.record(3);
    expect(twin.quantile(0.5)).toBe(3);
  });

  it("restores a sum that has left the range of doubles as unknown", () => {
    const twin = restored(of([1e308, 1e308]));
    expect([twin.count, twin.sum]).toEqual([2, Number.NaN]);
  });

  const state = of([1, 2, 3]).toJSON();
  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["an array", []],
    ["another version", { ...state, schemaVersion: 2 }],
    ["a fractional exponent", { ...state, minExponent: 0.5 }],
    ["an exponent out of range", { ...state, maxExponent: 2000 }],
    ["exponents in the wrong order", { ...state, minExponent: 12, maxExponent: -20 }],
    ["a text as sum", { ...state, sum: "6" }],
    ["a negative number of non-finite values", { ...state, nonFinite: -1 }],
    ["low above high", { ...state, low: 4 }],
    ["counts without low", { ...state, low: null }],
    ["low without counts", { ...state, counts: [] }],
    ["an index out of range", { ...state, counts: [[100_000, 1]] }],
    ["a negative index", { ...state, counts: [[-1, 1]] }],
    ["a fractional index", { ...state, counts: [[1.5, 1]] }],
    [
      "an index twice",
      {
        ...state,
        counts: [
          [7, 1],
          [7, 2],
        ],
      },
    ],
    ["a negative count", { ...state, counts: [[7, -1]] }],
    ["a count of null", { ...state, counts: [[7, null]] }],
    ["a name as index", { ...state, counts: [["__proto__", 1]] }],
  ])("refuses %s as state", (_, hostile) => {
    expect(codeOf(() => Histogram.fromJSON(hostile as HistogramState))).toBe("INPUT_INVALID");
  });
});
