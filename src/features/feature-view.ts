import * as z from "zod";
import { isName } from "../core/model.ts";
import { parseOptions, standardSchema } from "../core/options.ts";
import type { Schema } from "../core/schema.ts";
import { type FeatureList, type FeatureRef, type FeatureSource, type FieldOf, featureNames } from "./feature-source.ts";

/** Features of one entity that are written together and stored. Make one with {@link featureView}. */
export interface FeatureView<
  Name extends string = string,
  Entity extends string = string,
  S extends Schema = Schema,
  Feature extends string = string,
> extends FeatureSource<Name, Entity, S, Feature, never> {
  /** Whose features they are, for example `user`. */
  readonly entity: Entity;
  /** Longest age that is served, ms; undefined for no limit. */
  readonly ttlMs: number | undefined;
  /** One feature of the view, as an input of an on-demand feature. */
  feature<F extends Feature>(name: F): FeatureRef<FeatureSource<Name, Entity, S, Feature, never>, F>;
}

/** Options of {@link featureView}. */
export type FeatureViewOptions<Name extends string, Entity extends string, S extends Schema, Feature extends string> = {
  /** Letters, digits, `.`, `_`, `-`; at most 128. */
  readonly name: Name;
  /** Name of the entity, of the same form. Views of one entity share its keys. */
  readonly entity: Entity;
  /** Longest age that is served, ms, greater than 0; a value of exactly that age still is. @defaultValue no limit */
  readonly ttlMs?: number | undefined;
  /** Any Standard Schema that yields an object; what it yields is stored. */
  readonly schema: S;
} & FeatureList<S, Feature>;

/** A zod schema for the name of a view, an on-demand feature or an entity. */
export const sourceName = z.string().refine(isName, { error: "expected letters, digits, '.', '_' or '-', at most 128" });

const viewOptions = z.strictObject({
  name: sourceName,
  entity: sourceName,
  ttlMs: z.number().positive().optional(),
  schema: standardSchema,
  features: z.array(z.string()).optional(),
});

/**
 * A feature view: which features an entity has, of which types, and how long they may be served.
 *
 * The types of everything that reads or writes the view follow from its schema.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID`
 *
 * @example
 * ```ts
 * import { featureView } from "modelwright";
 * import { z } from "zod";
 *
 * const spend = featureView({ name: "spend", entity: "user", ttlMs: 3_600_000, schema: z.object({ avg_7d: z.number() }) });
 * ```
 */
export function featureView<
  const Name extends string,
  const Entity extends string,
  S extends Schema<unknown, object>,
  const Feature extends FieldOf<S> = FieldOf<S>,
>(options: FeatureViewOptions<Name, Entity, S, Feature>): FeatureView<Name, Entity, S, Feature> {
  const { ttlMs, features } = parseOptions(viewOptions, options, "featureView");
  const view: FeatureView<Name, Entity, S, Feature> = {
    name: options.name,
    entity: options.entity,
    entities: [options.entity],
    ttlMs,
    schema: options.schema,
    features: featureNames(`feature view ${options.name}`, options.schema, features) as readonly Feature[],
    requests: [],
    feature: (feature) => ({ source: view, feature }),
  };
  return view;
}
