import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import {
  accuracy,
  balancedAccuracy,
  f1,
  logLoss,
  matthewsCorrelation,
  multiclassConfusionMatrix,
  multiclassLogLoss,
  multiclassRocAuc,
  multiclassSummary,
  precision,
  recall,
  rocAuc,
} from "../../../src/stats/index.ts";
import { agrees, reference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

describe.each(reference.multiclass)("multiclass metrics of $name", (expected) => {
  const { labels, predictions } = expected;

  it("agree with scikit-learn on predictions", () => {
    expect(multiclassConfusionMatrix(labels, predictions)).toEqual({
      classes: expected.classes,
      counts: expected.confusionMatrix,
    });
    expect(accuracy(labels, predictions)).toSatisfy((value: number) => agrees(value, expected.accuracy));
    expect(balancedAccuracy(labels, predictions)).toSatisfy((value: number) => agrees(value, expected.balancedAccuracy));
    expect(matthewsCorrelation(labels, predictions)).toSatisfy((value: number) => agrees(value, expected.matthewsCorrelation));
    for (const average of ["macro", "micro", "weighted"] as const) {
      for (const zeroDivision of [0, 1] as const) {
        const found = [precision, recall, f1].map((metric) => metric(labels, predictions, { average, zeroDivision }));
        const wanted = expected[`${average}${zeroDivision}`];
        expect(found, `${average}, ${zeroDivision}`).toSatisfy(() => found.every((value, i) => agrees(value, wanted[i]!)));
      }
    }
  });

  it.runIf(expected.probabilities)("agree with scikit-learn on probabilities", () => {
    const { probabilities = [], order: classes = [] } = expected;
    const flat = Float64Array.from(probabilities.flat());
    expect(multiclassLogLoss(labels, probabilities, { classes })).toSatisfy((value: number) => agrees(value, expected.logLoss!));
    expect(multiclassLogLoss(labels, flat)).toBe(multiclassLogLoss(labels, probabilities, { classes }));
    for (const average of ["macro", "weighted"] as const) {
      const found = multiclassRocAuc(labels, flat, { average });
      expect(found).toSatisfy((value: number) => agrees(value, expected[`${average}Auc`]!));
    }
  });

  it("are in one summary", () => {
    const { probabilities, order: classes } = expected;
    const options = probabilities && classes ? { probabilities, classes } : {};
    const found = multiclassSummary(labels, predictions, options);
    expect(found.n).toBe(labels.length);
    expect(found.classes.map((item) => item.class)).toEqual(expected.classes);
    expect(found.classes.map(({ labelled }) => labelled)).toEqual(expected.each.support);
    for (const name of ["precision", "recall", "f1"] as const) {
      const values = found.classes.map((item) => item[name].value ?? 0);
      expect(values, name).toSatisfy(() => values.every((value, i) => agrees(value, expected.each[name][i]!)));
      for (const { value, interval } of found.classes.map((item) => item[name])) {
        if (value !== null) expect(interval![0] <= value && value <= interval![1]).toBe(true);
      }
    }
    expect(Object.values(found.macro).every((value, i) => agrees(value, expected.macro0[i]!))).toBe(true);
    expect(Object.values(found.weighted).every((value, i) => agrees(value, expected.weighted0[i]!))).toBe(true);
    expect(agrees(found.accuracy.value!, expected.accuracy)).toBe(true);
    expect(agrees(found.balancedAccuracy.value!, expected.balancedAccuracy)).toBe(true);
    expect(agrees(found.matthewsCorrelation.value ?? 0, expected.matthewsCorrelation)).toBe(true);
    if (probabilities === undefined) {
      expect(found.auc).toEqual({ value: null, interval: null, reason: "no_probabilities" });
      expect(found.logLoss.reason).toBe("no_probabilities");
    } else {
      expect(agrees(found.auc.value!, expected.macroAuc!)).toBe(true);
      expect(agrees(found.logLoss.value!, expected.logLoss!)).toBe(true);
    }
  });
});

describe("classes", () => {
  it("are the same by bytes, by other numbers and by texts", () => {
    const pairs = fc.array(fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 4 })), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(pairs, (drawn) => {
        const both = [drawn.map(([label]) => label), drawn.map(([, prediction]) => prediction)] as const;
        const measure = (name: (code: number) => string | number) => {
          const [labels, predictions] = [both[0].map(name), both[1].map(name)];
          const averages = [precision, recall, f1].map((metric) => metric(labels, predictions, { average: "macro" }));
          const others = [accuracy, balancedAccuracy, matthewsCorrelation].map((metric) => metric(labels, predictions));
          return [...averages, ...others, multiclassConfusionMatrix(labels, predictions).counts];
        };
        const expected = measure((code) => code);
        expect(measure((code) => code * 1000.5 - 3)).toEqual(expected);
        expect(measure((code) => `class ${code}`)).toEqual(expected);
        const bytes = [Uint8Array.from(both[0]), Uint8Array.from(both[1])] as const;
        expect(multiclassConfusionMatrix(...bytes).counts).toEqual(expected.at(-1));
      }),
    );
  });

  it("tell the number 1 from the text, 0 not from -0, and put numbers first", () => {
    expect(multiclassConfusionMatrix([1, "1", "b", -2], [1, 1, "1", -2]).classes).toEqual([-2, 1, "1", "b"]);
    expect(accuracy([0, 1.5], [-0, 1.5])).toBe(1);
    expect(accuracy([1], ["1"])).toBe(0);
  });

  it("may be given, also those without rows", () => {
    const found = multiclassConfusionMatrix(["b", "a"], ["b", "b"], { classes: ["c", "b", "a"] });
    expect(found.counts).toEqual([
      [0, 0, 0],
      [0, 1, 0],
      [0, 1, 0],
    ]);
    expect(() => multiclassConfusionMatrix(["x"], ["b"], { classes: ["a", "b"] })).toThrow(invalid);
    expect(() => multiclassConfusionMatrix(["a"], ["x"], { classes: ["a", "b"] })).toThrow(invalid);
    expect(() => multiclassConfusionMatrix([], [], { classes: ["a", "b"] })).toThrow(invalid);
    expect(() => multiclassConfusionMatrix(["a"], ["a"], { classes: ["a", "a"] })).toThrow(misconfigured);
  });

  it("are refused when they are no class, or too many for a matrix", () => {
    for (const metric of [accuracy, balancedAccuracy, matthewsCorrelation, multiclassConfusionMatrix, multiclassSummary]) {
      expect(() => metric([], [])).toThrow(invalid);
      expect(() => metric([0, 1], [0])).toThrow(invalid);
      expect(() => metric([0, 1], [0, Number.NaN])).toThrow(invalid);
      expect(() => metric([0, Number.POSITIVE_INFINITY], [0, 1])).toThrow(invalid);
      expect(() => metric(["a", null as unknown as string], ["a", "b"])).toThrow(invalid);
      expect(() => metric([true as unknown as number], [1])).toThrow(invalid);
    }
    const many = Array.from({ length: 3000 }, (_, i) => i);
    expect(() => multiclassConfusionMatrix(many, many)).toThrow(invalid);
    expect(accuracy(many, many)).toBe(1);
  });
});

describe("probabilities of classes", () => {
  const labels = ["a", "b", "c"];
  const probabilities = [
    [0.5, 0.25, 0.25],
    [0.25, 0.5, 0.25],
    [0.5, 0.25, 0.25],
  ];

  it("of two classes give what the binary metrics give", () => {
    const truth = [0, 1, 1, 0];
    const positive = [0.2, 0.7, 0.4, 0.6];
    const both = positive.map((p) => [1 - p, p]);
    expect(multiclassLogLoss(truth, both)).toBeCloseTo(logLoss(truth, positive), 14);
    expect(multiclassRocAuc(truth, both)).toBeCloseTo(rocAuc(truth, positive), 14);
  });

  it("must have a column for each class, a row for each label, and add up to 1", () => {
    for (const metric of [multiclassLogLoss, multiclassRocAuc]) {
      expect(() => metric(labels, probabilities.slice(1))).toThrow(invalid);
      expect(() => metric(labels, [[0.5, 0.5], ...probabilities.slice(1)])).toThrow(invalid);
      expect(() => metric(labels, [[0.5, 0.5, 0.5], ...probabilities.slice(1)])).toThrow(invalid);
      expect(() => metric(labels, [[2, -0.5, -0.5], ...probabilities.slice(1)])).toThrow(invalid);
      expect(() => metric(labels, [[Number.NaN, 0.5, 0.5], ...probabilities.slice(1)])).toThrow(invalid);
      expect(() => metric(labels, new Float64Array(8))).toThrow(invalid);
      expect(() => metric(["a", "a"], [[1], [1]])).toThrow(invalid);
      expect(() => metric(labels, probabilities, { classes: ["a", "b", "d"] })).toThrow(invalid);
      expect(() => metric([], [], { classes: ["a", "b"] })).toThrow(invalid);
      expect(() => metric(labels, probabilities, { classes: ["a"] })).toThrow(misconfigured);
    }
    const single = Float32Array.from(probabilities.flat().map((value) => value / 3 + 2 / 9));
    expect(multiclassLogLoss(labels, single)).toBeGreaterThan(0);
  });

  it("of a class without rows have a log loss, but no AUC", () => {
    const options = { classes: ["a", "b", "c"] };
    expect(multiclassLogLoss(["a", "b"], probabilities.slice(0, 2), options)).toBeCloseTo(Math.LN2, 14);
    expect(() => multiclassRocAuc(["a", "b"], probabilities.slice(0, 2), options)).toThrow(invalid);
    const summary = multiclassSummary(["a", "b"], ["a", "b"], { ...options, probabilities: probabilities.slice(0, 2) });
    expect(summary.auc).toEqual({ value: null, interval: null, reason: "absent_class" });
    expect(summary.classes.map(({ auc }) => auc.value)).toEqual([1, 1]);
    expect(summary.logLoss.value).toBeCloseTo(Math.LN2, 14);
  });
});

describe("multiclassSummary", () => {
  it("says why a class has no precision or recall", () => {
    const { classes, matthewsCorrelation: correlation } = multiclassSummary(["a", "a"], ["b", "b"]);
    expect(classes[0]!.precision.reason).toBe("no_positive_predictions");
    expect(classes[1]!.recall.reason).toBe("no_positive_labels");
    expect(correlation.reason).toBe("one_class");
    expect(multiclassSummary(["a", "b"], ["a", "a"]).matthewsCorrelation.reason).toBe("constant_predictions");
  });
});
