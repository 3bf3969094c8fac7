import { describe, expect, it } from "vitest";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import {
  type AlphaSpending,
  groupSequentialBounds,
  groupSequentialLook,
  normalSf,
  normalUpperQuantile,
  wangTsiatisBounds,
} from "../../../src/stats/index.ts";
import { greatestError } from "../reference.ts";
import { invalid, misconfigured, reference } from "./reference.ts";

const FIFTHS = [0.2, 0.4, 0.6, 0.8, 1];
const SPENDING = {
  "obrien-fleming": "obrien-fleming",
  pocock: "pocock",
  power: { family: "power", exponent: 2 },
  "hwang-shih-decani": { family: "hwang-shih-decani", gamma: -4 },
} satisfies Record<string, AlphaSpending>;

const boundsOf = (design: { readonly looks: readonly { readonly bound: number }[] }) => design.looks.map(({ bound }) => bound);

describe("groupSequentialBounds", () => {
  it("gives the published bounds of five looks", () => {
    // Lan-DeMets program (ldbounds, "bounds"), two-sided 0.05, to the digits that its grid of trapezoids holds.
    const published = {
      "obrien-fleming": [4.8769, 3.3569, 2.6803, 2.2898, 2.031],
      pocock: [2.438, 2.4268, 2.4101, 2.3966, 2.3859],
    };
    for (const [spending, bounds] of Object.entries(published) as ["pocock" | "obrien-fleming", number[]][]) {
      const found = boundsOf(groupSequentialBounds({ looks: FIFTHS, spending }));
      for (const [i, bound] of bounds.entries()) expect(Math.abs(found[i]! - bound)).toBeLessThan(1.6e-4);
    }
  });

  it("agrees with another quadrature, of SciPy's functions, to ten digits", () => {
    for (const { looks, spending, sides, bounds } of reference.groupSequential) {
      const found = boundsOf(groupSequentialBounds({ looks, spending: SPENDING[spending], sides }));
      expect(greatestError(bounds.map((bound, i) => [found[i]!, bound]))).toBeLessThan(1e-10);
    }
  });

  it("is the quantile of one look, and spends all of alpha at the end", () => {
    for (const spending of Object.values(SPENDING)) {
      const [only] = groupSequentialBounds({ looks: [1], alpha: 0.1, spending }).looks;
      expect(only!.bound).toBeCloseTo(normalUpperQuantile(0.05), 12);
      const design = groupSequentialBounds({ looks: FIFTHS, alpha: 0.1, sides: 1, spending });
      expect(design.looks.at(-1)!.alphaSpent).toBe(0.1);
      expect(groupSequentialBounds({ looks: [0.5], alpha: 0.1, spending }).looks[0]!.alphaSpent).toBeLessThan(0.1);
      for (const { bound, nominalAlpha } of design.looks) expect(nominalAlpha).toBeCloseTo(normalSf(bound), 15);
    }
  });

  it("spends evenly with an exponent of 1 or a gamma of 0", () => {
    const even = boundsOf(groupSequentialBounds({ looks: FIFTHS, spending: { family: "power", exponent: 1 } }));
    const also = boundsOf(groupSequentialBounds({ looks: FIFTHS, spending: { family: "hwang-shih-decani", gamma: 0 } }));
    expect(greatestError(even.map((bound, i) => [bound, also[i]!]))).toBeLessThan(1e-12);
  });

  it("does not let later looks change earlier bounds", () => {
    const planned = boundsOf(groupSequentialBounds({ looks: [0.25, 0.5, 0.75, 1] }));
    const changed = boundsOf(groupSequentialBounds({ looks: [0.25, 0.5, 0.93, 1] }));
    expect(changed[0]).toBeCloseTo(planned[0]!, 11);
    expect(changed[1]).toBeCloseTo(planned[1]!, 11);
    expect(changed[2]).not.toBeCloseTo(planned[2]!, 2);
  });

  it("stays exact for early, crowded and many looks", () => {
    // Two looks next to each other are almost one: the second spends the rest at nearly the same z.
    const crowded = groupSequentialBounds({ looks: [0.001, 0.5, 0.501, 1] });
    expect(crowded.looks[0]).toEqual({ information: 0.001, bound: 40, alphaSpent: 0, nominalAlpha: 0 });
    expect(crowded.looks[1]!.bound).toBeCloseTo(groupSequentialBounds({ looks: [0.5] }).looks[0]!.bound, 12);
    const many = groupSequentialBounds({ looks: Array.from({ length: 30 }, (_, i) => (i + 1) / 30) });
    const total = groupSequentialLook(many, 30, many.looks[29]!.bound).pValue;
    expect(total).toBeCloseTo(0.05, 10);
  });

  it("rejects in 5 % of null experiments, and in few of them early", () => {
    const random = seeded(9);
    const { looks } = groupSequentialBounds({ looks: FIFTHS });
    const runs = 20_000;
    let rejected = 0;
    for (let run = 0; run < runs; run++) {
      let score = 0;
      for (const { information, bound } of looks) {
        score += randomNormal(random) * Math.sqrt(0.2);
        if (Math.abs(score) / Math.sqrt(information) < bound) continue;
        rejected += 1;
        break;
      }
    }
    // Four standard errors.
    expect(Math.abs(rejected / runs - 0.05)).toBeLessThan(0.0062);
  });

  it("refuses looks out of order, too near, too many or beyond 1, and wrong spending", () => {
    for (const looks of [
      [],
      [0],
      [0.5, 0.4],
      [0.5, 0.5],
      [0.5, 0.5001],
      [1.1],
      [Number.NaN],
      Array.from({ length: 101 }, (_, i) => (i + 1) / 101),
    ]) {
      expect(() => groupSequentialBounds({ looks })).toThrow(misconfigured);
    }
    for (const spending of ["bogus", { family: "power", exponent: 0 }, { family: "hwang-shih-decani", gamma: 99 }]) {
      expect(() => groupSequentialBounds({ looks: [1], spending: spending as never })).toThrow(misconfigured);
    }
    expect(() => groupSequentialBounds({ looks: [1], alpha: 0.6 })).toThrow(misconfigured);
    expect(() => groupSequentialBounds({ looks: [1], sides: 3 as never })).toThrow(misconfigured);
  });
});

describe("wangTsiatisBounds", () => {
  it("gives the published constants of O'Brien and Fleming and of Pocock", () => {
    // C. Jennison, B. W. Turnbull, "Group Sequential Methods" (2000), tables 2.1 and 2.3, two-sided.
    const constant = (count: number, alpha: number, shape: number) =>
      wangTsiatisBounds({ looks: Array.from({ length: count }, (_, i) => (i + 1) / count), alpha, shape }).looks.at(-1)!.bound;
    for (const [count, alpha, fleming, pocock] of [
      [2, 0.05, 1.977, 2.178],
      [5, 0.05, 2.04, 2.413],
      [5, 0.01, 2.621, 2.986],
      [10, 0.1, 1.801, 2.27],
    ] as const) {
      expect(constant(count, alpha, 0).toFixed(3)).toBe(fleming.toFixed(3));
      expect(constant(count, alpha, 0.5).toFixed(3)).toBe(pocock.toFixed(3));
    }
  });

  it("spends just alpha, with bounds of the shape asked for", () => {
    for (const sides of [1, 2] as const) {
      for (const shape of [-0.5, 0, 0.3, 0.5]) {
        const { looks } = wangTsiatisBounds({ looks: FIFTHS, alpha: 0.02, sides, shape });
        expect(looks.at(-1)!.alphaSpent).toBeCloseTo(0.02, 12);
        for (const { information, bound } of looks) expect(bound).toBeCloseTo(looks[4]!.bound * information ** (shape - 0.5), 10);
      }
    }
    for (const [alpha, shape] of [
      [0.5, 0],
      [0.5, 1],
      [1e-12, -1],
      [1e-100, 0.5],
    ] as const) {
      const spent = wangTsiatisBounds({ looks: [0.001, 0.3, 0.5, 1], alpha, sides: 1, shape }).looks.at(-1)!.alphaSpent;
      expect(greatestError([[spent, alpha]])).toBeLessThan(1e-10);
    }
    expect(wangTsiatisBounds({ looks: [1] }).looks[0]!.bound).toBeCloseTo(1.959963984540054, 12);
  });

  it("refuses looks that do not end at 1", () => {
    expect(() => wangTsiatisBounds({ looks: [0.5] })).toThrow(misconfigured);
    expect(() => wangTsiatisBounds({ looks: [1], shape: 2 })).toThrow(misconfigured);
    expect(() => wangTsiatisBounds({ looks: [1], alpha: 0.6 })).toThrow(misconfigured);
  });
});

describe("groupSequentialLook", () => {
  const design = groupSequentialBounds({ looks: FIFTHS });
  const oneSided = groupSequentialBounds({ looks: FIFTHS, sides: 1 });

  it("gives a z on the bound the alpha spent so far, and so rejects just when the p-value is small enough", () => {
    for (const { sides, looks } of [design, oneSided]) {
      for (const [i, { bound, alphaSpent }] of looks.entries()) {
        expect(greatestError([[groupSequentialLook({ sides, looks }, i + 1, bound).pValue, alphaSpent]])).toBeLessThan(1e-9);
        expect(groupSequentialLook({ sides, looks }, i + 1, bound)).toMatchObject({ reject: true, bound });
        expect(groupSequentialLook({ sides, looks }, i + 1, bound - 1e-9).reject).toBe(false);
      }
    }
  });

  it("looks at either side, or at one", () => {
    expect(groupSequentialLook(design, 3, -3)).toEqual(groupSequentialLook(design, 3, 3));
    expect(groupSequentialLook(oneSided, 3, -3)).toMatchObject({ reject: false });
    expect(groupSequentialLook(oneSided, 3, -3).pValue).toBeGreaterThan(0.99);
    expect(groupSequentialLook(design, 5, 0).pValue).toBe(1);
  });

  it("is the plain p-value at the first look and takes infinite z", () => {
    expect(groupSequentialLook(design, 1, 1.5).pValue).toBeCloseTo(2 * normalSf(1.5), 14);
    expect(groupSequentialLook(design, 1, Number.POSITIVE_INFINITY)).toMatchObject({ reject: true, pValue: 0 });
    expect(groupSequentialLook(design, 5, Number.POSITIVE_INFINITY).pValue).toBe(design.looks[3]!.alphaSpent);
  });

  it("works from a design that was stored as JSON", () => {
    const stored = JSON.parse(JSON.stringify(design));
    expect(groupSequentialLook(stored, 4, 2.2)).toEqual(groupSequentialLook(design, 4, 2.2));
  });

  it("refuses NaN and looks that are not planned", () => {
    expect(() => groupSequentialLook(design, 1, Number.NaN)).toThrow(invalid);
    for (const damage of [
      { sides: 3 },
      { looks: [] },
      { looks: [{ ...design.looks[0], bound: 1e9 }] },
      { looks: design.looks.toReversed() },
      { looks: [null] },
    ]) {
      expect(() => groupSequentialLook({ ...design, ...damage } as never, 1, 1)).toThrow(invalid);
    }
    for (const look of [0, 6, 1.5, Number.NaN]) expect(() => groupSequentialLook(design, look, 1)).toThrow(invalid);
  });
});
