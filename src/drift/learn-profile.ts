import type { Issue } from "../core/errors.ts";
import { invalidInput } from "../core/schema.ts";
import { binIndex, learnBins } from "../stats/bins.ts";
import { categoryOf, isMissing } from "./column.ts";
import type { WatchedFeature } from "./feature-kind.ts";
import {
  type CategoricalProfile,
  MAX_CATEGORIES,
  MAX_KNOWN_CATEGORIES,
  MIN_CATEGORY_ROWS,
  type NumericProfile,
  type ReferenceProfile,
} from "./reference-profile.ts";

/** Quantile bins of a numeric feature; a multiple of {@link COARSE_BINS}, so that every decile is an edge. */
const FINE_BINS = 250;

const COARSE_BINS = 10;

/**
 * The profile of reference rows; the order of the rows does not matter.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` without rows, or for a value that is not of its feature's kind
 */
export function learnProfile(features: readonly WatchedFeature[], rows: readonly object[]): ReferenceProfile {
  if (rows.length === 0) throw invalidInput("The reference", [{ path: [], message: "expected at least one row" }]);
  const columns = features.map(({ feature, kind }) => {
    const values = rows.map((row) => (row as Readonly<Record<string, unknown>>)[feature]);
    return kind === "numeric" ? learnNumeric(feature, values) : learnCategorical(feature, values);
  });
  return { schemaVersion: 1, rows: rows.length, features: columns };
}

function learnNumeric(feature: string, values: readonly unknown[]): NumericProfile {
  const present = values.filter((value) => !isMissing(value));
  const numbers = present.filter((value) => typeof value === "number");
  if (numbers.length < present.length) throw wrongKind(feature, values, "a number", (value) => typeof value === "number");
  const finite = Float64Array.from(numbers.filter(Number.isFinite)).sort();
  const { edges, discrete } = learnBins(finite, FINE_BINS);
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of finite) counts[binIndex(edges, value)]! += 1;
  const coarse = discrete ? null : Array.from(learnBins(finite, COARSE_BINS).edges, (edge) => edges.indexOf(edge));
  return {
    feature,
    kind: "numeric",
    edges: [...edges],
    coarse,
    counts: [...counts, values.length - present.length, numbers.length - finite.length],
  };
}

function learnCategorical(feature: string, values: readonly unknown[]): CategoricalProfile {
  const found = new Map<string, number>();
  let missing = 0;
  for (const value of values) {
    if (isMissing(value)) {
      missing += 1;
      continue;
    }
    const category = categoryOf(value);
    if (category === undefined)
      throw wrongKind(feature, values, "text, a number or a boolean", (item) => categoryOf(item) !== undefined);
    found.set(category, (found.get(category) ?? 0) + 1);
  }
  const ranked = [...found].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  const frequent = ranked.filter(([, count]) => count >= MIN_CATEGORY_ROWS).slice(0, MAX_CATEGORIES);
  const tail = ranked.slice(frequent.length, frequent.length + MAX_KNOWN_CATEGORIES - MAX_CATEGORIES);
  const others = ranked.slice(frequent.length + tail.length);
  return {
    feature,
    kind: "categorical",
    categories: frequent.map(([category]) => category),
    tail: tail.map(([category]) => category),
    counts: [...frequent.map(([, count]) => count), rowsOf(tail), rowsOf(others), missing, 0],
    singletons: ranked.filter(([, count]) => count === 1).length,
  };
}

function rowsOf(categories: readonly (readonly [string, number])[]): number {
  return categories.reduce((sum, [, count]) => sum + count, 0);
}

/** Names the rows at fault, not their values. */
function wrongKind(feature: string, values: readonly unknown[], expected: string, accepts: (value: unknown) => boolean) {
  const issues: Issue[] = [];
  values.forEach((value, i) => {
    if (issues.length < 5 && !isMissing(value) && !accepts(value)) {
      issues.push({ path: [i, feature], message: `expected ${expected}, but got ${typeof value}` });
    }
  });
  return invalidInput("The reference", issues);
}
