import type { CallOptions } from "../core/call.ts";
import { isDigest } from "../core/digest.ts";
import { ModelwrightError } from "../core/errors.ts";
import type { LoadedModel, ModelIdentity, ModelSource } from "../core/model.ts";
import type { Lease, ModelCache } from "./model-cache.ts";
import { isModelVariants, type ModelVariants, type PickedVariant, pickVariant } from "./model-variants.ts";
import type { ExecutionProvider, Executor, ModelInterface, TensorSpec } from "./port.ts";
import { type OmittedOutput, type PreparedModel, prepareModel } from "./prepare-model.ts";

/** A provider that has loaded a model. */
export interface Seat extends AsyncDisposable {
  readonly executor: Executor;
  readonly identity: ModelIdentity;
  readonly interface: ModelInterface;
  readonly omitted: readonly OmittedOutput[];
  /** See {@link PreparedModel.cast}. */
  readonly cast: ReadonlySet<string>;
  /** See {@link PreparedModel.random}. */
  readonly random: boolean;
  /** See {@link PreparedModel.loops}. */
  readonly loops: boolean;
  /** Size of the model that the engine was given; 0 for a provider with a model of its own. */
  readonly modelBytes: number;
  /** Lets no other session have the executor, because it is broken. */
  discard(): void;
}

/** Where seats get their models. */
export interface SeatSource {
  readonly model: LoadedModel | ModelSource | ModelVariants | undefined;
  readonly cache: ModelCache | undefined;
  readonly maxBytes: number;
}

const nothing: ReadonlySet<string> = new Set();

/** Loads models for the providers of one session. A model is read and prepared once, whatever the number of providers that try it. */
export class SeatOpener {
  readonly #source: SeatSource;
  readonly #prepared = new Map<LoadedModel | ModelSource, Promise<PreparedModel>>();
  /** Rejections of sources that have no such file. */
  readonly #absences = new WeakSet<object>();

  constructor(source: SeatSource) {
    this.#source = source;
  }

  /**
   * @throws a {@link ModelwrightError}: what the source, the model or the provider has against it; `CONFIG_INVALID` when the provider
   * needs a model and there is none
   */
  async open(provider: ExecutionProvider, call: CallOptions | undefined): Promise<Seat> {
    if (provider.capabilities.model === "own") return ownSeat(provider, call);
    const prepared = await this.#prepare(provider, call);
    checkTypes(provider, prepared);
    const { identity, bytes, interface: model, omitted, cast, random, loops } = prepared;
    const load = (options: CallOptions | undefined) => provider.load({ identity, bytes }, options);
    const { cache } = this.#source;
    const lease =
      cache === undefined
        ? unshared(await load(call))
        : await cache.acquire({ digest: identity.digest!, provider, bytes: bytes.byteLength }, load, call);
    return {
      executor: lease.executor,
      identity,
      interface: model,
      omitted,
      cast,
      random,
      loops,
      modelBytes: bytes.byteLength,
      discard: () => lease.discard(),
      [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
    };
  }

  /** Lets go of the bytes, which the engines that loaded them have copied. A later provider loads them anew. */
  forget(): void {
    this.#prepared.clear();
  }

  #prepare(provider: ExecutionProvider, call: CallOptions | undefined): Promise<PreparedModel> {
    const { model } = this.#source;
    if (model === undefined) {
      const reason = `${provider.name} needs a model and the session was opened without one`;
      throw new ModelwrightError("MODEL_UNSUPPORTED", `${reason}; pass one as model`, { details: { reason } });
    }
    return isModelVariants(model) ? this.#firstThere(model, provider, call) : this.#prepareFrom(model, call);
  }

  /** The best variant for a provider that is there. */
  async #firstThere(model: ModelVariants, provider: ExecutionProvider, call: CallOptions | undefined): Promise<PreparedModel> {
    let { sources } = model;
    let absent: unknown;
    for (;;) {
      let picked: PickedVariant;
      try {
        picked = pickVariant({ ...model, sources }, provider);
      } catch (error) {
        throw absent ?? error;
      }
      try {
        return await this.#prepareFrom(picked.source, call);
      } catch (error) {
        if (!this.#absences.has(error as object)) throw error;
        absent ??= error;
        sources = { ...sources, [picked.precision]: undefined };
      }
    }
  }

  #prepareFrom(source: LoadedModel | ModelSource, call: CallOptions | undefined): Promise<PreparedModel> {
    let prepared = this.#prepared.get(source);
    if (prepared === undefined) {
      const loading = async () =>
        prepareModel("load" in source ? await this.#load(source, call) : source, this.#source.maxBytes, call);
      prepared = loading();
      this.#prepared.set(source, prepared);
      prepared.catch(() => this.#prepared.delete(source));
    }
    return prepared;
  }

  async #load(source: ModelSource, call: CallOptions | undefined): Promise<LoadedModel> {
    try {
      return await source.load(call);
    } catch (error) {
      // A file that is there but whose bytes are lost is named by their digest: that is no variant to do without.
      if (ModelwrightError.is(error, "STORE_NOT_FOUND") && !isDigest(error.details.key)) this.#absences.add(error);
      throw error;
    }
  }
}

async function ownSeat(provider: ExecutionProvider, call: CallOptions | undefined): Promise<Seat> {
  const executor = await provider.load({ identity: {}, bytes: new Uint8Array() }, call);
  if (executor.interface === undefined) {
    await executor[Symbol.asyncDispose]();
    throw new TypeError(
      `${provider.name} has a model of its own and does not say what it takes: its executor needs an interface`,
    );
  }
  return {
    executor,
    identity: executor.model ?? {},
    interface: executor.interface,
    omitted: [],
    cast: nothing,
    random: false,
    loops: false,
    modelBytes: 0,
    discard() {},
    [Symbol.asyncDispose]: () => executor[Symbol.asyncDispose](),
  };
}

function unshared(executor: Executor): Lease {
  return { executor, discard() {}, [Symbol.asyncDispose]: async () => executor[Symbol.asyncDispose]() };
}

/** Refuses before the engine sees the model: some engines end the process over a type that they do not know. */
function checkTypes({ name, capabilities }: ExecutionProvider, { interface: model, cast }: PreparedModel): void {
  const isKnown = (spec: TensorSpec) => capabilities.elementTypes.includes(cast.has(spec.name) ? "float32" : spec.type);
  const strange = [...model.inputs, ...model.outputs].find((spec) => !isKnown(spec));
  if (strange === undefined) return;
  const reason = `it takes and gives no ${strange.type}, which ${JSON.stringify(strange.name)} is; convert it inside the model with a Cast`;
  throw new ModelwrightError("MODEL_UNSUPPORTED", `${name} cannot run the model: ${reason}`, { details: { reason } });
}
