import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { Schema } from "../../src/core/schema.ts";
import { DriftDetector, type FeatureKinds, type FeatureOptions } from "../../src/drift/index.ts";

const input = z.object({ amount: z.number().nullable(), country: z.string(), at: z.date().optional() });
const features = { amount: "numeric", country: "categorical" } as const;

describe("the types of a DriftDetector", () => {
  it("come from the schema", () => {
    const detector = new DriftDetector({ schema: input, features });
    type Row = Parameters<typeof detector.fit>[0] extends Iterable<infer R> ? R : never;
    expectTypeOf<Row>().toEqualTypeOf<{ amount: number | null; country: string; at?: Date | undefined }>();
    expectTypeOf<FeatureKinds<Row>>().toEqualTypeOf<{
      readonly amount?: ("numeric" | "categorical" | "timestamp") | FeatureOptions<"numeric" | "categorical" | "timestamp">;
      readonly country?: ("categorical" | "text" | "timestamp") | FeatureOptions<"categorical" | "text" | "timestamp">;
      readonly at?: "timestamp" | FeatureOptions<"timestamp">;
    }>();
    expect(detector.reference).toBeUndefined();
  });

  it("refuse a numeric kind on text, a column that is not there, and one that is neither number nor category", () => {
    // @ts-expect-error text has no order to compare by
    expect(() => new DriftDetector({ schema: input, features: { country: "numeric" } }).fit([row])).toThrow();
    // @ts-expect-error misspelt
    expect(() => new DriftDetector({ schema: input, features: { amuont: "numeric" } })).toThrow();
    // @ts-expect-error a date is no number
    expect(() => new DriftDetector({ schema: input, features: { at: "numeric" } }).fit([row])).toThrow();
    // @ts-expect-error no such kind
    expect(() => new DriftDetector({ schema: input, features: { amount: "ordinal" } })).toThrow();
  });

  it("refuse rows and columns of other types", () => {
    const detector = new DriftDetector({ schema: input, features });
    detector.fit([row]);
    detector.observe([row]);
    // @ts-expect-error an amount is no text
    expect(() => detector.observe({ ...row, amount: "12" })).toThrow();
    // @ts-expect-error a country is missing
    expect(() => detector.observe({ amount: 12 })).toThrow();
    detector.observeColumns({ amount: Float64Array.of(1), country: ["CH"] });
    // @ts-expect-error countries are no numbers
    detector.observeColumns({ amount: [1], country: [2] });
    expect(detector.window.rows).toBe(3);
  });

  it("hold for a schema of another library", () => {
    const standard: Schema<unknown, { score: number; label: "a" | "b" }> = {
      "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as { score: number; label: "a" | "b" } }) },
    };
    const detector = new DriftDetector({ schema: standard, features: { score: "numeric", label: "categorical" } });
    // @ts-expect-error a label has no order
    expect(() => new DriftDetector({ schema: standard, features: { label: "numeric" } }).fit([{ label: "a" }])).toThrow();
    expect(detector.fit([{ score: 1, label: "a" }]).rows).toBe(1);
  });
});

const row = { amount: 12, country: "CH", at: new Date(0) };
