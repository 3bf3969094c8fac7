import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ModelwrightError } from "../../src/core/errors.ts";
import { canonicalJson } from "../../src/core/json.ts";
import { seeded, shuffle } from "../../src/core/random.ts";
import type { Schema } from "../../src/core/schema.ts";
import { DriftDetector, type Drifted, type DriftProfileState, type ReferenceProfile } from "../../src/drift/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { type Payment, payment, payments } from "./rows.ts";

const code = (expected: ModelwrightError["code"]) =>
  expect.toSatisfy((error) => ModelwrightError.is(error, expected), `has code ${expected}`);

const training = payments(seeded(1), 1000);

function fitted(options: { clock?: FakeClock; validate?: "always" | "never" } = {}): DriftDetector<typeof payment> {
  const { clock = new FakeClock(), validate = "always" } = options;
  const detector = new DriftDetector({ schema: payment, validate }, { clock });
  detector.fit(training);
  return detector;
}

function json<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

describe("a DriftDetector's features", () => {
  it("are read from a zod object, through what its columns are wrapped in", () => {
    const schema = z
      .object({
        score: z.number().optional(),
        whole: z.int().nullable().default(0),
        flag: z.boolean().readonly(),
        level: z.enum(["low", "high"]).catch("low"),
        code: z.literal([1, 2]),
        trimmed: z.string().pipe(z.string()),
        lenient: z.union([z.number(), z.nan(), z.null()]),
      })
      .readonly();
    const detector = new DriftDetector({ schema });
    const row = { score: 1, whole: 2, flag: true, level: "low", code: 1, trimmed: "a", lenient: Number.NaN } as const;
    const kinds = detector.fit([row]).features.map(({ feature, kind }) => `${feature} ${kind}`);
    expect(kinds).toEqual([
      "score numeric",
      "whole numeric",
      "flag boolean",
      "level categorical",
      "code numeric",
      "trimmed categorical",
      "lenient numeric",
    ]);
  });

  it("can be named, for any schema library and any part of the columns", () => {
    const standard: Schema<Payment> = {
      "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as Payment }) },
    };
    for (const detector of [
      new DriftDetector({ schema: standard, features: { items: "categorical" } }),
      new DriftDetector({ schema: payment, features: { items: "categorical" } }),
    ]) {
      const { features } = detector.fit(training);
      expect(features.map(({ feature, kind }) => [feature, kind])).toEqual([["items", "categorical"]]);
    }
  });

  it("must be told where the schema does not", () => {
    const opaque = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } } as const;
    expect(() => new DriftDetector({ schema: opaque })).toThrow(code("CONFIG_INVALID"));
    expect(() => new DriftDetector({ schema: opaque })).toThrow(/`features`/);
    expect(() => new DriftDetector({ schema: z.object({ at: z.map(z.string(), z.string()) }) })).toThrow(/at: neither/);
    expect(() => new DriftDetector({ schema: z.object({}) })).toThrow(code("CONFIG_INVALID"));
    const misspelt = { amuont: "numeric" } as object;
    expect(() => new DriftDetector({ schema: payment, features: misspelt })).toThrow(/no such column/);
    expect(() => new DriftDetector({ schema: opaque, features: { constructor: "numeric" } as object })).toThrow(
      code("CONFIG_INVALID"),
    );
  });

  it("are refused together with every other wrong option", () => {
    const wrong = { schema: {}, thresholds: { psiAlpha: 2 }, validate: "often" } as never;
    expect(() => new DriftDetector(wrong)).toThrow(/schema: .*thresholds\.psiAlpha: .*validate: /);
    const thresholds = { psiModerate: 0.5, psiSignificant: 0.2 };
    expect(() => new DriftDetector({ schema: payment, thresholds })).toThrow(code("CONFIG_INVALID"));
  });
});

describe("fit", () => {
  it("refuses no rows, wrong rows, and values of another kind, and keeps the earlier reference", () => {
    const detector = fitted({ validate: "never" });
    const before = detector.reference;
    expect(() => detector.fit([])).toThrow(code("INPUT_INVALID"));
    expect(() => detector.fit([{ ...training[0]!, amount: "12" as unknown as number }])).toThrow(/0\.amount|\[0\]\.amount/);
    expect(() => detector.fit([{ ...training[0]!, country: {} as string }])).toThrow(code("INPUT_INVALID"));
    expect(() => new DriftDetector({ schema: payment }).fit([{ ...training[0]!, items: 1.5 }])).toThrow(code("INPUT_INVALID"));
    expect(detector.reference).toBe(before);
  });

  it("learns the same profile from any order of rows", () => {
    const shuffled = shuffle(seeded(2), [...training]);
    expect(new DriftDetector({ schema: payment }).fit(shuffled)).toEqual(fitted().reference);
  });

  it("counts every reference row once, in bins of about equal mass", () => {
    const [amount] = fitted().reference!.features;
    expect(amount).toMatchObject({ feature: "amount", kind: "numeric" });
    const counts = amount!.counts;
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1000);
    expect(Math.max(...counts.slice(0, -3))).toBeLessThanOrEqual(5);
  });

  it("gives a bin to each value of a short list, and to the 50 most frequent categories of at least 5 rows", () => {
    const schema = z.object({ dice: z.int(), word: z.string() });
    const rows = Array.from({ length: 1200 }, (_, i) => ({ dice: i % 6, word: `w${i < 600 ? i % 10 : i}` }));
    const [dice, word] = new DriftDetector({ schema }).fit(rows).features;
    expect(dice).toMatchObject({ coarse: null, counts: [0, 200, 200, 200, 200, 200, 200, 0, 0, 0, 0] });
    if (word?.kind !== "categorical") throw new Error("expected a categorical feature");
    // More categories than bins: half of the rows choose, the other half count.
    expect(word.share).toBe(0.5);
    expect(word.categories.toSorted()).toEqual(["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9"]);
    expect(word.tail).toHaveLength(600);
    expect(word.counts.slice(0, 10).every((count) => count > 15 && count < 45)).toBe(true);
    const total = word.counts.reduce((sum, count) => sum + count, 0);
    expect([total > 500, total < 700]).toEqual([true, true]);
    const many = Array.from({ length: 150_000 }, (_, i) => ({ dice: 1, word: `w${i % 1500}` }));
    const [, words] = new DriftDetector({ schema }).fit(many).features;
    if (words?.kind !== "categorical") throw new Error("expected a categorical feature");
    expect([words.categories.length, words.tail.length, words.counts.length]).toEqual([50, 950, 54]);
    const few = Array.from({ length: 500 }, (_, i) => ({ dice: 1, word: i < 4 ? "rare" : `w${i % 5}` }));
    const [, all] = new DriftDetector({ schema }).fit(few).features;
    expect(all).toMatchObject({ share: 1, categories: ["w4", "w0", "w1", "w2", "w3"], tail: ["rare"] });
    expect(all!.counts).toEqual([100, 99, 99, 99, 99, 4, 0, 0, 0]);
  });
});

describe("observe", () => {
  it("needs a reference", () => {
    const detector = new DriftDetector({ schema: payment });
    expect(detector.reference).toBeUndefined();
    for (const work of [
      () => detector.observe(training[0]!),
      () => detector.observeColumns({}),
      () => detector.check(),
      () => detector.snapshot(),
    ]) {
      expect(work).toThrow(code("DRIFT_STATE_INVALID"));
    }
  });

  it("counts all rows or, when one is wrong, none", () => {
    const detector = fitted();
    expect(() => detector.observe([training[0]!, { ...training[1]!, country: 7 as unknown as string }])).toThrow(
      code("INPUT_INVALID"),
    );
    const unchecked = fitted({ validate: "never" });
    expect(() => unchecked.observe([training[0]!, null as unknown as Payment])).toThrow(code("INPUT_INVALID"));
    expect([detector.window.rows, unchecked.window.rows]).toEqual([0, 0]);
  });

  it("counts a row, rows and columns alike", () => {
    const rows = payments(seeded(3), 200);
    const [single, many, columnar] = [fitted(), fitted(), fitted()];
    for (const row of rows) single.observe(row);
    many.observe(rows);
    columnar.observeColumns({
      amount: Float64Array.from(rows, ({ amount }) => amount ?? Number.NaN),
      country: rows.map(({ country }) => country),
      items: Uint8Array.from(rows, ({ items }) => items),
    });
    expect(many.snapshot()).toEqual(single.snapshot());
    expect(columnar.snapshot()).toEqual(single.snapshot());
  });

  it("refuses columns that lack a feature or differ in length, and counts none of them", () => {
    const detector = fitted();
    expect(() => detector.observeColumns({ amount: [1], country: ["CH"] })).toThrow(code("INPUT_MISSING"));
    expect(() => detector.observeColumns({ amount: [1], country: ["CH"], items: [1, 2] })).toThrow(code("INPUT_INVALID"));
    for (const amount of [null, 5] as never[]) {
      expect(() => detector.observeColumns({ amount, country: ["CH"], items: [1] })).toThrow(code("INPUT_MISSING"));
    }
    expect(detector.window.rows).toBe(0);
  });

  it("counts missing, invalid and unseen values apart, whatever they are", () => {
    const detector = fitted({ validate: "never" });
    const rows: readonly Readonly<Record<keyof Payment, unknown>>[] = [
      { amount: undefined, country: null, items: Number.NaN },
      { amount: Number.POSITIVE_INFINITY, country: {}, items: "3" },
      { amount: 1e308, country: "__proto__", items: -1 },
      { amount: -0, country: "x".repeat(1_000_000), items: 7 },
      { amount: 5n, country: Symbol("s"), items: () => 1 },
    ];
    detector.observe(rows as readonly Payment[]);
    const [amount, country, items] = detector.window.toJSON().parts[0]!.features.map(({ counts }) => counts);
    expect(amount!.slice(-3)).toEqual([1, 1, 1]);
    expect([amount![0], amount!.at(-4)]).toEqual([1, 1]);
    expect(country).toEqual([0, 0, 0, 0, 0, 2, 1, 2]);
    expect(items).toEqual([1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 2]);
  });

  it("cuts a long category without cutting a character in half", () => {
    const detector = new DriftDetector({ schema: z.object({ word: z.string() }) });
    const profile = detector.fit([{ word: `${"x".repeat(255)}\u{1f600}` }]);
    expect(canonicalJson(json(profile) as never)).toContain("x".repeat(255));
  });

  it("takes hostile category names and huge texts for data in the reference, too", () => {
    const schema = z.object({ word: z.string() });
    const huge = "x".repeat(100_000);
    const words = ["__proto__", "constructor", "toString", huge];
    const detector = new DriftDetector({ schema });
    const profile = detector.fit(Array.from({ length: 100 }, (_, i) => ({ word: words[i % 4]! })));
    expect(JSON.stringify(profile).length).toBeLessThan(1000);
    detector.observe(words.map((word) => ({ word })));
    expect(detector.window.toJSON().parts[0]!.features).toEqual([{ counts: [1, 1, 1, 1, 0, 0, 0, 0] }]);
  });
});

describe("check", () => {
  it("tells a window apart from the reference, and what moved", () => {
    const clock = new FakeClock({ startMs: 1000 });
    const detector = fitted({ clock });
    const heard: Drifted[] = [];
    detector.onDrifted((event) => heard.push(event));
    detector.observe(payments(seeded(4), 250, { mean: 1 }));
    clock.advance(500);
    detector.observe(payments(seeded(5), 250, { mean: 1 }));
    const report = detector.check({ reset: true });
    expect(report).toMatchObject({
      verdict: "significant",
      rows: 500,
      referenceRows: 1000,
      since: 1000,
      until: 1500,
      warnings: [],
    });
    expect(report.features.map(({ feature, level }) => [feature, level])).toEqual([
      ["amount", "significant"],
      ["country", "none"],
      ["items", "none"],
    ]);
    expect(heard).toEqual([
      { verdict: "significant", confirmed: "none", features: ["amount"], rows: 500, since: 1000, until: 1500 },
    ]);
    expect(detector.window).toMatchObject({ rows: 0, since: null, until: null });
    expect(json(report)).toEqual(report);
  });

  it("stays silent without drift, and does not change the window", () => {
    const detector = fitted();
    detector.onDrifted(() => expect.unreachable());
    detector.observe(payments(seeded(6), 500));
    const before = detector.snapshot();
    expect(detector.check().verdict).toBe("none");
    expect(detector.check()).toEqual(detector.check());
    expect(detector.snapshot()).toEqual(before);
  });

  it("gives no verdict below 30 rows on either side, and a warning below 100", () => {
    const detector = fitted();
    expect(detector.check()).toMatchObject({ verdict: "insufficient_data", rows: 0, since: null, features: [] });
    detector.observe(payments(seeded(7), 29, { mean: 5 }));
    expect(detector.check()).toMatchObject({ verdict: "insufficient_data", rows: 29, features: [] });
    detector.observe(payments(seeded(8), 1, { mean: 5 }));
    const few = detector.check();
    expect(few.verdict).toBe("significant");
    expect(few.warnings).toHaveLength(1);
    const small = new DriftDetector({ schema: payment });
    small.fit(training.slice(0, 29));
    small.observe(training);
    expect(small.check().verdict).toBe("insufficient_data");
  });

  it("reports shares that add up, and each side's share of missing values", () => {
    const detector = fitted();
    detector.observe(payments(seeded(9), 400, { missing: 0.5, countries: ["CH", "XX"] }));
    for (const { bins, missing, feature } of detector.check().features) {
      expect(bins.reduce((sum, bin) => sum + bin.reference, 0)).toBeCloseTo(1, 12);
      expect(bins.reduce((sum, bin) => sum + bin.current, 0)).toBeCloseTo(1, 12);
      const own = bins.find(({ label }) => label === "missing");
      expect(missing).toMatchObject(
        feature === "amount" ? { reference: own!.reference, current: own!.current } : { reference: 0, current: 0, pValue: 1 },
      );
    }
    const country = detector.check().features[1]!;
    expect(country.level).toBe("significant");
    expect(country.bins.map(({ label }) => label).toSorted()).toEqual(["CH", "DE", "FR", "IT", "unseen"]);
  });

  it("gives constant, all-missing and one-bin columns a p-value of 1", () => {
    const schema = z.object({ constant: z.number(), empty: z.number().nullable(), text: z.string() });
    const rows = Array.from({ length: 100 }, () => ({ constant: 3, empty: null, text: "same" }));
    const detector = new DriftDetector({ schema });
    detector.fit(rows);
    detector.observe(rows);
    const { verdict, features } = detector.check();
    expect(verdict).toBe("none");
    for (const { psi, psiDebiased, pValue, adjusted } of features) {
      expect({ psi, psiDebiased, pValue, adjusted }).toEqual({ psi: 0, psiDebiased: 0, pValue: 1, adjusted: 1 });
    }
    expect(features.map(({ ks }) => ks?.pValue)).toEqual([1, undefined, undefined]);
  });

  it("sees a sentinel, and values where there were none", () => {
    const schema = z.object({ count: z.int(), late: z.number().nullable() });
    const detector = new DriftDetector({ schema });
    detector.fit(Array.from({ length: 1000 }, (_, i) => ({ count: i % 3, late: null })));
    detector.observe(Array.from({ length: 500 }, (_, i) => ({ count: i % 5 === 0 ? -1 : i % 3, late: i % 2 === 0 ? null : i })));
    expect(detector.check().features.map(({ level }) => level)).toEqual(["significant", "significant"]);
  });

  it("sees values below and above a mass at either end of many values", () => {
    const schema = z.object({ amount: z.number() });
    const detector = new DriftDetector({ schema });
    const amounts = Array.from({ length: 1000 }, (_, i) => Math.min(Math.max(0, i - 300), 500));
    detector.fit(amounts.map((amount) => ({ amount })));
    const levelOf = (window: readonly number[]) => {
      detector.observeColumns({ amount: window });
      return detector.check({ reset: true }).features[0]!;
    };
    expect(levelOf(amounts)).toMatchObject({ level: "none", psi: 0 });
    const below = levelOf(amounts.map((amount) => (amount === 0 ? -1 : amount)));
    expect(below.level).toBe("significant");
    expect(below.bins.slice(0, 3).map(({ label }) => label)).toEqual(["< 0", "0", "(0, 99.6]"]);
    const above = levelOf(amounts.map((amount, i) => (amount === 500 && i % 3 === 0 ? 501 : amount)));
    expect(above.level).toBe("significant");
    expect(above.bins.at(-1)!.label).toBe("> 500");
  });

  it("labels bins so that they can be told apart", () => {
    const schema = z.object({ day: z.int(), at: z.number() });
    const detector = new DriftDetector({ schema });
    const rows = Array.from({ length: 100 }, (_, i) => ({ day: 20_240_101 + (i % 3), at: 1.7e12 + i }));
    detector.fit(rows);
    detector.observe(rows);
    const [day, at] = detector.check().features;
    expect(day!.bins.map(({ label }) => label)).toEqual(["20240101", "20240102", "20240103"]);
    expect(new Set(at!.bins.map(({ label }) => label)).size).toBe(10);
  });

  it("takes other thresholds", () => {
    const lenient = { psiModerate: 5, psiSignificant: 6, ksStatistic: 0.9 };
    const detector = new DriftDetector({ schema: payment, reference: fitted().reference, thresholds: lenient });
    detector.observe(payments(seeded(10), 500, { mean: 1 }));
    expect(detector.check().verdict).toBe("none");
  });
});

describe("stored state", () => {
  it("restores to identical behaviour", () => {
    const original = fitted();
    original.observe(payments(seeded(11), 300, { mean: 0.4 }));
    const restored = new DriftDetector({ schema: payment, reference: json(original.reference!) }, { clock: new FakeClock() });
    restored.merge(json(original.window.toJSON()));
    expect(restored.snapshot()).toEqual(original.snapshot());
    for (const detector of [original, restored]) detector.observe(payments(seeded(12), 300, { mean: 0.6, missing: 0.1 }));
    expect(restored.check()).toEqual(original.check());
    expect(json(restored.reference)).toEqual(json(original.reference));
  });

  it("of two windows adds up to that of all rows, in any order, to the last bit", () => {
    const random = seeded(13);
    const pool = payments(random, 400, { mean: 0.3, missing: 0.1, countries: ["CH", "DE", "XX"] });
    const indices = fc.array(fc.nat({ max: pool.length - 1 }), { maxLength: 120 });
    const { reference } = fitted();
    const windowOf = (picked: readonly number[]) => {
      const detector = new DriftDetector({ schema: payment, reference }, { clock: new FakeClock() });
      detector.observe(picked.map((i) => pool[i]!));
      return detector;
    };
    fc.assert(
      fc.property(indices, indices, (a, b) => {
        const whole = windowOf([...b, ...a].toReversed());
        for (const [first, second] of [
          [a, b],
          [b, a],
        ] as const) {
          const merged = windowOf(first);
          merged.merge(json(windowOf(second).window.toJSON()));
          expect(merged.window.toBytes()).toEqual(whole.window.toBytes());
          expect(merged.check()).toEqual(whole.check());
        }
      }),
      { numRuns: 25 },
    );
  });

  it("keeps the span of time of both windows", () => {
    const clock = new FakeClock({ startMs: 100 });
    const [early, late] = [fitted({ clock }), fitted({ clock })];
    early.observe(training[0]!);
    clock.advance(50);
    late.observe(training[1]!);
    early.merge(late.window);
    expect(early.window).toMatchObject({ rows: 2, since: 100, until: 150 });
    const empty = fitted({ clock });
    empty.merge(late.window.toBytes());
    empty.merge(fitted().window);
    expect(empty.window).toMatchObject({ rows: 1, since: 150, until: 150 });
  });

  it("of another reference is refused", () => {
    const detector = fitted();
    const other = new DriftDetector({ schema: payment });
    other.fit(training.slice(1));
    other.observe(training);
    expect(() => detector.merge(other.window)).toThrow(/another reference/);
    const narrow = new DriftDetector({ schema: payment, features: { items: "numeric" } });
    const reference = narrow.fit(training);
    expect(() => new DriftDetector({ schema: payment, reference })).toThrow(code("DRIFT_STATE_INVALID"));
    const features = { items: "categorical" } as const;
    expect(() => new DriftDetector({ schema: payment, features, reference })).toThrow(/items \(numeric\)/);
  });

  it("of more rows than can be counted exactly is refused, and nothing is added", () => {
    const detector = fitted();
    detector.observe(training[0]!);
    const rows = Number.MAX_SAFE_INTEGER;
    const before = detector.window.toJSON();
    const features = before.parts[0]!.features.map((one) => ({ ...one, counts: one.counts.map((_, i) => (i === 0 ? rows : 0)) }));
    expect(() => detector.merge({ ...before, parts: [{ rows, features, seasons: null }] })).toThrow(code("DRIFT_STATE_INVALID"));
    expect(detector.window.toJSON()).toEqual(before);
  });

  it("that is damaged is refused, and nothing is added", () => {
    const detector = fitted();
    detector.observe(training.slice(0, 10));
    const window = detector.window.toJSON();
    const [part] = window.parts;
    const withPart = (changes: object) => ({ ...window, parts: [{ ...part, ...changes }] });
    const withCounts = (change: (counts: readonly number[]) => readonly number[]) =>
      withPart({ features: part!.features.map((one) => ({ ...one, counts: change(one.counts) })) });
    const damaged: unknown[] = [
      null,
      { ...window, schemaVersion: 2 },
      withPart({ rows: 11 }),
      withPart({ rows: -10 }),
      { ...window, since: null },
      { ...window, extra: 1 },
      { ...window, parts: [] },
      { ...window, sample: [] },
      withPart({ seasons: [10] }),
      withPart({ features: part!.features.slice(1) }),
      withPart({ features: part!.features.map(({ counts }) => ({ counts })) }),
      withCounts((counts) => [...counts, 0]),
      withCounts((counts) => counts.map(() => Number.NaN)),
    ];
    for (const item of damaged) expect(() => detector.merge(item as DriftProfileState)).toThrow(code("DRIFT_STATE_INVALID"));
    const bytes = detector.window.toBytes();
    for (let length = 0; length < bytes.length; length++) {
      expect(() => detector.merge(bytes.slice(0, length))).toThrow(code("DRIFT_STATE_INVALID"));
    }
    expect(() => detector.merge(Uint8Array.of(...bytes, 0))).toThrow(code("DRIFT_STATE_INVALID"));
    expect(detector.window.toJSON()).toEqual(window);

    const profile = detector.reference!;
    const [amount, country] = profile.features;
    if (amount?.kind !== "numeric" || country?.kind !== "categorical") throw new Error("expected amount and country");
    const withFeature = (feature: object) => ({ ...profile, features: [feature, ...profile.features.slice(1)] });
    const damagedProfiles: unknown[] = [
      {},
      { ...profile, schemaVersion: 2 },
      { ...profile, rows: 999 },
      { ...profile, features: [] },
      { ...profile, features: [amount, amount, country] },
      withFeature({ ...amount, edges: amount.edges.toReversed() }),
      withFeature({ ...amount, counts: amount.counts.slice(1) }),
      withFeature({ ...amount, coarse: [amount.edges.length] }),
      withFeature({ ...amount, edges: [], coarse: null, counts: [1000, 0, 0, 0] }),
      withFeature({ ...country, tail: country.categories }),
      withFeature({ ...country, kind: "text" }),
      withFeature({ ...amount, dimension: 3 }),
    ];
    for (const item of damagedProfiles) {
      expect(() => new DriftDetector({ schema: payment, reference: item as ReferenceProfile })).toThrow(
        code("DRIFT_STATE_INVALID"),
      );
    }
  });
});
