import { nextDown } from "../../stats/bins.ts";
import type { CategoricalProfile, OrderedProfile } from "./reference-profile.ts";

/** A cell of the comparison: a run of bins. */
export interface Cell {
  /** For a human, for example `(1.2, 3.4]`, a category, or `missing`. */
  readonly label: string;
  /** First bin. */
  readonly from: number;
  /** Behind the last bin. */
  readonly to: number;
  /** Whether it may be joined with its neighbours where few values are expected. */
  readonly joins: boolean;
}

/**
 * Share of singletons in the reference above which new categories are to be expected, and so no sign of drift by themselves. Below,
 * they add too little to PSI to make it large.
 *
 * @source I. J. Good, "The Population Frequencies of Species and the Estimation of Population Parameters", Biometrika 40 (1953)
 */
const MAX_NEW_SHARE = 0.01;

/** The cells of an ordered feature. What is below or above every reference value stays apart, so that a sentinel such as -1 is seen. */
export function orderedCells({ edges, coarse, counts }: OrderedProfile): readonly Cell[] {
  const bounds = coarse ?? [...edges.keys()];
  const labels = coarse === null ? valueLabels(edges) : rangeLabels(bounds.map((position) => edges[position]!));
  const ends = [...bounds.map((position) => position + 1), edges.length + 1];
  const values = ends.map((to, i) => {
    const from = ends[i - 1] ?? 0;
    return { label: labels[i]!, from, to, joins: counts.slice(from, to).some((count) => count > 0) };
  });
  return [...values, ...apart(edges.length + 1, ["missing", "non-finite", "invalid"])];
}

/** The cells of a feature of categories. */
export function categoricalCells({ kind, categories, counts, singletons }: CategoricalProfile): readonly Cell[] {
  const other = categories.length;
  const rows = counts.reduce((sum, count) => sum + count, 0);
  return [
    // Two values that were joined would be one; and what the reference does not have, no neighbour shall hide.
    ...categories.map((label, i) => ({ label, from: i, to: i + 1, joins: kind !== "boolean" && counts[i]! > 0 })),
    ...(singletons > MAX_NEW_SHARE * rows
      ? [{ label: "other or unseen", from: other, to: other + 2, joins: true }]
      : [
          { label: "other", from: other, to: other + 1, joins: true },
          { label: "unseen", from: other + 1, to: other + 2, joins: false },
        ]),
    ...apart(other + 2, ["missing", "invalid"]),
  ];
}

/** Positions of the cells that may be joined, neighbours behind one another. */
export function joinOrder(cells: readonly Cell[], neighbours: "by value" | "by label"): Int32Array {
  const joining = [...cells.keys()].filter((i) => cells[i]!.joins);
  if (neighbours === "by label") joining.sort((a, b) => (cells[a]!.label < cells[b]!.label ? -1 : 1));
  return Int32Array.from(joining);
}

function apart(first: number, labels: readonly string[]): Cell[] {
  return labels.map((label, i) => ({ label, from: first + i, to: first + i + 1, joins: false }));
}

function valueLabels([, ...values]: readonly number[]): string[] {
  return [`< ${values[0]}`, ...values.map(String), `> ${values.at(-1)}`];
}

function rangeLabels(bounds: readonly number[]): string[] {
  if (bounds.length === 0) return ["any"];
  const leastAlone = bounds.length > 1 && bounds[0] === nextDown(bounds[1]!);
  const [first, ...others] = shortTexts(leastAlone ? bounds.slice(1) : bounds);
  const texts = [first!, ...others];
  return [
    ...(leastAlone ? [`< ${first}`, first!] : [`<= ${first}`]),
    ...others.map((text, i) => `(${texts[i]}, ${text}]`),
    `> ${texts.at(-1)}`,
  ];
}

/** The numbers with as few digits as tell them apart, at least 4. */
function shortTexts(values: readonly number[]): string[] {
  for (let digits = 4; ; digits++) {
    const rounded = values.map((value) => Number(value.toPrecision(digits)));
    if (digits === 17 || (new Set(rounded).size === values.length && rounded.every(Number.isFinite))) return rounded.map(String);
  }
}
