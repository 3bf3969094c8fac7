import * as z from "zod";
import { ModelwrightError } from "../core/errors.ts";
import { fnv1a64 } from "./fingerprint.ts";

/** Reference counts of a numeric feature. */
export interface NumericProfile {
  readonly feature: string;
  readonly kind: "numeric";
  /** Increasing edges of the fine bins: bin i holds values in (edges[i − 1], edges[i]], the outer ones are open. */
  readonly edges: readonly number[];
  /**
   * Positions in `edges` of the deciles, between which PSI is computed. Null when the reference has at most 20 distinct values: then
   * each has a bin of its own, with a first and a last bin for what is below and above all of them.
   */
  readonly coarse: readonly number[] | null;
  /** One for each bin, then for missing values (null, undefined, NaN), then for invalid ones (infinities, other types). */
  readonly counts: readonly number[];
}

/** Reference counts of a categorical feature. */
export interface CategoricalProfile {
  readonly feature: string;
  readonly kind: "categorical";
  /** The most frequent categories that at least 5 rows have, at most 50, the most frequent first. */
  readonly categories: readonly string[];
  /** Further categories of the reference, at most 950, counted together. */
  readonly tail: readonly string[];
  /**
   * One for each category, then for those of the tail together, then for all others, then for missing values (null, undefined, NaN),
   * then for invalid ones (objects and the like).
   */
  readonly counts: readonly number[];
  /** Categories that one row has: about as many rows of a window as large as the reference will have a category that is new. */
  readonly singletons: number;
}

/** What a detector learned of one feature. */
export type FeatureProfile = NumericProfile | CategoricalProfile;

/** What a detector learned of the reference rows: bins and counts, no rows. Plain JSON. */
export interface ReferenceProfile {
  readonly schemaVersion: 1;
  /** Rows that were learned from, at least 1. */
  readonly rows: number;
  readonly features: readonly FeatureProfile[];
}

/** Counts of the rows observed in one window. Plain JSON; windows over one reference add up. */
export interface DriftWindow {
  readonly schemaVersion: 1;
  /** Fingerprint of the reference profile whose bins the counts belong to. */
  readonly reference: string;
  /** Rows observed. */
  readonly rows: number;
  /** When the first row was observed, milliseconds since the epoch; null without rows. */
  readonly since: number | null;
  /** When the last row was observed, milliseconds since the epoch; null without rows. */
  readonly until: number | null;
  /** For each feature of the reference, counts in the order of its profile's. */
  readonly counts: readonly (readonly number[])[];
}

/** Most categories with a bin of their own. */
export const MAX_CATEGORIES = 50;

/** Rows that a category needs for a bin of its own. Of rarer ones, those of this sample are not those of the next. */
export const MIN_CATEGORY_ROWS = 5;

/** Most categories that are told from new ones. */
export const MAX_KNOWN_CATEGORIES = 1000;

/** Longest text by which categories are told apart, in UTF-16 units; what follows is cut. */
export const MAX_CATEGORY_LENGTH = 256;

const count = z.int().min(0);
const counts = z.array(count);
const category = z.string().max(MAX_CATEGORY_LENGTH);

const numericSchema = z
  .strictObject({
    feature: z.string(),
    kind: z.literal("numeric"),
    edges: z.array(z.number()).refine(increasing, "expected increasing edges"),
    coarse: z.array(count).refine(increasing, "expected increasing positions").nullable(),
    counts,
  })
  .refine((profile) => profile.counts.length === profile.edges.length + 3, "expected one count more than edges, and two")
  .refine((profile) => (profile.coarse?.at(-1) ?? -1) < profile.edges.length, "expected positions of edges in coarse")
  .refine((profile) => profile.coarse !== null || profile.edges.length >= 2, "expected at least two edges without coarse");

const categoricalSchema = z
  .strictObject({
    feature: z.string(),
    kind: z.literal("categorical"),
    categories: z.array(category).max(MAX_CATEGORIES),
    tail: z.array(category).max(MAX_KNOWN_CATEGORIES - MAX_CATEGORIES),
    counts,
    singletons: count,
  })
  .refine((profile) => profile.counts.length === profile.categories.length + 4, "expected one count for each category, and four")
  .refine(({ categories, tail }) => distinct([...categories, ...tail]), "expected each category once");

const profileSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    rows: z.int().min(1),
    features: z.array(z.discriminatedUnion("kind", [numericSchema, categoricalSchema])).min(1),
  })
  .refine((profile) => distinct(profile.features.map(({ feature }) => feature)), "expected each feature once")
  .refine(
    (profile) => profile.features.every((feature) => sum(feature.counts) === profile.rows),
    "expected counts that add up to rows",
  );

const windowSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    reference: z.string(),
    rows: count,
    since: z.number().nullable(),
    until: z.number().nullable(),
    counts: z.array(counts),
  })
  .refine((window) => window.counts.every((item) => sum(item) === window.rows), "expected counts that add up to rows")
  .refine(
    ({ rows, since, until }) =>
      rows === 0 ? since === null && until === null : since !== null && until !== null && since <= until,
    "expected since and until exactly when there are rows, in this order",
  );

/**
 * A checked copy of a stored profile.
 *
 * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID`
 */
export function parseProfile(stored: unknown): ReferenceProfile {
  return parse(profileSchema, stored, "reference profile");
}

/**
 * A checked copy of a stored window whose counts fit `profile`.
 *
 * @param expected - fingerprint of `profile`
 * @throws a {@link ModelwrightError} with code `DRIFT_STATE_INVALID`
 */
export function parseWindow(stored: unknown, profile: ReferenceProfile, expected: string): DriftWindow {
  const window = parse(windowSchema, stored, "window");
  if (window.reference !== expected) throw stateInvalid("The window was counted against another reference profile");
  if (
    window.counts.length !== profile.features.length ||
    profile.features.some((f, i) => f.counts.length !== window.counts[i]!.length)
  ) {
    throw stateInvalid("The counts of the window do not fit its reference profile");
  }
  return window;
}

/** A short text that equal profiles share and others do not, against mix-ups; no protection against forgery. */
export function fingerprint(profile: ReferenceProfile): string {
  const content = profile.features.map((f) =>
    f.kind === "numeric"
      ? [f.feature, f.kind, f.edges, f.coarse, f.counts]
      : [f.feature, f.kind, f.categories, f.tail, f.counts, f.singletons],
  );
  return fnv1a64(JSON.stringify([profile.schemaVersion, profile.rows, content]));
}

/** A `DRIFT_STATE_INVALID` error. */
export function stateInvalid(reason: string): ModelwrightError<"DRIFT_STATE_INVALID"> {
  return new ModelwrightError("DRIFT_STATE_INVALID", reason, { details: { reason } });
}

function parse<S extends z.ZodType>(schema: S, stored: unknown, subject: string): z.output<S> {
  const result = z.safeParse(schema, stored);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const at = first === undefined || first.path.length === 0 ? "" : ` at ${first.path.join(".")}`;
  throw stateInvalid(`The stored ${subject} cannot be used: ${first?.message}${at}`);
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
