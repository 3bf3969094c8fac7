import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { DriftDetector } from "../../src/drift/drift-detector.ts";
import type { PredictionOutput } from "../../src/monitoring/index.ts";
import { MINUTE, monitored, START } from "./monitored.ts";

/** Where a value holds something that JSON would lose. */
function lost(value: unknown, path = ""): readonly string[] {
  if (typeof value === "number") return Number.isFinite(value) ? [] : [`${path}: ${value}`];
  if (typeof value === "string" || typeof value === "boolean" || value === null) return [];
  if (typeof value !== "object") return [`${path}: ${typeof value}`];
  const kind = Object.getPrototypeOf(value)?.constructor;
  if (kind !== Object && kind !== Array) return [`${path}: ${kind?.name}`];
  return Object.entries(value).flatMap(([name, part]) => lost(part, `${path}.${name}`));
}

const drift = new DriftDetector({ schema: z.object({ a: z.number(), b: z.string() }) });
drift.fit(Array.from({ length: 200 }, (_, i) => ({ a: i % 17, b: `${i % 3}` })));

const extreme = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    5e-324,
    -5e-324,
    1e-300,
    1,
    -1,
    1e154,
    1e200,
    -1e200,
    1e308,
    -1e308,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const probability = fc.oneof(fc.constantFrom(0, 1, 5e-324, 0.5, 1 - 2 ** -53), fc.double({ min: 0, max: 1, noNaN: true }));
const name = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "toString", "other", "length", "é", '\n"\\'),
  fc.string({ minLength: 1, maxLength: 4 }),
);
const anything = fc.anything();

const tasks = {
  binary: { output: probability as fc.Arbitrary<PredictionOutput>, label: fc.constantFrom(0, 1) },
  regression: { output: extreme, label: extreme },
  multiclass: {
    output: fc.oneof<fc.Arbitrary<PredictionOutput>[]>(
      name,
      fc.dictionary(name, fc.double({ min: 0, max: 0.25, noNaN: true }), { minKeys: 1, maxKeys: 4 }),
    ),
    label: name,
  },
} as const;

describe.each(["binary", "regression", "multiclass"] as const)("the dashboard of a %s model", (task) => {
  it("is plain JSON without NaN and infinities, whatever was recorded", async () => {
    const { output, label } = tasks[task];
    const happening = fc.record({
      version: name,
      output,
      label: fc.option(label as fc.Arbitrary<number | string>),
      latencyMs: fc.option(extreme.map(Math.abs), { nil: undefined }),
      segment: fc.option(name),
      input: fc.oneof(anything, fc.record({ a: fc.double(), b: name })),
      minute: fc.integer({ min: 0, max: 5 }),
      code: fc.option(name, { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 15 }), async (list) => {
        const metric = task === "regression" ? "r2" : "accuracy";
        const sla = { latencyP99Ms: 5, latencyP95Ms: 1, errorRatio: 0.1, throughputPerSecond: 1, metrics: { [metric]: 0.5 } };
        const { monitor, clock } = monitored({ task, drift, sla });
        let good = 0;
        for (const { version, output, label, latencyMs, segment, input, minute, code } of list) {
          let id: string;
          try {
            if (code !== undefined) monitor.recordError({ version, code, latencyMs });
            id = monitor.record({ version, output, latencyMs, segment, input, at: START + minute * MINUTE - 5 * MINUTE });
            good += 1;
          } catch (error) {
            expect(error).toMatchObject({ code: "INPUT_INVALID" });
            continue;
          }
          if (label !== null) await monitor.label(id, label).catch((error) => expect(error.code).toBe("INPUT_INVALID"));
        }
        clock.advance(2 * MINUTE);
        const dashboard = await monitor.dashboard({ from: START - 10 * MINUTE, to: START + 3 * MINUTE, everyMs: MINUTE });
        expect(lost(dashboard)).toEqual([]);
        expect(JSON.parse(JSON.stringify(dashboard))).toEqual(JSON.parse(JSON.stringify(dashboard)));
        expect([dashboard.traffic.damagedBuckets, dashboard.performance.total.predictions]).toEqual([0, good]);
        expect(dashboard.traffic.total.records.logged).toBe(good);
        for (const line of monitor.prometheus().trimEnd().split("\n")) {
          expect(line).toMatch(
            /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{(?:\w+="(?:[^"\\\n]|\\["\\n])*",?)+\})? (?:[-+.\de]+|NaN|[-+]Inf))$/,
          );
        }
      }),
      { numRuns: 40 },
    );
  });
});
