import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import {
  type ClassificationSummary,
  classificationSummary,
  confusionMatrix,
  expectedCalibrationError,
} from "../../../src/stats/index.ts";
import { agrees, reference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

describe.each(reference.binary)("classificationSummary of $name", (expected) => {
  const { labels, scores } = expected;
  const output = expected.brierScore === undefined ? "score" : "probability";
  const summary = classificationSummary(labels, scores, { output, threshold: 0.5 });

  it("holds what the metrics alone give", () => {
    const [precision, recall, f1] = expected.binary0;
    const { rocAuc, averagePrecision, ksStatistic, logLoss, brierScore, accuracy } = expected;
    const wanted = { precision, recall, f1, accuracy, averagePrecision, ksStatistic, logLoss, brierScore, auc: rocAuc };
    for (const [name, value] of Object.entries(wanted)) {
      const found = summary[name as keyof typeof wanted];
      if (found.value === null) expect([0, undefined], name).toContain(value);
      else expect(found.value, name).toSatisfy((actual: number) => agrees(actual, value!));
    }
    expect(agrees(summary.matthewsCorrelation.value ?? 0, expected.matthewsCorrelation)).toBe(true);
    const bothClasses = new Set(labels).size === 2;
    if (bothClasses) expect(agrees(summary.balancedAccuracy.value!, expected.balancedAccuracy)).toBe(true);
    else expect([summary.auc.reason, summary.gini.reason, summary.ksStatistic.reason]).toEqual(Array(3).fill("one_class"));
    const predictions = scores.map((score) => (score >= 0.5 ? 1 : 0));
    expect(summary.counts).toEqual(confusionMatrix(labels, predictions));
    if (output === "probability") {
      expect(summary.expectedCalibrationError.value).toBe(expectedCalibrationError(labels, scores));
    }
  });

  it("has intervals around its values, and never NaN", () => {
    for (const [name, metric] of Object.entries(summary)) {
      if (typeof metric === "number" || "truePositives" in metric) continue;
      expect(metric.value === null, name).toBe(metric.reason !== null);
      if (metric.interval === null) continue;
      const [low, high] = metric.interval;
      expect(low <= metric.value! + 1e-15 && metric.value! <= high + 1e-15, name).toBe(true);
    }
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
  });
});

describe("classificationSummary", () => {
  const labels = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0];
  const predictions = [1, 1, 1, 0, 0, 0, 0, 0, 0, 1];

  it("has Wilson's intervals of proportions", () => {
    for (const { successes, n, interval } of reference.wilson) {
      const right = Array.from({ length: n }, (_, i) => (i < successes ? 1 : 0));
      const { accuracy, recall } = classificationSummary(Array(n).fill(1), right, { output: "label" });
      for (const found of [accuracy, recall]) {
        expect(found.interval!.every((limit, i) => agrees(limit, interval[i]!))).toBe(true);
      }
    }
  });

  it("has DeLong's interval of the AUC on the scale of the logit", () => {
    for (const { labels: truth, a, aucA, intervalA } of reference.deLong) {
      const { auc, gini } = classificationSummary(truth, a, { output: "score" });
      expect(agrees(auc.value!, aucA)).toBe(true);
      expect(auc.interval!.every((limit, i) => agrees(limit, intervalA[i]!))).toBe(true);
      expect(gini.interval).toEqual([2 * auc.interval![0] - 1, 2 * auc.interval![1] - 1]);
    }
  });

  it("does not take a few rows in order for a certain AUC of 1, nor one row of a class for an interval", () => {
    const { auc } = classificationSummary([0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.8, 0.9]);
    expect(auc.value).toBe(1);
    expect(auc.interval![0]).toBeLessThan(0.4);
    expect(classificationSummary([0, 0, 1], [0.1, 0.2, 0.3]).auc).toEqual({ value: 1, interval: null, reason: null });
  });

  it("calls a row positive at its threshold", () => {
    const { threshold, counts } = classificationSummary([0, 1, 1], [-1, 0, 2], { output: "score" });
    expect(threshold).toBe(0);
    expect(counts).toEqual({ truePositives: 2, falsePositives: 0, trueNegatives: 1, falseNegatives: 0 });
    expect(classificationSummary([0, 1], [0.5, 0.49]).counts.falsePositives).toBe(1);
  });

  it("has neither ranks nor probabilities of predicted classes", () => {
    const summary = classificationSummary(labels, predictions, { output: "label" });
    expect(summary.f1.value).toBe(0.75);
    const reasons = [summary.auc, summary.averagePrecision, summary.ksStatistic, summary.logLoss].map(({ reason }) => reason);
    expect(reasons).toEqual(["no_scores", "no_scores", "no_scores", "no_probabilities"]);
  });

  it("says why a ratio does not exist", () => {
    const nothing = classificationSummary([0, 0], [0, 0], { output: "label" });
    expect(nothing.precision.reason).toBe("no_positive_predictions");
    expect(nothing.recall.reason).toBe("no_positive_labels");
    expect(nothing.f1.reason).toBe("no_positive_labels");
    expect(nothing.balancedAccuracy.reason).toBe("one_class");
    expect(nothing.matthewsCorrelation.reason).toBe("one_class");
    expect(classificationSummary([1, 1], [1, 1]).specificity.reason).toBe("no_negative_labels");
    expect(classificationSummary([0, 1], [0, 0]).matthewsCorrelation.reason).toBe("constant_predictions");
    expect(classificationSummary([0], [0.2], { output: "score" }).averagePrecision.reason).toBe("no_positive_labels");
  });

  it("refuses outputs that are not of the kind named, and options that are none", () => {
    expect(() => classificationSummary([0, 1], [0, 2])).toThrow(invalid);
    expect(() => classificationSummary([0, 1], [0, 0.5], { output: "label" })).toThrow(invalid);
    expect(() => classificationSummary([0, 1], [0, Number.NaN], { output: "score" })).toThrow(invalid);
    expect(() => classificationSummary([], [])).toThrow(invalid);
    expect(() => classificationSummary([0, 1], [0, 1], { confidence: 95 })).toThrow(misconfigured);
    expect(() => classificationSummary([0, 1], [0, 1], { threshold: Number.NaN })).toThrow(misconfigured);
  });

  it("has intervals that hold the true value about as often as they say", () => {
    const random = seeded(5);
    const rounds = 400;
    const n = 150;
    // Positives N(1, 1), negatives N(-1, 1), half of each, called positive above 0: rates from scipy.stats.norm.cdf, SciPy 1.10.1.
    const rate = 0.841_344_746_068_543;
    const truth = {
      accuracy: rate,
      precision: rate,
      recall: rate,
      f1: rate,
      balancedAccuracy: rate,
      matthewsCorrelation: 2 * rate - 1,
      auc: 0.921_350_396_474_857, // norm.cdf(2 / sqrt(2))
    };
    const hits = Object.fromEntries(Object.keys(truth).map((name) => [name, 0]));
    for (let round = 0; round < rounds; round++) {
      const drawn = Uint8Array.from({ length: n }, () => (random.next() < 0.5 ? 1 : 0));
      const scores = Float64Array.from(drawn, (label) => 2 * label - 1 + randomNormal(random));
      const summary: ClassificationSummary = classificationSummary(drawn, scores, { output: "score" });
      for (const [name, value] of Object.entries(truth)) {
        const [low, high] = summary[name as keyof typeof truth].interval!;
        if (low <= value && value <= high) hits[name]! += 1;
      }
    }
    for (const [name, count] of Object.entries(hits)) expect(count / rounds, name).toBeGreaterThan(0.915);
    for (const [name, count] of Object.entries(hits)) expect(count / rounds, name).toBeLessThan(0.985);
  });
});
