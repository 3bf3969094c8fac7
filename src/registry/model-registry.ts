import * as z from "zod";
import type { CallOptions, Runtime } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { ModelwrightError } from "../core/errors.ts";
import { Emitter, type Event } from "../core/events.ts";
import { deepFreeze } from "../core/freeze.ts";
import { uuidv7Generator } from "../core/ids.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import { defaultLogger } from "../core/logger.ts";
import { formatModelRef, isLabel, isName, type ModelRef, type ModelSource, parseModelRef } from "../core/model.ts";
import { parseOptions, port } from "../core/options.ts";
import { type Random, systemRandom } from "../core/random.ts";
import { retry } from "../core/retry.ts";
import { invalidInput } from "../core/schema.ts";
import { type TraceAttributes, traced } from "../core/trace.ts";
import type { BlobContent, BlobInfo, BlobStore } from "../storage/port.ts";
import { notFound } from "./not-found.ts";
import type { ModelSummary, RegistryStore, VersionDraft, VersionFile, VersionRecord } from "./port.ts";
import { assertSize, parseRegistration, type Registration } from "./registration.ts";
import { inspectModel } from "./signature.ts";
import { assertEdge, assertStage, defaultStages, displacedTo, parseStagePolicy, type StagePolicy } from "./stage-policy.ts";
import { startedStreams } from "./started-streams.ts";
import { Watches } from "./watches.ts";

/** Options of {@link ModelRegistry}. The stores are borrowed: closing the registry leaves them open. */
export interface ModelRegistryOptions {
  readonly store: RegistryStore;
  readonly blobs: BlobStore;
  /** @defaultValue {@link defaultStages} */
  readonly stages?: StagePolicy | undefined;
}

/** Which versions {@link ModelRegistry.list} answers. */
export interface ListOptions {
  /** Name of the model. @defaultValue every model */
  readonly name?: string | undefined;
  /** @defaultValue every stage */
  readonly stage?: string | undefined;
  /** Versions read at once, 1 to 1000. @defaultValue 100 */
  readonly pageSize?: number | undefined;
}

/** Options of {@link ModelRegistry.transition}. */
export interface TransitionOptions {
  /** The stage that the version was seen in; when it is in another by now, the transition is refused. @defaultValue any */
  readonly expectedStage?: string | undefined;
}

/** A version that went to another stage, and those that had to make room. */
export interface Transition {
  readonly moved: VersionRecord;
  /** The stage that it came from. */
  readonly from: string;
  /** The versions that left the target stage in the same step. */
  readonly displaced: readonly VersionRecord[];
}

/** An alias that was set, moved or removed. */
export interface AliasChange {
  readonly name: string;
  readonly alias: string;
  /** The version that it points to now; undefined when it was removed. */
  readonly version: number | undefined;
  /** The version that it pointed to before; undefined when it is new. */
  readonly previous: number | undefined;
}

/** A version with the bytes of its files. */
export interface LoadedVersion {
  readonly version: VersionRecord;
  /** Verified bytes by path. The caller may keep and change them. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

const optionsSchema = z.strictObject({
  store: port<RegistryStore>("registry/1"),
  blobs: port<BlobStore>("blob/1"),
  stages: z.custom<StagePolicy>().optional(),
});

const listSchema = z.strictObject({
  name: z.string().optional(),
  stage: z.string().optional(),
  pageSize: z.number().int().min(1).max(1000).default(100),
});

const transitionSchema = z.strictObject({ expectedStage: z.string().optional() });

/** Models read at once by {@link ModelRegistry.models}. */
const MODELS_PAGE = 100;

/**
 * Versions of models: immutable once registered, in stages that a policy connects, found by number, stage or alias.
 *
 * References are `name@7`, `name@production` and `name@alias:champion`. A version's files are kept under their SHA-256 digests and
 * verified whenever they are loaded. Records are frozen.
 *
 * Calls reject with `CLOSED` after `close()`, with `REGISTRY_MODEL_NOT_FOUND` and `REGISTRY_VERSION_NOT_FOUND` for references that
 * lead to nothing, with `INPUT_INVALID` for malformed ones, and with `STORE_FAILED` when a store fails.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for options or a stage policy that do not fit together
 *
 * @example
 * ```ts
 * import { memoryBlobs, memoryRegistry, ModelRegistry } from "modelwright";
 * import { linearModel } from "modelwright/onnx-format";
 *
 * await using registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
 * const model = linearModel({ columns: ["age"], weights: [2], bias: 1 });
 * await registry.register({ name: "fraud", files: { "model.onnx": model }, metrics: { auc: 0.93 } });
 * await registry.transition("fraud@1", "staging");
 * await registry.transition("fraud@1", "production");
 * const { version, files } = await registry.load("fraud@production");
 * ```
 */
export class ModelRegistry implements AsyncDisposable {
  readonly #store: RegistryStore;
  readonly #blobs: BlobStore;
  readonly #stages: StagePolicy;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #nextId: () => string;
  readonly #lifecycle = new Lifecycle("The model registry", () => this.#watches.told());
  readonly #watches: Watches;
  readonly #registered: Emitter<VersionRecord>;
  readonly #transitioned: Emitter<Transition>;
  readonly #aliasChanged: Emitter<AliasChange>;
  /** Fires after this registry has registered a version. */
  readonly onRegistered: Event<VersionRecord>;
  /** Fires after this registry has moved a version to another stage. */
  readonly onTransitioned: Event<Transition>;
  /** Fires after this registry has set, moved or removed an alias. */
  readonly onAliasChanged: Event<AliasChange>;

  constructor(options: ModelRegistryOptions, runtime: Runtime = {}) {
    const { store, blobs, stages } = parseOptions(optionsSchema, options, "ModelRegistry");
    const { clock = systemClock, random = systemRandom, logger = defaultLogger } = runtime;
    this.#store = store;
    this.#blobs = blobs;
    this.#stages = stages === undefined ? defaultStages : parseStagePolicy(stages);
    this.#clock = clock;
    this.#random = random;
    this.#nextId = uuidv7Generator({ clock, random });
    this.#watches = new Watches(store, logger);
    this.#registered = new Emitter(logger);
    this.#transitioned = new Emitter(logger);
    this.#aliasChanged = new Emitter(logger);
    this.onRegistered = this.#registered.event;
    this.onTransitioned = this.#transitioned.event;
    this.onAliasChanged = this.#aliasChanged.event;
  }

  /**
   * Registers a version in the policy's initial stage, under the model's next number.
   *
   * The files are stored first and the version in one step afterwards: a failure in between leaves bytes that nothing refers to,
   * never a version without its bytes. Bytes must not be changed before the answer; a stream is read once, an `.onnx` one into memory.
   * What a store calls retryable is tried three times, but for streams; the version is registered once however often it is tried.
   *
   * @throws a {@link ModelwrightError} with code `INPUT_INVALID` that lists every issue of the registration, and with
   * `MODEL_INVALID` for a damaged model or one whose external data is not among the files; nothing is stored then
   */
  register(registration: Registration, call?: CallOptions): Promise<VersionRecord> {
    const attributes = () => ({ model: registration?.name });
    return this.#traced("registry.register", attributes, call, async (signal) => {
      const { files, ...described } = parseRegistration(registration);
      const draft: VersionDraft = {
        ...described,
        ...(await this.#putFiles(files, described, signal)),
        id: this.#nextId(),
        stage: this.#stages.initial,
        createdAt: Math.floor(this.#clock.now()),
      };
      const version = deepFreeze(await this.#retry(() => this.#store.insertVersion(draft, { signal }), signal));
      this.#registered.emit(version);
      this.#watches.announce(version.name);
      return version;
    });
  }

  /** The version that a reference points to now. */
  get(ref: string | ModelRef, call?: CallOptions): Promise<VersionRecord> {
    return this.#run(call, (signal) => this.#find(toRef(ref), signal));
  }

  /**
   * Versions by name, then by number downwards, read in pages. Versions that move while a listing goes on may be listed twice or
   * not at all. The limit of `call.timeoutMs` holds for each page.
   *
   * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for bad options
   */
  list(options: ListOptions = {}, call?: CallOptions): AsyncIterable<VersionRecord> {
    const { pageSize: limit, ...query } = parseOptions(listSchema, options, "ModelRegistry.list");
    return this.#pages(limit, (after: VersionRecord | undefined) =>
      this.#run(call, (signal) => this.#store.listVersions({ ...query, limit, after }, { signal })),
    );
  }

  /** Models by name, read in pages, as {@link ModelRegistry.list} does. */
  models(call?: CallOptions): AsyncIterable<ModelSummary> {
    return this.#pages(MODELS_PAGE, (after: ModelSummary | undefined) =>
      this.#run(call, (signal) => this.#store.listModels({ limit: MODELS_PAGE, after: after?.name }, { signal })),
    );
  }

  /**
   * Moves a version to another stage. Where the policy lets one version of a model hold the stage, the one before leaves it in the
   * same step.
   *
   * @throws a {@link ModelwrightError} with code `REGISTRY_TRANSITION_FORBIDDEN` when the policy has no such edge, and with
   * `REGISTRY_CONFLICT` when the version is not in `expectedStage`, or somebody else moves it meanwhile, and with `CONFIG_INVALID`
   * for bad options
   */
  transition(ref: string | ModelRef, to: string, options: TransitionOptions = {}, call?: CallOptions): Promise<Transition> {
    const attributes = () => ({ ref: typeof ref === "string" ? ref : formatModelRef(ref), to });
    return this.#traced("registry.transition", attributes, call, async (signal) => {
      const { expectedStage } = parseOptions(transitionSchema, options, "ModelRegistry.transition");
      const { name, version, stage: from } = await this.#find(toRef(ref), signal);
      const at = formatModelRef({ name, version });
      assertStage(at, from, expectedStage);
      assertEdge(this.#stages, at, from, to);
      const move = { name, version, from, to, displaceTo: displacedTo(this.#stages, to), at: Math.floor(this.#clock.now()) };
      const [moved, ...displaced] = await this.#store.moveStage(move, { signal });
      const transition = deepFreeze<Transition>({ moved: moved!, from, displaced });
      this.#transitioned.emit(transition);
      this.#watches.announce(name);
      return transition;
    });
  }

  /**
   * Points an alias at a version, away from the one that had it.
   *
   * @param target - a number, or a reference to a version of this model
   * @throws a {@link ModelwrightError} with code `INPUT_INVALID` when the alias is no label, or the reference names another model
   */
  alias(name: string, alias: string, target: number | string | ModelRef, call?: CallOptions): Promise<AliasChange> {
    return this.#run(call, async (signal) => {
      assertAlias(name, alias);
      const ref = typeof target === "number" ? toRef({ name, version: target }) : toRef(target);
      if (ref.name !== name) {
        throw invalidInput("The target", [
          { path: [], message: `expected a version of ${name}, but got ${formatModelRef(ref)}` },
        ]);
      }
      const { version } = await this.#find(ref, signal);
      const previous = await this.#store.setAlias(name, alias, version, { signal });
      return this.#announceAlias({ name, alias, version, previous });
    });
  }

  /** Removes an alias; answers undefined when there was none. */
  unalias(name: string, alias: string, call?: CallOptions): Promise<AliasChange | undefined> {
    return this.#run(call, async (signal) => {
      assertAlias(name, alias);
      const previous = await this.#store.deleteAlias(name, alias, { signal });
      return previous === undefined ? undefined : this.#announceAlias({ name, alias, version: undefined, previous });
    });
  }

  /**
   * The version that a reference points to now, with its files.
   *
   * @throws a {@link ModelwrightError} with code `STORE_CORRUPT` or `STORE_NOT_FOUND` when a file is damaged or lost
   */
  load(ref: string | ModelRef, call?: CallOptions): Promise<LoadedVersion> {
    const attributes = () => ({ ref: typeof ref === "string" ? ref : formatModelRef(ref) });
    return this.#traced("registry.load", attributes, call, async (signal) => {
      const version = await this.#find(toRef(ref), signal);
      const files: [string, Uint8Array][] = [];
      for (const { path, digest } of version.files) files.push([path, await this.#blobs.get(digest, { signal })]);
      return { version, files: Object.fromEntries(files) };
    });
  }

  /**
   * A model to open an inference session with: its `load` answers the bytes of the one `.onnx` file that the reference points to at
   * that time. With a reference by stage or alias, `onChanged` fires soon after this registry has made it point to a version other
   * than the one that this source loaded or announced last. Changes by other processes are not noticed; when the store cannot say
   * where the reference points, that is logged and the next change is awaited.
   *
   * `load` rejects with `MODEL_UNSUPPORTED` when the version is of another format.
   */
  source(ref: string | ModelRef): ModelSource {
    const parsed = toRef(ref);
    const watch = this.#watches.watch(parsed);
    return {
      spec: "model-source/1",
      name: formatModelRef(parsed),
      load: (call) =>
        this.#traced(
          "registry.load",
          () => ({ ref: formatModelRef(parsed) }),
          call,
          async (signal) => {
            const identity = watch.seen(await this.#find(parsed, signal));
            return { identity, bytes: await this.#blobs.get(identity.digest, { signal }) };
          },
        ),
      ...("version" in parsed ? {} : { onChanged: watch.onChanged }),
    };
  }

  /** Lets running calls and events finish; later calls reject with `CLOSED`. The stores stay open. */
  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #run<T>(call: CallOptions | undefined, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    return withDeadline(call, (signal) => this.#lifecycle.run(() => work(signal)), this.#clock);
  }

  #traced<T>(
    operation: string,
    attributes: () => TraceAttributes,
    call: CallOptions | undefined,
    work: (signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    return traced(operation, attributes, () => this.#run(call, work));
  }

  #retry<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return retry(work, { clock: this.#clock, random: this.#random }, signal === undefined ? {} : { signal });
  }

  /** Stores the files; answers what the version is to say of them. */
  async #putFiles(
    given: Registration["files"],
    { name, ...described }: Pick<VersionDraft, "name" | "format">,
    signal: AbortSignal | undefined,
  ): Promise<Pick<VersionDraft, "files" | "signature">> {
    const started = startedStreams(given);
    try {
      const onnx = described.format === "onnx";
      const { files, signature } = onnx ? await inspectModel(started.files, signal) : { files: started.files, signature: null };
      assertSize({ ...described, signature }, `The registration of ${name}`);
      const stored: VersionFile[] = [];
      for (const path of Object.keys(files).sort()) {
        const { digest, sizeBytes } = await this.#put(files[path]!, signal);
        stored.push({ path, digest, sizeBytes });
      }
      return { files: stored, signature };
    } finally {
      started.stop();
    }
  }

  /** A stream is read once, so that it cannot be tried again. */
  #put(content: BlobContent, signal: AbortSignal | undefined): Promise<BlobInfo> {
    const put = () => this.#blobs.put(content, { signal });
    return Symbol.asyncIterator in content ? put() : this.#retry(put, signal);
  }

  async #find(ref: ModelRef, signal: AbortSignal | undefined): Promise<VersionRecord> {
    const version = await this.#store.findVersion(ref, { signal });
    if (version === undefined) throw await notFound(this.#store, ref, signal);
    return deepFreeze(version);
  }

  async *#pages<T>(limit: number, read: (after: T | undefined) => Promise<readonly T[]>): AsyncGenerator<T, void> {
    let after: T | undefined;
    do {
      const page = await read(after);
      for (const item of page) yield deepFreeze(item);
      after = page.length < limit ? undefined : page.at(-1);
    } while (after !== undefined);
  }

  #announceAlias(change: AliasChange): AliasChange {
    Object.freeze(change);
    if (change.version !== change.previous) {
      this.#aliasChanged.emit(change);
      this.#watches.announce(change.name);
    }
    return change;
  }
}

/** @throws a {@link ModelwrightError} with code `INPUT_INVALID` for a reference that is malformed, also in object form */
function toRef(ref: string | ModelRef): ModelRef {
  if (typeof ref === "string") return parseModelRef(ref);
  const given = Object(ref) as ModelRef;
  const parsed = parseModelRef(formatModelRef(given));
  // As text, a stage "7" would be a version, and a stage "alias:champion" an alias.
  if (Object.entries(parsed).every(([member, value]) => given[member as keyof ModelRef] === value)) return parsed;
  throw invalidInput("The model reference", [{ path: [], message: "expected a name, and a version, a stage or an alias" }]);
}

function assertAlias(name: string, alias: string): void {
  const issues = [];
  if (!isName(name)) issues.push({ path: ["name"], message: "expected the name of a model" });
  if (!isLabel(alias)) issues.push({ path: ["alias"], message: "expected lower-case letters, digits, _ and -, a letter first" });
  if (issues.length > 0) throw invalidInput("The alias", issues);
}
