import type { Issue } from "../core/errors.ts";
import { invalidConfig } from "../core/options.ts";
import type { Schema } from "../core/schema.ts";

/** How a feature's values are compared: numbers by their order, categories by equality. */
export type FeatureKind = "numeric" | "categorical";

/** The kinds that a value of type `V` may be watched as: numbers as either, text and booleans as categories, other values not at all. */
export type KindOf<V> = [NonNullable<V>] extends [number]
  ? FeatureKind
  : [NonNullable<V>] extends [string | number | boolean]
    ? "categorical"
    : never;

/** Which columns of `Row` to watch, and how. */
export type FeatureKinds<Row> = {
  readonly [K in keyof Row & string as [KindOf<Row[K]>] extends [never] ? never : K]?: KindOf<Row[K]>;
};

/** A watched column. */
export interface WatchedFeature {
  readonly feature: string;
  readonly kind: FeatureKind;
}

/** What is read of a zod schema: its kind, and what it wraps. Declared by structure, for zod and zod/mini alike. */
interface ZodLike {
  readonly _zod: {
    readonly def: {
      readonly type: string;
      readonly shape?: Readonly<Record<string, ZodLike>>;
      readonly innerType?: ZodLike;
      readonly out?: ZodLike;
      readonly options?: readonly ZodLike[];
      readonly values?: readonly unknown[];
    };
  };
}

const SUBJECT = "DriftDetector";
const HINT = 'name the columns to watch in `features`, for example { amount: "numeric", country: "categorical" }';

/**
 * The columns to watch: those named, or all of a zod object schema.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` when the columns or their kinds cannot be told
 */
export function watchedFeatures(
  schema: Schema,
  named: Readonly<Record<string, FeatureKind | undefined>> | undefined,
): readonly WatchedFeature[] {
  const shape = shapeOf(schema);
  const issues: Issue[] = [];
  const features: WatchedFeature[] = [];
  if (named === undefined && shape === undefined) {
    throw invalidConfig(SUBJECT, [{ path: ["features"], message: `the schema does not tell its columns; ${HINT}` }]);
  }
  for (const feature of Object.keys(named ?? shape ?? {})) {
    const kind = named === undefined ? kindOf(shape?.[feature]) : named[feature];
    if (feature in Object.prototype)
      issues.push({ path: ["features", feature], message: "every object has a member of this name" });
    else if (named !== undefined && shape !== undefined && !Object.hasOwn(shape, feature)) {
      issues.push({
        path: ["features", feature],
        message: `the schema has no such column, only ${Object.keys(shape).join(", ")}`,
      });
    } else if (kind !== undefined) features.push({ feature, kind });
    else if (named === undefined) {
      issues.push({ path: ["schema", feature], message: `neither a number, text nor a boolean; ${HINT}` });
    }
  }
  if (issues.length === 0 && features.length === 0) issues.push({ path: ["features"], message: `no column to watch; ${HINT}` });
  if (issues.length > 0) throw invalidConfig(SUBJECT, issues);
  return features;
}

function shapeOf(schema: unknown): Readonly<Record<string, ZodLike>> | undefined {
  const zod = schema as Partial<ZodLike>;
  return zod._zod === undefined ? undefined : unwrap(zod as ZodLike)._zod.def.shape;
}

/** What optional, nullable, default, readonly, catch and pipe wrap: the schema of the values that come out. */
function unwrap(schema: ZodLike): ZodLike {
  const inner = schema._zod.def.innerType ?? schema._zod.def.out;
  return inner === undefined ? schema : unwrap(inner);
}

/** The kind of a column; undefined when it is of several kinds or of none. */
function kindOf(schema: ZodLike | undefined): FeatureKind | undefined {
  if (schema === undefined) return undefined;
  const { type, options, values } = unwrap(schema)._zod.def;
  switch (type) {
    case "number":
    case "nan":
      return "numeric";
    case "string":
    case "boolean":
    case "enum":
    case "template_literal":
      return "categorical";
    case "literal":
      return values?.every((value) => typeof value === "number") ? "numeric" : "categorical";
    case "union": {
      const kinds = new Set(options?.filter((option) => !isEmpty(option)).map(kindOf));
      return kinds.size === 1 ? [...kinds][0] : undefined;
    }
    default:
      return undefined;
  }
}

function isEmpty(schema: ZodLike): boolean {
  const { type } = unwrap(schema)._zod.def;
  return type === "null" || type === "undefined";
}
