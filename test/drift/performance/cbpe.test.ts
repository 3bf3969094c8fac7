import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { type Random, randomNormal, seeded } from "../../../src/core/random.ts";
import { Cbpe, type CbpeResult, type CbpeState } from "../../../src/drift/performance/index.ts";
import { rocAuc } from "../../../src/stats/metrics/roc-auc.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));
const METRICS = ["accuracy", "precision", "recall", "f1", "rocAuc"] as const;

interface Population {
  readonly mean: number;
  readonly deviation: number;
  /** Log odds of a positive for an input; scores are always those of the model of before. */
  readonly odds?: (x: number) => number;
}

const before = (x: number) => 1.5 * x - 0.5;
const share = (odds: number) => 1 / (1 + Math.exp(-odds));

/** Scores are overconfident: the log odds are twice too large. */
function draw(random: Random, count: number, { mean, deviation, odds = before }: Population) {
  const labels = new Uint8Array(count);
  const scores = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const x = mean + deviation * randomNormal(random);
    labels[i] = random.next() < share(odds(x)) ? 1 : 0;
    scores[i] = share(2 * before(x));
  }
  return { labels, scores };
}

function realised({ labels, scores }: { labels: Uint8Array; scores: Float64Array }) {
  const count = (label: number, predicted: boolean) =>
    labels.reduce((sum, own, i) => sum + (own === label && scores[i]! >= 0.5 === predicted ? 1 : 0), 0);
  const [tp, fp, fn] = [count(1, true), count(0, true), count(1, false)];
  return {
    accuracy: (tp + count(0, false)) / labels.length,
    precision: tp / (tp + fp),
    recall: tp / (tp + fn),
    f1: (2 * tp) / (2 * tp + fp + fn),
    rocAuc: rocAuc(labels, scores),
  };
}

function found(result: CbpeResult) {
  if (result.status !== "ok") throw new Error("insufficient data");
  return result;
}

const REFERENCE = { mean: 0, deviation: 1 };

describe("Cbpe", () => {
  it("holds what the labels show in at least 90 % of the windows when inputs shift", () => {
    const windows = [REFERENCE, { mean: 1, deviation: 1 }, { mean: -0.5, deviation: 0.5 }, { mean: 0, deviation: 1.8 }];
    for (const population of windows) {
      const held = Object.fromEntries(METRICS.map((name) => [name, 0]));
      const runs = 40;
      let moved = 0;
      for (let seed = 1; seed <= runs; seed++) {
        const random = seeded(seed * 101);
        const cbpe = Cbpe.fit(draw(random, 600, REFERENCE), { random });
        const window = draw(random, 300, population);
        const [estimate, truth] = [found(cbpe.estimate(window)), realised(window)];
        moved += estimate.rocAuc.value - estimate.rocAuc.reference!;
        for (const name of METRICS) {
          const { interval, value } = estimate[name]!;
          expect(interval[0] <= value && value <= interval[1]).toBe(true);
          if (interval[0] <= truth[name] && truth[name] <= interval[1]) held[name]! += 1;
        }
      }
      for (const name of METRICS) expect(held[name]! / runs, `${name} at ${population.mean}`).toBeGreaterThanOrEqual(0.9);
      if (population.deviation === 0.5) expect(moved / runs).toBeLessThan(-0.08);
      if (population.deviation === 1.8) expect(moved / runs).toBeGreaterThan(0.05);
    }
  });

  it("is blind to concept drift, and says so: labels turn to chance, and the estimate stays", () => {
    const random = seeded(1);
    const cbpe = Cbpe.fit(draw(random, 3000, REFERENCE));
    const drifted = draw(random, 2000, { ...REFERENCE, odds: () => 0 });
    const estimate = found(cbpe.estimate(drifted));
    expect(estimate.blindTo).toBe("concept drift");
    expect(realised(drifted).accuracy).toBeLessThan(0.55);
    expect(estimate.accuracy.interval[0]).toBeGreaterThan(0.7);
    expect(estimate.accuracy.value).toBeCloseTo(estimate.accuracy.reference!, 1);
  });

  it("calibrates: overconfident scores do not make it overconfident, and are not worth a warning", () => {
    const random = seeded(2);
    const cbpe = Cbpe.fit(draw(random, 4000, REFERENCE));
    expect(cbpe.calibration!.error).toBeLessThan(0.03);
    expect(found(cbpe.estimate(draw(random, 500, REFERENCE))).warnings).toEqual([]);
  });

  it("warns when labels do not rise with the score, and of scores outside of the reference", () => {
    const random = seeded(3);
    const scores = Float64Array.from({ length: 2000 }, () => random.next());
    const labels = scores.map((score) => (random.next() < 4 * (score - 0.5) ** 2 ? 1 : 0));
    const cbpe = Cbpe.fit({ labels, scores });
    expect(cbpe.calibration!.error).toBeGreaterThan(0.1);
    const { warnings, calibrationError } = found(cbpe.estimate({ scores: scores.map((score) => score + 0.2) }));
    expect(calibrationError).toBe(cbpe.calibration!.error);
    expect(warnings).toEqual([
      expect.stringMatching(/^Calibrated probabilities are off by 0\.\d+ on held-out/),
      expect.stringMatching(/^\d+\.\d % of the scores lie outside/),
    ]);
  });

  it("takes predictions instead of a threshold, and leaves precision out where nothing is predicted positive", () => {
    const random = seeded(4);
    const reference = draw(random, 500, REFERENCE);
    const predictions = reference.scores.map((score) => (score >= 0.3 ? 1 : 0));
    const byThreshold = Cbpe.fit(reference, { threshold: 0.3 });
    expect(Cbpe.fit({ ...reference, predictions }).estimate({ scores: reference.scores, predictions })).toEqual(
      byThreshold.estimate(reference),
    );
    const none = found(byThreshold.estimate({ scores: reference.scores, predictions: new Uint8Array(500) }));
    expect(none).toMatchObject({ precision: null, recall: { value: 0 }, confusion: { truePositives: 0, falsePositives: 0 } });
  });

  it("restores from JSON to the same estimates", () => {
    const random = seeded(5);
    const cbpe = Cbpe.fit(draw(random, 800, REFERENCE));
    const text = JSON.stringify(cbpe);
    expect(text.length).toBeLessThan(8000);
    const window = draw(random, 200, { mean: 1, deviation: 1 });
    expect(Cbpe.fromJSON(JSON.parse(text)).estimate(window)).toEqual(cbpe.estimate(window));
    expect(JSON.stringify(Cbpe.fromJSON(JSON.parse(text)))).toBe(text);
  });

  it("refuses a damaged state", () => {
    const state = JSON.parse(JSON.stringify(Cbpe.fit(draw(seeded(6), 300, REFERENCE)))) as CbpeState;
    const learned = state.learned!;
    const { calibrator } = learned;
    const hostile: unknown[] = [
      null,
      { ...state, schemaVersion: 2 },
      { ...state, learned: null },
      { ...state, rows: 3 },
      { ...state, extra: 1 },
      { ...state, learned: { ...learned, calibrator: { ...calibrator, scores: calibrator.scores.toReversed() } } },
      { ...state, learned: { ...learned, calibrator: { ...calibrator, rows: [1] } } },
      { ...state, learned: { ...learned, calibrator: { ...calibrator, probabilities: calibrator.probabilities.map(() => 2) } } },
      { ...state, learned: { ...learned, calibrator: { scores: [], probabilities: [], rows: [] } } },
      { ...state, learned: { ...learned, calibration: { error: null, chance: 0, pValue: 1 } } },
    ];
    for (const bad of hostile) expect(() => Cbpe.fromJSON(bad as CbpeState)).toThrow(invalid);
  });

  it("says why there is no estimate", () => {
    const random = seeded(7);
    const some = draw(random, 100, REFERENCE);
    const few = { labels: some.labels.slice(0, 29), scores: some.scores.slice(0, 29) };
    const reasonOf = (cbpe: Cbpe, window: { scores: ArrayLike<number> }) => {
      const restored = Cbpe.fromJSON(JSON.parse(JSON.stringify(cbpe))).estimate(window);
      expect(restored).toEqual(cbpe.estimate(window));
      return restored.status === "ok" ? undefined : restored.reason;
    };
    expect(reasonOf(Cbpe.fit(few), some)).toBe("few_reference_rows");
    expect(reasonOf(Cbpe.fit({ labels: [], scores: [] }), some)).toBe("few_reference_rows");
    expect(reasonOf(Cbpe.fit({ ...some, labels: some.labels.map(() => 1) }), some)).toBe("single_class_reference");
    expect(reasonOf(Cbpe.fit(some), { scores: [] })).toBe("few_rows");
    expect(Cbpe.fit(few).calibration).toBeNull();
  });

  it("stays finite for one score for all, two scores, and scores as great as doubles can be", () => {
    const labels = Array.from({ length: 60 }, (_, i) => i % 2);
    for (const scores of [labels.map(() => 0.5), labels, labels.map((label, i) => (label * 2 - 1) * 1e308 * ((i % 5) / 5))]) {
      const text = JSON.stringify(found(Cbpe.fit({ labels, scores }).estimate({ scores })));
      expect(text.replace('"precision":null', "")).not.toContain("null");
    }
  });

  it("refuses wrong input and options", () => {
    const some = draw(seeded(8), 40, REFERENCE);
    expect(() => Cbpe.fit({ ...some, scores: some.scores.slice(1) })).toThrow(invalid);
    expect(() => Cbpe.fit({ ...some, labels: some.labels.map(() => 2) })).toThrow(invalid);
    expect(() => Cbpe.fit({ ...some, scores: some.scores.map(() => Number.NaN) })).toThrow(invalid);
    expect(() => Cbpe.fit({ ...some, predictions: [1] })).toThrow(invalid);
    expect(() => Cbpe.fit(some).estimate({ scores: [Number.POSITIVE_INFINITY] })).toThrow(invalid);
    expect(() => Cbpe.fit(some, { threshold: Number.NaN })).toThrow(misconfigured);
  });
});
