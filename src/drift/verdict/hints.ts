import type { DriftHint } from "../port.ts";
import { CategoricalColumn } from "../profile/column.ts";
import type { Comparison } from "./compare-feature.ts";

/** A share of rows below which a change is not worth a sentence. */
const NOTABLE = 0.02;

/** Evidence for a change of a share. */
const ALPHA = 0.001;

/** How alike the ratios of mean and deviation are when the unit has changed. */
const ALIKE = 0.15;

/** The least ratio that is taken for a change of unit: pounds and kilograms are closer, but so is much that is none. */
const LEAST_RATIO = 2;

/** What may have happened to a feature, read off its counts; for a feature that has moved. */
export function hintsOf(comparison: Comparison): DriftHint[] {
  const { sides, missing } = comparison;
  const { column } = sides;
  const share = (label: string, side: "reference" | "current") =>
    comparison.bins.findLast((bin) => bin.label === label)?.[side] ?? 0;
  const hints: DriftHint[] = [];
  if (missing.pValue < ALPHA && Math.abs(missing.current - missing.reference) >= NOTABLE) {
    const message = `${percent(missing.current)} of the rows have no value, ${percent(missing.reference)} of the reference`;
    hints.push({ hint: "missing_values", message });
  }
  for (const [label, hint, what] of [
    ["non-finite", "non_finite_values", "are infinite"],
    ["invalid", "invalid_values", "are of another type"],
    ["unseen", "unseen_categories", "are categories that the reference does not have"],
  ] as const) {
    const known = column instanceof CategoricalColumn ? column.profile.categories : [];
    const [before, now] = [share(label, "reference"), share(label, "current")];
    if (known.includes(label) || now - before < NOTABLE / 2) continue;
    hints.push({ hint, message: `${percent(now)} of the values ${what}, ${percent(before)} in the reference` });
  }
  hints.push(...orderedHints(comparison));
  const risen = comparison.bins.reduce((a, b) => (b.current - b.reference > a.current - a.reference ? b : a), NO_BIN);
  if (risen.current - risen.reference >= 0.3 && !["missing", "non-finite", "invalid", "unseen"].includes(risen.label)) {
    const message = `${percent(risen.current)} of the rows are in ${JSON.stringify(risen.label)}, ${percent(risen.reference)} of the reference`;
    hints.push({ hint: "one_value", message });
  }
  return hints;
}

const NO_BIN = { label: "missing", reference: 0, current: 0, contribution: 0 };

function orderedHints({ sides: { moments, weighted, column, reference, current } }: Comparison): DriftHint[] {
  const before = moments?.reference ?? null;
  const now = moments?.current ?? null;
  // The moments of all seasons are nothing to hold against those of some.
  if (weighted || before === null || now === null) return [];
  const hints: DriftHint[] = [];
  if (now.deviation === 0 && before.deviation > 0) {
    hints.push({ hint: "constant", message: `Every value is ${short(now.mean)}; in the reference they vary` });
  }
  const ratio = now.deviation / before.deviation;
  const meanRatio = now.mean / before.mean;
  const centred = Math.abs(before.mean) < 0.2 * before.deviation;
  if (ratio > 0 && Number.isFinite(ratio) && Math.max(ratio, 1 / ratio) >= LEAST_RATIO) {
    // A change of unit multiplies mean and deviation alike. A mean near 0 tells nothing.
    if (
      centred
        ? Math.abs(now.mean) < 0.2 * now.deviation && Math.max(ratio, 1 / ratio) >= 5
        : Math.abs(Math.log(meanRatio / ratio)) < ALIKE
    ) {
      hints.push({ hint: "unit_change", message: `Values are about ${short(ratio)} times as large: the unit may have changed` });
    }
  }
  const outside = outsideOf(column.cells.length, reference, current);
  if ((now.low < before.low || now.high > before.high) && outside >= 2 * NOTABLE) {
    const message = `Values reach from ${short(now.low)} to ${short(now.high)}; the reference from ${short(before.low)} to ${short(before.high)}`;
    hints.push({ hint: "out_of_range", message });
  }
  return hints;
}

/** The share by which the outer cells have gained. */
function outsideOf(cells: number, reference: Float64Array, current: Float64Array): number {
  const total = (counts: Float64Array) => counts.reduce((sum, count) => sum + count, 0) || 1;
  const outer = [0, cells - 4];
  return outer.reduce(
    (sum, cell) => sum + Math.max(0, (current[cell] ?? 0) / total(current) - (reference[cell] ?? 0) / total(reference)),
    0,
  );
}

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(ratio > 0 && ratio < 0.01 ? 2 : 1)} %`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
