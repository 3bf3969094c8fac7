import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Random, randomInt, randomNormal, seeded, shuffle, systemRandom } from "../../src/core/random.ts";

const take = (random: Random, count: number) => Array.from({ length: count }, () => random.uint32());

/** Pearson's statistic of counts against equal expectations. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Far out in the tail of chi-square with `degrees` of freedom: mean plus six standard deviations. */
const generous = (degrees: number) => degrees + 6 * Math.sqrt(2 * degrees);

describe("seeded", () => {
  it.each([
    [42, [1959603763, 2423114712, 2466933512, 4144396390, 3569536208, 2879541286]],
    [0, [2899526011, 769844623, 220372281, 4270301181, 3717780726, 2919608142]],
    [-1, [2300869303, 3917632794, 3726809994, 1136427174, 1916388865, 1301959096]],
  ])("gives the same numbers for seed %d on every platform", (seed, numbers) => {
    expect(take(seeded(seed), 6)).toEqual(numbers); // computed with unbounded integers in Python 3
  });

  it("looks at the low 32 bits of the seed", () => {
    expect(take(seeded(42 + 2 ** 32), 3)).toEqual(take(seeded(42), 3));
    expect(take(seeded(0xffff_ffff), 3)).toEqual(take(seeded(-1), 3));
    expect(take(seeded(43), 3)).not.toEqual(take(seeded(42), 3));
  });

  it("gives each generator a state of its own", () => {
    const a = seeded(7);
    const b = seeded(7);
    a.uint32();
    expect(take(a, 1)).not.toEqual(take(b, 1));
  });

  it("derives next() from uint32(), in [0, 1)", () => {
    const a = seeded(3);
    const b = seeded(3);
    for (let i = 0; i < 1000; i++) {
      const value = a.next();
      expect(value).toBe(b.uint32() / 2 ** 32);
      expect(value >= 0 && value < 1).toBe(true);
    }
  });

  it.each([1, 42, 2 ** 31])("is uniform in every byte, seed %d", (seed) => {
    const random = seeded(seed);
    const counts = [0, 8, 16, 24].map((shift) => ({ shift, bins: new Array<number>(256).fill(0) }));
    for (let i = 0; i < 100_000; i++) {
      const value = random.uint32();
      for (const { shift, bins } of counts) bins[(value >>> shift) & 0xff]! += 1;
    }
    for (const { bins } of counts) expect(chiSquare(bins)).toBeLessThan(generous(255));
  });

  it("gives unrelated numbers for neighbouring seeds", () => {
    const bins = new Array<number>(64).fill(0);
    for (let seed = 0; seed < 20_000; seed++) bins[Math.floor(seeded(seed).next() * 64)]! += 1;
    expect(chiSquare(bins)).toBeLessThan(generous(63));
  });
});

describe("systemRandom", () => {
  it("gives unsigned 32-bit integers and numbers in [0, 1)", () => {
    for (let i = 0; i < 1000; i++) {
      const integer = systemRandom.uint32();
      expect(Number.isInteger(integer) && integer >= 0 && integer < 2 ** 32).toBe(true);
      const value = systemRandom.next();
      expect(value >= 0 && value < 1).toBe(true);
    }
  });

  it("does not repeat itself", () => {
    expect(new Set(take(systemRandom, 1000)).size).toBeGreaterThan(990);
  });
});

describe("randomInt", () => {
  it("stays below its bound, whatever the bound", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        const value = randomInt(seeded(seed), bound);
        return Number.isInteger(value) && value >= 0 && value < bound;
      }),
    );
    expect(randomInt(seeded(1), 1)).toBe(0);
  });

  it("gives every 32-bit integer for the bound 2^32", () => {
    const random = seeded(9);
    const raw = seeded(9);
    for (let i = 0; i < 100; i++) expect(randomInt(random, 2 ** 32)).toBe(raw.uint32());
  });

  it.each([
    [3, 0xffff_ffff],
    [2 ** 31 + 1, 2 ** 31 + 1],
    [10, 0xffff_fffa],
  ])("draws again for bound %d when the number lies in the incomplete last range", (bound, biased) => {
    const draws = [biased, 5];
    const random: Random = { next: () => 0, uint32: () => draws.shift()! };
    expect(randomInt(random, bound)).toBe(5 % bound);
    expect(draws).toEqual([]);
  });

  it("is uniform where the remainder would be visibly biased", () => {
    const bound = 3 * 2 ** 30; // the plain remainder would give the lowest third twice as often
    const random = seeded(5);
    const bins = [0, 0, 0];
    for (let i = 0; i < 60_000; i++) bins[Math.floor(randomInt(random, bound) / 2 ** 30)]! += 1;
    expect(chiSquare(bins)).toBeLessThan(generous(2));
  });

  it.each([0, -1, 0.5, 2 ** 32 + 1, Number.NaN, Number.POSITIVE_INFINITY])(
    "refuses the bound %d instead of searching forever",
    (bound) => {
      expect(() => randomInt(seeded(1), bound)).toThrow(TypeError);
    },
  );
});

describe("randomNormal", () => {
  it("has the moments of the standard normal distribution", () => {
    const random = seeded(11);
    const n = 200_000;
    const sums = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const z = randomNormal(random);
      for (let k = 0; k < 4; k++) sums[k]! += z ** (k + 1);
    }
    const moments = sums.map((sum) => sum / n);
    // Bounds are five standard errors: sqrt(var(z^k) / n) with var 1, 2, 15, 96.
    for (const [k, [expected, variance]] of (
      [
        [0, 1],
        [1, 2],
        [0, 15],
        [3, 96],
      ] as const
    ).entries()) {
      expect(Math.abs(moments[k]! - expected)).toBeLessThan(5 * Math.sqrt(variance / n));
    }
  });

  it("is finite at both ends of the uniform range", () => {
    const at = (value: number): Random => ({ next: () => value, uint32: () => 0 });
    expect(randomNormal(at(0))).toBeCloseTo(0);
    expect(Number.isFinite(randomNormal(at(1 - 2 ** -32)))).toBe(true);
    expect(Number.isFinite(randomNormal(at(1 - 2 ** -53)))).toBe(true);
  });
});

describe("shuffle", () => {
  it("keeps the items, in place", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const copy = [...items];
        expect(shuffle(seeded(seed), copy)).toBe(copy);
        expect([...copy].sort()).toEqual([...items].sort());
      }),
    );
  });

  it("gives every order of four items equally often", () => {
    const random = seeded(13);
    const orders = new Map<string, number>();
    for (let i = 0; i < 48_000; i++) {
      const order = shuffle(random, [0, 1, 2, 3]).join("");
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    expect(chiSquare([...orders.values()])).toBeLessThan(generous(23));
  });
});
