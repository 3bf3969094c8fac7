import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type Classification, type ClassificationOptions, classification } from "../../src/inference/classification.ts";
import type { TensorSpec } from "../../src/inference/port.ts";
import type { Row } from "../../src/inference/row.ts";
import type { Step, StepContext } from "../../src/inference/step.ts";

function contextOf(...outputs: readonly Partial<TensorSpec>[]): StepContext {
  const specs = outputs.map((output): TensorSpec => ({ name: "probabilities", type: "float32", dims: ["n", "?"], ...output }));
  return { inputs: [], outputs: specs, model: {}, provider: "engine/cpu" };
}

const plain = contextOf();

function classify(options: ClassificationOptions, row: Row, context = plain): Classification {
  return classification(options).run(row, context);
}

function failure(options: ClassificationOptions, row: Row, context = plain): unknown {
  try {
    return classify(options, row, context);
  } catch (error) {
    return error;
  }
}

describe("classification", () => {
  it("answers the most probable class, and all of them, best first", () => {
    expect(classify({ labels: ["a", "b", "c"] }, { probabilities: [0.25, 0.5, 0.125] })).toEqual({
      label: "b",
      probability: 0.5,
      classes: [
        { label: "b", probability: 0.5 },
        { label: "a", probability: 0.25 },
        { label: "c", probability: 0.125 },
      ],
    });
  });

  it("takes the names that the model records, else positions", () => {
    const recorded = contextOf({ name: "p", classes: ["ham", 7] });
    expect(classify({}, { p: [0.25, 0.75] }, recorded).label).toBe(7);
    expect(classify({ labels: ["x", "y"] }, { p: [0.25, 0.75] }, recorded).label).toBe("y");
    expect(classify({}, { p: [0.25, 0.75] }).classes.map(({ label }) => label)).toEqual([1, 0]);
  });

  it("keeps the order of the model among equal ones", () => {
    const { label, classes } = classify({}, { p: [0.2, 0.3, 0.2, 0.3] });
    expect([label, classes.map((each) => each.label)]).toEqual([1, [1, 3, 0, 2]]);
  });

  it("answers no more than topK classes", () => {
    expect(classify({ topK: 2 }, { p: [0.1, 0.2, 0.3] }).classes.map(({ label }) => label)).toEqual([2, 1]);
    expect(classify({ topK: 9 }, { p: [0.1, 0.2, 0.3] }).classes).toHaveLength(3);
  });

  it.each<[string, ClassificationOptions, number | readonly number[], string]>([
    ["at 0.5", {}, 0.5, "yes"],
    ["below", {}, 0.49, "no"],
    ["at a higher one", { threshold: 0.9 }, 0.89, "no"],
    ["over a lower one", { threshold: 0.1 }, [0.11], "yes"],
    ["with a rounding error", {}, 1.000_01, "yes"],
    ["of two scores, at the threshold", { threshold: 0.3 }, [0.7, 0.3], "yes"],
    ["of two equal scores without a threshold", {}, [0.5, 0.5], "no"],
  ])("decides between two classes by a threshold: %s", (_, options, p, label) => {
    expect(classify({ labels: ["no", "yes"], ...options }, { p }).label).toBe(label);
  });

  it("answers both classes for one probability, and the probability of the one it decides for", () => {
    expect(classify({ labels: ["no", "yes"], threshold: 0.9 }, { p: 0.75 })).toEqual({
      label: "no",
      probability: 0.25,
      classes: [
        { label: "yes", probability: 0.75 },
        { label: "no", probability: 0.25 },
      ],
    });
  });

  it("makes probabilities of logits, whatever their size", () => {
    const softmax = classify({ activation: "softmax" }, { p: [1000, 1001, -1000] });
    expect(softmax.classes[0]!.probability).toBeCloseTo(Math.E / (1 + Math.E), 12);
    expect(softmax.classes[2]!.probability).toBe(0);
    const sigmoid = classify({ activation: "sigmoid", labels: ["no", "yes"] }, { p: -40 });
    // 1 − p would be 1 and p 0 in floats: e^−40 stays.
    expect(sigmoid.classes).toEqual([
      { label: "no", probability: 1 },
      { label: "yes", probability: expect.closeTo(4.248354255291589e-18, 30) },
    ]);
    expect(classify({ activation: "sigmoid" }, { p: 40 }).classes[1]!.probability).toBeCloseTo(4.248354255291589e-18, 30);
    const extremes = classify({ activation: "sigmoid" }, { p: [800, -800, 0] });
    expect(extremes.classes.map(({ probability }) => probability)).toEqual([1, 0.5, 0]);
  });

  it("shares between infinite logits", () => {
    const infinite = Number.POSITIVE_INFINITY;
    const probabilities = (p: readonly number[]) =>
      classify({ activation: "softmax" }, { p }).classes.map((each) => each.probability);
    expect(probabilities([infinite, 3, infinite])).toEqual([0.5, 0.5, 0]);
    expect(probabilities([-infinite, -infinite])).toEqual([0.5, 0.5]);
    expect(classify({}, { p: [-infinite, infinite, infinite] }).classes.map(({ label }) => label)).toEqual([1, 2, 0]);
  });

  it("gives distributions by softmax, in the order of the logits", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 2, maxLength: 20 }), (p) => {
        const { classes } = classify({ activation: "softmax" }, { p });
        expect(classes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
        for (let i = 1; i < classes.length; i++) expect(classes[i]!.probability <= classes[i - 1]!.probability).toBe(true);
        expect(p[classes[0]!.label as number]).toBe(Math.max(...p));
      }),
    );
  });

  it("answers the class that the model decides for, with its probability", () => {
    const recorded = contextOf({ name: "label" }, { classes: [10, 20, 30] });
    const row = { label: 10, probabilities: [0.3, 0.4, 0.3] };
    expect(classify({ label: "label" }, row, recorded)).toMatchObject({ label: 10, probability: 0.3 });
    expect(classify({ label: "label", labels: ["x", "y", "z"] }, row, recorded).label).toBe("x");
    expect(classify({ label: "is", labels: ["no", "yes"] }, { is: true, p: [0.6, 0.4] })).toMatchObject({
      label: "yes",
      probability: 0.4,
    });
  });

  it("never takes a class of the model for a position", () => {
    const row = { label: 1, probabilities: [0.3, 0.4, 0.3] };
    expect(failure({ label: "label" }, row)).toMatchObject({ code: "MODEL_UNSUPPORTED" });
    expect(failure({ label: "label", labels: ["x", "y", "z"] }, row)).toMatchObject({ code: "MODEL_UNSUPPORTED" });
  });

  it("finds the output with the scores: with class names, else an array, else the only one", () => {
    const named = contextOf({ name: "a" }, { name: "b", classes: ["x", "y"] });
    expect(classify({}, { a: [0, 1], b: [1, 0] }, named).label).toBe("x");
    expect(classify({}, { label: 3, b: [0, 1] }).label).toBe(1);
    expect(classify({ label: "label", labels: [3, 4] }, { label: 3, p: 0.9 })).toMatchObject({ label: 3, probability: 1 - 0.9 });
    expect(classify({ probabilities: "a" }, { a: [0, 1], b: [1, 0] }, named).label).toBe(1);
    expect(failure({}, { a: [0, 1], b: [1, 0] })).toMatchObject({
      code: "MODEL_UNSUPPORTED",
      message: expect.stringContaining("a, b"),
    });
  });

  it.each<[string, string, ClassificationOptions, Row]>([
    ["an output that is not there", "MODEL_UNSUPPORTED", { probabilities: "q" }, { p: [0, 1] }],
    ["one that every object has", "MODEL_UNSUPPORTED", { probabilities: "constructor" }, { p: [0, 1] }],
    ["a label that is not there", "MODEL_UNSUPPORTED", { probabilities: "p", label: "q" }, { p: [0, 1] }],
    ["scores that are no numbers", "MODEL_UNSUPPORTED", {}, { p: ["a", "b"] }],
    ["no scores", "MODEL_UNSUPPORTED", {}, { p: [] }],
    ["one logit taken for a probability", "MODEL_UNSUPPORTED", {}, { p: -3 }],
    ["one score under softmax", "MODEL_UNSUPPORTED", { activation: "softmax" }, { p: -3 }],
    ["NaN", "MODEL_RUN_FAILED", {}, { p: [0.5, Number.NaN] }],
    ["labels that do not fit", "CONFIG_INVALID", { labels: ["a", "b"] }, { p: [0.1, 0.2, 0.3] }],
    ["a threshold for three classes", "CONFIG_INVALID", { threshold: 0.5 }, { p: [0.1, 0.2, 0.3] }],
  ])("fails with a code over %s", (_, code, options, row) => {
    expect(failure(options, row)).toMatchObject({ name: "ModelwrightError", code });
  });

  it("fails when the model records another number of classes than it answers", () => {
    expect(failure({}, { p: [0.1, 0.2, 0.3] }, contextOf({ name: "p", classes: ["a"] }))).toMatchObject({
      code: "MODEL_UNSUPPORTED",
    });
  });

  it.each<[string, object]>([
    ["one label", { labels: ["a"] }],
    ["a label twice", { labels: ["a", "a"] }],
    ["no class to answer", { topK: 0 }],
    ["a threshold beyond 1", { threshold: 2 }],
    ["a threshold beside the model's own decision", { threshold: 0.5, label: "label" }],
    ["one output for both", { label: "p", probabilities: "p" }],
    ["a misspelt option", { treshold: 0.5 }],
  ])("refuses %s", (_, options) => {
    expect(() => classification(options as never)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("has another version with any other option", () => {
    const all: ClassificationOptions[] = [
      {},
      { label: "l" },
      { probabilities: "l" },
      { labels: ["0", "1"] },
      { labels: [0, 1] },
      { activation: "sigmoid" },
      { topK: 1 },
      { threshold: 1 },
    ];
    expect(new Set(all.map((options) => classification(options).version)).size).toBe(all.length);
    expect(classification({ topK: 1 }).version).toBe(classification({ topK: 1, activation: "none" }).version);
  });

  it("types labels by those that are given", () => {
    const named = classification({ labels: ["honest", "fraud"] });
    expectTypeOf(named).toEqualTypeOf<Step<Row, Classification<"honest" | "fraud">>>();
    expectTypeOf(classification()).toEqualTypeOf<Step<Row, Classification<string | number>>>();
    expectTypeOf(classification({ topK: 3 })).toEqualTypeOf<Step<Row, Classification<string | number>>>();
    // @ts-expect-error: no such label
    expect(named.run({ p: 0.2 }, plain).label === "frod").toBe(false);
  });
});
