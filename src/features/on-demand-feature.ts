import * as z from "zod";
import { parseOptions, passed, standardSchema } from "../core/options.ts";
import type { InferInput, InferOutput, Schema } from "../core/schema.ts";
import { type FeatureList, type FeatureRef, type FeatureSource, type FieldOf, featureNames } from "./feature-source.ts";
import { sourceName } from "./feature-view.ts";

/** Features that are computed at the read from other features and from request-time fields. Make one with {@link onDemandFeature}. */
export interface OnDemandFeature<
  Name extends string = string,
  Entity extends string = string,
  S extends Schema = Schema,
  Feature extends string = string,
  Request extends Schema = Schema,
> extends FeatureSource<Name, Entity, S, Feature, Request> {
  /** What the function reads, by the names that it uses. */
  readonly inputs: FeatureInputs;
  /** The request-time fields that the function itself takes. */
  readonly request: Schema | undefined;
  /** The function; its arguments were checked where the feature was made. */
  readonly compute: (inputs: never, request: never) => unknown;
  /** One of the features, as an input of another on-demand feature. */
  feature<F extends Feature>(name: F): FeatureRef<FeatureSource<Name, Entity, S, Feature, Request>, F>;
}

/** Inputs of an on-demand feature by the names that its function uses. */
export type FeatureInputs = Readonly<Record<string, FeatureRef>>;

/** Values of the inputs; null where the status is not `PRESENT`. */
export type InputValues<Inputs extends FeatureInputs> = {
  readonly [K in keyof Inputs]: FeatureValue<Inputs[K]["source"], Inputs[K]["feature"]> | null;
};

/** The type of a feature's value where it is there. */
export type FeatureValue<Source extends FeatureSource, Feature> = Source extends unknown
  ? Feature extends keyof InferOutput<Source["schema"]>
    ? Exclude<InferOutput<Source["schema"]>[Feature], null | undefined>
    : never
  : never;

/** Options of {@link onDemandFeature}. */
export type OnDemandFeatureOptions<
  Name extends string,
  Inputs extends FeatureInputs,
  Request extends Schema | undefined,
  S extends Schema,
  Feature extends string,
> = {
  /** Letters, digits, `.`, `_`, `-`; at most 128. */
  readonly name: Name;
  /** What the function reads, by the names that it uses: features of views and of other on-demand features. */
  readonly inputs: Inputs;
  /** Fields that the caller gives with each read. @defaultValue none */
  readonly request?: Request;
  /** Any Standard Schema that yields an object, for what the function answers. */
  readonly schema: S;
  /**
   * Computes the features. Synchronous and free of effects: it runs once for each entity row, also for several of its features.
   * An input is null where it is not there, too old, null or failed; what to do then is the function's to decide.
   */
  readonly compute: (
    inputs: InputValues<Inputs>,
    request: Request extends Schema ? InferOutput<Request> : undefined,
  ) => InferInput<S>;
} & FeatureList<S, Feature>;

const onDemandOptions = z.strictObject({
  name: sourceName,
  inputs: z.record(z.string(), passed<FeatureRef>("an input made by feature() of a view or an on-demand feature", isRef)),
  request: standardSchema.optional(),
  schema: standardSchema,
  features: z.array(z.string()).optional(),
  compute: passed<OnDemandFeature["compute"]>("a function", (value) => typeof value === "function"),
});

/**
 * An on-demand feature: what to compute at the read, from which features and request-time fields.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID`
 *
 * @example
 * ```ts
 * import { featureView, onDemandFeature } from "modelwright";
 * import { z } from "zod";
 *
 * const spend = featureView({ name: "spend", entity: "user", schema: z.object({ avg_7d: z.number() }) });
 * const risk = onDemandFeature({
 *   name: "risk",
 *   inputs: { average: spend.feature("avg_7d") },
 *   request: z.object({ amount: z.number() }),
 *   schema: z.object({ ratio: z.number().nullable() }),
 *   compute: ({ average }, { amount }) => ({ ratio: average === null ? null : amount / average }),
 * });
 * ```
 */
export function onDemandFeature<
  const Name extends string,
  Inputs extends FeatureInputs,
  S extends Schema<unknown, object>,
  Request extends Schema<unknown, object> | undefined = undefined,
  const Feature extends FieldOf<S> = FieldOf<S>,
>(
  options: OnDemandFeatureOptions<Name, Inputs, Request, S, Feature>,
): OnDemandFeature<
  Name,
  Inputs[keyof Inputs]["source"]["entities"][number],
  S,
  Feature,
  Exclude<Request, undefined> | Inputs[keyof Inputs]["source"]["requests"][number]
> {
  type Entity = Inputs[keyof Inputs]["source"]["entities"][number];
  type Requests = Exclude<Request, undefined> | Inputs[keyof Inputs]["source"]["requests"][number];
  const { inputs, request, features, compute } = parseOptions(onDemandOptions, options, "onDemandFeature");
  const sources = Object.values(inputs).map((input) => input.source);
  const requests = [...sources.flatMap((source) => source.requests), ...(request === undefined ? [] : [request])];
  const onDemand: OnDemandFeature<Name, Entity, S, Feature, Requests> = {
    name: options.name,
    entities: [...new Set(sources.flatMap((source) => source.entities))] as readonly Entity[],
    schema: options.schema,
    features: featureNames(`on-demand feature ${options.name}`, options.schema, features) as readonly Feature[],
    requests: [...new Set(requests)] as readonly Requests[],
    inputs,
    request,
    compute,
    feature: (feature) => ({ source: onDemand, feature }),
  };
  return onDemand;
}

function isRef(value: unknown): boolean {
  const ref = value as Partial<FeatureRef> | null | undefined;
  return typeof ref?.source === "object" && typeof ref.feature === "string";
}
