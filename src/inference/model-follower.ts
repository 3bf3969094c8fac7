import type { CallOptions } from "../core/call.ts";
import { ModelwrightError } from "../core/errors.ts";
import { Emitter } from "../core/events.ts";
import { guarded } from "../core/logger.ts";
import type { ModelIdentity, ModelSource } from "../core/model.ts";
import { LiveModel, type LiveModelOptions } from "./live-model.ts";
import { isModelVariants } from "./model-variants.ts";
import type { ProviderFailure } from "./provider-chain.ts";
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

/** Versions whose statistics are kept after they were replaced. */
const maxRetired = 8;

/** The version of a model that answers at the moment, and how it gives way to another without a call being lost. */
export class ModelFollower implements AsyncDisposable {
  readonly #options: LiveModelOptions;
  readonly #swapped: Emitter<ModelSwap>;
  readonly #swapFailed: Emitter<ModelSwapFailure>;
  readonly #fellBack: Emitter<ProviderFailure>;
  readonly #draining = new Set<Promise<void>>();
  readonly #retired: ModelStatistics[] = [];
  readonly #abandoned = new AbortController();
  #current: LiveModel | undefined;
  #refreshing: Promise<ModelIdentity> | undefined;
  #again = false;
  #watch: Disposable | undefined;

  private constructor(options: Omit<LiveModelOptions, "onFailure">) {
    const logger = guarded(options.logger);
    this.#swapped = new Emitter(logger);
    this.#swapFailed = new Emitter(logger);
    this.#fellBack = new Emitter(logger);
    this.#options = {
      ...options,
      logger,
      onFailure: (failure) => {
        logger.warn("A provider cannot run the model; the next one is used, if there is one", { ...failure });
        this.#fellBack.emit(failure);
      },
    };
  }

  /** Loads the version that the source points to, and follows the source if it is to be followed and can change. */
  static async open(options: Omit<LiveModelOptions, "onFailure">, call: CallOptions | undefined): Promise<ModelFollower> {
    const follower = new ModelFollower(options);
    const onChanged = changesOf(options.model);
    // Before loading, so that no change in between is missed.
    if (options.session.follow && onChanged !== undefined) follower.#watch = onChanged(() => follower.#follow());
    try {
      follower.#current = await LiveModel.open(follower.#options, call);
    } catch (error) {
      follower.#watch?.[Symbol.dispose]();
      throw error;
    }
    if (follower.#again) follower.#follow();
    return follower;
  }

  /** The version that answers. */
  get current(): LiveModel {
    return this.#current!;
  }

  get onSwapped() {
    return this.#swapped.event;
  }

  get onSwapFailed() {
    return this.#swapFailed.event;
  }

  get onFallback() {
    return this.#fellBack.event;
  }

  /** The version in use, then those that it replaced, newest first. */
  statistics(): readonly ModelStatistics[] {
    return [statisticsOf(this.current), ...this.#retired];
  }

  /** Loads the version that the source points to, unless it is the one in use, and goes over to it. */
  refresh(): Promise<ModelIdentity> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
      if (this.#again && !this.#abandoned.signal.aborted) this.#follow();
    });
    return this.#refreshing;
  }

  /** Stops following, lets work that was submitted end, and releases what is loaded. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch?.[Symbol.dispose]();
    this.#abandoned.abort(new ModelwrightError("CLOSED", "The session was closed", { details: { subject: "the session" } }));
    await this.#refreshing?.catch(() => {});
    await Promise.all([this.current[Symbol.asyncDispose](), ...this.#draining]);
  }

  #follow(): void {
    this.#again = true;
    if (this.#current === undefined || this.#refreshing !== undefined) return;
    this.refresh().catch((error: unknown) => {
      if (this.#abandoned.signal.aborted) return;
      this.#options.logger.error("The session could not go over to another version and stays with its own", { error });
    });
  }

  async #refresh(): Promise<ModelIdentity> {
    this.#again = false;
    const old = this.current;
    const from = old.chain.answerer.model;
    try {
      const next = await LiveModel.open(this.#options, { signal: this.#abandoned.signal });
      const to = next.chain.answerer.model;
      const obstacle = sameModel(from, to) ? "" : replacementObstacle(old, next);
      if (obstacle !== undefined) {
        await next[Symbol.asyncDispose]();
        if (obstacle === "") return from;
        throw new ModelwrightError("MODEL_UNSUPPORTED", `The new version cannot replace the old one: ${obstacle}`, {
          details: { reason: obstacle },
        });
      }
      this.#current = next;
      this.#drain(old);
      this.#swapped.emit({ from, to });
      return to;
    } catch (error) {
      if (!this.#abandoned.signal.aborted) this.#swapFailed.emit({ from, error });
      throw error;
    }
  }

  /** Lets the old version answer what it was given, then releases it. */
  #drain(old: LiveModel): void {
    const drained = (async () => {
      try {
        await old[Symbol.asyncDispose]();
      } catch (error) {
        this.#options.logger.error("A replaced version could not be released", { error });
      }
      this.#retired.unshift(statisticsOf(old));
      this.#retired.length = Math.min(this.#retired.length, maxRetired);
    })();
    this.#draining.add(drained);
    void drained.then(() => this.#draining.delete(drained));
  }
}

/** Variants of one model change together. */
function changesOf(model: LiveModelOptions["model"]): ModelSource["onChanged"] {
  if (model === undefined) return undefined;
  if (!isModelVariants(model)) return "onChanged" in model ? model.onChanged : undefined;
  return Object.values(model.sources).find((source) => source?.onChanged !== undefined)?.onChanged;
}

function statisticsOf({ chain, statistics }: LiveModel): ModelStatistics {
  const { model, provider } = chain.answerer;
  return { model, provider, modelBytes: chain.seat.modelBytes, instances: chain.concurrency, ...statistics.snapshot() };
}

function sameModel(a: ModelIdentity, b: ModelIdentity): boolean {
  return a.digest !== undefined && a.digest === b.digest && a.name === b.name && a.version === b.version;
}

/** Why callers of the old version would not get along with the new one. */
function replacementObstacle(old: LiveModel, next: LiveModel): string | undefined {
  const columns = old.packer.columns;
  const missing = next.packer.columns.find((column) => !columns.includes(column));
  if (missing !== undefined) return `it needs the column ${JSON.stringify(missing)}, which callers do not give`;
  for (const { name, type } of old.rowOutputs) {
    const output = next.rowOutputs.find((spec) => spec.name === name);
    if (output === undefined) return `it has no output ${JSON.stringify(name)}`;
    if (output.type !== type) return `its output ${JSON.stringify(name)} is ${output.type}, not ${type}`;
  }
  return undefined;
}
