import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BucketReader } from "../../src/monitoring/bucket/bucket-reader.ts";
import { probabilityScale } from "../../src/monitoring/bucket/number-scale.ts";
import { OpenBucket } from "../../src/monitoring/bucket/open-bucket.ts";
import { TrafficSums } from "../../src/monitoring/report/traffic-sums.ts";
import { fakeDrift } from "./fake-drift.ts";

const drift = fakeDrift();

function bucket(writer = "w"): OpenBucket {
  return new OpenBucket({ series: "7", at: 0, spanMs: 60_000, writer, openedAt: 0, scale: probabilityScale, drift });
}

interface Happening {
  readonly output: number;
  readonly latencyMs: number;
  readonly code: string | undefined;
  readonly name: string;
  readonly a: number;
  readonly at: number;
}

// Whole milliseconds: their sums are exact, so that merged buckets can be compared to the last bit.
const happening: fc.Arbitrary<Happening> = fc.record({
  output: fc.constantFrom(0, 0.25, 0.5, 0.75, 1),
  latencyMs: fc.integer({ min: 0, max: 1_000_000 }),
  code: fc.option(fc.constantFrom("TIMEOUT", "模型", "x".repeat(128)), { nil: undefined }),
  name: fc.constantFrom("cat", "dog", "éé"),
  a: fc.integer({ min: 0, max: 2 }),
  at: fc.integer({ min: 0, max: 59_999 }),
});

function count(into: OpenBucket, { output, latencyMs, code, name, a, at }: Happening): void {
  into.touch(at);
  if (code !== undefined) {
    into.countError(code, latencyMs);
    return;
  }
  into.predictions += 1;
  into.outputs.add(output);
  into.positives += output >= 0.5 ? 1 : 0;
  into.classes.add(name);
  into.latency.add(latencyMs);
  into.observe({ a, b: a % 2 });
  into.fates.logged += 1;
}

/** Everything that a list of stored buckets adds up to. */
function merged(buckets: readonly OpenBucket[]) {
  const reader = new BucketReader();
  const sums = new TrafficSums(probabilityScale);
  const cells = new Float64Array(5);
  let rows = 0;
  let [since, until] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { content } of buckets.filter(({ dirty }) => dirty).map((one) => one.encode())) {
    expect(reader.read(content)).toBe(true);
    sums.addRead(reader);
    reader.addCells(cells);
    rows += reader.rows;
    since = Math.min(since, reader.since);
    until = Math.max(until, reader.until);
  }
  const { latency, errorLatency, outputs, codes, classes, ...counts } = sums;
  const of = (cells: typeof latency) => [cells.count, cells.sum, cells.low, cells.high, cells.bars()];
  const parts = [of(latency), of(errorLatency), of(outputs), codes.toList(), classes.toList()];
  return { ...counts, parts, cells: [...cells], rows, since, until };
}

describe("a stored bucket", () => {
  it("adds up with others to what one bucket of everything has", () => {
    const happenings = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), happening), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(happenings, (list) => {
        const whole = bucket();
        const parts = Array.from({ length: 4 }, () => bucket());
        for (const [part, one] of list) {
          count(whole, one);
          count(parts[part]!, one);
        }
        expect(merged(parts)).toEqual(merged([whole]));
      }),
    );
  });

  it("has all that was counted before and while it was stored", () => {
    fc.assert(
      fc.property(fc.array(happening, { minLength: 1 }), fc.array(happening, { minLength: 1 }), (before, meanwhile) => {
        const [whole, first, second] = [bucket(), bucket(), bucket()];
        for (const one of before) count(first, one);
        first.encode();
        for (const one of meanwhile) count(second, one);
        first.absorb(second);
        for (const one of [...before, ...meanwhile]) count(whole, one);
        expect(merged([first])).toEqual(merged([whole]));
        expect(second.open).toBe(false);
      }),
    );
  });

  it.each([
    [200, 1],
    [60_000, 2],
    [70_000, 4],
  ])("keeps %i rows of one cell in numbers of %i bytes", (rows, width) => {
    const one = bucket();
    one.touch(1);
    for (let i = 0; i < rows; i++) one.observe({ a: 1, b: 0 });
    const { content } = one.encode();
    expect(content[1]).toBe(width);
    expect(merged([one]).cells).toEqual([0, rows, 0, rows, 0]);
  });

  it("is read wherever its bytes lie", () => {
    const one = bucket();
    one.touch(1);
    for (let i = 0; i < 300; i++) one.observe({ a: 2, b: 1 });
    const { content } = one.encode();
    for (let shift = 0; shift < 8; shift++) {
      const moved = new Uint8Array(content.length + 8).subarray(shift, shift + content.length);
      moved.set(content);
      const reader = new BucketReader();
      expect(reader.read(moved)).toBe(true);
      const cells = new Float64Array(5);
      reader.addCells(cells);
      expect([...cells]).toEqual([0, 0, 300, 0, 300]);
    }
  });

  it("counts names beyond the fiftieth code together", () => {
    const one = bucket();
    one.touch(1);
    for (let i = 0; i < 60; i++) one.countError(`code ${i}`, undefined);
    const reader = new BucketReader();
    expect(reader.read(one.encode().content)).toBe(true);
    expect([reader.errors, reader.codes.names.length, reader.codes.other]).toEqual([60, 50, 10]);
  });

  it("that is damaged is refused or read, and never throws", () => {
    const one = bucket();
    for (let i = 0; i < 5; i++)
      count(one, { output: 0.5, latencyMs: 7 * i, code: i === 3 ? "E" : undefined, name: "cat", a: 1, at: i });
    const { content } = one.encode();
    const reader = new BucketReader();
    const cut = fc.integer({ min: 0, max: content.length - 1 });
    fc.assert(
      fc.property(cut, cut, fc.integer({ min: 0, max: 255 }), (at, length, byte) => {
        const damaged = content.slice();
        damaged[at] = byte;
        if (reader.read(damaged)) reader.addCells(new Float64Array(5));
        expect(reader.read(content.subarray(0, length))).toBe(false);
      }),
      { numRuns: 500 },
    );
    expect(reader.read(content)).toBe(true);
  });

  it("of a later release is refused", () => {
    const one = bucket();
    one.touch(1);
    const { content } = one.encode();
    expect(new BucketReader().read(content)).toBe(true);
    content[0] = 2;
    expect(new BucketReader().read(content)).toBe(false);
  });
});
