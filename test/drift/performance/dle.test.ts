import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { type Random, randomNormal, seeded } from "../../../src/core/random.ts";
import { Dle, type DleResult, type DleState } from "../../../src/drift/performance/index.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

/** The model is right on average; its error is normal, of a deviation that grows from 1 to 3 where the first input is above 0. */
function draw(random: Random, count: number, mean: number, noise = (x: number): number => (x > 0 ? 3 : 1)) {
  const features: (number | string | null)[][] = [];
  const predictions = new Float64Array(count);
  const targets = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const x = mean + randomNormal(random);
    features.push([x, random.next() < 0.05 ? null : randomNormal(random), random.next() < 0.5 ? "a" : "b"]);
    predictions[i] = 10 * randomNormal(random);
    targets[i] = predictions[i]! + noise(x) * randomNormal(random);
  }
  return { features, predictions, targets };
}

function realised({ predictions, targets }: { predictions: Float64Array; targets: Float64Array }) {
  const errors = targets.map((target, i) => target - predictions[i]!);
  const mse = errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length;
  return { mae: errors.reduce((sum, error) => sum + Math.abs(error), 0) / errors.length, mse, rmse: Math.sqrt(mse) };
}

function found(result: DleResult) {
  if (result.status !== "ok") throw new Error("insufficient data");
  return result;
}

describe("Dle", () => {
  it("holds what the targets show in at least 90 % of the windows when inputs move to where errors are greater or smaller", () => {
    const held = { mae: 0, mse: 0, rmse: 0 };
    let windows = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const random = seeded(seed * 13);
      const dle = Dle.fit(draw(random, 800, 0), { random });
      for (const mean of [-1, 0, 1]) {
        const window = draw(random, 300, mean);
        const [estimate, truth] = [found(dle.estimate(window)), realised(window)];
        for (const name of ["mae", "mse", "rmse"] as const) {
          const { interval } = estimate[name];
          if (interval[0] <= truth[name] && truth[name] <= interval[1]) held[name] += 1;
        }
        if (mean === 1) expect(estimate.mae.interval[0]).toBeGreaterThan(estimate.mae.reference);
        if (mean === -1) expect(estimate.mae.interval[1]).toBeLessThan(estimate.mae.reference);
        windows += 1;
      }
    }
    for (const count of Object.values(held)) expect(count / windows).toBeGreaterThanOrEqual(0.9);
  });

  it("is blind to concept drift, and says so: errors grow everywhere, and the estimate stays", () => {
    const random = seeded(1);
    const dle = Dle.fit(draw(random, 1000, 0));
    const drifted = draw(random, 500, 0, () => 9);
    const estimate = found(dle.estimate(drifted));
    expect(estimate.blindTo).toBe("concept drift");
    expect(realised(drifted).mae).toBeGreaterThan(2 * estimate.mae.interval[1]);
    expect(estimate.rmse.value).toBeCloseTo(Math.sqrt(estimate.mse.value), 12);
  });

  it("warns where most rows are like few of the reference, and where expected errors are far off", () => {
    const random = seeded(2);
    const growing = (x: number) => Math.exp(x / 2);
    const dle = Dle.fit(draw(random, 1000, 0, growing));
    expect(found(dle.estimate(draw(random, 200, 0, growing))).warnings).toEqual([]);
    expect(found(dle.estimate(draw(random, 200, 3, growing))).warnings).toEqual([
      expect.stringMatching(/^\d+ % of the rows are where errors are greatest/),
    ]);
    const few = Dle.fit(draw(seeded(3), 60, 0, (x) => (x > 0 ? 30 : 1)));
    const { warnings, calibrationError } = found(few.estimate(draw(random, 40, 0)));
    expect(calibrationError).toBeGreaterThan(0.2);
    expect(warnings[0]).toMatch(/^Expected errors are off by \d+ % of the mean/);
  });

  it("learns from missing values, categories and the prediction itself", () => {
    const random = seeded(3);
    const rows = (count: number, missing: number, category: string, size: number) => {
      const features = Array.from({ length: count }, () => [random.next() < missing ? Number.NaN : 1, category] as const);
      const predictions = Float64Array.from({ length: count }, () => size * (0.5 + random.next()));
      const scale = (i: number) => (Number.isNaN(features[i]![0]) ? 4 : 1) * (category === "b" ? 3 : 1) * predictions[i]!;
      return {
        features,
        predictions,
        targets: predictions.map((prediction, i) => prediction + scale(i) * (random.next() < 0.5 ? 1 : -1)),
      };
    };
    const parts = [rows(600, 0.3, "a", 1), rows(300, 0, "b", 1), rows(300, 0, "a", 5)];
    const dle = Dle.fit({
      features: parts.flatMap(({ features }) => features),
      predictions: parts.flatMap(({ predictions }) => [...predictions]),
      targets: parts.flatMap(({ targets }) => [...targets]),
    });
    for (const window of [rows(200, 1, "a", 1), rows(200, 0, "a", 1), rows(200, 0, "b", 1), rows(200, 0, "a", 5)]) {
      const estimate = found(dle.estimate(window)).mae.value;
      expect(Math.abs(estimate / realised(window).mae - 1)).toBeLessThan(0.15);
    }
  });

  it("restores from JSON to the same estimates, and gives the same for the same rows", () => {
    const random = seeded(4);
    const [reference, window] = [draw(random, 500, 0), draw(random, 100, 1)];
    const dle = Dle.fit(reference);
    const text = JSON.stringify(dle);
    expect(Dle.fromJSON(JSON.parse(text)).estimate(window)).toEqual(dle.estimate(window));
    expect(JSON.stringify(Dle.fit(reference))).toBe(text);
  });

  it("refuses a damaged state", () => {
    const state = JSON.parse(JSON.stringify(Dle.fit(draw(seeded(5), 400, 0)))) as DleState;
    const learned = state.learned!;
    const { absolute, design } = learned;
    const first = absolute.models[0]!;
    expect(first.columns.length).toBeGreaterThan(0);
    const withModel = (model: object) => ({
      ...state,
      learned: { ...learned, absolute: { ...absolute, models: [{ ...first, ...model }, ...absolute.models.slice(1)] } },
    });
    const hostile: unknown[] = [
      undefined,
      { schemaVersion: 1 },
      { ...state, schemaVersion: 9 },
      withModel({ columns: first.columns.map(() => 99) }),
      withModel({ columns: first.columns.map(() => 0.5) }),
      withModel({ leaves: first.leaves.slice(1) }),
      withModel({ base: null }),
      { ...state, learned: { ...learned, absolute: { ...absolute, models: [] } } },
      { ...state, learned: { ...learned, absolute: { ...absolute, dispersion: -1 } } },
      { ...state, learned: { ...learned, design: { ...design, encoders: [] } } },
      {
        ...state,
        learned: { ...learned, design: { ...design, encoders: [{ name: "x", kind: "numeric", center: 0, scale: 0 }] } },
      },
    ];
    for (const bad of hostile) expect(() => Dle.fromJSON(bad as DleState)).toThrow(invalid);
  });

  it("says why there is no estimate, and finds nothing wrong with a model that is never wrong", () => {
    const random = seeded(6);
    const some = draw(random, 60, 0);
    const few = {
      features: some.features.slice(0, 29),
      predictions: some.predictions.slice(0, 29),
      targets: some.targets.slice(0, 29),
    };
    expect(Dle.fit(few).estimate(some)).toMatchObject({ status: "insufficient_data", reason: "few_reference_rows" });
    expect(Dle.fromJSON(JSON.parse(JSON.stringify(Dle.fit(few)))).estimate(few)).toEqual(Dle.fit(few).estimate(few));
    expect(Dle.fit(some).estimate(few)).toMatchObject({ status: "insufficient_data", reason: "few_rows", rows: 29 });
    const exact = Dle.fit({ ...some, targets: some.predictions }).estimate(some);
    expect(exact).toMatchObject({ mae: { value: 0, interval: [0, 0], reference: 0 }, rmse: { value: 0 }, warnings: [] });
  });

  it("refuses wrong input and options", () => {
    const some = draw(seeded(7), 40, 0);
    expect(() => Dle.fit({ ...some, targets: [1] })).toThrow(invalid);
    expect(() => Dle.fit({ ...some, predictions: some.predictions.slice(1) })).toThrow(invalid);
    expect(() => Dle.fit({ ...some, targets: some.targets.map(() => Number.NaN) })).toThrow(invalid);
    expect(() => Dle.fit({ ...some, targets: some.targets.map(() => 1e200) })).toThrow(invalid);
    expect(() => Dle.fit(some, { maxRows: 1 })).toThrow(misconfigured);
    const dle = Dle.fit(some);
    expect(() => dle.estimate({ features: [[1]], predictions: [1] })).toThrow(invalid);
    expect(() => dle.estimate({ features: [["x", 1, "a"]], predictions: [1] })).toThrow(invalid);
    expect(() => dle.estimate({ features: some.features, predictions: [] })).toThrow(invalid);
  });
});
