import type { CallOptions } from "../core/call.ts";
import type { Digest } from "../core/digest.ts";
import type { JsonValue } from "../core/json.ts";
import type { ModelRef } from "../core/model.ts";

/** One file of a version. */
export interface VersionFile {
  /** Relative path with `/` between its parts, for example `model.onnx`. A label, never used as a path of a file system. */
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A fact that a version was made from or by. */
export interface LineageEdge {
  readonly kind: "dataset" | "code" | "parent" | "run" | "feature-view" | "report";
  /** What it points to: a digest, a commit, `name@version`, a run id, a view name. */
  readonly ref: string;
}

/** An input or output of a model as its file declares it. */
export interface SignatureEntry {
  readonly name: string;
  /** Element type as ONNX names it in lower case, for example `float32`; `other` for sequences, maps and optionals. */
  readonly type: string;
  /** Extents: a number, a name for a symbolic one, or `?` for an unknown one; null when the rank is unknown. */
  readonly dims: readonly (number | string)[] | null;
}

/** What a model takes and gives. */
export interface ModelSignature {
  readonly inputs: readonly SignatureEntry[];
  readonly outputs: readonly SignatureEntry[];
}

/** What is fixed about a version when it is registered. */
export interface VersionContent {
  readonly files: readonly VersionFile[];
  /** `onnx` or the name of another framework's format. */
  readonly format: string;
  /** Inputs and outputs, read from the file; null when the format is not known. */
  readonly signature: ModelSignature | null;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly hyperparameters: Readonly<Record<string, JsonValue>>;
  readonly lineage: readonly LineageEdge[];
}

/** A version to be registered; the store gives the number. */
export interface VersionDraft extends VersionContent {
  readonly name: string;
  /** Time-ordered unique id, made by the caller; a second insert with the same id answers the first one's record. */
  readonly id: string;
  readonly stage: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A registered version. All but stage, `stageChangedAt` and aliases is immutable. */
export interface VersionRecord extends VersionContent {
  readonly name: string;
  readonly version: number;
  readonly id: string;
  readonly stage: string;
  readonly aliases: readonly string[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds since the epoch. */
  readonly stageChangedAt: number;
}

/** A model and where its versions stand. */
export interface ModelSummary {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly versions: number;
  readonly latestVersion: number;
}

/** A move of one version to another stage. */
export interface StageMove {
  readonly name: string;
  readonly version: number;
  /** The stage that the version must be in for the move to happen. */
  readonly from: string;
  readonly to: string;
  /** Where other versions in `to` go in the same step; undefined leaves them. */
  readonly displaceTo?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Which versions to list. */
export interface VersionQuery {
  readonly name?: string | undefined;
  readonly stage?: string | undefined;
  /** Most records to answer. */
  readonly limit: number;
  /** Continue behind this version, in the order of the listing. */
  readonly after?: { readonly name: string; readonly version: number } | undefined;
}

/** Port: versions of models, their stages and aliases. Every verb is one atomic step. */
export interface RegistryStore extends AsyncDisposable {
  readonly spec: "registry/1";
  /** Shown in errors and traces. */
  readonly name: string;
  readonly capabilities: {
    /** Whether records survive the process. */
    readonly durable: boolean;
    /** Whether several processes may write at once. */
    readonly shared: boolean;
  };
  /**
   * Registers a version under the model's next number, from 1, unique also under concurrent writers and never used again.
   * Makes the model when there is none.
   */
  insertVersion(draft: VersionDraft, call?: CallOptions): Promise<VersionRecord>;
  /** The version that a reference points to now; the newest by number when several share a stage. Undefined when there is none. */
  findVersion(ref: ModelRef, call?: CallOptions): Promise<VersionRecord | undefined>;
  /** Versions by name, then by number downwards. */
  listVersions(query: VersionQuery, call?: CallOptions): Promise<readonly VersionRecord[]>;
  /** The model; undefined when there is none. */
  findModel(name: string, call?: CallOptions): Promise<ModelSummary | undefined>;
  /** Models by name, behind `after`. */
  listModels(
    query: { readonly limit: number; readonly after?: string | undefined },
    call?: CallOptions,
  ): Promise<readonly ModelSummary[]>;
  /**
   * Moves a version and displaces others as the move says. Answers the moved version first, then the displaced ones.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND`, or `REGISTRY_CONFLICT` when it is not in `from`
   */
  moveStage(move: StageMove, call?: CallOptions): Promise<readonly VersionRecord[]>;
  /**
   * Points an alias at a version, away from any other version of the model; answers the version that it pointed to before.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND`
   */
  setAlias(name: string, alias: string, version: number, call?: CallOptions): Promise<number | undefined>;
  /** Removes an alias; answers the version that it pointed to. */
  deleteAlias(name: string, alias: string, call?: CallOptions): Promise<number | undefined>;
}
