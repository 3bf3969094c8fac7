import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import { type Cell, type DomainClassifierResult, domainClassifier } from "../../../src/drift/multivariate/index.ts";
import { correlatedRows, mixedRows, shareOf } from "./samples.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

function found(result: DomainClassifierResult) {
  if (result.status !== "ok") throw new Error("insufficient data");
  return result;
}

describe("domainClassifier", () => {
  it("raises a false alarm in 3 to 7 % of samples without drift, whose area is ½ and whose interval holds ½", () => {
    let inside = 0;
    let sum = 0;
    const alarms = shareOf(300, (random) => {
      const { pValue, interval, auc } = found(domainClassifier(mixedRows(random, 60), mixedRows(random, 40), { random }));
      if (interval[0] <= 0.5 && interval[1] >= 0.5) inside += 1;
      sum += auc;
      return pValue < 0.05;
    });
    expect(alarms).toBeGreaterThan(0.03);
    expect(alarms).toBeLessThan(0.07);
    expect(inside / 300).toBeGreaterThan(0.93);
    expect(sum / 300).toBeCloseTo(0.5, 2);
  });

  it("finds a shift of one column among others, and names it", () => {
    const random = seeded(1);
    const rows = (shift: number): Cell[][] =>
      Array.from({ length: 400 }, () => [randomNormal(random), randomNormal(random) + shift, random.next() < 0.5 ? "a" : "b"]);
    const columns = [
      { name: "age", kind: "numeric" },
      { name: "amount", kind: "numeric" },
      { name: "channel", kind: "categorical" },
    ] as const;
    const result = found(domainClassifier(rows(0), rows(1), { columns }));
    // Two unit normals one apart: the best area is Φ(1/√2) = 0.760.
    expect(result.auc).toBeGreaterThan(0.71);
    expect(result.auc).toBeLessThan(0.8);
    expect(result.interval[0]).toBeLessThan(0.76);
    expect(result.interval[1]).toBeGreaterThan(0.76);
    expect(result.pValue).toBeLessThan(1e-10);
    expect(result.columns[0]!.name).toBe("amount");
    expect(result.columns[0]!.share).toBeGreaterThan(0.6);
    expect(result.columns.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(result.rows).toEqual({ reference: 400, current: 400 });
  });

  it("sees a change of spread by squares, and of correlation by products only", () => {
    const random = seeded(2);
    const spread = (deviation: number) => Array.from({ length: 500 }, () => [deviation * randomNormal(random)]);
    const [narrow, wide] = [spread(1), spread(2)];
    expect(found(domainClassifier(narrow, wide)).pValue).toBeLessThan(1e-6);
    expect(found(domainClassifier(narrow, wide, { terms: "linear" })).pValue).toBeGreaterThan(0.01);
    const [before, after] = [correlatedRows(3, 500, 0.8), correlatedRows(4, 500, -0.8)];
    expect(found(domainClassifier(before, after, { terms: "products" })).auc).toBeGreaterThan(0.8);
    expect(found(domainClassifier(before, after)).pValue).toBeGreaterThan(0.01);
  });

  it("sees values go missing and categories appear", () => {
    const random = seeded(5);
    const rows = (missing: number, category: string): Cell[][] =>
      Array.from({ length: 300 }, () => [random.next() < missing ? Number.NaN : 1 + random.next(), category]);
    const columns = [
      { name: "number", kind: "numeric" },
      { name: "text", kind: "categorical" },
    ] as const;
    expect(found(domainClassifier(rows(0, "a"), rows(0.3, "a"), { columns })).columns[0]!.name).toBe("number");
    expect(found(domainClassifier(rows(0, "a"), rows(0, "b"), { columns }))).toMatchObject({
      auc: 1,
      columns: [{ name: "text" }, {}],
    });
  });

  it("is not led astray by one outlier, infinities, constants or columns that are empty", () => {
    const random = seeded(6);
    const rows = (): Cell[][] => Array.from({ length: 200 }, () => [randomNormal(random), 5, null, randomNormal(random)]);
    const current = rows();
    current[0]![0] = 1e300;
    current[1]![0] = Number.POSITIVE_INFINITY;
    current[2]![3] = Number.NEGATIVE_INFINITY;
    const result = found(domainClassifier(rows(), current));
    expect(result.pValue).toBeGreaterThan(0.01);
    expect(JSON.stringify(result)).not.toContain("null");
    const constant = Array.from({ length: 40 }, () => [1]);
    expect(domainClassifier(constant, constant)).toMatchObject({
      auc: 0.5,
      pValue: 0.5,
      columns: [{ name: "column 0", share: 0 }],
    });
  });

  it("gives the same result for the same rows, and draws at most maxRows of them", () => {
    const [reference, current] = [correlatedRows(7, 700, 0), correlatedRows(8, 300, 0)];
    const options = { maxRows: 200 };
    expect(domainClassifier(reference, current, options)).toEqual(domainClassifier(reference, current, options));
    expect(domainClassifier(reference, current, options)).toMatchObject({ rows: { reference: 200, current: 200 } });
  });

  it("says when there are too few rows, and refuses rows and options that are wrong", () => {
    const rows = correlatedRows(9, 40, 0);
    expect(domainClassifier(rows, rows.slice(0, 29))).toEqual({
      status: "insufficient_data",
      rows: { reference: 40, current: 29 },
    });
    expect(domainClassifier([], [])).toMatchObject({ status: "insufficient_data" });
    expect(() => domainClassifier(rows, [...rows, [1]])).toThrow(invalid);
    const columns = [
      { name: "a", kind: "numeric" },
      { name: "b", kind: "numeric" },
    ] as const;
    expect(() => domainClassifier(rows, [["1", 2]], { columns })).toThrow(invalid);
    expect(() => domainClassifier(rows, rows, { columns: [columns[0], columns[0]] })).toThrow(misconfigured);
    expect(() => domainClassifier(rows, rows, { l2: 0 })).toThrow(misconfigured);
    const wide = (width: number) => Array.from({ length: 30 }, () => new Float64Array(width));
    expect(() => domainClassifier(wide(600), wide(600))).toThrow(misconfigured);
    expect(() => domainClassifier(wide(50), wide(50), { terms: "products" })).toThrow(misconfigured);
    expect(domainClassifier(wide(40), wide(40), { terms: "products" })).toMatchObject({ auc: 0.5 });
  });
});
