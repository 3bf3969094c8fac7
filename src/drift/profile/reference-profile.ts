import * as z from "zod";
import { ModelwrightError } from "../../core/errors.ts";
import type { FeatureRole } from "../port.ts";
import { fnv1a64 } from "./fingerprint.ts";
import type { SampledRow } from "./row-sample.ts";
import { SEASONS, type Season } from "./season.ts";

/** Mean, standard deviation (of the population) and range of the finite values. */
export interface Moments {
  readonly mean: number;
  readonly deviation: number;
  readonly low: number;
  readonly high: number;
}

/** Reference counts of a feature whose values have an order: numbers, lengths of text, norms of embeddings. */
export interface OrderedProfile {
  readonly feature: string;
  readonly kind: "numeric" | "text" | "embedding";
  readonly role: FeatureRole;
  /** Increasing edges of the fine bins: bin i holds values in (edges[i − 1], edges[i]], the outer ones are open. */
  readonly edges: readonly number[];
  /**
   * Positions in `edges` of the deciles, between which PSI is computed. Null when the reference has at most 20 distinct values: then
   * each has a bin of its own, with a first and a last bin for what is below and above all of them.
   */
  readonly coarse: readonly number[] | null;
  /** One for each bin, then for missing values (null, undefined, NaN), for infinities, and for values of another type. */
  readonly counts: readonly number[];
  /** Null without finite values. */
  readonly moments: Moments | null;
  /** Of an embedding: how many numbers it has; null for other kinds. */
  readonly dimension: number | null;
  /** Of an embedding: rows for maximum mean discrepancy; none for other kinds. */
  readonly sample: readonly SampledRow[];
}

/** Reference counts of a feature whose values are compared by equality: categories, booleans, hours of the day. */
export interface CategoricalProfile {
  readonly feature: string;
  readonly kind: "categorical" | "boolean" | "timestamp";
  readonly role: FeatureRole;
  /** The most frequent categories that at least 5 rows have, at most 50, the most frequent first; all values of the other kinds. */
  readonly categories: readonly string[];
  /** Further categories of the reference, at most 950, counted together. */
  readonly tail: readonly string[];
  /**
   * One for each category, then for those of the tail together, for all others, for missing values (null, undefined, NaN), and for
   * values of another type.
   */
  readonly counts: readonly number[];
  /** Categories that one row has: about as many rows of a window as large as the reference will have a category that is new. */
  readonly singletons: number;
  /**
   * Share of the rows that are counted, 1 or ½: the other half has chosen the categories where there are more of them than bins, so that the
   * luck of the most frequent does not count.
   */
  readonly share: number;
}

/** What a detector learned of one feature. */
export type FeatureProfile = OrderedProfile | CategoricalProfile;

/** How the reference looks in each season: rows, and counts of the cells of all features behind one another. */
export interface SeasonalCounts {
  readonly rows: readonly number[];
  /** Empty for a season without rows. */
  readonly cells: readonly (readonly number[])[];
}

/** How the reference looks in one part of its rows; the bins are those of all rows. */
export interface SegmentProfile {
  readonly segment: string;
  readonly rows: number;
  /** As those of the features. */
  readonly counts: readonly (readonly number[])[];
  readonly moments: readonly (Moments | null)[];
  readonly seasons: SeasonalCounts | null;
}

/** What a detector learned of the reference rows: bins and counts, no rows but those that were asked for. Plain JSON. */
export interface ReferenceProfile {
  readonly schemaVersion: 1;
  /** Rows that were learned from, at least 1. */
  readonly rows: number;
  readonly features: readonly FeatureProfile[];
  /** By what the rows are told apart in time, and their counts; null when they are not. */
  readonly seasons: (SeasonalCounts & { readonly by: Season }) | null;
  /** The column by which rows are told apart, and the parts, the largest first; null when they are not. */
  readonly segments: { readonly by: string; readonly parts: readonly SegmentProfile[] } | null;
  /** Rows for multivariate checks, where `sampleRows` asks for them: numbers as they are, categories as positions of their bins. */
  readonly sample: readonly SampledRow[] | null;
}

/** Most categories with a bin of their own. */
export const MAX_CATEGORIES = 50;

/** Rows that a category needs for a bin of its own. Of rarer ones, those of this sample are not those of the next. */
export const MIN_CATEGORY_ROWS = 5;

/** Most categories that are told from new ones. */
export const MAX_KNOWN_CATEGORIES = 1000;

/** Longest text by which categories are told apart, in UTF-16 units; what follows is cut. */
export const MAX_CATEGORY_LENGTH = 256;

/** Most parts of the rows that are compared by themselves; those of further values count together. */
export const MAX_SEGMENTS = 20;

/** Most numbers of an embedding. */
export const MAX_DIMENSION = 16_384;

/** Most rows of a sample. */
export const MAX_SAMPLE_ROWS = 10_000;

/** Bins behind those of the values: missing, infinite, of another type. */
export const ORDERED_REST = 3;

/** Bins behind those of the categories: tail, unseen, missing, of another type. */
export const CATEGORICAL_REST = 4;

const count = z.int().min(0);
const counts = z.array(count);
const category = z.string().max(MAX_CATEGORY_LENGTH);
const role = z.enum(["data", "prediction", "target"]);

const moments = z
  .strictObject({ mean: z.number(), deviation: z.number().min(0), low: z.number(), high: z.number() })
  .refine(({ low, high }) => low <= high, "expected low to be at most high")
  .nullable();

/** Checks rows of a sample. */
export const sampleSchema = z
  .array(z.strictObject({ values: z.array(z.number().nullable()).max(MAX_DIMENSION), count: z.int().min(1) }))
  .max(MAX_SAMPLE_ROWS);

const orderedSchema = z
  .strictObject({
    feature: z.string(),
    kind: z.enum(["numeric", "text", "embedding"]),
    role,
    edges: z.array(z.number()).refine(increasing, "expected increasing edges"),
    coarse: z.array(count).refine(increasing, "expected increasing positions").nullable(),
    counts,
    moments,
    dimension: z.int().min(1).max(MAX_DIMENSION).nullable(),
    sample: sampleSchema,
  })
  .refine(
    (profile) => profile.counts.length === profile.edges.length + 1 + ORDERED_REST,
    "expected one count more than edges, and three",
  )
  .refine((profile) => (profile.coarse?.at(-1) ?? -1) < profile.edges.length, "expected positions of edges in coarse")
  .refine((profile) => profile.coarse !== null || profile.edges.length >= 2, "expected at least two edges without coarse")
  .refine(
    (profile) => (profile.kind === "embedding") === (profile.dimension !== null),
    "expected a dimension of embeddings alone",
  )
  .refine(
    ({ sample, dimension }) => sample.every(({ values }) => values.length === dimension && !values.includes(null)),
    "expected sampled rows of the embedding's dimension",
  );

const categoricalSchema = z
  .strictObject({
    feature: z.string(),
    kind: z.enum(["categorical", "boolean", "timestamp"]),
    role,
    categories: z.array(category).max(MAX_CATEGORIES),
    tail: z.array(category).max(MAX_KNOWN_CATEGORIES - MAX_CATEGORIES),
    counts,
    singletons: count,
    share: z.union([z.literal(1), z.literal(0.5)]),
  })
  .refine(
    (profile) => profile.counts.length === profile.categories.length + CATEGORICAL_REST,
    "expected one count for each category, and four",
  )
  .refine(({ categories, tail }) => distinct([...categories, ...tail]), "expected each category once");

const seasonsShape = { rows: counts, cells: z.array(counts) };

const segmentSchema = z.strictObject({
  segment: z.string().max(MAX_CATEGORY_LENGTH),
  rows: z.int().min(1),
  counts: z.array(counts),
  moments: z.array(moments),
  seasons: z.strictObject(seasonsShape).nullable(),
});

const profileSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    rows: z.int().min(1),
    features: z.array(z.discriminatedUnion("kind", [orderedSchema, categoricalSchema])).min(1),
    seasons: z.strictObject({ by: z.enum(["hour-of-day", "day-of-week", "hour-of-week"]), ...seasonsShape }).nullable(),
    segments: z
      .strictObject({ by: z.string(), parts: z.array(segmentSchema).min(1).max(MAX_SEGMENTS) })
      .refine(({ parts }) => distinct(parts.map(({ segment }) => segment)), "expected each segment once")
      .nullable(),
    sample: sampleSchema.nullable(),
  })
  .refine((profile) => distinct(profile.features.map(({ feature }) => feature)), "expected each feature once")
  .refine(
    (profile) => profile.features.every((feature) => addsUp(feature, feature.counts, profile.rows)),
    "expected counts that add up to rows",
  )
  .refine(
    ({ features, segments }) =>
      segments === null ||
      segments.parts.every(
        ({ rows, counts: own, moments: ownMoments }) =>
          own.length === features.length &&
          ownMoments.length === features.length &&
          own.every((item, i) => item.length === features[i]!.counts.length && addsUp(features[i]!, item, rows)),
      ),
    "expected counts of segments that fit the features and add up to their rows",
  )
  .refine(
    ({ rows, seasons, segments }) =>
      seasons === null
        ? (segments?.parts.every((part) => part.seasons === null) ?? true)
        : fits(seasons, seasons.by, rows) &&
          (segments?.parts.every((part) => part.seasons !== null && fits(part.seasons, seasons.by, part.rows)) ?? true),
    "expected counts of every season",
  );

/**
 * A checked copy of a stored profile.
 *
 * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID`
 */
export function parseProfile(stored: unknown): ReferenceProfile {
  return parseState(profileSchema, stored, "reference profile");
}

/**
 * A short text that equal profiles share and profiles of other bins, counts or moments do not, against mix-ups; no protection against
 * forgery. Sampled rows do not count: they are many, and they are added up by themselves.
 */
export function fingerprint(profile: ReferenceProfile): string {
  const content = profile.features.map((f) =>
    "edges" in f
      ? [f.feature, f.kind, f.role, f.edges, f.coarse, f.counts, f.dimension, f.moments && Object.values(f.moments)]
      : [f.feature, f.kind, f.role, f.categories, f.tail, f.counts, f.singletons, f.share],
  );
  const { rows, seasons, segments, sample } = profile;
  const seasonal = (own: SeasonalCounts | null) => own && [own.rows, own.cells];
  const parts = segments?.parts.map((part) => [part.segment, part.rows, part.counts, seasonal(part.seasons)]) ?? null;
  const told = [seasons?.by ?? null, seasonal(seasons), segments?.by ?? null, parts];
  return fnv1a64(JSON.stringify([profile.schemaVersion, rows, content, told, sample?.length ?? null]));
}

/** A `DRIFT_STATE_INVALID` error. */
export function stateInvalid(reason: string): ModelwrightError<"DRIFT_STATE_INVALID"> {
  return new ModelwrightError("DRIFT_STATE_INVALID", reason, { details: { reason } });
}

/**
 * A checked copy of stored state.
 *
 * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID`
 */
export function parseState<S extends z.ZodType>(schema: S, stored: unknown, subject: string): z.output<S> {
  let result: z.ZodSafeParseResult<z.output<S>>;
  try {
    result = z.safeParse(schema, stored);
  } catch {
    // Millions of issues overflow the stack of the schema library.
    throw stateInvalid(`The stored ${subject} cannot be used: it is damaged all over`);
  }
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const at = first === undefined || first.path.length === 0 ? "" : ` at ${first.path.join(".")}`;
  throw stateInvalid(`The stored ${subject} cannot be used: ${first?.message}${at}`);
}

/** Of a feature whose bins were chosen by half of the rows, the others count. */
function addsUp(feature: object, own: readonly number[], rows: number): boolean {
  return "share" in feature && feature.share !== 1 ? sum(own) <= rows : sum(own) === rows;
}

function fits({ rows, cells }: SeasonalCounts, by: Season, total: number): boolean {
  return (
    rows.length === SEASONS[by] &&
    cells.length === rows.length &&
    sum(rows) === total &&
    cells.every((own, season) => (own.length === 0) === (rows[season] === 0))
  );
}

function increasing(values: readonly number[]): boolean {
  return values.every((value, i) => i === 0 || value > values[i - 1]!);
}

function distinct(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
