import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { type Random, seeded } from "../../../src/core/random.ts";
import { dirichletLogEValue } from "../../../src/stats/index.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));
const counts = fc.array(fc.tuple(fc.nat({ max: 8 }), fc.nat({ max: 5 })), { minLength: 1, maxLength: 4 });

describe("dirichletLogEValue", () => {
  it("is the product, row by row, of what either side says of the next row", () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 0.1, max: 3, noNaN: true }), (pairs, prior) => {
        const reference = pairs.map(([count]) => count);
        const current = pairs.map(() => 0);
        let expected = 0;
        let seen = 0;
        const total = reference.reduce((sum, count) => sum + count, 0);
        pairs.forEach(([, rows], bin) => {
          for (let row = 0; row < rows; row++) {
            const own = (prior + current[bin]!) / (prior * pairs.length + seen);
            const predicted = (prior + current[bin]! + reference[bin]!) / (prior * pairs.length + seen + total);
            expected += Math.log(own / predicted);
            current[bin]! += 1;
            seen += 1;
          }
        });
        expect(dirichletLogEValue(reference, current, { prior })).toBeCloseTo(expected, 9);
      }),
    );
  });

  it("is 1 on average over the prior: exactly so over all windows of three rows", () => {
    // Reference rows and current rows of shares drawn from the prior: every sequence has its Dirichlet-multinomial probability.
    const prior = 0.5;
    const bins = 3;
    let mean = 0;
    const walk = (reference: number[], current: number[], probability: number): void => {
      const into = reference.reduce((sum, count) => sum + count, 0) < 4 ? reference : current;
      const seen = [...reference, ...current].reduce((sum, count) => sum + count, 0);
      if (seen === 7) {
        mean += probability * Math.exp(dirichletLogEValue(reference, current));
        return;
      }
      for (let bin = 0; bin < bins; bin++) {
        const next = (prior + reference[bin]! + current[bin]!) / (prior * bins + seen);
        into[bin]! += 1;
        walk(reference, current, probability * next);
        into[bin]! -= 1;
      }
    };
    walk([0, 0, 0], [0, 0, 0], 1);
    expect(mean).toBeCloseTo(1, 12);
  });

  it.each([
    { bins: 3, n: 1000, uneven: false },
    { bins: 10, n: 1000, uneven: false },
    { bins: 10, n: 1000, uneven: true },
    { bins: 50, n: 10_000, uneven: true },
  ])(
    "alarms in at most 5 % of windows without drift, looked at 100 times: $bins bins, $n reference rows",
    ({ bins, n, uneven }) => {
      const random = seeded(bins + n);
      const shares = Array.from({ length: bins }, (_, i) => (uneven ? 1 / (i + 1) : 1));
      let alarms = 0;
      const runs = 60;
      for (let run = 0; run < runs; run++) if (everAlarms(random, shares, n, shares)) alarms += 1;
      expect(alarms / runs).toBeLessThanOrEqual(0.05);
    },
  );

  it("finds a shift within 2000 rows", () => {
    const random = seeded(2);
    const before = [20, 20, 20, 20, 20];
    const after = [14, 18, 20, 22, 26];
    for (let run = 0; run < 20; run++) expect(everAlarms(random, before, 10_000, after)).toBe(true);
  });

  it("shows nothing without current rows or without a reference", () => {
    expect(dirichletLogEValue([5, 6], [0, 0])).toBe(0);
    expect(dirichletLogEValue([0, 0], [3, 4])).toBe(0);
    expect(dirichletLogEValue([7], [9])).toBeCloseTo(0, 12);
  });

  it("refuses negative and no finite numbers, unlike bins, none, and a prior of 0", () => {
    for (const wrong of [[-1, 2], [Number.NaN, 1], [1 / 0, 1], [1], []]) {
      expect(() => dirichletLogEValue(wrong, [1, 1])).toThrow(invalid);
      expect(() => dirichletLogEValue([1, 1], wrong)).toThrow(invalid);
    }
    expect(() => dirichletLogEValue([1], [1], { prior: 0 })).toThrow(misconfigured);
  });
});

/** Whether the e-value of a window that grows to 2000 rows reaches 20 at one of 100 looks. */
function everAlarms(random: Random, shares: readonly number[], n: number, after: readonly number[]): boolean {
  const reference = new Float64Array(shares.length);
  toss(random, shares, n, reference);
  const current = new Float64Array(shares.length);
  for (let look = 0; look < 100; look++) {
    toss(random, after, 20, current);
    if (dirichletLogEValue(reference, current) >= Math.log(20)) return true;
  }
  return false;
}

function toss(random: Random, shares: readonly number[], rows: number, counts: Float64Array): void {
  const sum = shares.reduce((total, share) => total + share, 0);
  for (let row = 0; row < rows; row++) {
    let rest = random.next() * sum;
    let bin = 0;
    while (bin < shares.length - 1 && rest >= shares[bin]!) rest -= shares[bin++]!;
    counts[bin]! += 1;
  }
}
