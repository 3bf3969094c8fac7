import { describe, expect, it } from "vitest";
import { z } from "zod";
import { randomNormal, seeded } from "../../src/core/random.ts";
import { DriftDetector } from "../../src/drift/index.ts";

const HOUR = 3_600_000;

function draw<T>(seed: number, length: number, make: (random: ReturnType<typeof seeded>, i: number) => T): T[] {
  const random = seeded(seed);
  return Array.from({ length }, (_, i) => make(random, i));
}

describe("kinds", () => {
  it("text is watched by its length", () => {
    const detector = new DriftDetector({ schema: z.object({ note: z.string().nullable() }), features: { note: "text" } });
    const note = (length: number) => ({ note: "é".repeat(length) });
    detector.fit(draw(1, 2000, (random) => note(10 + Math.floor(50 * random.next()))));
    detector.observe(draw(2, 500, (random) => note(10 + Math.floor(50 * random.next()))));
    expect(detector.check({ reset: true }).verdict).toBe("none");
    detector.observe(draw(3, 500, (random) => note(60 + Math.floor(50 * random.next()))));
    const { features } = detector.check();
    expect(features[0]).toMatchObject({ kind: "text", level: "significant" });
    expect(features[0]!.moments!.current!.mean).toBeGreaterThan(80);
  });

  it("timestamps are watched by the hour of the day, however they are written", () => {
    const detector = new DriftDetector({
      schema: z.object({ at: z.union([z.number(), z.string(), z.date()]) }),
      features: { at: "timestamp" } as never,
    });
    const at = (hour: number, i: number) => {
      const time = 1.7e12 - (1.7e12 % (24 * HOUR)) + hour * HOUR + i;
      return { at: [time, new Date(time), new Date(time).toISOString()][i % 3]! };
    };
    detector.fit(draw(1, 3000, (random, i) => at(8 + 10 * random.next(), i)));
    detector.observe(draw(2, 600, (random, i) => at(8 + 10 * random.next(), i)));
    expect(detector.check({ reset: true }).verdict).toBe("none");
    detector.observe(draw(3, 600, (random, i) => at(20 + 3 * random.next(), i)));
    const [feature] = detector.check().features;
    expect(feature!.level).toBe("significant");
    expect(feature!.bins.filter(({ current }) => current > 0).map(({ label }) => label)).toEqual(["20", "21", "22"]);
    detector.reset();
    detector.observe([{ at: "yesterday" }, { at: Number.NaN as never }].slice(0, 1));
    expect(detector.window.toJSON().parts[0]!.features[0]!.counts.at(-1)).toBe(1);
  });

  it("booleans keep both values, though the reference has one", () => {
    const detector = new DriftDetector({ schema: z.object({ flag: z.boolean() }) });
    detector.fit(Array.from({ length: 500 }, () => ({ flag: false })));
    detector.observe(Array.from({ length: 100 }, () => ({ flag: false })));
    expect(detector.check({ reset: true }).features[0]).toMatchObject({ kind: "boolean", level: "none", pValue: 1 });
    detector.observe(draw(1, 100, (random) => ({ flag: random.next() < 0.5 })));
    expect(detector.check().features[0]!.level).toBe("significant");
  });

  it("embeddings are watched by their norm, and by a sample of their directions", () => {
    const detector = new DriftDetector({ schema: z.object({ vector: z.array(z.number()) }), features: { vector: "embedding" } });
    const unit = (random: ReturnType<typeof seeded>, direction: number) => {
      const vector = Array.from({ length: 8 }, (_, i) => 0.3 * randomNormal(random) + (i === direction ? 1 : 0));
      const norm = Math.hypot(...vector);
      return { vector: vector.map((value) => value / norm) };
    };
    detector.fit(draw(1, 1000, (random) => unit(random, 0)));
    detector.observe(draw(2, 400, (random) => unit(random, 0)));
    const quiet = detector.check({ reset: true }).features[0]!;
    expect(quiet).toMatchObject({ kind: "embedding", level: "none" });
    expect(quiet.mmd!.pValue).toBeGreaterThan(0.01);
    detector.observe(draw(3, 400, (random) => unit(random, 1)));
    const turned = detector.check().features[0]!;
    expect(turned.psiDebiased).toBeLessThan(0.1);
    expect(turned).toMatchObject({ level: "significant", mmd: { pValue: 0.001 } });
    expect(() => detector.fit([{ vector: [1] }, { vector: [1, 2] }])).toThrow(/as many in each row/);
  });
});

describe("roles", () => {
  it("data, prediction and target drift are told apart, and truth that is late is not missing", () => {
    const schema = z.object({ x: z.number(), score: z.number(), paid: z.boolean().nullable() });
    const detector = new DriftDetector({
      schema,
      features: { x: "numeric", score: { kind: "numeric", role: "prediction" }, paid: { kind: "boolean", role: "target" } },
    });
    const row = (random: ReturnType<typeof seeded>, bias: number, known: number) => {
      const x = randomNormal(random);
      return { x, score: 1 / (1 + Math.exp(-x - bias)), paid: random.next() < known ? random.next() < 0.3 : null };
    };
    detector.fit(draw(1, 4000, (random) => row(random, 0, 1)));
    detector.observe(draw(2, 1000, (random) => row(random, 0, 0.2)));
    expect(detector.check({ reset: true }).roles).toEqual({ data: "none", prediction: "none", target: "none" });
    detector.observe(draw(3, 1000, (random) => row(random, 2, 0.2)));
    const report = detector.check();
    expect(report.roles).toEqual({ data: "none", prediction: "significant", target: "none" });
    expect(report.rootCause.map(({ feature, share }) => [feature, share > 0.9])).toEqual([["score", true]]);
  });

  it("importance weighs the share that has drifted and the order of causes", () => {
    const schema = z.object({ heavy: z.number(), light: z.number(), still: z.number() });
    const features = {
      heavy: { kind: "numeric", importance: 10 },
      light: { kind: "numeric", importance: 0.1 },
      still: { kind: "numeric", importance: 9.9 },
    } as const;
    const detector = new DriftDetector({ schema, features });
    const row = (random: ReturnType<typeof seeded>, shift: number) => ({
      heavy: randomNormal(random) + shift,
      light: randomNormal(random) + 3 * shift,
      still: randomNormal(random),
    });
    detector.fit(draw(1, 4000, (random) => row(random, 0)));
    detector.observe(draw(2, 1000, (random) => row(random, 1)));
    const { driftedShare, rootCause } = detector.check();
    expect(driftedShare).toBeCloseTo(10.1 / 20, 12);
    expect(rootCause.map(({ feature }) => feature)).toEqual(["heavy", "light"]);
    expect(rootCause[0]!.cells).toHaveLength(3);
  });
});

describe("importance", () => {
  it("goes with the feature's name, whatever the order in a stored reference", () => {
    const schema = z.object({ a: z.number(), b: z.number() });
    const row = (random: ReturnType<typeof seeded>) => ({ a: randomNormal(random), b: randomNormal(random) });
    const stored = new DriftDetector({ schema, features: { a: "numeric", b: "numeric" } }).fit(draw(1, 500, row));
    const features = { b: { kind: "numeric", importance: 7 }, a: { kind: "numeric", importance: 1 } } as const;
    const detector = new DriftDetector({ schema, features, reference: stored });
    detector.observe(draw(2, 100, row));
    expect(detector.check().features.map(({ feature, importance }) => [feature, importance])).toEqual([
      ["a", 1],
      ["b", 7],
    ]);
  });
});

describe("seasons", () => {
  const schema = z.object({ at: z.number(), load: z.number() });
  const row = (random: ReturnType<typeof seeded>, hour: number, shift = 0) => ({
    at: hour * HOUR + Math.floor(HOUR * random.next()),
    load: randomNormal(random) + (hour % 24 < 6 ? 4 : 0) + shift,
  });

  it("compare a night with nights", () => {
    const history = draw(1, 24 * 400, (random, i) => row(random, i % 24));
    const night = (seed: number, shift = 0) => draw(seed, 500, (random, i) => row(random, i % 6, shift));
    const features = { load: "numeric" } as const;
    const plain = new DriftDetector({ schema, features });
    const seasonal = new DriftDetector({ schema, features, season: { by: "hour-of-day", at: "at" } });
    for (const detector of [plain, seasonal]) {
      detector.fit(history);
      detector.observe(night(2));
    }
    expect(plain.check().verdict).toBe("significant");
    expect(seasonal.check()).toMatchObject({ verdict: "none", referenceRows: 2400 });
    seasonal.reset();
    seasonal.observe(night(3, 1));
    expect(seasonal.check().verdict).toBe("significant");
  });

  it("alarm no more often than chance, whatever hours a window has", () => {
    const detector = new DriftDetector({ schema, features: { load: "numeric" }, season: { by: "hour-of-week", at: "at" } });
    detector.fit(draw(1, 168 * 100, (random, i) => row(random, i % 168)));
    const random = seeded(2);
    const rejected = Array.from({ length: 600 }, () => {
      const from = Math.floor(168 * random.next());
      detector.observe(Array.from({ length: 300 }, (_, i) => row(random, (from + (i % 9)) % 168)));
      return detector.check({ reset: true }).features[0]!.pValue < 0.05;
    });
    const share = rejected.filter(Boolean).length / rejected.length;
    expect(share).toBeGreaterThan(0.02);
    expect(share).toBeLessThan(0.08);
  });

  it("say which rows have none, and need times to learn from", () => {
    const detector = new DriftDetector({ schema, features: { load: "numeric" }, season: { by: "day-of-week", at: "at" } });
    detector.fit(draw(1, 2000, (random, i) => row(random, i % 48)));
    detector.observe(draw(2, 400, (random, i) => row(random, i % 96)));
    expect(detector.check().warnings).toEqual([expect.stringMatching(/^(4|5)\d % of the rows fall into a day-of-week without/)]);
    const loose = z.object({ at: z.number().optional(), load: z.number() });
    const needs = new DriftDetector({ schema: loose, features: { load: "numeric" }, season: { by: "day-of-week", at: "at" } });
    expect(() => needs.fit([{ load: 1 }])).toThrow(/time of the row/);
  });
});

describe("segments", () => {
  const schema = z.object({ country: z.string(), amount: z.number() });
  const row = (random: ReturnType<typeof seeded>, shifted: string | undefined) => {
    const country = ["CH", "DE", "FR", "LI"][Math.min(3, Math.floor(3.1 * random.next()))]!;
    return { country, amount: randomNormal(random) + (country === "DE" ? 5 : 0) + (country === shifted ? 2 : 0) };
  };

  it("show what all rows together hide, each against its own reference", () => {
    const detector = new DriftDetector({ schema, segmentBy: "country", features: { amount: "numeric" } });
    const reference = detector.fit(draw(1, 6000, (random) => row(random, undefined)));
    expect(reference.segments!.parts.map(({ segment }) => segment).toSorted()).toEqual(["CH", "DE", "FR", "LI"]);
    detector.observe(draw(4, 900, (random) => row(random, undefined)));
    const quiet = detector.check({ reset: true });
    expect(quiet.verdict).toBe("none");
    expect(quiet.segments.map(({ segment, verdict }) => [segment, verdict])).toContainEqual(["LI", "insufficient_data"]);
    detector.observe(draw(3, 900, (random) => row(random, "FR")));
    const verdicts = Object.fromEntries(detector.check().segments.map(({ segment, verdict }) => [segment, verdict]));
    expect(verdicts).toEqual({ CH: "none", DE: "none", FR: "significant", LI: "insufficient_data" });
    expect(detector.check().verdict).toBe("significant");
  });
});
