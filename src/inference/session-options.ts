import * as z from "zod";
import { isBytes } from "../core/chunks.ts";
import type { Metrics } from "../core/metrics.ts";
import type { ModelSource } from "../core/model.ts";
import { parseOptions, passed, port, standardSchema } from "../core/options.ts";
import type { Schema } from "../core/schema.ts";
import { type BatchingOptions, batchingSchema } from "./batching/batching-options.ts";
import type { ModelCache } from "./model-cache.ts";
import type { ModelVariants } from "./model-variants.ts";
import type { ExecutionProvider, Tensors } from "./port.ts";
import type { ResponseCache } from "./response-cache.ts";
import type { Row } from "./row.ts";
import type { Step } from "./step.ts";

/** What to warm a model up with. */
export interface WarmUpSamples {
  /** Rows as `predict` takes them, before a preprocessing step and schemas. At least two let rows be compared. */
  readonly rows?: readonly Row[] | undefined;
  /** Or tensors as `run` takes them, samples along their first axes. */
  readonly tensors?: Tensors | undefined;
}

/** Options of `InferenceSession.open`. */
export interface InferenceSessionOptions<
  In = Row,
  I extends Schema<unknown, In> = Schema<In>,
  Out = Row,
  O extends Schema = Schema<Out>,
> {
  /**
   * The bytes of an ONNX model, not to be changed while the session is open, since another provider may have to load them; its URL; where to get it, such as `fileModel(path)` or
   * `registry.source("fraud@production")`; or variants of it. Left out where every provider has its own model.
   */
  readonly model?: Uint8Array | URL | ModelSource | ModelVariants | undefined;
  /** Engines, in the order in which they are tried, and in which one takes over from another. */
  readonly providers: readonly ExecutionProvider[];
  /**
   * The columns of a row, in the order of the columns of the model's one input, or the names of its inputs.
   *
   * @defaultValue those that the model's metadata record, else the members of a zod object in `input`, else the names of the inputs
   */
  readonly columns?: readonly string[] | undefined;
  /** Schema of a row: the type that `predict` takes. @defaultValue any value for each column */
  readonly input?: I | undefined;
  /** Schema of an answer: the type that `predict` answers. @defaultValue any value for each output */
  readonly output?: O | undefined;
  /**
   * Whether values are checked against `input` and `output`. With `never` the schemas give only types: their defaults and transforms
   * are not applied.
   *
   * @defaultValue "always"
   */
  readonly validate?: "always" | "never" | undefined;
  /** Makes the model's row out of what `predict` takes. */
  readonly preprocess?: Step<In, Row> | undefined;
  /** Makes what `predict` answers out of the model's row. */
  readonly postprocess?: Step<Row, Out> | undefined;
  /** Outputs that `predict` asks for. @defaultValue all tensor outputs */
  readonly outputs?: readonly string[] | undefined;
  /** What becomes of NaN and infinities in floating inputs: the model gets them, or the call is refused. @defaultValue "allow" */
  readonly nonFinite?: "allow" | "reject" | undefined;
  /**
   * How rows of several callers share a run; `false` never. Rows share one only when the model keeps them apart, which is found out
   * while it is warmed up; `session.batching` tells.
   *
   * @defaultValue on where a provider loads the model here; off for servers and functions, which are not probed unless asked to
   */
  readonly batching?: false | BatchingOptions | undefined;
  /**
   * What the model is run with before it is ready; `false` for nothing, which also leaves batching off.
   *
   * @defaultValue samples made up from the model's signature
   */
  readonly warmUp?: false | WarmUpSamples | undefined;
  /**
   * Whether the session goes over to another version when the model's source says that it has one: loaded and warmed up beside the old
   * one, which answers until then. Applies to sources that can change, such as a registry reference by stage or alias.
   *
   * @defaultValue true
   */
  readonly follow?: boolean | undefined;
  /** Keeps answers to inputs that were given before. @defaultValue nothing is kept */
  readonly cache?: ResponseCache | undefined;
  /** Shares loaded models with other sessions. @defaultValue the session has its own */
  readonly models?: ModelCache | undefined;
  /** Where to count. @defaultValue only in `statistics()` */
  readonly metrics?: Metrics | undefined;
  /** Most bytes of a model with its other files. @defaultValue 2 GiB, which is also what one ONNX file can hold */
  readonly maxModelBytes?: number | undefined;
}

const step = port<Step<never, unknown>>("step/1");

const instance = <T>(name: string, ...methods: readonly string[]) =>
  passed<T>(`a ${name}`, (value) =>
    methods.every((method) => typeof (value as Record<string, unknown> | null)?.[method] === "function"),
  );

const optionsSchema = z.strictObject({
  model: z
    .union(
      [
        passed<Uint8Array>("bytes", isBytes),
        passed<URL>("a URL", (value) => value instanceof URL),
        port<ModelSource>("model-source/1"),
        port<ModelVariants>("model-variants/1"),
      ],
      "expected bytes, a URL or a ModelSource; for a file, fileModel(path) of modelwright/fs",
    )
    .optional(),
  providers: z.array(port<ExecutionProvider>("execution/1")).min(1),
  columns: z
    .array(z.string())
    .min(1)
    .refine((names) => new Set(names).size === names.length, "expected distinct names")
    .optional(),
  input: standardSchema.optional(),
  output: standardSchema.optional(),
  validate: z.enum(["always", "never"]).default("always"),
  preprocess: step.optional(),
  postprocess: step.optional(),
  outputs: z.array(z.string()).min(1).optional(),
  nonFinite: z.enum(["allow", "reject"]).default("allow"),
  batching: z.union([z.literal(false), batchingSchema]).optional(),
  warmUp: z
    .union([
      z.literal(false),
      z
        .strictObject({
          rows: z
            .array(passed<Row>("a row", (row) => typeof row === "object" && row !== null))
            .min(1)
            .optional(),
          tensors: passed<Tensors>("tensors by name", (value) => typeof value === "object" && value !== null).optional(),
        })
        .refine(({ rows, tensors }) => (rows === undefined) !== (tensors === undefined), "expected either rows or tensors"),
    ])
    .optional(),
  follow: z.boolean().default(true),
  cache: port<ResponseCache>("response-cache/1").optional(),
  models: instance<ModelCache>("ModelCache", "acquire").optional(),
  metrics: instance<Metrics>("Metrics", "counter", "histogram").optional(),
  maxModelBytes: z
    .int()
    .min(1)
    .default(2 ** 31),
});

/** Options with their defaults. */
export type ParsedSessionOptions = z.output<typeof optionsSchema>;

/** @throws a `ModelwrightError` with code `CONFIG_INVALID` that lists every issue */
export function parseSessionOptions(options: unknown): ParsedSessionOptions {
  return parseOptions(optionsSchema, options, "InferenceSession");
}

/** The members of a zod object, in order; other schemas do not tell theirs. */
export function schemaColumns(input: Schema | undefined): readonly string[] | undefined {
  const shape = (input as { shape?: unknown } | undefined)?.shape;
  return typeof shape === "object" && shape !== null ? Object.keys(shape) : undefined;
}
