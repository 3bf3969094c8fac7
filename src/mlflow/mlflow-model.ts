import { chunks } from "../core/chunks.ts";
import { concatBytes } from "../core/digest.ts";
import { ModelwrightError, messageOf } from "../core/errors.ts";
import type { JsonValue } from "../core/json.ts";
import { isName } from "../core/model.ts";
import { peer } from "../core/peer.ts";
import { invalidInput } from "../core/schema.ts";
import type { Registration } from "../registry/index.ts";
import { readYaml, type YamlLibrary } from "./mlflow-yaml-reader.ts";

/** Options of {@link readMlflowModel}. */
export interface ReadMlflowOptions {
  /** The package `yaml`. @defaultValue the one that is installed */
  readonly lib?: YamlLibrary | undefined;
}

/** What an MLflow model says of itself, ready to be registered under a name. */
export type MlflowModel = Omit<Registration, "name">;

type Json = Readonly<Record<string, JsonValue>>;

/** Greatest `MLmodel` file that is read, in bytes; most of one is a signature. */
const MAX_BYTES = 524_288;

/** Members of an `MLmodel` file that have a place of their own in a registration. */
const PLACED = new Set(["flavors", "metadata", "run_id", "signature"]);

/** Names of libraries where the flavor is called otherwise. */
const LIBRARIES: ReadonlyMap<string, string> = new Map([["sklearn", "scikit-learn"]]);

/**
 * Reads the folder of an MLflow model: flavor, framework, run, schemas and metadata as its `MLmodel` file says, and all files as they
 * are. Only the `MLmodel` file is read; where there are several, the one highest up. A signature becomes `inputSchema` and
 * `outputSchema`, in MLflow's own form; user metadata becomes metadata, and what else the file says its member `mlflow`.
 *
 * @param files - bytes or streams by path; a stream of the `MLmodel` file is read
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` when there is no `MLmodel` file or it is damaged or hostile, and with
 * `MISSING_PEER` when the package `yaml` is not installed
 * @source mlflow/models/model.py (`Model.from_dict`), mlflow/models/signature.py (`ModelSignature.from_dict`), release 3.11
 *
 * @example
 * ```ts
 * import { ModelRegistry, memoryBlobs, memoryRegistry } from "modelwright";
 * import { readMlflowModel } from "modelwright/mlflow";
 *
 * declare const folder: Record<string, Uint8Array>;
 * const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
 * await registry.register({ name: "fraud", ...(await readMlflowModel(folder)) });
 * ```
 */
export async function readMlflowModel(files: Registration["files"], { lib }: ReadMlflowOptions = {}): Promise<MlflowModel> {
  const path = mlmodelPath(Object.keys(files));
  const bytes = await contentOf(path, files[path]!);
  const yaml = await peer<YamlLibrary>("yaml", lib, () => import("yaml") as Promise<unknown> as Promise<YamlLibrary>);
  const model = asObject(path, "the file", parse(path, bytes, yaml));
  const flavors = asObject(path, "flavors", model["flavors"] ?? null);
  const flavor = flavorOf(path, flavors);
  const config = asObject(path, `the flavor ${flavor}`, flavors[flavor]!);
  const signature = model["signature"] == null ? {} : asObject(path, "signature", model["signature"]);
  const rest = Object.fromEntries(Object.entries(model).filter(([key]) => !PLACED.has(key)));
  const metadata = model["metadata"] == null ? {} : asObject(path, "metadata", model["metadata"]);
  return {
    files: { ...files, [path]: bytes },
    flavor,
    framework: frameworkOf(flavor, config),
    modelType: textOf(config["model_class"]) ?? textOf(config["model_type"]),
    runId: textOf(model["run_id"]),
    inputSchema: schemaOf(path, "inputs", signature["inputs"]),
    outputSchema: schemaOf(path, "outputs", signature["outputs"]),
    metadata: Object.fromEntries([["mlflow", rest], ...Object.entries(metadata)]),
  };
}

function mlmodelPath(paths: readonly string[]): string {
  const found = paths.filter((path) => path === "MLmodel" || path.endsWith("/MLmodel")).toSorted((a, b) => depth(a) - depth(b));
  const [path, next] = found;
  if (path === undefined) throw invalid("MLmodel", "there is none among the files; expected the folder of an MLflow model");
  if (next !== undefined && depth(next) === depth(path)) throw invalid(path, `${next} is beside it; expected one model`);
  return path;
}

function depth(path: string): number {
  return path.split("/").length;
}

async function contentOf(path: string, content: Registration["files"][string]): Promise<Uint8Array> {
  if ("digest" in content) {
    throw invalidInput("The MLflow model", [{ path: ["files", path], message: "expected bytes or a stream, not a digest" }]);
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of chunks(content, undefined)) {
    size += part.length;
    if (size > MAX_BYTES) throw invalid(path, `it has more than ${MAX_BYTES} bytes`);
    parts.push(new Uint8Array(part));
  }
  return concatBytes(parts);
}

function parse(path: string, bytes: Uint8Array, yaml: YamlLibrary): JsonValue {
  try {
    return readYaml(new TextDecoder("utf-8", { fatal: true }).decode(bytes), yaml);
  } catch (error) {
    throw invalid(path, messageOf(error), error);
  }
}

/** The library's own flavor: the one that the Python function loads, else the first one that is not the function itself. */
function flavorOf(path: string, flavors: Json): string {
  const names = Object.keys(flavors);
  const generic = flavors["python_function"];
  const loader = isObject(generic) ? textOf(generic["loader_module"])?.split(".").at(-1) : undefined;
  const native = names.find((name) => name === loader) ?? names.find((name) => name !== "python_function") ?? names[0];
  if (native !== undefined && isName(native)) return native;
  throw invalid(
    path,
    native === undefined ? "it has no flavors" : `its flavor ${JSON.stringify(native.slice(0, 100))} is no name`,
  );
}

/** Of ONNX the version says which library wrote the file, not which one trained the model. */
function frameworkOf(flavor: string, config: Json): string | undefined {
  if (flavor === "onnx" || flavor === "python_function") return undefined;
  const library = LIBRARIES.get(flavor) ?? flavor;
  const key = Object.hasOwn(config, `${flavor}_version`)
    ? `${flavor}_version`
    : Object.keys(config).find((name) => name.endsWith("_version"));
  const version = key === undefined ? undefined : textOf(config[key]);
  return version === undefined ? library : `${library} ${version}`;
}

function schemaOf(path: string, side: string, text: JsonValue | undefined): JsonValue | undefined {
  if (text === undefined || text === null) return undefined;
  try {
    return JSON.parse(String(text));
  } catch (error) {
    throw invalid(path, `signature.${side} is not JSON`, error);
  }
}

function asObject(path: string, subject: string, value: JsonValue): Json {
  if (isObject(value)) return value;
  throw invalid(path, `${subject} is not a mapping`);
}

function isObject(value: JsonValue | undefined): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Text, also of a number that PyYAML writes without quotes; undefined for anything else. */
function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;
}

function invalid(path: string, reason: string, cause?: unknown): ModelwrightError<"MODEL_INVALID"> {
  return new ModelwrightError("MODEL_INVALID", `${path} cannot be read: ${reason}`, { details: { reason }, cause });
}
