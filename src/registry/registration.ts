import type { Issue } from "../core/errors.ts";
import { type JsonValue, jsonText } from "../core/json.ts";
import { isName } from "../core/model.ts";
import { invalidInput } from "../core/schema.ts";
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

const kinds: readonly LineageEdge["kind"][] = ["dataset", "code", "parent", "run", "feature-view", "report"];

const members: readonly (keyof Registration)[] = [
  "name",
  "files",
  "format",
  "description",
  "tags",
  "metrics",
  "hyperparameters",
  "lineage",
];

/**
 * The registration with its defaults, copied but for the bytes.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` that lists every issue
 */
export function parseRegistration(given: Registration): ParsedRegistration {
  const subject = "The registration";
  const issues = isRecord(given) ? [...check(given)] : [{ path: [], message: "expected an object" }];
  if (issues.length > 0) throw invalidInput(subject, issues);
  const { name, files, description = "", tags = {}, metrics = {}, hyperparameters = {}, lineage = [] } = given;
  const described = { description, tags, metrics, hyperparameters, lineage: lineage.map(({ kind, ref }) => ({ kind, ref })) };
  const text = jsonText(described, `${subject} of ${name}`);
  return { name, files: { ...files }, format: given.format ?? "onnx", ...(JSON.parse(text) as typeof described) };
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

function* check(given: Registration): Generator<Issue> {
  const unknown = Object.keys(given).filter((key) => !(members as readonly string[]).includes(key));
  for (const key of unknown) yield { path: [key], message: `expected one of ${members.join(", ")}` };
  const { name, description = "", lineage = [] } = given;
  if (!isName(name)) yield { path: ["name"], message: "expected letters, digits, . _ and -, at most 128, not a mark first" };
  if (typeof description !== "string" || description.length > LIMITS.description) {
    yield { path: ["description"], message: `expected text of at most ${LIMITS.description} characters` };
  }
  yield* checkFiles(given.files, given.format);
  yield* checkEntries("tags", given.tags, (value) =>
    typeof value === "string" && value.length <= LIMITS.tag ? undefined : `expected text of at most ${LIMITS.tag} characters`,
  );
  yield* checkEntries("metrics", given.metrics, (value) => (Number.isFinite(value) ? undefined : "expected a finite number"));
  yield* checkEntries("hyperparameters", given.hyperparameters, () => undefined);
  if (!Array.isArray(lineage) || lineage.length > LIMITS.entries) {
    yield { path: ["lineage"], message: `expected an array of at most ${LIMITS.entries} edges` };
  } else for (const [i, edge] of lineage.entries()) yield* checkEdge(edge, i);
}

function* checkEdge(edge: LineageEdge, i: number): Generator<Issue> {
  if (!kinds.includes(edge?.kind)) yield { path: ["lineage", i, "kind"], message: `expected one of ${kinds.join(", ")}` };
  if (!isText(edge?.ref, LIMITS.key))
    yield { path: ["lineage", i, "ref"], message: `expected text of 1 to ${LIMITS.key} characters` };
}

function* checkFiles(files: unknown, format: unknown): Generator<Issue> {
  if (!isRecord(files)) {
    yield { path: ["files"], message: "expected an object of bytes by path" };
    return;
  }
  const paths = Object.keys(files);
  if (paths.length === 0 || paths.length > LIMITS.entries) {
    yield { path: ["files"], message: `expected 1 to ${LIMITS.entries} files, but got ${paths.length}` };
  }
  for (const path of paths) {
    if (!isFilePath(path))
      yield { path: ["files", shortened(path)], message: "expected a relative path such as weights/part-1.bin" };
    if (!isContent(files[path])) {
      yield { path: ["files", shortened(path)], message: "expected a Uint8Array or an async iterable of them" };
    }
  }
  const models = onnxPaths(files).length;
  if (format === undefined && models !== 1) {
    yield { path: ["format"], message: `is required, because ${models} files end in .onnx and not one` };
  } else if (format === "onnx" && models !== 1) {
    yield { path: ["files"], message: `expected exactly one file that ends in .onnx, but got ${models}` };
  } else if (format !== undefined && !(typeof format === "string" && isName(format))) {
    yield { path: ["format"], message: "expected letters, digits, . _ and -, at most 128, not a mark first" };
  }
}

function* checkEntries(member: string, given: unknown, wrong: (value: unknown) => string | undefined): Generator<Issue> {
  if (given === undefined) return;
  if (!isRecord(given)) {
    yield { path: [member], message: "expected an object" };
    return;
  }
  const entries = Object.entries(given);
  if (entries.length > LIMITS.entries) {
    yield { path: [member], message: `expected at most ${LIMITS.entries} entries, but got ${entries.length}` };
  }
  for (const [key, value] of entries.slice(0, LIMITS.entries)) {
    if (!isText(key, LIMITS.key))
      yield { path: [member, shortened(key)], message: `expected a key of 1 to ${LIMITS.key} characters` };
    const message = wrong(value);
    if (message !== undefined) yield { path: [member, shortened(key)], message };
  }
}

/** A path that means the same file, and one inside the folder that it is relative to, on every platform. */
function isFilePath(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (!isText(path, LIMITS.path) || /[\u0000-\u001f\u007f\\\p{Surrogate}]|^[A-Za-z]:/u.test(path)) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function isContent(value: unknown): value is BlobContent {
  if (Object.prototype.toString.call(value) === "[object Uint8Array]") return true;
  return typeof (value as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] === "function";
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value !== "" && value.length <= maxLength;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** For messages: a hostile key is not repeated in full. */
function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
