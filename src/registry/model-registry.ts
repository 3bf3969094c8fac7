import type { CallOptions, Runtime } from "../core/call.ts";
import { systemClock } from "../core/clock.ts";
import { Emitter, type Event } from "../core/events.ts";
import { deepFreeze } from "../core/freeze.ts";
import { uuidv7Generator } from "../core/ids.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import { defaultLogger } from "../core/logger.ts";
import { formatModelRef, type ModelRef, type ModelSource, type ModelVariants, type Precision } from "../core/model.ts";
import { parseOptions } from "../core/options.ts";
import { systemRandom } from "../core/random.ts";
import { validate } from "../core/schema.ts";
import { assertAliasActor } from "./alias-policy.ts";
import type { Approval } from "./approval-port.ts";
import { Approvals } from "./approvals.ts";
import type { ChangeOptions } from "./change-options.ts";
import type { LineageEdge, ModelSummary, NotesChange, VersionRecord } from "./port.ts";
import { assertAlias, assertName, refText, toRef, toRefOf } from "./references.ts";
import { Registrar } from "./registrar.ts";
import { lineageSchema, type Registration } from "./registration.ts";
import { RegistryCalls } from "./registry-calls.ts";
import {
  type AliasChange,
  type LoadedVersion,
  type ModelRegistryOptions,
  notesSchema,
  optionsSchema,
  type RollbackOptions,
  rollbackSchema,
  type Transition,
  type TransitionOptions,
  transitionSchema,
} from "./registry-options.ts";
import { RegistryQueries } from "./registry-queries.ts";
import { rollBack } from "./rolling-back.ts";
import { protectedVersion } from "./rules/failures.ts";
import {
  type Actors,
  assertEdge,
  assertStage,
  defaultStages,
  displacedTo,
  exclusiveStage,
  parseStagePolicy,
  type StagePolicy,
} from "./stage-policy.ts";
import { assertRules } from "./stage-rules.ts";
import { VersionFiles } from "./version-files.ts";
import { type SourceReaders, versionSource, versionVariants } from "./version-source.ts";
import { Watches } from "./watches.ts";

/**
 * Versions of models: immutable once registered, in stages that a policy connects, found by number, label, stage, alias or search.
 *
 * References are `name@7`, `name@1.4.0`, `name@production` and `name@alias:champion`. A version's files are kept under their SHA-256
 * digests and verified whenever they are loaded. Every change is written into an audit log in the same step, with the actor and the reason
 * that its last parameter gives. Records are frozen.
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
 * await using registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs(), actor: "ana" });
 * const model = linearModel({ columns: ["age"], weights: [2], bias: 1 });
 * await registry.register({ name: "fraud", files: { "model.onnx": model }, metrics: { auc: 0.93 } });
 * await registry.transition("fraud@1", "staging");
 * await registry.transition("fraud@1", "production", {}, { reason: "passed the canary" });
 * const { version, files } = await registry.load("fraud@production");
 * for await (const { name } of registry.search("metrics.auc > 0.9 AND stage = 'production'")) console.log(name);
 * ```
 */
export class ModelRegistry extends RegistryQueries implements AsyncDisposable {
  readonly #registrar: Registrar;
  readonly #files: VersionFiles;
  readonly #readers: SourceReaders;
  readonly #stages: StagePolicy;
  readonly #protectedAliases: Readonly<Record<string, Actors>>;
  readonly #lifecycle: Lifecycle;
  readonly #watches: Watches;
  readonly #registered: Emitter<VersionRecord>;
  readonly #transitioned: Emitter<Transition>;
  readonly #aliasChanged: Emitter<AliasChange>;
  readonly #updated: Emitter<VersionRecord | ModelSummary>;
  readonly #deleted: Emitter<VersionRecord>;
  readonly #approvalChanged: Emitter<Approval>;
  /** Fires after this registry has registered a version. */
  readonly onRegistered: Event<VersionRecord>;
  /** Fires after this registry has moved a version to another stage, also by a rollback. */
  readonly onTransitioned: Event<Transition>;
  /** Fires after this registry has set, moved or removed an alias. */
  readonly onAliasChanged: Event<AliasChange>;
  /** Fires after this registry has written notes of a version or a model, or added to the lineage of a version. */
  readonly onUpdated: Event<VersionRecord | ModelSummary>;
  /** Fires after this registry has deleted a version, with what it was. */
  readonly onDeleted: Event<VersionRecord>;
  /** Fires after an approval was requested, decided or withdrawn through this registry. */
  readonly onApprovalChanged: Event<Approval>;
  /** Requests to move versions along edges that need an approval. */
  readonly approvals: Approvals;

  constructor(options: ModelRegistryOptions, runtime: Runtime = {}) {
    const parsed = parseOptions(optionsSchema, options, "ModelRegistry");
    const { store, blobs, stages, actor, protectedAliases, verify, signer, trust } = parsed;
    const { clock = systemClock, random = systemRandom, logger = defaultLogger } = runtime;
    const lifecycle = new Lifecycle("The model registry", () => this.#watches.told());
    super(new RegistryCalls(store, actor, { clock, random, lifecycle }));
    const nextId = uuidv7Generator({ clock, random });
    this.#lifecycle = lifecycle;
    this.#stages = stages === undefined ? defaultStages : parseStagePolicy(stages);
    this.#protectedAliases = protectedAliases;
    this.#registrar = new Registrar(this.calls, { blobs, signer, nextId });
    this.#files = new VersionFiles(blobs, verify, trust);
    this.#watches = new Watches(store, logger);
    this.#readers = { calls: this.calls, files: this.#files, watches: this.#watches };
    this.#registered = new Emitter(logger);
    this.#transitioned = new Emitter(logger);
    this.#aliasChanged = new Emitter(logger);
    this.#updated = new Emitter(logger);
    this.#deleted = new Emitter(logger);
    this.#approvalChanged = new Emitter(logger);
    this.onRegistered = this.#registered.event;
    this.onTransitioned = this.#transitioned.event;
    this.onAliasChanged = this.#aliasChanged.event;
    this.onUpdated = this.#updated.event;
    this.onDeleted = this.#deleted.event;
    this.onApprovalChanged = this.#approvalChanged.event;
    this.approvals = new Approvals(this.calls, this.#stages, nextId, (approval) => this.#approvalChanged.emit(approval));
  }

  /**
   * Registers a version in the policy's initial stage, under the model's next number.
   *
   * The files are stored first and the version in one step afterwards: a failure in between leaves bytes that nothing refers to (which
   * `collectGarbage` removes), never a version without its bytes. Bytes must not be changed before the answer; a stream is read once,
   * and hashed and looked into while it is stored; one that turns out to be a damaged model is not kept. What a store calls retryable is
   * tried three times, but for streams; the version is registered once however often it is tried.
   *
   * @throws a {@link ModelwrightError} with code `INPUT_INVALID` that lists every issue of the registration, with `REGISTRY_LABEL_TAKEN`,
   * with `REGISTRY_VERSION_NOT_FOUND` for a parent that is not there, and with `MODEL_INVALID` for a damaged model or one whose external
   * data is not among the files; nothing is registered then
   */
  register(registration: Registration, change?: ChangeOptions): Promise<VersionRecord> {
    const attributes = () => ({ model: registration?.name });
    return this.calls.traced("registry.register", attributes, change, async (signal) => {
      const stamp = this.calls.stamp(change);
      const version = deepFreeze(await this.#registrar.register(registration, this.#stages.initial, stamp, signal));
      this.#registered.emit(version);
      this.#watches.announce(version.name);
      return version;
    });
  }

  /**
   * Moves a version to another stage. Where the policy lets one version of a model hold the stage, the one before leaves it in the
   * same step.
   *
   * @throws a {@link ModelwrightError} with code `REGISTRY_TRANSITION_FORBIDDEN` when the policy has no such edge, with
   * `REGISTRY_APPROVAL_REQUIRED` and `REGISTRY_GUARD_FAILED` when its rules do not hold, with `REGISTRY_CONFLICT` when the version is
   * not in `expectedStage`, or somebody else moves it meanwhile, and with `CONFIG_INVALID` for bad options
   */
  transition(ref: string | ModelRef, to: string, options: TransitionOptions = {}, change?: ChangeOptions): Promise<Transition> {
    return this.calls.traced(
      "registry.transition",
      () => ({ ref: refText(ref), to }),
      change,
      async (signal) => {
        const { expectedStage } = parseOptions(transitionSchema, options, "ModelRegistry.transition");
        const stamp = this.calls.stamp(change);
        const version = await this.calls.find(toRef(ref), signal);
        const { name, stage: from } = version;
        const at = formatModelRef({ name, version: version.version });
        assertStage(at, from, expectedStage);
        assertEdge(this.#stages, at, from, to);
        const verify = (call?: CallOptions) => this.#files.verify(version, call ?? { signal });
        const ruled = await assertRules(this.#stages, this.calls, { version, to, verify }, signal);
        const move = { name, version: version.version, from, to, displaceTo: displacedTo(this.#stages, to), ...ruled };
        const moved = await this.calls.store.moveStage(move, stamp, { signal });
        return this.#announceMove(moved, from, false);
      },
    );
  }

  /**
   * Returns an exclusive stage to the version that held it before, whatever stage that is in now; the policy's edges and rules do not
   * count. Rolling back twice goes back two versions. Where nobody holds the stage, the version that held it last returns.
   *
   * @throws a {@link ModelwrightError} with code `REGISTRY_VERSION_NOT_FOUND` when there is none to return to, with `REGISTRY_CONFLICT`
   * when the one that is asked for is in the stage already, with `REGISTRY_TRANSITION_FORBIDDEN` when it has never been there, and with
   * `CONFIG_INVALID` for a stage that is not exclusive
   */
  rollback(name: string, options: RollbackOptions = {}, change?: ChangeOptions): Promise<Transition> {
    return this.calls.traced(
      "registry.rollback",
      () => ({ model: name }),
      change,
      async (signal) => {
        assertName(name);
        const { stage, to } = parseOptions(rollbackSchema, options, "ModelRegistry.rollback");
        const displaceTo = exclusiveStage(this.#stages, stage);
        const stamp = this.calls.stamp(change);
        const back = { name, stage, displaceTo };
        const { moved, from } = await rollBack(this.calls, back, to === undefined ? undefined : toRefOf(name, to), stamp, signal);
        return this.#announceMove(moved, from, true);
      },
    );
  }

  /**
   * Changes the notes of a version: description, tags, legal hold. A tag of null is removed, tags that are not named stay.
   *
   * @throws a {@link ModelwrightError} with code `INPUT_INVALID` that lists every issue
   */
  update(ref: string | ModelRef, notes: NotesChange, change?: ChangeOptions): Promise<VersionRecord> {
    return this.calls.run(change, async (signal) => {
      const given = validate(notesSchema, notes, "The notes");
      const stamp = this.calls.stamp(change);
      const { name, version } = await this.calls.find(toRef(ref), signal);
      const updated = await this.calls.store.noteVersion(name, version, given, stamp, { signal });
      return this.#announceUpdate(updated);
    });
  }

  /** Changes the description and the tags of a model, as {@link ModelRegistry.update} does of a version. */
  updateModel(name: string, notes: Omit<NotesChange, "legalHold">, change?: ChangeOptions): Promise<ModelSummary> {
    return this.calls.run(change, async (signal) => {
      assertName(name);
      const given = validate(notesSchema.omit({ legalHold: true }), notes, "The notes");
      return this.#announceUpdate(await this.calls.store.noteModel(name, given, this.calls.stamp(change), { signal }));
    });
  }

  /**
   * Adds edges to the lineage of a version, for example a drift report that was made later. Those that it has are passed over.
   *
   * @throws a {@link ModelwrightError} with code `REGISTRY_CYCLE` for a parent that descends from the version
   */
  link(ref: string | ModelRef, edges: readonly LineageEdge[], change?: ChangeOptions): Promise<VersionRecord> {
    return this.calls.run(change, async (signal) => {
      const given = validate(lineageSchema, edges, "The lineage");
      const stamp = this.calls.stamp(change);
      const { name, version, lineage } = await this.calls.find(toRef(ref), signal);
      const linked = await this.calls.store.addLineage(name, version, given, stamp, { signal });
      return linked.lineage.length === lineage.length ? deepFreeze(linked) : this.#announceUpdate(linked);
    });
  }

  /**
   * Deletes a version that nothing protects. Its number is not used again; its history and its audit entries stay.
   *
   * @throws a {@link ModelwrightError} with code `REGISTRY_PROTECTED` that says what protects it
   */
  delete(ref: string | ModelRef, change?: ChangeOptions): Promise<VersionRecord> {
    return this.calls.run(change, async (signal) => {
      const stamp = this.calls.stamp(change);
      const { name, version, stage } = await this.calls.find(toRef(ref), signal);
      if (displacedTo(this.#stages, stage) !== undefined) throw protectedVersion({ name, version }, [{ kind: "holder", stage }]);
      const deleted = deepFreeze(await this.calls.store.deleteVersion(name, version, stage, stamp, { signal }));
      this.#deleted.emit(deleted);
      this.#watches.announce(name);
      return deleted;
    });
  }

  /**
   * Points an alias at a version, away from the one that had it.
   *
   * @param target - a number, or a reference to a version of this model
   * @throws a {@link ModelwrightError} with code `INPUT_INVALID` when the alias is no label, or the reference names another model, and
   * with `REGISTRY_PROTECTED` when the alias is protected from this actor
   */
  alias(name: string, alias: string, target: number | string | ModelRef, change?: ChangeOptions): Promise<AliasChange> {
    return this.calls.run(change, async (signal) => {
      assertAlias(name, alias);
      const ref = toRefOf(name, target);
      const stamp = this.calls.stamp(change);
      await assertAliasActor(this.#protectedAliases, { name, alias }, stamp.actor);
      const { version } = await this.calls.find(ref, signal);
      const previous = await this.calls.store.setAlias(name, alias, version, stamp, { signal });
      return this.#announceAlias({ name, alias, version, previous });
    });
  }

  /** Removes an alias; answers undefined when there was none. Rejects with `REGISTRY_PROTECTED` as {@link ModelRegistry.alias} does. */
  unalias(name: string, alias: string, change?: ChangeOptions): Promise<AliasChange | undefined> {
    return this.calls.run(change, async (signal) => {
      assertAlias(name, alias);
      const stamp = this.calls.stamp(change);
      await assertAliasActor(this.#protectedAliases, { name, alias }, stamp.actor);
      const previous = await this.calls.store.deleteAlias(name, alias, stamp, { signal });
      return previous === undefined ? undefined : this.#announceAlias({ name, alias, version: undefined, previous });
    });
  }

  /**
   * The version that a reference points to now, with its files.
   *
   * @throws a {@link ModelwrightError} with code `MODEL_DIGEST_MISMATCH` when a file is not what was registered, with
   * `MODEL_SIGNATURE_INVALID` when keys are trusted and none has signed it, and with `STORE_NOT_FOUND` when a file is lost
   */
  load(ref: string | ModelRef, call?: CallOptions): Promise<LoadedVersion> {
    return this.calls.traced(
      "registry.load",
      () => ({ ref: refText(ref) }),
      call,
      async (signal) => {
        const version = await this.calls.find(toRef(ref), signal);
        await this.#files.checkManifest(version);
        const files: [string, Uint8Array][] = [];
        for (const file of version.files) files.push([file.path, await this.#files.bytes(version, file, signal)]);
        return { version, files: Object.fromEntries(files) };
      },
    );
  }

  /**
   * One file of a version in chunks, for files that are too large to hold. The chunks are checked at the end: use nothing before the
   * iteration is done. Fails as {@link ModelRegistry.load} does.
   */
  async *stream(ref: string | ModelRef, path: string, call?: CallOptions): AsyncGenerator<Uint8Array, void> {
    yield* this.#files.stream(await this.get(ref, call), path, call);
  }

  /**
   * Reads every file of a version and checks it against its digest, and its signature where keys are trusted. Fails as
   * {@link ModelRegistry.load} does.
   */
  verify(ref: string | ModelRef, call?: CallOptions): Promise<VersionRecord> {
    return this.calls.run(call, async (signal) => {
      const version = await this.calls.find(toRef(ref), signal);
      await this.#files.verify(version, { signal });
      return version;
    });
  }

  /**
   * A model to open an inference session with: its `load` answers the bytes of the model's `.onnx` file that the reference points to at
   * that time, and with them the version's other files, for weights that are kept outside. With a reference by stage or alias,
   * `onChanged` fires soon after this registry has made it point to a version other than the one that this source loaded or announced
   * last. Changes by other processes are not noticed; when the store cannot say where the reference points, that is logged and the next
   * change is awaited.
   *
   * `load` rejects as {@link ModelRegistry.load} does, with `MODEL_UNSUPPORTED` when the version is of another flavor, and with
   * `STORE_NOT_FOUND`, whose `details.key` is the path, when it has no such variant.
   *
   * @param options - `precision`: the variant of the model to load, the file `model.fp16.onnx` beside `model.onnx`; `fp32` is also the
   * file without a precision in its name. @defaultValue the file without one
   */
  source(ref: string | ModelRef, { precision }: { readonly precision?: Precision | undefined } = {}): ModelSource {
    return versionSource(this.#readers, toRef(ref), precision);
  }

  /**
   * A model to open an inference session with in the variant that suits its provider: the best of those that the version has at that
   * time, which need not be those of the version before. Each is what {@link ModelRegistry.source} answers.
   */
  variants(ref: string | ModelRef): ModelVariants {
    return versionVariants(this.#readers, toRef(ref));
  }

  /** Lets running calls and events finish; later calls reject with `CLOSED`. The stores stay open. */
  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #announceMove(moved: readonly VersionRecord[], from: string, rollback: boolean): Transition {
    const [first, ...displaced] = moved;
    const transition = deepFreeze<Transition>({ moved: first!, from, displaced, rollback });
    this.#transitioned.emit(transition);
    this.#watches.announce(first!.name);
    return transition;
  }

  #announceUpdate<T extends VersionRecord | ModelSummary>(updated: T): T {
    this.#updated.emit(deepFreeze(updated));
    return updated;
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
