import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ModelwrightError } from "../../src/core/errors.ts";
import { randomNormal, seeded } from "../../src/core/random.ts";
import {
  DriftDetector,
  type DriftDetectorOptions,
  type DriftDetectorState,
  type DriftProfileState,
  multivariateDrift,
} from "../../src/drift/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { payment, payments } from "./rows.ts";

const refused = expect.toSatisfy((error) => ModelwrightError.is(error, "DRIFT_STATE_INVALID"), "has code DRIFT_STATE_INVALID");

const anything = z.object({
  n: z.unknown(),
  c: z.unknown(),
  b: z.unknown(),
  t: z.unknown(),
  d: z.unknown(),
  e: z.unknown(),
  y: z.unknown(),
  g: z.unknown(),
});
type Anything = z.output<typeof anything>;

const kinds = {
  n: "numeric",
  c: "categorical",
  b: "boolean",
  t: "text",
  d: "timestamp",
  e: "embedding",
  y: { kind: "numeric", role: "target" },
} as never;

function watch(options: Partial<DriftDetectorOptions<typeof anything>> = {}): DriftDetector<typeof anything> {
  return new DriftDetector({ schema: anything, features: kinds, validate: "never", ...options }, { clock: new FakeClock() });
}

const usual = (i: number): Anything => ({
  n: (i * 37) % 101,
  c: `c${i % 3}`,
  b: i % 2 === 0,
  t: "x".repeat(i % 30),
  d: i * 3_600_000,
  e: [i % 7, (i * 37) % 11],
  y: i % 5,
  g: `g${i % 2}`,
});
const usualRows = Array.from({ length: 200 }, (_, i) => usual(i));

/** Where a report has a number that JSON does not carry. */
function notFinite(value: unknown, path = ""): string[] {
  if (typeof value === "number") return Number.isFinite(value) ? [] : [`${path}: ${value}`];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => notFinite(item, `${path}.${key}`));
}

describe("a report", () => {
  const odd = fc.constantFrom(
    ...[0, -0, 1, -1, 3, 5e-324, 1e-310, 1e-200, 1e-160, 1e154, 1e155, 1e200, 1e308, -1e308, Number.MAX_VALUE, -Number.MAX_VALUE],
  );
  const value = fc.oneof(
    odd,
    fc.double(),
    fc.constantFrom<unknown>(undefined, null, {}, [], "x", "__proto__", 5n, true, new Date(Number.NaN), "2024-01-01", [1, 2]),
  );
  const row = fc.record({
    n: value,
    c: fc.oneof(value, fc.constantFrom("__proto__", "constructor", "invalid", "missing", "unseen")),
    b: value,
    t: value,
    d: value,
    e: fc.oneof(value, fc.tuple(odd, odd)),
    y: value,
    g: fc.oneof(value, fc.constantFrom("", "g0")),
  });
  const reference = fc.array(
    fc.record({ n: odd, y: odd, e: fc.tuple(odd, odd), g: fc.constantFrom("", "g0", "__proto__") }, { noNullPrototype: true }),
    { minLength: 1, maxLength: 60 },
  );

  it("has no number but finite ones, and survives JSON, whatever the rows hold", () => {
    fc.assert(
      fc.property(reference, fc.array(row, { minLength: 30, maxLength: 60 }), fc.boolean(), (before, now, seasons) => {
        const detector = watch({
          segmentBy: "g",
          sampleRows: 20,
          ...(seasons && { season: { by: "day-of-week", at: "d" } as const }),
        });
        const learned = detector.fit(Array.from({ length: 120 }, (_, i) => ({ ...usual(i), ...before[i % before.length]! })));
        detector.observe(now as Anything[]);
        const reports = [detector.comprehensive(), detector.check({ method: "welch" }), detector.snapshot(), learned];
        expect(reports.flatMap((report) => notFinite(report))).toEqual([]);
        const other = watch({
          segmentBy: "g",
          sampleRows: 20,
          ...(seasons && { season: { by: "day-of-week", at: "d" } as const }),
          reference: JSON.parse(JSON.stringify(learned)),
        });
        other.restore(JSON.parse(JSON.stringify(detector.snapshot())));
        expect(other.comprehensive()).toEqual(detector.comprehensive());
      }),
      { numRuns: 15 },
    );
  });

  it("has no Wasserstein distance of infinite width", () => {
    const detector = new DriftDetector({ schema: z.object({ x: z.number() }) });
    const rows = Array.from({ length: 100 }, (_, i) => ({ x: i % 2 === 0 ? 1.7e308 : -1.7e308 }));
    detector.fit(rows);
    detector.observe(rows.map((_, i) => rows[i % 3 === 0 ? 0 : 1]!));
    expect(detector.check().features[0]!.wasserstein!.statistic).toBeCloseTo(1 / 3, 1);
  });

  it("has the moments of values of any size", () => {
    for (const size of [1e-120, 1e-90, 1, 1e150, 1e200]) {
      const detector = new DriftDetector({ schema: z.object({ x: z.number() }) });
      detector.fit(usualRows.map(({ n }) => ({ x: size * (n as number) })));
      detector.observe(usualRows.map(({ n }) => ({ x: size * (n as number) })));
      const { reference, current } = detector.check().features[0]!.moments!;
      expect(reference!.deviation / size).toBeCloseTo(29.2, 0);
      expect(current!.deviation / reference!.deviation).toBeCloseTo(1, 10);
      expect(current!.mean / reference!.mean).toBeCloseTo(1, 10);
    }
  });
});

describe("rows", () => {
  class Lazy {
    get n(): number {
      throw new Error("not loaded");
    }
    get c(): string {
      return "c0";
    }
  }
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const revokedArray = Proxy.revocable([], {});
  revokedArray.revoke();

  it("whose values cannot be read count as invalid there, and nowhere half", () => {
    const features = { n: "numeric", c: "categorical", e: "embedding", d: "timestamp" } as never;
    const rows = [
      new Lazy(),
      revoked.proxy,
      { n: 1, c: "c1", e: revokedArray.proxy, d: Object.create(Date.prototype) },
      Object.freeze({ n: 2, c: "c2", e: Object.freeze([1, 2]), d: new Date(0) }),
    ] as Anything[];
    const [single, many] = [0, 1].map(() => {
      const detector = watch({ features, segmentBy: "c", sampleRows: 10, season: { by: "hour-of-day", at: "d" } });
      detector.fit(usualRows);
      return detector;
    });
    for (const row of rows) single!.observe([row]);
    many!.observe(rows);
    expect(many!.snapshot()).toEqual(single!.snapshot());
    const [part] = many!.snapshot().panes[0]!.parts;
    expect(part!.features.map(({ counts }) => counts.at(-1))).toEqual([2, 1, 2, 2]);
    const counter = many!.counter();
    for (const row of rows) counter.observe(row);
    expect(counter.rows).toBe(4);
    // The counts still add up, which is what makes them usable elsewhere.
    const restored = watch({
      features,
      reference: many!.reference,
      segmentBy: "c",
      sampleRows: 10,
      season: { by: "hour-of-day", at: "d" },
    });
    restored.restore(many!.snapshot());
    expect(restored.window.rows).toBe(4);
  });

  it("that are missing in the middle of a batch are refused with all of it", () => {
    const detector = watch();
    detector.fit(usualRows);
    const rows = [usual(0), usual(1), usual(2)];
    delete rows[1];
    expect(() => detector.observe(rows)).toThrow(/\[1\]|1: expected an object/);
    expect(detector.window.rows).toBe(0);
    expect(() => detector.profile().observe(usual(0), Number.NaN)).toThrow(/expected an object, and the time/);
    expect(() => detector.profile().observe(null as never, 0)).toThrow(/expected an object, and the time/);
  });

  it("with text for a boolean, or that is no ISO 8601 for a time, have values of another type", () => {
    const detector = watch({ features: { b: "boolean", d: "timestamp" } as never });
    detector.fit(usualRows);
    for (const d of ["item 7", "7", "", "2024-02-30T10:00Z", "10:00", "Mon, 1 Jan 2024"])
      detector.observe({ ...usual(0), b: "true", d });
    const [b, d] = detector.window.toJSON().parts[0]!.features;
    expect([b!.counts.at(-1), d!.counts.at(-1)]).toEqual([6, 5]);
  });

  it("with times without an offset have the same hour on every machine", () => {
    const zone = process.env["TZ"];
    process.env["TZ"] = "America/New_York";
    try {
      const detector = watch({ features: { d: "timestamp" } as never });
      detector.fit(usualRows);
      for (const d of ["2024-05-05T05:10", "2024-05-05 05:10:11", "2024-05-05T05:10:11.5Z", "2024-05-05T07:10:00+02:00"])
        detector.observe({ ...usual(0), d });
      expect(detector.window.toJSON().parts[0]!.features[0]!.counts[5]).toBe(4);
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });

  it("without a segment do not count as those whose segment is the empty text", () => {
    const detector = watch({ segmentBy: "g" });
    detector.fit(usualRows.map((row, i) => ({ ...row, g: i % 2 === 0 ? "" : "g1" })));
    detector.observe([
      { ...usual(0), g: null },
      { ...usual(1), g: "" },
    ]);
    detector.observe({ ...usual(0), g: undefined });
    expect(detector.window.toJSON().parts.map(({ rows }) => rows)).toEqual([3, 1, 0]);
  });

  it("count alike one by one, in batches and as columns, with segments, seasons and samples", () => {
    const options = { segmentBy: "g", sampleRows: 30, season: { by: "hour-of-day", at: "d" }, window: { rows: 300 } } as const;
    const rows = Array.from({ length: 700 }, (_, i) => ({ ...usual(i * 7), ...(i % 9 === 0 && { n: null, g: i }) }));
    const [single, many, columns] = [0, 1, 2].map(() => {
      const detector = watch(options);
      detector.fit(usualRows);
      return detector;
    });
    for (const row of rows) single!.observe(row);
    many!.observe(rows);
    const column = (name: keyof Anything) => rows.map((row) => row[name]);
    columns!.observeColumns(
      Object.fromEntries((Object.keys(rows[0]!) as (keyof Anything)[]).map((name) => [name, column(name)])),
    );
    expect(many!.snapshot()).toEqual(single!.snapshot());
    expect(columns!.snapshot()).toEqual(single!.snapshot());
    expect(single!.window.rows).toBe(100);
  });

  it("of big integers, dates and dense or sparse arrays of them are counted without failing", () => {
    const detector = watch({ features: { n: "numeric", d: "timestamp", e: "embedding" } as never });
    detector.fit(usualRows);
    const sparse = new Array(3) as number[];
    const e = [[1, 2], sparse, Float32Array.of(1, 2)];
    detector.observeColumns({ n: BigInt64Array.of(1n, 2n, 3n), d: [new Date(0), new Date(Number.NaN), null], e });
    const found = detector.window.toJSON().parts[0]!.features.map(({ counts }) => counts.slice(-2));
    expect(found).toEqual([
      [0, 3],
      [1, 1],
      [0, 1],
    ]);
  });
});

describe("stored state", () => {
  const features = { n: "numeric", e: "embedding" } as never;
  const options = { features, sampleRows: 10 } as const;

  function counted() {
    const detector = watch(options);
    detector.fit(usualRows);
    detector.observe(usualRows.slice(0, 40));
    return detector;
  }

  it("whose samples or ranges do not fit the counts is refused, before a check fails for it", () => {
    const detector = counted();
    const window = detector.window.toJSON();
    const [part] = window.parts;
    const [n, e] = part!.features;
    const withE = (sample: unknown) => ({ ...window, parts: [{ ...part!, features: [n!, { ...e!, sample }] }] });
    const damaged: unknown[] = [
      withE([{ values: [1], count: 1 }]),
      withE([{ values: [1, null], count: 1 }]),
      withE([{ values: [1, 2], count: 41 }]),
      { ...window, sample: [{ values: [1, 2, 3], count: 1 }] },
      { ...window, sample: [{ values: [1], count: 41 }] },
      { ...window, parts: [{ ...part!, features: [{ ...n!, sums: { ...n!.sums!, low: null, high: null } }, e!] }] },
    ];
    for (const state of damaged) expect(() => detector.merge(state as DriftProfileState)).toThrow(refused);
    expect(detector.window.toJSON()).toEqual(window);
    const reference = detector.reference!;
    const [first, second] = reference.features;
    for (const hostile of [
      { ...reference, sample: [{ values: [1, 2, 3], count: 1 }] },
      { ...reference, features: [first!, { ...second!, sample: [{ values: [1, null], count: 1 }] }] },
    ]) {
      expect(() => watch({ ...options, reference: hostile as never })).toThrow(refused);
    }
  });

  it("whose seasons have no count for some cells is refused", () => {
    const season = { by: "day-of-week", at: "d" } as const;
    const reference = watch({ features, season }).fit(usualRows);
    const seasons = reference.seasons!;
    const shorter = { ...seasons, cells: seasons.cells.map((cells) => cells.slice(0, -1)) };
    const other = { ...seasons, cells: seasons.cells.map((cells) => cells.map(() => 1000)) };
    for (const wrong of [shorter, other]) {
      expect(() => watch({ features, season, reference: { ...reference, seasons: wrong } })).toThrow(refused);
    }
    expect(watch({ features, season, reference }).fingerprint).toHaveLength(16);
  });

  it("of bytes that claim long texts or endless zeros is refused at once", () => {
    const detector = counted();
    const bytes = detector.window.toBytes();
    const long = Uint8Array.from({ length: 300_000 }, (_, i) => bytes[i] ?? 0x61);
    long.set([0xc0, 0x9a, 0x0c], 5);
    expect(() => detector.merge(long.fill(0x61, 8))).toThrow(refused);
    // One part, one row, one feature with 10 million counts, all 0.
    const zeros = [...bytes.subarray(0, 5 + 1 + 16 + 16), 1, 1, 1, 0x80, 0xad, 0xe2, 0x04, 0, 0xff, 0xac, 0xe2, 0x04];
    expect(() => detector.merge(Uint8Array.from(zeros))).toThrow(/bytes/);
  });

  it("of a million wrong counts or parts is refused as what it is", () => {
    const detector = counted();
    const window = detector.window.toJSON();
    const [part] = window.parts;
    const wrong = new Array<never>(1_000_000).fill("x" as never);
    const features = part!.features.map((one) => ({ ...one, counts: wrong }));
    expect(() => detector.merge({ ...window, parts: [{ ...part!, features }] })).toThrow(refused);
    expect(() => detector.merge({ ...window, parts: new Array(1_000_000).fill(part) })).toThrow(refused);
    expect(() => detector.restore({ ...detector.snapshot(), levels: { '["n"]': ["loud"] } } as never)).toThrow(refused);
    expect(detector.window.toJSON()).toEqual(window);
  });

  it("tells references apart that differ only in seasons, or in how far an outlier is", () => {
    const rows = Array.from({ length: 1000 }, (_, i) => ({ ...usual(i), n: i }));
    const fingerprint = (last: number, shift: number) => {
      const detector = watch({ features: { n: "numeric" } as never, season: { by: "hour-of-day", at: "d" } });
      detector.fit(rows.map((row, i) => ({ ...row, n: i === 999 ? last : i, d: (i + shift) * 1_800_000 })));
      return detector.fingerprint;
    };
    expect(new Set([fingerprint(1e6, 0), fingerprint(1e7, 0), fingerprint(1e6, 1)]).size).toBe(3);
  });

  it("cannot be changed through what the detector has handed out", () => {
    const detector = counted();
    const before = JSON.stringify(detector.check());
    const reference = detector.reference as unknown as { features: { counts: number[] }[] };
    expect(() => reference.features[0]!.counts.fill(0)).toThrow(TypeError);
    const snapshot = detector.snapshot();
    expect(() => (snapshot.panes[0]!.parts[0]!.features[1]!.sample![0]!.values as number[]).fill(9)).toThrow(TypeError);
    expect(JSON.stringify(detector.check())).toBe(before);
  });

  it("of levels counts no more of them than the detector keeps, and none of unknown features", () => {
    const detector = new DriftDetector({ schema: payment, confirm: { alerts: 2, of: 2 } });
    detector.fit(payments(seeded(1), 1000));
    const levels = { '["amount"]': ["significant", "significant", "none", "none"], '["other"]': ["significant", "significant"] };
    detector.restore({ ...detector.snapshot(), levels } as DriftDetectorState);
    expect(detector.check().confirmed).toBe("none");
    expect(detector.snapshot().levels).toEqual({ '["amount"]': ["none", "none"] });
  });

  it("of counts of cells must add up to the rows", () => {
    const detector = counted();
    const counter = detector.counter();
    for (const row of usualRows) counter.observe(row);
    const counts = counter.take();
    const span = { since: null, until: null };
    expect(detector.compareCells(counts, { rows: 200, ...span }).verdict).toBe("none");
    for (const wrong of [counts.map(() => 0), counts.map(() => Number.NaN), counts.map((count) => count / 2)]) {
      expect(() => detector.compareCells(wrong, { rows: 200, ...span })).toThrow(refused);
    }
    expect(() => detector.compareCells(counts, { rows: Number.NaN, ...span })).toThrow(refused);
  });
});

describe("samples of rows that recur", () => {
  const embeddings = z.object({ e: z.array(z.number()) });
  const draw = (seed: number, rows: number, empty: number, shift = 1) => {
    const random = seeded(seed);
    const direction = () => [shift + randomNormal(random), randomNormal(random), randomNormal(random)];
    return Array.from({ length: rows }, () => ({ e: random.next() < empty ? [0, 0, 0] : direction() }));
  };

  it("do not make an embedding that many rows share look like drift", () => {
    const verdicts = [1, 2, 3, 4].map((seed) => {
      const detector = new DriftDetector({ schema: embeddings, features: { e: "embedding" } });
      detector.fit(draw(seed, 3000, 0.4));
      detector.observe(draw(seed + 10, 300, 0.4));
      const quiet = detector.check({ reset: true }).verdict;
      detector.observe(draw(seed + 20, 300, 0.4, -1));
      return [quiet, detector.check().verdict];
    });
    expect(verdicts).toEqual([1, 2, 3, 4].map(() => ["none", "significant"]));
  });

  it("do not make a few frequent rows look like drift of features together", () => {
    const schema = z.object({ a: z.number(), b: z.number() });
    const random = seeded(7);
    const rows = (length: number) =>
      Array.from({ length }, () => (random.next() < 0.4 ? { a: 0, b: 0 } : { a: randomNormal(random), b: randomNormal(random) }));
    const detector = new DriftDetector({ schema, sampleRows: 200 });
    const reference = detector.fit(rows(5000));
    const pValues = Array.from({ length: 5 }, () => {
      detector.reset();
      detector.observe(rows(300));
      return multivariateDrift(reference, detector.window)!.mmd!.pValue;
    });
    expect(Math.min(...pValues)).toBeGreaterThan(0.01);
  });

  it("keep the rows of least hash, however many are added and merged", () => {
    const schema = z.object({ a: z.number() });
    const detector = new DriftDetector({ schema, sampleRows: 50, validate: "never" });
    const rows = Array.from({ length: 1000 }, (_, i) => ({ a: (i * 7919) % 401 }));
    detector.fit(rows);
    const [whole, parts] = [detector.profile(), detector.profile()];
    for (const row of rows) whole.observe(row, 0);
    for (let from = 0; from < 1000; from += 125) {
      const part = detector.profile();
      for (const row of rows.slice(from, from + 125).toReversed()) part.observe(row, 0);
      parts.merge(from % 250 === 0 ? part : part.toBytes());
    }
    expect(parts.toJSON()).toEqual(whole.toJSON());
    const sample = whole.toJSON().sample!;
    expect(sample).toHaveLength(50);
    for (const { values, count } of sample) expect(count).toBe(rows.filter(({ a }) => a === values[0]).length);
  });
});
