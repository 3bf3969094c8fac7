import type { Issue } from "../../core/errors.ts";
import { invalidInput } from "../../core/schema.ts";
import { binIndex, learnBins } from "../../stats/bins.ts";
import type { FeatureKind } from "../port.ts";
import type { WatchedFeature } from "../watched-feature.ts";
import { cellPositions } from "./cell-counts.ts";
import { categoryOf, flagOf, HOURS, hourOf, isMissing, normOf } from "./column.ts";
import { EMBEDDING_SAMPLE, OrderedCounts } from "./feature-counts.ts";
import { fnv1a64 } from "./fingerprint.ts";
import { PartCounts } from "./part-counts.ts";
import { ProfileLayout } from "./profile-layout.ts";
import {
  type CategoricalProfile,
  type FeatureProfile,
  MAX_CATEGORIES,
  MAX_DIMENSION,
  MAX_KNOWN_CATEGORIES,
  MAX_SEGMENTS,
  MIN_CATEGORY_ROWS,
  type OrderedProfile,
  type ReferenceProfile,
  type SeasonalCounts,
  type SegmentProfile,
} from "./reference-profile.ts";
import { RowSample } from "./row-sample.ts";
import { SEASONS, type Season, seasonOf, timeOf } from "./season.ts";
import { thinned } from "./thinned.ts";

/** Quantile bins of a numeric feature; a multiple of {@link COARSE_BINS}, so that every decile is an edge. */
const FINE_BINS = 250;

const COARSE_BINS = 10;

/** Share of rows of categories too rare for a bin, above which luck has chosen those that are not. */
const MAX_RARE = 0.05;

/** How the reference is told apart. */
export interface LearnOptions {
  readonly season: { readonly by: Season; readonly at: string } | undefined;
  readonly segmentBy: string | undefined;
  /** 0 for no sample. */
  readonly sampleRows: number;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * The profile of reference rows; the order of the rows does not matter.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` without rows, for a value that is not of its feature's kind, or a row
 * without a time where there are seasons
 */
export function learnProfile(
  features: readonly WatchedFeature[],
  given: readonly object[],
  { season, segmentBy, sampleRows }: LearnOptions,
): ReferenceProfile {
  if (given.length === 0) throw invalidInput("The reference", [{ path: [], message: "expected at least one row" }]);
  const rows = given as readonly Row[];
  const bare: ReferenceProfile = {
    schemaVersion: 1,
    rows: rows.length,
    features: features.map((feature) => learnFeature(feature, rows)),
    seasons: null,
    segments: null,
    sample: null,
  };
  const layout = new ProfileLayout(bare, { at: undefined, sampleRows: 0 });
  const seasons = season === undefined ? undefined : rows.map((row, i) => learnSeason(season, row, i));
  const shares = countedShares(layout, rows);
  const seasonal = (picked: readonly number[]): SeasonalCounts | null =>
    season === undefined || seasons === undefined ? null : countSeasons({ layout, shares, by: season.by, rows, picked, seasons });
  const sample = new RowSample(Math.max(1, sampleRows));
  if (sampleRows > 0) for (const row of rows) sample.add(layout.encode(row));
  const allSeasons = seasonal([...rows.keys()]);
  return {
    ...bare,
    seasons: allSeasons && season !== undefined ? { by: season.by, ...allSeasons } : null,
    segments:
      segmentBy === undefined ? null : { by: segmentBy, parts: learnSegments({ layout, shares, by: segmentBy, rows, seasonal }) },
    sample: sampleRows > 0 ? sample.toJSON() : null,
  };
}

function learnFeature({ feature, kind, role }: WatchedFeature, rows: readonly Row[]): FeatureProfile {
  const values = rows.map((row) => row[feature]);
  switch (kind) {
    case "numeric":
      return learnOrdered(feature, kind, role, values, null);
    case "text":
      return learnOrdered(feature, kind, role, values.map(lengthOf), null);
    case "embedding":
      return learnEmbedding(feature, role, values);
    case "timestamp":
      return learnFixed(feature, kind, role, values, HOURS, hourOf);
    case "boolean":
      return learnFixed(feature, kind, role, values, ["false", "true"], flagOf);
    case "categorical":
      return learnCategorical(feature, role, values);
  }
}

function learnOrdered(
  feature: string,
  kind: OrderedProfile["kind"],
  role: OrderedProfile["role"],
  values: readonly unknown[],
  embedding: { readonly dimension: number; readonly sample: RowSample } | null,
): OrderedProfile {
  const present = values.filter((value) => !isMissing(value));
  const numbers = present.filter((value) => typeof value === "number");
  if (numbers.length < present.length) throw wrongKind(feature, kind, values, (value) => typeof value === "number");
  const finite = Float64Array.from(numbers.filter(Number.isFinite)).sort();
  const { edges, discrete } = learnBins(finite, FINE_BINS);
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of finite) counts[binIndex(edges, value)]! += 1;
  return {
    feature,
    kind,
    role,
    edges: [...edges],
    coarse: discrete ? null : Array.from(learnBins(finite, COARSE_BINS).edges, (edge) => edges.indexOf(edge)),
    counts: [...counts, values.length - present.length, numbers.length - finite.length, 0],
    moments: momentsOf(finite),
    dimension: embedding?.dimension ?? null,
    sample: embedding?.sample.toJSON() ?? [],
  };
}

function learnEmbedding(feature: string, role: OrderedProfile["role"], values: readonly unknown[]): OrderedProfile {
  const first = values.find((value) => !isMissing(value)) as ArrayLike<number> | undefined;
  const dimension = first?.length ?? 0;
  const norms = values.map((value) => (isMissing(value) ? undefined : normOf(value, dimension)));
  if (dimension > MAX_DIMENSION || dimension === 0 || norms.some((norm, i) => norm === undefined && !isMissing(values[i]))) {
    throw wrongKind(
      feature,
      "embedding",
      values,
      (value) => dimension <= MAX_DIMENSION && normOf(value, dimension) !== undefined,
    );
  }
  const sample = new RowSample(EMBEDDING_SAMPLE);
  norms.forEach((norm, i) => {
    if (norm !== undefined && Number.isFinite(norm)) sample.add(values[i] as ArrayLike<number>);
  });
  return learnOrdered(feature, "embedding", role, norms, { dimension, sample });
}

/**
 * Where there are more categories than bins, or many are rare, those that get a bin are chosen by half of the rows and counted on the
 * other half. Chosen and counted on the same rows, a category would be among the most frequent for the very luck that its count then
 * shows, and every fresh window would seem to have less of it: without any drift, up to 99 % of windows had p < 0.05.
 */
function learnCategorical(feature: string, role: CategoricalProfile["role"], values: readonly unknown[]): CategoricalProfile {
  const { found, missing } = countTexts(feature, "categorical", values, categoryOf);
  const rare = [...found.values()].reduce((sum, count) => sum + (count < MIN_CATEGORY_ROWS ? count : 0), 0);
  const share = found.size > MAX_CATEGORIES || rare > MAX_RARE * values.length ? 0.5 : 1;
  // Which rows of a category choose must differ from reference to reference: by its name alone, some would always be chosen by many rows
  // and counted by few.
  const salt =
    share < 1
      ? fnv1a64(
          [...found.values(), missing]
            .sort((a, b) => b - a)
            .slice(0, 1000)
            .join(" "),
        )
      : "";
  const ranked = [...found]
    .map(([category, count]) => {
      const counted = thinned(count, share, `${salt} ${count} ${category}`);
      return { category, count, chosenBy: share < 1 ? count - counted : count, counted };
    })
    .sort((a, b) => b.chosenBy - a.chosenBy || (a.category < b.category ? -1 : 1));
  const frequent = ranked.filter(({ chosenBy }) => chosenBy >= MIN_CATEGORY_ROWS).slice(0, MAX_CATEGORIES);
  const tail = ranked.slice(frequent.length, frequent.length + MAX_KNOWN_CATEGORIES - MAX_CATEGORIES);
  const others = ranked.slice(frequent.length + tail.length);
  return {
    feature,
    kind: "categorical",
    role,
    categories: frequent.map(({ category }) => category),
    tail: tail.map(({ category }) => category),
    counts: [...frequent.map(({ counted }) => counted), countedOf(tail), countedOf(others), thinned(missing, share, salt), 0],
    singletons: ranked.filter(({ counted }) => counted === 1).length,
    share,
  };
}

function learnFixed(
  feature: string,
  kind: "boolean" | "timestamp",
  role: CategoricalProfile["role"],
  values: readonly unknown[],
  categories: readonly string[],
  textOf: (value: unknown) => string | undefined,
): CategoricalProfile {
  const { found, missing } = countTexts(feature, kind, values, textOf);
  const counts = [...categories.map((category) => found.get(category) ?? 0), 0, 0, missing, 0];
  return { feature, kind, role, categories, tail: [], counts, singletons: 0, share: 1 };
}

function countTexts(
  feature: string,
  kind: FeatureKind,
  values: readonly unknown[],
  textOf: (value: unknown) => string | undefined,
): { readonly found: ReadonlyMap<string, number>; readonly missing: number } {
  const found = new Map<string, number>();
  let missing = 0;
  for (const value of values) {
    if (isMissing(value)) {
      missing += 1;
      continue;
    }
    const text = textOf(value);
    if (text === undefined) throw wrongKind(feature, kind, values, (item) => textOf(item) !== undefined);
    found.set(text, (found.get(text) ?? 0) + 1);
  }
  return { found, missing };
}

function learnSeason({ by, at }: { readonly by: Season; readonly at: string }, row: Row, index: number): number {
  const time = timeOf(row[at]);
  if (time !== undefined) return seasonOf(by, time);
  throw invalidInput("The reference", [
    { path: [index, at], message: "expected the time of the row: epoch milliseconds, a Date or ISO 8601 text" },
  ]);
}

/** Rows of the reference, and what is known of the features from all of them. */
interface Learned {
  readonly layout: ProfileLayout;
  readonly shares: readonly (Float64Array | undefined)[];
  readonly rows: readonly Row[];
}

function countSeasons({
  layout,
  shares,
  by,
  rows,
  picked,
  seasons,
}: Learned & { readonly by: Season; readonly picked: readonly number[]; readonly seasons: readonly number[] }): SeasonalCounts {
  const { positions, count } = cellPositions(layout.columns);
  const counts = new Array<number>(SEASONS[by]).fill(0);
  const cells = counts.map((): number[] => []);
  for (const row of picked) {
    const season = seasons[row]!;
    if (counts[season] === 0) cells[season] = new Array<number>(count).fill(0);
    counts[season]! += 1;
    const own = cells[season]!;
    layout.columns.forEach((column, i) => {
      own[positions[i]![column.binOf(rows[row]![column.profile.feature])]!]! += 1;
    });
  }
  layout.columns.forEach((column, i) => {
    const share = shares[i];
    if (share === undefined) return;
    // Cells of categories are bins, but for one that joins two rare ones, whose shares are alike.
    column.cells.forEach(({ from }, cell) => {
      const at = positions[i]![from]!;
      cells.forEach((own, season) => {
        if (own.length > 0) own[at] = thinned(own[at]!, share[from]!, `${season} ${i} ${cell}`);
      });
    });
  });
  return { rows: counts, cells };
}

function learnSegments({
  layout,
  shares,
  by,
  rows,
  seasonal,
}: Learned & {
  readonly by: string;
  readonly seasonal: (picked: readonly number[]) => SeasonalCounts | null;
}): SegmentProfile[] {
  const groups = new Map<string, number[]>();
  rows.forEach((row, i) => {
    const segment = categoryOf(row[by]);
    if (segment === undefined) return;
    const group = groups.get(segment);
    if (group === undefined) groups.set(segment, [i]);
    else group.push(i);
  });
  const largest = [...groups].sort(([a, rowsA], [b, rowsB]) => rowsB.length - rowsA.length || (a < b ? -1 : 1));
  if (largest.length === 0) {
    throw invalidInput("The reference", [
      { path: [0, by], message: "expected text, a number or a boolean, by which to tell segments" },
    ]);
  }
  return largest.slice(0, MAX_SEGMENTS).map(([segment, picked]) => {
    const part = new PartCounts(layout);
    for (const row of picked) part.observe(rows[row]!, 0);
    return {
      segment,
      rows: part.rows,
      counts: part.features.map(({ bins }, i) =>
        Array.from(bins, (count, bin) => thinned(count, shares[i]?.[bin] ?? 1, `${segment} ${i} ${bin}`)),
      ),
      moments: part.features.map((feature) => (feature instanceof OrderedCounts ? feature.moments : null)),
      seasons: seasonal(picked),
    };
  });
}

/** Two passes, so that a large mean does not swallow a small deviation. */
function momentsOf(sorted: Float64Array): OrderedProfile["moments"] {
  const n = sorted.length;
  if (n === 0) return null;
  const [low, high] = [sorted[0]! + 0, sorted[n - 1]! + 0];
  if (low === high) return { mean: low, deviation: 0, low, high };
  // Shares are added, not values, so that no sum leaves the range of doubles.
  const sum = sorted.reduce((total, value) => total + value / n, 0);
  const mean = Math.min(high, Math.max(low, sum));
  // In halves of what is farthest from the mean, so that no difference or square leaves the range.
  const half = Math.max(high / 2 - mean / 2, mean / 2 - low / 2);
  const square = sorted.reduce((total, value) => total + ((value / 2 - mean / 2) / half) ** 2 / n, 0);
  return { mean, deviation: half > 0 ? Math.min(2 * half * Math.sqrt(square), Number.MAX_VALUE) : 0, low, high };
}

function lengthOf(value: unknown): unknown {
  return typeof value === "string" ? value.length : isMissing(value) ? value : {};
}

function countedOf(categories: readonly { readonly counted: number }[]): number {
  return categories.reduce((sum, { counted }) => sum + counted, 0);
}

/** For each feature whose bins some of the rows have chosen, the share of the rows in each bin that count. */
function countedShares({ columns }: ProfileLayout, rows: readonly Row[]): readonly (Float64Array | undefined)[] {
  return columns.map((column) => {
    const { profile } = column;
    if (!("share" in profile) || profile.share === 1) return undefined;
    const all = new Float64Array(column.bins);
    for (const row of rows) all[column.binOf(row[profile.feature])]! += 1;
    return all.map((count, bin) => (count === 0 ? 1 : profile.counts[bin]! / count));
  });
}

const EXPECTED: Readonly<Record<FeatureKind, string>> = {
  numeric: "a number",
  categorical: "text, a number or a boolean",
  boolean: "a boolean",
  text: "text",
  timestamp: "epoch milliseconds, a Date or ISO 8601 text",
  embedding: "numbers, as many in each row",
};

/** Names the rows at fault, not their values. */
function wrongKind(feature: string, kind: FeatureKind, values: readonly unknown[], accepts: (value: unknown) => boolean) {
  const issues: Issue[] = [];
  values.forEach((value, i) => {
    if (issues.length < 5 && !isMissing(value) && !accepts(value)) {
      issues.push({ path: [i, feature], message: `expected ${EXPECTED[kind]}, but got ${typeof value}` });
    }
  });
  if (issues.length === 0) issues.push({ path: [feature], message: `expected ${EXPECTED[kind]} in one row at least` });
  return invalidInput("The reference", issues);
}
