import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Random, seeded } from "../../../src/core/random.ts";
import { BetaMixtureEProcess, TwoProportionEProcess } from "../../../src/stats/index.ts";
import { IMPOSSIBLE_COUNTS, invalid, misconfigured, of, reference } from "./reference.ts";

const one = (success: boolean) => ({ successes: success ? 1 : 0, n: 1 });

describe("BetaMixtureEProcess", () => {
  const logOf = (successes: number, failures: number, options: ConstructorParameters<typeof BetaMixtureEProcess>[0]) =>
    new BetaMixtureEProcess(options).update({ successes, n: successes + failures }).logEValue;

  it("agrees with quadrature in 60 digits, from deep below p0 to far above", () => {
    for (const { successes, failures, rate, a, b, log } of reference.betaMixtures) {
      const found = logOf(successes, failures, { nullRate: rate, prior: { successes: a, failures: b } });
      expect(Math.abs(found - log)).toBeLessThan(1e-10 * Math.max(1, Math.abs(log)));
    }
  });

  it("is an e-value: its mean over all outcomes at p0 is 1, and below p0 less", () => {
    const mean = (p: number) => {
      let sum = 0;
      let chance = (1 - p) ** 15;
      for (let k = 0; k <= 15; k++) {
        sum += chance * Math.exp(logOf(k, 15 - k, { nullRate: 0.3, prior: { successes: 0.7, failures: 2 } }));
        chance *= ((15 - k) / (k + 1)) * (p / (1 - p));
      }
      return sum;
    };
    expect(mean(0.3)).toBeCloseTo(1, 12);
    expect(mean(0.2)).toBeLessThan(0.9);
  });

  it("does not depend on how trials are batched, and goes on after a restart as before", () => {
    const whole = new BetaMixtureEProcess({ nullRate: 0.05 });
    const single = new BetaMixtureEProcess({ nullRate: 0.05 });
    whole.update({ successes: 3, n: 20 });
    for (let i = 0; i < 20; i++) single.update(one(i % 7 === 0));
    expect(single.snapshot().logEValue).toBe(whole.snapshot().logEValue);
    const restored = BetaMixtureEProcess.fromJSON(JSON.parse(JSON.stringify(single)));
    expect(restored.snapshot()).toEqual(single.snapshot());
    expect(restored.update(one(true))).toEqual(single.update(one(true)));
    expect(restored.toJSON()).toEqual(single.toJSON());
  });

  it("keeps what it has found: a rejection and the least p-value stay", () => {
    const watch = new BetaMixtureEProcess({ nullRate: 0.05 });
    expect(watch.snapshot()).toEqual({ logEValue: 0, pValue: 1, rejected: false });
    const alarmed = watch.update({ successes: 8, n: 40 });
    expect(alarmed.rejected).toBe(true);
    expect(alarmed.pValue).toBeCloseTo(Math.exp(-alarmed.logEValue), 15);
    const later = watch.update({ successes: 0, n: 10_000 });
    expect(later).toMatchObject({ rejected: true, pValue: alarmed.pValue });
    expect(later.logEValue).toBeLessThan(0);
    expect(BetaMixtureEProcess.fromJSON(watch.toJSON()).snapshot()).toEqual(later);
  });

  it("multiplies the evidence when the null rate changes", () => {
    const watch = new BetaMixtureEProcess({ nullRate: 0.05 });
    watch.update({ successes: 4, n: 20 });
    watch.changeNullRate(0.5);
    expect(watch.snapshot().logEValue).toBe(logOf(4, 16, { nullRate: 0.05 }));
    const after = BetaMixtureEProcess.fromJSON(JSON.parse(JSON.stringify(watch))).update({ successes: 9, n: 10 });
    expect(after.logEValue).toBeCloseTo(logOf(4, 16, { nullRate: 0.05 }) + logOf(9, 1, { nullRate: 0.5 }), 13);
    expect(watch.update({ successes: 9, n: 10 })).toEqual(after);
  });

  it("raises few false alarms when asked after every trial, and many right ones", () => {
    const alarms = (runs: number, trials: number, rate: number, random: Random) => {
      let found = 0;
      for (let run = 0; run < runs; run++) {
        const watch = new BetaMixtureEProcess({ nullRate: 0.1 });
        let rejected = false;
        for (let i = 0; i < trials && !rejected; i++) rejected = watch.update(one(random.next() < rate)).rejected;
        if (rejected) found += 1;
      }
      return found / runs;
    };
    expect(alarms(80, 400, 0.1, seeded(11))).toBeLessThan(0.06);
    expect(alarms(20, 400, 0.25, seeded(12))).toBeGreaterThan(0.9);
  });

  it("is finite for any counts, and 0 for none", () => {
    const rate = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), fc.nat(2 ** 31 - 1), rate, (successes, failures, nullRate) => {
        expect(Number.isFinite(logOf(successes, failures, { nullRate }))).toBe(true);
      }),
    );
    expect(logOf(0, 0, { nullRate: 0.1 })).toBe(0);
    expect(logOf(1e14, 0, { nullRate: 0.5 })).toBeGreaterThan(1e13);
    // ∫ (2 (1 − θ))^n over twice the half line above ½.
    expect(logOf(0, 1e14, { nullRate: 0.5 })).toBeCloseTo(-Math.log(1e14 + 1), 10);
  });

  it("refuses impossible counts, null rates, priors and states", () => {
    const watch = new BetaMixtureEProcess({ nullRate: 0.1 });
    for (const counts of IMPOSSIBLE_COUNTS) expect(() => watch.update(counts)).toThrow(invalid);
    watch.update({ successes: 0, n: 1e14 });
    expect(() => watch.update(one(false))).toThrow(invalid);
    for (const nullRate of [0, 1, Number.NaN, 1e-12]) {
      expect(() => new BetaMixtureEProcess({ nullRate })).toThrow(misconfigured);
      expect(() => watch.changeNullRate(nullRate)).toThrow(misconfigured);
    }
    expect(() => new BetaMixtureEProcess({ nullRate: 0.5, prior: { successes: 1, failures: 1e9 } })).toThrow(misconfigured);
    const state = watch.toJSON();
    for (const damage of [
      { schemaVersion: 2 },
      { successes: 5, n: 4 },
      { n: -1 },
      { greatest: -1 },
      { banked: null },
      { alpha: 2 },
      { nullRate: 0 },
      { prior: { successes: 1, failures: 0 } },
    ]) {
      expect(() => BetaMixtureEProcess.fromJSON({ ...state, ...damage } as never)).toThrow(invalid);
    }
    expect(() => BetaMixtureEProcess.fromJSON({ ...state, nullRate: 0.5, prior: { successes: 1, failures: 1e9 } })).toThrow(
      invalid,
    );
    expect(() => BetaMixtureEProcess.fromJSON(null as never)).toThrow(invalid);
  });
});

describe("TwoProportionEProcess", () => {
  it("multiplies the likelihood ratios of blocks as SciPy's binomial law gives them", () => {
    const { blocks, logs } = reference.twoProportions;
    const watch = new TwoProportionEProcess();
    for (const [i, [a, b]] of blocks.entries()) expect(watch.update(of(a), of(b)).logEValue).toBeCloseTo(logs[i]!, 10);
    expect(watch.snapshot().rejected).toBe(true);
  });

  it("learns from the first block and judges from the second one on", () => {
    const watch = new TwoProportionEProcess();
    expect(watch.update({ successes: 0, n: 50 }, { successes: 50, n: 50 }).logEValue).toBe(0);
    expect(watch.update({ successes: 0, n: 50 }, { successes: 50, n: 50 }).logEValue).toBeGreaterThan(60);
  });

  it("learns, but does not judge, from blocks of one arm alone", () => {
    const watch = new TwoProportionEProcess();
    watch.update({ successes: 0, n: 100 }, { successes: 0, n: 0 });
    expect(watch.update({ successes: 0, n: 0 }, { successes: 90, n: 100 }).logEValue).toBe(0);
    expect(watch.update({ successes: 0, n: 10 }, { successes: 9, n: 10 }).logEValue).toBeGreaterThan(5);
  });

  it("is an e-value in each block, also one-sided below the boundary", () => {
    // A process that has learned that b is greater, and the mean of its next factor over all outcomes of a block of 2 and 3.
    const mean = (alternative: "two-sided" | "greater", rateA: number, rateB: number) => {
      let sum = 0;
      const choose = [
        [1, 2, 1],
        [1, 3, 3, 1],
      ] as const;
      for (const [i, waysA] of choose[0].entries()) {
        for (const [j, waysB] of choose[1].entries()) {
          const watch = new TwoProportionEProcess({ alternative });
          watch.update({ successes: 2, n: 10 }, { successes: 5, n: 10 });
          const chance = waysA * rateA ** i * (1 - rateA) ** (2 - i) * waysB * rateB ** j * (1 - rateB) ** (3 - j);
          sum += chance * Math.exp(watch.update({ successes: i, n: 2 }, { successes: j, n: 3 }).logEValue);
        }
      }
      return sum;
    };
    for (const rate of [0.05, 0.2, 0.38, 0.5, 0.9]) expect(mean("two-sided", rate, rate)).toBeLessThanOrEqual(1 + 1e-12);
    for (const rateA of [0.1, 0.4, 0.8]) {
      for (const rateB of [0.02, 0.1, 0.4, 0.8])
        if (rateB <= rateA) expect(mean("greater", rateA, rateB)).toBeLessThanOrEqual(1 + 1e-12);
    }
    expect(mean("greater", 0.2, 0.5)).toBeGreaterThan(1);
  });

  it("raises few false alarms in 300 blocks, finds a difference, and one only on the side it looks for", () => {
    const alarms = (
      runs: number,
      rateA: number,
      rateB: number,
      alternative: "two-sided" | "greater" | "less",
      random: Random,
    ) => {
      const draw = (rate: number) => ({ successes: [0, 1, 2].filter(() => random.next() < rate).length, n: 3 });
      let found = 0;
      for (let run = 0; run < runs; run++) {
        const watch = new TwoProportionEProcess({ alternative });
        let rejected = false;
        for (let block = 0; block < 300 && !rejected; block++) rejected = watch.update(draw(rateA), draw(rateB)).rejected;
        if (rejected) found += 1;
      }
      return found / runs;
    };
    expect(alarms(150, 0.2, 0.2, "two-sided", seeded(21))).toBeLessThan(0.06);
    expect(alarms(150, 0.2, 0.2, "greater", seeded(22))).toBeLessThan(0.06);
    expect(alarms(100, 0.3, 0.2, "greater", seeded(23))).toBeLessThan(0.02);
    expect(alarms(20, 0.2, 0.35, "greater", seeded(24))).toBeGreaterThan(0.9);
    expect(alarms(20, 0.2, 0.35, "two-sided", seeded(25))).toBeGreaterThan(0.9);
    expect(alarms(20, 0.35, 0.2, "less", seeded(26))).toBeGreaterThan(0.9);
  });

  it("goes on after a restart as before", () => {
    const watch = new TwoProportionEProcess({ alternative: "less", alpha: 0.01 });
    for (let i = 0; i < 20; i++) watch.update({ successes: 6, n: 10 }, { successes: i % 4, n: 10 });
    const restored = TwoProportionEProcess.fromJSON(JSON.parse(JSON.stringify(watch)));
    expect(restored.snapshot()).toEqual(watch.snapshot());
    expect(restored.update(of([1, 2]), of([0, 3]))).toEqual(watch.update(of([1, 2]), of([0, 3])));
    expect(watch.snapshot().rejected).toBe(true);
  });

  it("refuses impossible counts, options and states", () => {
    const watch = new TwoProportionEProcess();
    for (const counts of IMPOSSIBLE_COUNTS) {
      expect(() => watch.update(counts, one(true))).toThrow(invalid);
      expect(() => watch.update(one(true), counts)).toThrow(invalid);
    }
    const unchanged = new TwoProportionEProcess();
    expect(watch.toJSON()).toEqual(unchanged.toJSON());
    for (const options of [{ alpha: 0 }, { pseudoCount: 0 }, { alternative: "other" as never }]) {
      expect(() => new TwoProportionEProcess(options)).toThrow(misconfigured);
    }
    const state = watch.toJSON();
    for (const damage of [
      { schemaVersion: 0 },
      { a: { successes: 2, n: 1 } },
      { logEValue: null },
      { greatest: -1 },
      { alternative: "x" },
    ]) {
      expect(() => TwoProportionEProcess.fromJSON({ ...state, ...damage } as never)).toThrow(invalid);
    }
  });
});
