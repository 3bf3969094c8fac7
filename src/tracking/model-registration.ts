import type { CallOptions } from "../core/call.ts";
import type { Digest } from "../core/digest.ts";
import type { JsonValue } from "../core/json.ts";
import { invalidInput } from "../core/schema.ts";
import { LIMITS, shown, thereAre } from "./limits.ts";
import type { RunArtifact, RunRecord } from "./port.ts";

/** The tag in which MLflow's clients keep the commit that a run was started from. */
const COMMIT_TAG = "mlflow.source.git.commit";

/** Where a version comes from. */
interface RunLineage {
  readonly kind: "dataset" | "code" | "parent" | "run" | "feature-view" | "report";
  readonly ref: string;
}

/** What a registration says that a run does not know. As in `Registration` of the registry, which checks it. */
interface Described {
  /** Name of the model. */
  readonly name: string;
  readonly flavor?: string | undefined;
  readonly framework?: string | undefined;
  readonly modelType?: string | undefined;
  readonly label?: string | undefined;
  readonly description?: string | undefined;
  readonly directions?: Readonly<Record<string, "maximize" | "minimize">> | undefined;
  readonly dataVersion?: string | undefined;
  /** @defaultValue the run's tag `mlflow.source.git.commit`, where it has 1 to 250 characters */
  readonly codeVersion?: string | undefined;
  readonly inputSchema?: JsonValue | undefined;
  readonly outputSchema?: JsonValue | undefined;
  readonly metadata?: Readonly<Record<string, JsonValue>> | undefined;
}

/** How a run becomes a version of a model. */
export interface RegistrationOptions extends Described {
  /**
   * The artifacts that are the model: a folder such as `model/`, whose files are registered by their paths inside it; some paths; or
   * for each path to register the one of the artifact. @defaultValue every artifact of the run
   */
  readonly files?: string | readonly string[] | Readonly<Record<string, string>> | undefined;
  /** Names of the metrics to register. @defaultValue every one whose latest value is finite */
  readonly metrics?: readonly string[] | undefined;
  /** Names of the params to register. @defaultValue every one */
  readonly params?: readonly string[] | undefined;
  /** Beside the run's own tags; wins over them. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Beside the run and its data sets. */
  readonly lineage?: readonly RunLineage[] | undefined;
}

/** What a registry takes to make a version of a model of a run. */
export interface RunRegistration extends Described {
  readonly files: Readonly<Record<string, { readonly digest: Digest }>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly hyperparameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly lineage: readonly RunLineage[];
  readonly runId: string;
}

/** Whatever versions of models can be registered with; a `ModelRegistry` is one. */
export interface ModelRegistrar<V> {
  /** Registers a version. */
  register(registration: RunRegistration, call?: CallOptions): Promise<V>;
}

/**
 * The registration that a run is.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for an artifact, a param or a finite metric that the run does not have
 */
export function runRegistration(run: RunRecord, options: RegistrationOptions): RunRegistration {
  const { files, metrics, params, tags = {}, lineage = [], codeVersion, ...described } = options;
  const commit = codeVersion ?? commitOf(run);
  const finite = Object.entries(run.metrics).filter(([, { value }]) => Number.isFinite(value));
  return {
    ...described,
    files: filesOf(run, files),
    metrics: Object.fromEntries(chosen(run, finite, "metrics", metrics).map(([key, { value }]) => [key, value])),
    hyperparameters: Object.fromEntries(chosen(run, Object.entries(run.params), "params", params)),
    tags: Object.fromEntries([...Object.entries(run.tags), ...Object.entries(tags)]),
    lineage: [...run.datasets.map(({ digest }) => ({ kind: "dataset", ref: digest }) as const), ...lineage],
    runId: run.id,
    ...(commit !== undefined && { codeVersion: commit }),
  };
}

/** What the tag says, unless it is more or less than a version of the code may be. */
function commitOf({ tags }: RunRecord): string | undefined {
  const commit = Object.hasOwn(tags, COMMIT_TAG) ? tags[COMMIT_TAG]! : "";
  return commit.length > 0 && commit.length <= LIMITS.key ? commit : undefined;
}

/** The entries with the names, or all of them. */
function chosen<T>(
  run: RunRecord,
  entries: readonly [string, T][],
  kind: "metrics" | "params",
  names: readonly string[] | undefined,
): readonly [string, T][] {
  if (names === undefined) return entries;
  const known = new Map(entries);
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return entries.filter(([name]) => names.includes(name));
  const what = kind === "metrics" ? "metric that is finite" : "param";
  const message = `there is no ${what} named ${shown(unknown)}; ${thereAre([...known.keys()])}`;
  throw invalidInput(`The choice of ${kind} of run ${run.id}`, [{ path: [kind], message }]);
}

function filesOf(run: RunRecord, files: RegistrationOptions["files"]): RunRegistration["files"] {
  const entries = pathsOf(run, files).map(([path, from]): readonly [string, { readonly digest: Digest }] => {
    const { digest } = artifactOf(run, from);
    return [path, { digest }];
  });
  if (entries.length === 0) throw missing(run, typeof files === "string" ? `in ${shown(files)}` : "to register");
  return Object.fromEntries(entries);
}

/** Each path to register with the path of its artifact. */
function pathsOf(run: RunRecord, files: RegistrationOptions["files"]): readonly (readonly [string, string])[] {
  if (files === undefined) return run.artifacts.map(({ path }) => [path, path]);
  if (typeof files !== "string") return Array.isArray(files) ? files.map((path: string) => [path, path]) : Object.entries(files);
  const folder = files.endsWith("/") ? files : `${files}/`;
  const inside = run.artifacts.filter(({ path }) => path.startsWith(folder));
  return inside.map(({ path }) => [path.slice(folder.length), path]);
}

function artifactOf(run: RunRecord, path: string): RunArtifact {
  const found = run.artifacts.find((artifact) => artifact.path === path);
  if (found === undefined) throw missing(run, shown(path));
  return found;
}

function missing({ id, artifacts }: RunRecord, what: string) {
  const known = thereAre(artifacts.map(({ path }) => path));
  return invalidInput(`The files of run ${id}`, [{ path: ["files"], message: `there is no artifact ${what}; ${known}` }]);
}
