import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { seeded } from "../../src/core/random.ts";
import { DriftDetector, type DriftProfile, type DriftProfileState } from "../../src/drift/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const schema = z.object({
  amount: z.number().nullable(),
  country: z.string().nullable(),
  paid: z.boolean().nullable(),
  note: z.string().nullable(),
  at: z.number(),
  vector: z.array(z.number()).nullable(),
});
type Row = z.output<typeof schema>;

const HOUR = 3_600_000;

function rows(seed: number, length: number): Row[] {
  const random = seeded(seed);
  return Array.from({ length }, (_, i) => ({
    amount: i % 17 === 0 ? null : (random.next() - 0.5) * 10 ** Math.floor(20 * random.next() - 10),
    country: ["CH", "DE", null, "FR"][Math.floor(4 * random.next())]!,
    paid: [true, false, null][Math.floor(3 * random.next())]!,
    note: i % 5 === 0 ? null : "x".repeat(Math.floor(200 * random.next() ** 3)),
    at: Math.floor(random.next() * 168) * HOUR,
    vector: i % 7 === 0 ? null : [random.next(), random.next() - 0.5, 3],
  }));
}

function fitted(): DriftDetector<typeof schema> {
  const detector = new DriftDetector(
    {
      schema,
      features: {
        amount: "numeric",
        country: "categorical",
        paid: { kind: "boolean", role: "target" },
        note: "text",
        at: "timestamp",
        vector: { kind: "embedding", importance: 2 },
      },
      season: { by: "hour-of-week", at: "at" },
      segmentBy: "country",
      sampleRows: 40,
    },
    { clock: new FakeClock() },
  );
  detector.fit(rows(1, 2000));
  return detector;
}

const detector = fitted();

function profileOf(picked: readonly Row[], at = 5): DriftProfile {
  const profile = detector.profile();
  for (const row of picked) profile.observe(row, at);
  return profile;
}

const pool = rows(2, 300).map((row, i) => {
  // Values that nobody expects.
  if (i % 29 === 0) return { ...row, amount: [Number.POSITIVE_INFINITY, 1e308, -1e308, 5e-324, -0, 1e200][i % 6]! };
  if (i % 31 === 0) return { ...row, vector: [Number.NaN, 1, 2], country: "XX" };
  return i % 37 === 0 ? ({ amount: "12", country: {}, paid: 1, note: 3, at: "never", vector: [1] } as unknown as Row) : row;
});
const picks = fc.array(fc.nat({ max: pool.length - 1 }), { maxLength: 80 });

describe("a profile", () => {
  it("of all rows is, to the last bit, the sum of those of its parts, in any order and grouping", () => {
    fc.assert(
      fc.property(picks, picks, picks, (a, b, c) => {
        const of = (indices: readonly number[]) => profileOf(indices.map((i) => pool[i]!));
        const whole = of([...c, ...a, ...b].toReversed()).toBytes();
        const left = of(a);
        left.merge(of(b));
        left.merge(of(c).toJSON());
        const right = of(c);
        const rest = of(b);
        rest.merge(of(a).toBytes());
        right.merge(rest);
        expect(left.toBytes()).toEqual(whole);
        expect(right.toBytes()).toEqual(whole);
      }),
      { numRuns: 40 },
    );
  });

  it("is restored from JSON and from bytes", () => {
    const profile = profileOf(pool);
    for (const stored of [JSON.parse(JSON.stringify(profile)) as DriftProfileState, profile.toBytes()]) {
      const restored = detector.profile();
      restored.merge(stored);
      expect(restored.toJSON()).toEqual(profile.toJSON());
      expect(detector.compare(restored)).toEqual(detector.compare(profile));
    }
    expect(profile.toBytes().length).toBeLessThan(JSON.stringify(profile).length / 2);
  });

  it("may be added to itself", () => {
    const profile = profileOf(pool);
    const twice = profileOf([...pool, ...pool]);
    profile.merge(profile);
    expect(profile.toBytes()).toEqual(twice.toBytes());
  });

  it("does not grow with the rows", () => {
    const size = (length: number) => profileOf(rows(3, length)).toBytes().length;
    expect(size(20_000)).toBeLessThan(2 * size(2000));
  });

  it("has the exact mean and deviation, however unlike the values are", () => {
    const simple = new DriftDetector({ schema: z.object({ x: z.number() }) });
    simple.fit(Array.from({ length: 100 }, (_, x) => ({ x })));
    const values = [1e16, 1, -1e16, 1, 1e16, 1, -1e16, 1];
    for (const x of [
      ...Array<number>(5)
        .fill(0)
        .flatMap(() => values),
    ])
      simple.observe({ x });
    const { moments } = simple.check().features[0]!;
    expect(moments!.current!.mean).toBe(0.5);
    expect(moments!.reference!.mean).toBeCloseTo(49.5, 12);
    expect(moments!.reference!.deviation).toBeCloseTo(Math.sqrt((100 ** 2 - 1) / 12), 12);
  });

  it("refuses bytes that were changed, or keeps a profile whose counts add up", () => {
    const bytes = profileOf(pool.slice(0, 50)).toBytes();
    const random = seeded(4);
    let refused = 0;
    for (let round = 0; round < 200; round++) {
      const damaged = bytes.slice();
      damaged[Math.floor(random.next() * bytes.length)]! ^= 1 << Math.floor(8 * random.next());
      const profile = detector.profile();
      try {
        profile.merge(damaged);
        expect(profile.rows).toBeGreaterThanOrEqual(0);
        if (round % 20 === 0) expect(() => detector.compare(profile)).not.toThrow();
      } catch (error) {
        refused += 1;
        expect(error).toMatchObject({ code: "DRIFT_STATE_INVALID" });
        expect(profile.rows).toBe(0);
      }
    }
    expect(refused).toBeGreaterThan(30);
  });
});

describe("the cells that a monitor counts", () => {
  it("are those of a profile", () => {
    const plain = new DriftDetector({
      schema,
      features: { amount: "numeric", country: "categorical", note: "text", vector: "embedding" },
    });
    plain.fit(rows(1, 2000));
    const counter = plain.counter();
    const profile = plain.profile();
    for (const row of pool) {
      counter.observe(row);
      profile.observe(row, 7);
    }
    counter.observe(null);
    profile.observe({}, 7);
    expect(counter.rows).toBe(pool.length + 1);
    const cells = counter.take();
    expect([counter.rows, counter.take().every((count) => count === 0)]).toEqual([0, true]);
    const quick = plain.compareCells(cells, { rows: pool.length + 1, since: 7, until: 7 });
    const whole = plain.compare(profile);
    const shared = (report: typeof whole) =>
      report.features.map(({ feature, psi, psiDebiased, pValue, bins }) => ({ feature, psi, psiDebiased, pValue, bins }));
    expect(shared(quick)).toEqual(shared(whole));
    expect([...plain.debiasedPsi(cells)]).toEqual(whole.features.map(({ psiDebiased }) => psiDebiased));
    expect(plain.layout.reduce((sum, { cells: own }) => sum + own, 0)).toBe(cells.length);
    expect(() => plain.compareCells(cells.slice(1), { rows: 1, since: 1, until: 1 })).toThrow(/do not fit/);
  });
});
