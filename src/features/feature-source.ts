import { invalidConfig } from "../core/options.ts";
import type { InferOutput, Schema } from "../core/schema.ts";

/** What gives features: a view, which is stored, or an on-demand feature, which is computed. */
export interface FeatureSource<
  Name extends string = string,
  Entity extends string = string,
  S extends Schema = Schema,
  Feature extends string = string,
  Request extends Schema = Schema,
> {
  /** First part of a reference `name.feature`. */
  readonly name: Name;
  /** Entities whose keys a read needs; for an on-demand feature those of its inputs. */
  readonly entities: readonly Entity[];
  /** Yields an object that has the features as members. */
  readonly schema: S;
  /** Names of the features. */
  readonly features: readonly Feature[];
  /** Schemas of the request-time fields that a read needs, those of inputs included; none for a view. */
  readonly requests: readonly Request[];
}

/** One feature, as an input of an on-demand feature. Made by `feature()` of a view or an on-demand feature. */
export interface FeatureRef<Source extends FeatureSource = FeatureSource, Feature extends string = string> {
  readonly source: Source;
  readonly feature: Feature;
}

/** Names of the members that a schema yields. */
export type FieldOf<S extends Schema> = keyof InferOutput<S> & string;

/**
 * The list of features, which may be left out where the schema says its own members, as zod's object schemas do. A member that is
 * not listed is no feature: it is validated, but neither stored nor served.
 */
export type FeatureList<S extends Schema, Feature extends string> = S extends { readonly shape: object }
  ? { readonly features?: readonly Feature[] }
  : { readonly features: readonly Feature[] };

/** The names given, or else those of the schema's shape. @throws a `ModelwrightError` with code `CONFIG_INVALID` */
export function featureNames(subject: string, schema: Schema, given: readonly string[] | undefined): readonly string[] {
  const shape = (schema as { readonly shape?: unknown }).shape;
  const names = given ?? (typeof shape === "object" && shape !== null ? Object.keys(shape) : []);
  const message =
    names.length === 0
      ? "name at least one feature; only zod's object schemas say their own members"
      : new Set(names).size < names.length || names.includes("")
        ? "expected different, non-empty names"
        : undefined;
  if (message !== undefined) throw invalidConfig(subject, [{ path: ["features"], message }]);
  return [...names];
}
