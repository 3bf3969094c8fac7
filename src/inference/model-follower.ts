import type { CallOptions } from "../core/call.ts";
import { ModelwrightError } from "../core/errors.ts";
import { Emitter } from "../core/events.ts";
import { guarded, type Logger } from "../core/logger.ts";
import type { ModelIdentity, ModelSource } from "../core/model.ts";
import { formatDims } from "../core/tensor.ts";
import { traced } from "../core/trace.ts";
import { conflictingDims } from "./conflicting-dims.ts";
import { LiveModel, type LiveModelOptions } from "./live-model.ts";
import { isModelVariants } from "./model-variants.ts";
import type { TensorSpec } from "./port.ts";
import type { ProviderFailure } from "./provider-chain.ts";
import { isScalarPerRow } from "./row-unpacker.ts";
import type { SessionMetrics } from "./session-metrics.ts";
import type { InferenceSnapshot } from "./statistics.ts";

/** A session that has gone over to another version. */
export interface ModelSwap {
  readonly from: ModelIdentity;
  readonly to: ModelIdentity;
}

/** A session that stays with its version, because it could not go over to another. */
export interface ModelSwapFailure {
  /** The version that answers as before. */
  readonly from: ModelIdentity;
  /** Also a text that no error code fits: what the source or the new version has against it. */
  readonly error: unknown;
}

/** What one version of a model did. */
export interface ModelStatistics extends InferenceSnapshot {
  readonly model: ModelIdentity;
  readonly provider: string;
  /** Size of the model that was given to the engine, for each of `instances`; 0 for a provider with a model of its own. */
  readonly modelBytes: number;
  /** How often the model is loaded: runs that it can work on at once. */
  readonly instances: number;
}

/** What a session tells its host. Only the session keeps it: listeners may refer to the session, which could not be lost otherwise. */
export class SessionEvents {
  readonly swapped: Emitter<ModelSwap>;
  readonly swapFailed: Emitter<ModelSwapFailure>;
  readonly fellBack: Emitter<ProviderFailure>;

  constructor(logger: Logger) {
    this.swapped = new Emitter(logger);
    this.swapFailed = new Emitter(logger);
    this.fellBack = new Emitter(logger);
  }
}

/** What a follower is made from. */
export interface ModelFollowerOptions extends Omit<LiveModelOptions, "onFailure" | "onFallback" | "sink"> {
  /** Of the model's source, for traces; undefined where a provider has its own model. */
  readonly name: string | undefined;
  readonly events: SessionEvents;
  readonly metrics: SessionMetrics | undefined;
}

/** What a version did that was replaced; while it answers what it was given before, that changes. */
interface Retired {
  statistics: () => ModelStatistics;
}

/** Versions whose statistics are kept after they were replaced. */
const maxRetired = 8;

/** The version of a model that answers at the moment, and how it gives way to another without a call being lost. */
export class ModelFollower implements AsyncDisposable {
  readonly #options: LiveModelOptions;
  readonly #name: string | undefined;
  readonly #events: WeakRef<SessionEvents>;
  readonly #metrics: SessionMetrics | undefined;
  readonly #watches: Disposable[] = [];
  readonly #draining = new Set<Promise<void>>();
  /** Newest first. */
  readonly #retired: Retired[] = [];
  readonly #abandoned = new AbortController();
  #current: LiveModel | undefined;
  #refreshing: Promise<ModelIdentity> | undefined;
  #again = false;

  private constructor({ name, events, metrics, ...options }: ModelFollowerOptions) {
    const logger = guarded(options.logger);
    this.#name = name;
    this.#events = new WeakRef(events);
    this.#metrics = metrics;
    this.#options = {
      ...options,
      logger,
      onFailure: (failure) =>
        logger.warn("A provider cannot run the model; the next one is used, if there is one", { ...failure }),
      onFallback: (failure) => {
        metrics?.fellBack(failure.provider);
        this.#events.deref()?.fellBack.emit(failure);
      },
      sink: metrics,
    };
  }

  /** Loads the version that the source points to, and follows the source if it is to be followed and can change. */
  static async open(options: ModelFollowerOptions, call: CallOptions | undefined): Promise<ModelFollower> {
    const follower = new ModelFollower(options);
    try {
      // Before loading, so that no change in between is missed.
      if (options.session.follow) follower.#watch();
      follower.#current = await follower.#load(call);
    } catch (error) {
      follower.#unwatch();
      throw error;
    }
    follower.#warnOfCache();
    if (follower.#again) follower.#follow();
    return follower;
  }

  /** The version that answers. */
  get current(): LiveModel {
    return this.#current!;
  }

  /** Size of the model in use as it was given to the engine, for all of its instances together. */
  get modelBytes(): number {
    const { seat, instances } = this.current.chain;
    return seat.modelBytes * instances;
  }

  /** The version in use, then those that it replaced, newest first. */
  statistics(): readonly ModelStatistics[] {
    return [statisticsOf(this.current), ...this.#retired.map(({ statistics }) => statistics())];
  }

  /**
   * Loads the version that the source points to, unless it is the one in use, and goes over to it. A look that has begun already may have
   * seen where the source pointed before, so that another one follows it.
   */
  refresh(): Promise<ModelIdentity> {
    const begun = this.#refreshing;
    return begun === undefined ? this.#look() : begun.catch(() => {}).then(() => this.#refreshing ?? this.#look());
  }

  /** Stops following, lets work that was submitted end, and releases what is loaded. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abandoned.abort(new ModelwrightError("CLOSED", "The session was closed", { details: { subject: "the session" } }));
    this.#unwatch();
    await this.#refreshing?.catch(() => {});
    try {
      await Promise.all([this.current[Symbol.asyncDispose](), ...this.#draining]);
    } finally {
      this.#metrics?.released();
    }
  }

  #load(call: CallOptions | undefined): Promise<LiveModel> {
    const options = this.#options;
    const attributes = () => ({ model: this.#name, providers: options.session.providers.length });
    return traced("inference.load", attributes, () => LiveModel.open(options, call));
  }

  /** A cache that was given and keeps nothing would not be noticed. */
  #warnOfCache(): void {
    const { cacheObstacle: reason, chain } = this.current;
    if (reason === undefined) return;
    const model = this.#name ?? chain.answerer.model.name ?? chain.answerer.provider;
    this.#options.logger.warn("The response cache is not used", { model, reason });
  }

  #watch(): void {
    for (const source of sourcesOf(this.#options.model)) {
      const watch = source.onChanged?.(() => this.#follow());
      if (watch !== undefined) this.#watches.push(watch);
    }
  }

  #unwatch(): void {
    for (const watch of this.#watches.splice(0)) {
      try {
        watch[Symbol.dispose]();
      } catch (error) {
        this.#options.logger.error("A model's source could not be left", { error });
      }
    }
  }

  #follow(): void {
    this.#again = true;
    if (this.#current === undefined || this.#refreshing !== undefined || this.#abandoned.signal.aborted) return;
    this.#look().catch((error: unknown) => {
      if (this.#abandoned.signal.aborted) return;
      this.#options.logger.error("The session could not go over to another version and stays with its own", { error });
    });
  }

  #look(): Promise<ModelIdentity> {
    this.#refreshing = this.#refresh().finally(() => {
      this.#refreshing = undefined;
      if (this.#again) this.#follow();
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<ModelIdentity> {
    this.#abandoned.signal.throwIfAborted();
    this.#again = false;
    const old = this.current;
    const from = old.chain.answerer.model;
    try {
      const next = await this.#load({ signal: this.#abandoned.signal });
      const to = next.chain.answerer.model;
      if (sameModel(from, to)) {
        await this.#release(next);
        return from;
      }
      const attributes = () => ({ model: this.#name, from: versionOf(from), to: versionOf(to) });
      await traced("inference.swap", attributes, () => this.#swap(old, next));
      this.#metrics?.swapped("ok");
      this.#events.deref()?.swapped.emit({ from, to });
      return to;
    } catch (error) {
      if (!this.#abandoned.signal.aborted) {
        this.#metrics?.swapped("failed");
        this.#events.deref()?.swapFailed.emit({ from, error });
      }
      throw error;
    }
  }

  async #swap(old: LiveModel, next: LiveModel): Promise<void> {
    const obstacle = replacementObstacle(old, next);
    if (obstacle === undefined) {
      this.#current = next;
      this.#drain(old);
      return;
    }
    await this.#release(next);
    throw new ModelwrightError("MODEL_UNSUPPORTED", `The new version cannot replace the old one: ${obstacle}`, {
      details: { reason: obstacle },
    });
  }

  async #release(version: LiveModel): Promise<void> {
    try {
      await version[Symbol.asyncDispose]();
    } catch (error) {
      this.#options.logger.error("A version that is not used could not be released", { error });
    }
  }

  /** Lets the old version answer what it was given, then releases it. */
  #drain(old: LiveModel): void {
    const retired: Retired = { statistics: () => statisticsOf(old) };
    this.#retired.unshift(retired);
    this.#retired.length = Math.min(this.#retired.length, maxRetired);
    const drained = (async () => {
      await this.#release(old);
      const last = statisticsOf(old);
      retired.statistics = () => last;
    })();
    this.#draining.add(drained);
    void drained.then(() => this.#draining.delete(drained));
  }
}

function sourcesOf(model: LiveModelOptions["model"]): ReadonlySet<ModelSource> {
  if (isModelVariants(model)) return new Set(Object.values(model.sources).filter((source) => source !== undefined));
  return new Set(model !== undefined && "load" in model ? [model] : []);
}

function statisticsOf({ chain, statistics }: LiveModel): ModelStatistics {
  const { model, provider } = chain.answerer;
  return { model, provider, modelBytes: chain.seat.modelBytes, instances: chain.instances, ...statistics.snapshot() };
}

function versionOf({ version, digest }: ModelIdentity): string | number | undefined {
  return version ?? digest;
}

function sameModel(a: ModelIdentity, b: ModelIdentity): boolean {
  return a.digest !== undefined && a.digest === b.digest && a.name === b.name && a.version === b.version;
}

/** Why callers of the old version would not get along with the new one. */
function replacementObstacle(old: LiveModel, next: LiveModel): string | undefined {
  const columns = old.packer.columns;
  const missing = next.packer.columns.find((column) => !columns.includes(column));
  if (missing !== undefined) return `it needs the column ${JSON.stringify(missing)}, which callers do not give`;
  for (const { name, dims } of next.interface.inputs) {
    const input = columns.includes(name) ? old.interface.inputs.find((spec) => spec.name === name) : undefined;
    if (input !== undefined && conflictingDims(input.dims, dims))
      return `its input ${JSON.stringify(name)} is ${shapeOf(dims)}, not ${shapeOf(input.dims)}`;
  }
  for (const { name, type, dims } of old.rowOutputs) {
    const output = next.rowOutputs.find((spec) => spec.name === name);
    if (output === undefined) return `it has no output ${JSON.stringify(name)}`;
    if (output.type !== type) return `its output ${JSON.stringify(name)} is ${output.type}, not ${type}`;
    if (isScalarPerRow(dims) !== isScalarPerRow(output.dims))
      return `its output ${JSON.stringify(name)} is ${shapeOf(output.dims)}, not ${shapeOf(dims)}`;
  }
  return undefined;
}

function shapeOf(dims: TensorSpec["dims"]): string {
  return dims === null ? "of any rank" : formatDims(dims);
}
