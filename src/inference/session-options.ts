import * as z from "zod";
import { isBytes } from "../core/chunks.ts";
import type { ModelSource } from "../core/model.ts";
import { parseOptions, passed, port, standardSchema } from "../core/options.ts";
import type { Schema } from "../core/schema.ts";
import type { ExecutionProvider } from "./port.ts";
import type { Row } from "./row.ts";

/** Options of `InferenceSession.open`. */
export interface InferenceSessionOptions<I extends Schema<unknown, Row> = Schema<Row>, O extends Schema = Schema<Row>> {
  /** The bytes of an ONNX model, not to be changed before `open` has answered, or where to get them. */
  readonly model: Uint8Array | ModelSource;
  /** Engines, in the order in which they are tried. */
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
}

const optionsSchema = z.strictObject({
  model: z.union(
    [passed<Uint8Array>("bytes", isBytes), port<ModelSource>("model-source/1")],
    "expected bytes or a ModelSource; for a file, fileModel(path) of modelwright/fs",
  ),
  providers: z.array(port<ExecutionProvider>("execution/1")).min(1),
  columns: z
    .array(z.string())
    .min(1)
    .refine((names) => new Set(names).size === names.length, "expected distinct names")
    .optional(),
  input: standardSchema.optional(),
  output: standardSchema.optional(),
  validate: z.enum(["always", "never"]).default("always"),
});

/** @throws a `ModelwrightError` with code `CONFIG_INVALID` that lists every issue */
export function parseSessionOptions(options: unknown): z.output<typeof optionsSchema> {
  return parseOptions(optionsSchema, options, "InferenceSession");
}

/** The members of a zod object, in order; other schemas do not tell theirs. */
export function schemaColumns(input: Schema | undefined): readonly string[] | undefined {
  const shape = (input as { shape?: unknown } | undefined)?.shape;
  return typeof shape === "object" && shape !== null ? Object.keys(shape) : undefined;
}
