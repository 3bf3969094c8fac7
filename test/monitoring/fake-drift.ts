import type { CellCounter, DriftReport, DriftSource } from "../../src/drift/port.ts";

/** A drift source of two features, `a` of 3 cells and `b` of 2, whose values are the numbers of their cells. */
export function fakeDrift(fingerprint = "reference 1"): DriftSource {
  const layout = [
    { feature: "a", cells: 3 },
    { feature: "b", cells: 2 },
  ];
  return {
    fingerprint,
    layout,
    counter: () => new FakeCounter(),
    /** The counts are shown as the PSI of the features: as many as there are rows beyond their first cells. */
    compareCells: (counts, window) => {
      const report = { ...window, features: [feature("a", counts[1]! + counts[2]!), feature("b", counts[4]!)] };
      return report as unknown as DriftReport;
    },
    debiasedPsi: (counts) => Float64Array.of(counts[1]! + counts[2]!, counts[4]!),
  };
}

function feature(name: string, psiDebiased: number) {
  return { feature: name, psiDebiased };
}

class FakeCounter implements CellCounter {
  rows = 0;
  #counts = new Float64Array(5);

  observe(row: unknown): void {
    const { a, b } = row as { readonly a: number; readonly b: number };
    if (a > 2) throw new Error("no such cell");
    this.#counts[a]! += 1;
    this.#counts[3 + b]! += 1;
    this.rows += 1;
  }

  take(): Float64Array {
    const counts = this.#counts;
    this.#counts = new Float64Array(5);
    this.rows = 0;
    return counts;
  }
}
