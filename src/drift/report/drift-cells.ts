import type { DriftBin, FeatureDrift } from "../port.ts";

/** Cells that hold no values proper. They come last, behind those of values. */
const REST = ["missing", "non-finite", "invalid", "unseen"];

/** The cells of a feature, those of values and the rest apart. */
export interface DriftCells {
  readonly values: readonly DriftBin[];
  /** Missing, non-finite, invalid and unseen values. */
  readonly rest: readonly DriftBin[];
}

/** Tells the last cells apart by their labels; a category of such a name is taken for what it says when it comes last. */
export function cellsOf(bins: readonly DriftBin[]): DriftCells {
  let end = bins.length;
  // At most one of each, whatever a report says.
  while (end > Math.max(0, bins.length - REST.length) && REST.includes(bins[end - 1]!.label)) end -= 1;
  return { values: bins.slice(0, end), rest: bins.slice(end) };
}

/** Whether the cells of values stand in the order of a scale. */
export function hasOrder({ kind }: Pick<FeatureDrift, "kind">): boolean {
  return kind !== "categorical" && kind !== "boolean";
}

/** Cells in one: their shares added up. */
export function together(label: string, bins: readonly DriftBin[]): DriftBin {
  const sum = (of: (bin: DriftBin) => number) => bins.reduce((total, bin) => total + of(bin), 0);
  return {
    label,
    reference: sum((bin) => bin.reference),
    current: sum((bin) => bin.current),
    contribution: sum((bin) => bin.contribution),
  };
}
