import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { type PcaReconstructionResult, pcaReconstruction } from "../../../src/drift/multivariate/index.ts";
import { correlatedRows, mixedRows, shareOf } from "./samples.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

function found(result: PcaReconstructionResult) {
  if (result.status !== "ok") throw new Error("insufficient data");
  return result;
}

describe("pcaReconstruction", () => {
  it("raises a false alarm in 3 to 7 % of samples without drift", () => {
    const alarms = shareOf(
      400,
      (random) => found(pcaReconstruction(mixedRows(random, 160), mixedRows(random, 80), { random })).pValue < 0.05,
    );
    expect(alarms).toBeGreaterThan(0.03);
    expect(alarms).toBeLessThan(0.07);
  });

  it("finds columns that no longer move together, which look the same one by one", () => {
    const apart = found(pcaReconstruction(correlatedRows(1, 400, 0.9), correlatedRows(2, 300, 0)));
    expect(apart.components).toBe(1);
    expect(apart.pValue).toBeLessThan(1e-10);
    expect(apart.interval[0]).toBeGreaterThan(0);
    expect(apart.difference).toBeCloseTo(apart.current - apart.reference, 12);
    // The error is the length along (1, −1)/√2, √(1 − r) · |N(0, 1)|, so its mean is √(2/π) = 0.798 without correlation.
    expect(apart.current).toBeGreaterThan(0.7);
    expect(apart.current).toBeLessThan(0.9);
  });

  it("finds columns that move together more closely than they did: errors fall", () => {
    const closer = found(pcaReconstruction(correlatedRows(3, 400, 0.5), correlatedRows(4, 300, 0.95)));
    expect(closer.difference).toBeLessThan(0);
    expect(closer.pValue).toBeLessThan(1e-6);
  });

  it("stays finite with constant columns: certain of any change, silent without one", () => {
    const constant = (value: number | null) => Array.from({ length: 60 }, () => [value, value]);
    expect(pcaReconstruction(constant(3), constant(3))).toMatchObject({
      reference: 0,
      current: 0,
      statistic: 0,
      pValue: 1,
      components: 0,
    });
    expect(found(pcaReconstruction(constant(3), constant(4))).pValue).toBeLessThan(1e-30);
    expect(found(pcaReconstruction(constant(3), constant(null))).pValue).toBeLessThan(1e-30);
    expect(JSON.stringify(pcaReconstruction(constant(3), constant(Number.POSITIVE_INFINITY)))).not.toContain("null");
  });

  it("gives the same result for the same rows, says when there are too few, and refuses what is wrong", () => {
    const rows = correlatedRows(5, 60, 0.5);
    expect(pcaReconstruction(rows, rows)).toEqual(pcaReconstruction(rows, rows));
    expect(pcaReconstruction(rows.slice(0, 29), rows)).toEqual({
      status: "insufficient_data",
      rows: { reference: 29, current: 60 },
    });
    expect(() => pcaReconstruction(rows, [[1, 2, 3]])).toThrow(invalid);
    expect(() => pcaReconstruction(rows, rows, { varianceRetained: 0 })).toThrow(misconfigured);
  });
});
