import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect } from "vitest";

interface Reference {
  readonly qs: readonly number[];
  readonly cases: readonly {
    readonly name: string;
    readonly values: readonly number[];
    readonly moments: Record<"mean" | "standardDeviation" | "skewness" | "kurtosis", number>;
    readonly quantiles: readonly number[];
  }[];
}

/** Values of NumPy and SciPy; `scripts/reference-stats/sketches.py` writes them, with versions and seed. */
export const reference = JSON.parse(
  readFileSync(new URL("../../reference/stats/sketches.json", import.meta.url), "utf8"),
) as Reference;

export const invalid = expect.objectContaining({ code: "INPUT_INVALID" });
export const misconfigured = expect.objectContaining({ code: "CONFIG_INVALID" });

/** Any doubles, and often those on which code stumbles. */
export const doubles = fc.array(
  fc.oneof(
    fc.double(),
    fc.integer({ min: -20, max: 20 }),
    fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MIN_VALUE, Number.MAX_VALUE),
  ),
);

/** A copy that went through text. */
export const copied = <T>(state: T): T => JSON.parse(JSON.stringify(state)) as T;

/** What a sketch of each kind does. */
interface Sketch<Value> {
  addAll(values: readonly Value[]): void;
  toJSON(): unknown;
}

/** A sketch of these values. */
export function sketchOf<Value, S extends Sketch<Value>>(create: () => S, values: readonly Value[]): S {
  const sketch = create();
  sketch.addAll(values);
  return sketch;
}

/** Says that merging gives what one sketch of all values gives, to the last character, whichever is merged into which. */
export function expectExactMerge<Value, S extends Sketch<Value> & { merge(other: S): void }>(
  create: () => S,
  values: fc.Arbitrary<Value[]>,
): void {
  fc.assert(
    fc.property(values, values, values, (a, b, c) => {
      const whole = JSON.stringify(sketchOf(create, [...a, ...b, ...c]));
      for (const [x, y, z] of [
        [a, b, c],
        [c, a, b],
        [b, c, a],
      ] as const) {
        const left = sketchOf(create, x);
        const right = sketchOf(create, y);
        const before = JSON.stringify(right);
        left.merge(right);
        left.merge(sketchOf(create, z));
        expect(JSON.stringify(left)).toBe(whole);
        const grouped = sketchOf(create, z);
        right.merge(grouped);
        const first = sketchOf(create, x);
        first.merge(right);
        expect(JSON.stringify(first)).toBe(whole);
        expect(before).toBe(JSON.stringify(sketchOf(create, y)));
      }
    }),
  );
}

/** Says that a sketch that was stored on the way goes on as one that was not. */
export function expectSameContinuation<Value, S extends Sketch<Value>>(
  create: () => S,
  restore: (state: never) => S,
  before: readonly Value[],
  after: readonly Value[],
): void {
  const kept = sketchOf(create, before);
  const stored = restore(copied(kept.toJSON()) as never);
  expect(JSON.stringify(stored)).toBe(JSON.stringify(kept));
  kept.addAll(after);
  stored.addAll(after);
  expect(JSON.stringify(stored)).toBe(JSON.stringify(kept));
}
