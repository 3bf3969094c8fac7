import type { ModelwrightError } from "../core/errors.ts";
import type { InferInput } from "../core/schema.ts";
import type { EntityKey } from "./entity-key.ts";
import type { FeatureSource } from "./feature-source.ts";
import type { FeatureValue } from "./on-demand-feature.ts";

/**
 * What is known of a value.
 *
 * - `PRESENT`: the value is there and young enough. NaN and infinities are values.
 * - `NULL_VALUE`: null was written or computed.
 * - `NOT_FOUND`: nothing was written for the entity, or the row was written without this feature.
 * - `OUTSIDE_MAX_AGE`: the row is older than the view's `ttlMs`. The value is withheld: a model that is handed a stale number
 *   cannot tell it from a fresh one.
 * - `ERROR`: the function of the on-demand feature threw, or its answer does not satisfy its schema; see `errors`.
 */
export type FeatureStatus = "PRESENT" | "NULL_VALUE" | "NOT_FOUND" | "OUTSIDE_MAX_AGE" | "ERROR";

/** What a read answers for one entity row: values by reference, and what is known of each. */
export interface FeatureRow<Values extends object = Readonly<Record<string, unknown>>> {
  /** Null unless the status is `PRESENT`. */
  readonly values: Values;
  readonly status: { readonly [Ref in keyof Values]: FeatureStatus };
  /**
   * When the value held, microseconds since the epoch, also where it is withheld for its age; null where nothing is stored. For an
   * on-demand feature the oldest time of its inputs.
   */
  readonly eventAtUs: { readonly [Ref in keyof Values]: number | null };
  /** Why a status is `ERROR`; the cause is what the function threw. */
  readonly errors: { readonly [Ref in keyof Values]?: ModelwrightError<"FEATURE_COMPUTE_FAILED"> };
}

/** One row to be written to a view. */
export interface FeatureWrite<Values> {
  /** Which entity. */
  readonly key: EntityKey;
  /** When the values held, microseconds since the epoch. @defaultValue now */
  readonly eventAtUs?: number | undefined;
  /** The features, as the schema of the view takes them. */
  readonly values: Values;
}

/** References `name.feature` of sources. */
type RefOf<Source extends FeatureSource> = Source extends unknown ? `${Source["name"]}.${Source["features"][number]}` : never;

/**
 * `Ref` where the sources have it, else all that they have. A parameter of this type, not a constraint on `Ref`, makes the compiler
 * name the unknown reference; under a constraint it would complain of the keys and requests of every feature.
 */
export type KnownRef<Source extends FeatureSource, Ref extends string> = Ref extends RefOf<Source> ? Ref : RefOf<Source>;

/** Values by reference. */
export type ValuesOf<Source extends FeatureSource, Ref extends string> = {
  readonly [R in Ref]: ValueOf<Source, R> | null;
};

type ValueOf<Source extends FeatureSource, Ref extends string> = Source extends unknown
  ? Ref extends `${Source["name"]}.${infer Feature}`
    ? FeatureValue<Source, Feature>
    : never
  : never;

/** The sources that have a reference. */
type SourceOf<Source extends FeatureSource, Ref extends string> = Source extends unknown
  ? Extract<Ref, `${Source["name"]}.${Source["features"][number]}`> extends never
    ? never
    : Source
  : never;

/** Keys by entity: those that the references need, and any others of the server. */
export type KeysOf<Source extends FeatureSource, Ref extends string> = {
  readonly [Entity in SourceOf<Source, Ref>["entities"][number]]: EntityKey;
} & { readonly [Entity in Source["entities"][number]]?: EntityKey };

/** The request-time fields that the references need; never when they need none. */
export type RequestOf<Source extends FeatureSource, Ref extends string> = AllOf<
  SourceOf<Source, Ref>["requests"][number] extends infer R ? (R extends FeatureSource["schema"] ? InferInput<R> : never) : never
>;

/** Intersection of a union's members; never for an empty union. */
type AllOf<Union> = [Union] extends [never]
  ? never
  : (Union extends unknown ? (member: Union) => void : never) extends (member: infer All) => void
    ? All
    : never;
