import * as z from "zod";
import { isBytes } from "../core/chunks.ts";
import { type JsonValue, jsonText } from "../core/json.ts";
import { isName } from "../core/model.ts";
import { passed } from "../core/options.ts";
import { invalidInput, validate } from "../core/schema.ts";
import type { BlobContent } from "../storage/port.ts";
import type { LineageEdge, VersionContent } from "./port.ts";

/**
 * A version to be registered.
 *
 * Limits: 1 to 1000 files, paths up to 512 characters; 1000 tags, metrics, hyperparameters and lineage edges each, keys and
 * references up to 250 characters, tag values up to 8000, descriptions up to 100 000; all of it, with the signature read from the
 * model and without the files, 1 Mi characters of JSON.
 */
export interface Registration {
  /** Name of the model, as `isName` allows. The model is made with its first version. */
  readonly name: string;
  /** The files by relative path, `/` between its parts; no empty parts, `.`, `..`, backslashes or control characters. */
  readonly files: Readonly<Record<string, BlobContent>>;
  /**
   * `onnx`, which takes exactly one `.onnx` file and those that it refers to, or the name of another format, whose files are not looked
   * into. @defaultValue `onnx` when exactly one file ends in `.onnx`; else it has to be given
   */
  readonly format?: string | undefined;
  readonly description?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Finite numbers by name. */
  readonly metrics?: Readonly<Record<string, number>> | undefined;
  /** JSON values by name. */
  readonly hyperparameters?: Readonly<Record<string, JsonValue>> | undefined;
  readonly lineage?: readonly LineageEdge[] | undefined;
}

/** A registration with its defaults, checked. */
type ParsedRegistration = Required<{ readonly [K in keyof Registration]: NonNullable<Registration[K]> }>;

const LIMITS = { entries: 1000, key: 250, path: 512, tag: 8000, description: 100_000, json: 1_048_576 } as const;

const nameError = { error: "expected letters, digits, . _ and -, at most 128, not a mark first" };
const name = z.string(nameError).refine(isName, nameError);
const key = text(1, LIMITS.key);
const kinds = ["dataset", "code", "parent", "run", "feature-view", "report"] as const satisfies readonly LineageEdge["kind"][];

const schema = z
  .strictObject({
    name,
    files: members<BlobContent>(
      passed("a relative path such as weights/part-1.bin", isFilePath),
      passed("a Uint8Array or an async iterable of them", isContent),
    ),
    format: name.optional(),
    description: text(0, LIMITS.description).default(""),
    tags: members(key, text(0, LIMITS.tag)).default({}),
    metrics: members(key, z.number({ error: "expected a finite number" })).default({}),
    hyperparameters: members<JsonValue>(key, z.custom<JsonValue>()).default({}),
    lineage: z
      .array(z.unknown())
      .max(LIMITS.entries, `expected at most ${LIMITS.entries} edges`)
      .pipe(z.array(z.object({ kind: z.enum(kinds), ref: key })))
      .default([]),
  })
  .superRefine(({ files, format }, { addIssue }) => {
    const paths = Object.keys(files);
    if (paths.length === 0)
      addIssue({ code: "custom", path: ["files"], message: `expected 1 to ${LIMITS.entries} files, but got none` });
    const models = onnxPaths(files).length;
    if (models === 1 || (format !== undefined && format !== "onnx")) return;
    const message = `expected exactly one file that ends in .onnx, or the name of another format, but got ${models} such files`;
    addIssue({ code: "custom", path: ["format"], message });
  });

/**
 * The registration with its defaults, copied but for the bytes.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` that lists every issue
 */
export function parseRegistration(given: Registration): ParsedRegistration {
  const { name, files, format = "onnx", ...described } = validate(schema, given, "The registration");
  const copy: typeof described = JSON.parse(jsonText(described, `The registration of ${name}`));
  return { name, files: { ...files }, format, ...copy };
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
export function onnxPaths(files: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(files).filter((path) => path.endsWith(".onnx"));
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

/** Whether a path means the same file, and one inside the folder that it is relative to, on every platform. */
function isFilePath(path: unknown): boolean {
  if (typeof path !== "string" || path.length > LIMITS.path) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f\\\p{Surrogate}]|^[A-Za-z]:/u.test(path)) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function isContent(value: unknown): boolean {
  return (
    isBytes(value) || typeof (value as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] === "function"
  );
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
