import * as z from "zod";
import type { Issue } from "../core/errors.ts";
import { invalidConfig } from "../core/options.ts";
import type { Schema } from "../core/schema.ts";
import type { FeatureKind, FeatureRole } from "./port.ts";

/** The kinds that a value of type `V` may be watched as; `never` for a value that cannot be watched. */
export type KindOf<V> = [NonNullable<V>] extends [number]
  ? "numeric" | "categorical" | "timestamp"
  : [NonNullable<V>] extends [boolean]
    ? "boolean" | "categorical"
    : [NonNullable<V>] extends [string]
      ? "categorical" | "text" | "timestamp"
      : [NonNullable<V>] extends [Date]
        ? "timestamp"
        : [NonNullable<V>] extends [ArrayLike<number>]
          ? "embedding"
          : [NonNullable<V>] extends [string | number | boolean]
            ? "categorical"
            : never;

/** A column's kind, and what it is to the model. */
export interface FeatureOptions<Kind extends FeatureKind = FeatureKind> {
  /**
   * How values are compared: `numeric` by the order of numbers; `categorical` by equality of text, booleans or numbers; `boolean`;
   * `text` by its length in UTF-16 units; `timestamp` (epoch milliseconds, `Date` or ISO 8601 text) by its hour of the day, UTC;
   * `embedding` by its norm, and on a sample by maximum mean discrepancy.
   */
  readonly kind: Kind;
  /** @defaultValue "data" */
  readonly role?: FeatureRole | undefined;
  /** How much the model depends on it, at least 0, for example a share of the summed permutation importance. @defaultValue 1 */
  readonly importance?: number | undefined;
}

/** Which columns of `Row` to watch, and how: a kind, or a kind with more. */
export type FeatureKinds<Row> = {
  readonly [K in keyof Row & string as [KindOf<Row[K]>] extends [never] ? never : K]?:
    | KindOf<Row[K]>
    | FeatureOptions<KindOf<Row[K]>>;
};

/** A watched column. */
export interface WatchedFeature {
  readonly feature: string;
  readonly kind: FeatureKind;
  readonly role: FeatureRole;
  readonly importance: number;
}

const kind = z.enum(["numeric", "categorical", "boolean", "text", "timestamp", "embedding"]);

/** Checks what {@link FeatureKinds} allows. */
export const featuresSchema = z.record(
  z.string(),
  z
    .union([
      kind.transform((only) => ({ kind: only, role: "data" as const, importance: 1 })),
      z.strictObject({
        kind,
        role: z.enum(["data", "prediction", "target"]).default("data"),
        importance: z.number().min(0).max(1e300).default(1),
      }),
    ])
    .optional(),
);

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
export function watchedFeatures(schema: Schema, named: z.output<typeof featuresSchema> | undefined): readonly WatchedFeature[] {
  const shape = shapeOf(schema);
  const issues: Issue[] = [];
  const features: WatchedFeature[] = [];
  if (named === undefined && shape === undefined) {
    throw invalidConfig(SUBJECT, [{ path: ["features"], message: `the schema does not tell its columns; ${HINT}` }]);
  }
  for (const feature of Object.keys(named ?? shape ?? {})) {
    const found = named === undefined ? kindOf(shape?.[feature]) : named[feature]?.kind;
    if (feature in Object.prototype)
      issues.push({ path: ["features", feature], message: "every object has a member of this name" });
    else if (named !== undefined && shape !== undefined && !Object.hasOwn(shape, feature)) {
      issues.push({
        path: ["features", feature],
        message: `the schema has no such column, only ${Object.keys(shape).join(", ")}`,
      });
    } else if (found !== undefined) features.push({ role: "data", importance: 1, ...named?.[feature], feature, kind: found });
    else if (named === undefined) {
      issues.push({ path: ["schema", feature], message: `neither a number, text, a boolean nor a date; ${HINT}` });
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
    case "boolean":
      return "boolean";
    case "string":
    case "enum":
    case "template_literal":
      return "categorical";
    case "date":
      return "timestamp";
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
