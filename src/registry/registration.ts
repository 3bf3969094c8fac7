import * as z from "zod";
import { isBytes } from "../core/chunks.ts";
import { type Digest, isDigest, parseDigest } from "../core/digest.ts";
import { type JsonValue, jsonText } from "../core/json.ts";
import { isName, isVersionLabel, type Precision } from "../core/model.ts";
import { passed } from "../core/options.ts";
import { invalidInput, validate } from "../core/schema.ts";
import type { FileContent } from "../storage/stored-files.ts";
import type { LineageEdge, VersionContent, VersionDraft } from "./port.ts";
import { newEdges } from "./rules/lineage.ts";

/**
 * A version to be registered.
 *
 * Limits: 1 to 1000 files, paths up to 512 characters; 1000 tags, metrics, hyperparameters, members of `metadata` and lineage edges each,
 * keys, references and names up to 250 characters, tag values up to 8000, descriptions up to 100 000; all of it, with the signature read
 * from the model and without the files, 1 Mi characters of JSON.
 */
export interface Registration {
  /** Name of the model, as `isName` allows. The model is made with its first version. */
  readonly name: string;
  /**
   * The files by relative path, `/` between its parts; no empty parts, `.`, `..`, backslashes or control characters. Bytes, a stream
   * of them, or the digest of a blob that is stored already.
   */
  readonly files: Readonly<Record<string, FileContent>>;
  /**
   * `onnx`, which takes exactly one `.onnx` file and those that it refers to, or the name of another flavor (`sklearn`, `xgboost`,
   * `pytorch`, …), whose files are not looked into. @defaultValue `onnx` when exactly one file ends in `.onnx`; else it has to be given
   */
  readonly flavor?: string | undefined;
  /** What trained it, for example `scikit-learn 1.5`. */
  readonly framework?: string | undefined;
  /** What kind of model it is, for example `gradient boosting`. */
  readonly modelType?: string | undefined;
  /** The version as people call it, `major.minor.patch` with an optional pre-release; unique in its model; found as `name@1.4.0`. */
  readonly label?: string | undefined;
  readonly description?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Finite numbers by name. */
  readonly metrics?: Readonly<Record<string, number>> | undefined;
  /** Which way a metric is better; comparisons and guards go by it. */
  readonly directions?: Readonly<Record<string, "maximize" | "minimize">> | undefined;
  /** JSON values by name. */
  readonly hyperparameters?: Readonly<Record<string, JsonValue>> | undefined;
  readonly dataVersion?: string | undefined;
  /** Becomes a lineage edge, too. */
  readonly codeVersion?: string | undefined;
  /** Id of the training run. Becomes a lineage edge, too. */
  readonly runId?: string | undefined;
  /** JSON Schema, or any other JSON, of what the model's host takes. */
  readonly inputSchema?: JsonValue | undefined;
  /** JSON Schema, or any other JSON, of what the model's host gives. */
  readonly outputSchema?: JsonValue | undefined;
  /** Anything else, JSON values by name. */
  readonly metadata?: Readonly<Record<string, JsonValue>> | undefined;
  readonly lineage?: readonly LineageEdge[] | undefined;
  /**
   * Makes the registration safe to repeat, for example after its answer was lost: a second one of the model with the same key answers
   * the first one's version, and is refused when its files are others. `onRegistered` fires again. @defaultValue none
   */
  readonly idempotencyKey?: string | undefined;
}

/** A registration with its defaults, checked. */
export type ParsedRegistration = Pick<Registration, "files" | "idempotencyKey"> &
  Omit<VersionDraft, "files" | "id" | "stage" | "signature" | "attestation">;

const LIMITS = { entries: 1000, key: 250, path: 512, tag: 8000, description: 100_000, json: 1_048_576 } as const;

const nameError = { error: "expected letters, digits, . _ and -, at most 128, not . or - first" };
const name = z.string(nameError).refine(isName, nameError);
/** Text that every database can hold and search. */
const key = text(1, LIMITS.key).refine(isStorable, "expected text without NUL characters and lone surrogates");
const optionalKey = key.nullish().transform((given) => given ?? null);
const json = z.custom<JsonValue>().optional();
const kinds = ["dataset", "code", "parent", "run", "feature-view", "report"] as const satisfies readonly LineageEdge["kind"][];

/** Edges of lineage as they are given. */
export const lineageSchema = z
  .array(z.unknown())
  .max(LIMITS.entries, `expected at most ${LIMITS.entries} edges`)
  .pipe(z.array(z.strictObject({ kind: z.enum(kinds), ref: key })));

/** A description as it is given. */
export const descriptionSchema = text(0, LIMITS.description);

const tagsSchema = members(key, text(0, LIMITS.tag));

/** Tags as they are given to change them: null removes one. */
export const tagChangesSchema = members<string | null>(key, text(0, LIMITS.tag).nullable());

const schema = z
  .strictObject({
    name,
    files: members<FileContent>(
      passed("a relative path such as weights/part-1.bin", isFilePath),
      passed("a Uint8Array, an async iterable of them or { digest }", isContent),
    ),
    flavor: name.optional(),
    framework: optionalKey,
    modelType: optionalKey,
    label: passed<string>("a label such as 1.4.0 or 2.0.0-rc.1", (value) => isVersionLabel(value as string))
      .nullish()
      .transform((given) => given ?? null),
    description: descriptionSchema.default(""),
    tags: tagsSchema.default({}),
    metrics: members(key, z.number({ error: "expected a finite number" })).default({}),
    directions: members(key, z.enum(["maximize", "minimize"])).default({}),
    hyperparameters: members<JsonValue>(key, z.custom<JsonValue>()).default({}),
    dataVersion: optionalKey,
    codeVersion: optionalKey,
    runId: optionalKey,
    inputSchema: json,
    outputSchema: json,
    metadata: members<JsonValue>(key, z.custom<JsonValue>()).default({}),
    lineage: lineageSchema.default([]),
    idempotencyKey: key.optional(),
  })
  .superRefine(({ files, flavor }, { addIssue }) => {
    const paths = Object.keys(files);
    if (paths.length === 0)
      addIssue({ code: "custom", path: ["files"], message: `expected 1 to ${LIMITS.entries} files, but got none` });
    if (modelPath(paths) !== undefined || (flavor !== undefined && flavor !== "onnx")) return;
    const models = onnxPaths(paths).length;
    const message = `expected exactly one file that ends in .onnx, besides its variants such as .fp16.onnx, or the name of another flavor, but got ${models} such files`;
    addIssue({ code: "custom", path: ["flavor"], message });
  });

/**
 * The registration with its defaults, copied but for the bytes.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` that lists every issue
 */
export function parseRegistration(given: Registration): ParsedRegistration {
  const {
    name,
    files,
    flavor = "onnx",
    inputSchema = null,
    outputSchema = null,
    idempotencyKey,
    ...rest
  } = validate(schema, given, "The registration");
  const lineage = newEdges([], [...rest.lineage, ...impliedEdges(rest)]);
  const described = { ...rest, inputSchema, outputSchema, lineage };
  const copy: typeof described = JSON.parse(jsonText(described as unknown as JsonValue, `The registration of ${name}`));
  return { name, files: Object.fromEntries(Object.entries(files).map(toFile)), flavor, idempotencyKey, ...copy };
}

/** A digest is copied, so that it stays what was checked. */
function toFile([path, content]: [string, FileContent]): [string, FileContent] {
  const stored = !isBytes(content) && !(Symbol.asyncIterator in content);
  return [path, stored ? { digest: parseDigest((content as { readonly digest: Digest }).digest) } : content];
}

/** Edges that follow from what else a registration says. */
function impliedEdges({ codeVersion, runId }: Pick<VersionDraft, "codeVersion" | "runId">): readonly LineageEdge[] {
  return [
    ...(codeVersion === null ? [] : [{ kind: "code" as const, ref: codeVersion }]),
    ...(runId === null ? [] : [{ kind: "run" as const, ref: runId }]),
  ];
}

/**
 * Checks how much is to be stored of a version beside its files.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` when it is more than a version may have
 */
export function assertSize(content: Partial<VersionContent>, subject: string): void {
  const { length } = JSON.stringify(content);
  if (length <= LIMITS.json) return;
  const message = `expected at most ${LIMITS.json} characters of JSON in all, but got ${length}`;
  throw invalidInput(subject, [{ path: [], message }]);
}

/** Paths of the `.onnx` files. */
export function onnxPaths(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => path.endsWith(".onnx"));
}

/**
 * The one `.onnx` file that is the model; undefined when there is none or several. `model.fp32.onnx`, `model.fp16.onnx` and
 * `model.int8.onnx` beside `model.onnx` are variants of it.
 */
export function modelPath(paths: readonly string[]): string | undefined {
  const models = new Set(onnxPaths(paths));
  const isVariant = (path: string) => {
    const base = path.replace(/\.(?:fp32|fp16|int8)\.onnx$/, ".onnx");
    return base !== path && models.has(base);
  };
  const [first, ...more] = [...models].filter((path) => !isVariant(path));
  return more.length === 0 ? first : undefined;
}

/** Path of a variant of a model. */
export function variantPath(model: string, precision: Precision): string {
  return model.replace(/\.onnx$/, `.${precision}.onnx`);
}

function text(min: number, max: number) {
  const error = `expected text of ${min} to ${max} characters`;
  return z.string({ error }).min(min, { error }).max(max, { error });
}

/** An object of at most {@link LIMITS.entries} members. Not `z.record`, which passes over a member named `__proto__`. */
function members<T>(key: z.ZodType<string>, value: z.ZodType<T>) {
  return z.custom<Readonly<Record<string, T>>>(isRecord, { error: "expected an object" }).superRefine((given, ctx) => {
    const entries = Object.entries(given);
    if (entries.length > LIMITS.entries) {
      ctx.addIssue({ code: "custom", message: `expected at most ${LIMITS.entries} entries, but got ${entries.length}` });
      return;
    }
    for (const [name, member] of entries) {
      for (const { error } of [key.safeParse(name), value.safeParse(member)]) {
        // A hostile key is not repeated in full.
        const path = [name.length <= 80 ? name : `${name.slice(0, 79)}…`];
        for (const { message } of error?.issues ?? []) ctx.addIssue({ code: "custom", path, message });
      }
    }
  });
}

/** Whether a path is one inside the folder that it is relative to on every platform. */
function isFilePath(path: unknown): boolean {
  if (typeof path !== "string" || path.length > LIMITS.path) return false;
  if (/[\p{Control}\\\p{Surrogate}]|^[A-Za-z]:/u.test(path)) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function isContent(value: unknown): boolean {
  return (
    isBytes(value) ||
    isDigest((value as { digest?: string } | null | undefined)?.digest ?? "") ||
    typeof (value as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] === "function"
  );
}

function isStorable(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is refused
  return !/[\u0000\p{Surrogate}]/u.test(text);
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
