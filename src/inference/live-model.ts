import type { CallOptions } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { ModelwrightError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { LoadedModel, ModelSource } from "../core/model.ts";
import { validate } from "../core/schema.ts";
import type { BatchCall } from "./batching/batch-call.ts";
import { Batcher } from "./batching/batcher.ts";
import type { Job, JobAnswer } from "./batching/job.ts";
import { CachedAnswers } from "./cached-answers.ts";
import { TensorChecker } from "./check-tensors.ts";
import type { ModelVariants } from "./model-variants.ts";
import { type Seat, SeatOpener } from "./open-seat.ts";
import type { Executor, ModelInterface, RunTiming, TensorSpec, Tensors } from "./port.ts";
import { ProviderChain, type ProviderFailure, UNPROBED } from "./provider-chain.ts";
import type { Row } from "./row.ts";
import { type RowPacker, rowPacker } from "./row-packer.ts";
import { type RowUnpacker, rowUnpacker } from "./row-unpacker.ts";
import { type ParsedSessionOptions, schemaColumns } from "./session-options.ts";
import { InferenceStatistics, type StatisticsSink } from "./statistics.ts";
import type { StepContext } from "./step.ts";
import { type WarmUp, warmUp } from "./warm-up.ts";

/** Whether rows of several callers share a run, and why not. */
export interface BatchingState {
  readonly enabled: boolean;
  /** For a human. */
  readonly reason: string;
}

/** What a live model is made from. */
export interface LiveModelOptions {
  readonly model: LoadedModel | ModelSource | ModelVariants | undefined;
  readonly session: ParsedSessionOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onFailure: (failure: ProviderFailure) => void;
  readonly onFallback: (failure: ProviderFailure) => void;
  /** Told of what happens to requests, as it happens. */
  readonly sink?: StatisticsSink | undefined;
}

/** A made-up number may be one that a loop counts to for ever, and a run cannot be stopped. */
const mayLoop = "it has a loop, which made-up samples might never end; give samples of yours as warmUp";

/** Executors that were told how long runs take: one that several sessions share is told once. */
const settled = new WeakSet<Executor>();

/** One version of a model, loaded, warm and ready to answer: what a session has one of, and two while it goes over to another. */
export class LiveModel implements AsyncDisposable {
  readonly chain: ProviderChain;
  readonly interface: ModelInterface;
  readonly omitted: Seat["omitted"];
  readonly checker: TensorChecker;
  readonly packer: RowPacker;
  readonly unpack: RowUnpacker;
  /** Outputs that rows are answered from. */
  readonly rowOutputs: readonly TensorSpec[];
  readonly rowOutputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly statistics: InferenceStatistics;
  readonly #batcher: Batcher;
  #answers: CachedAnswers | undefined;
  #context: StepContext | undefined;
  readonly #options: LiveModelOptions;
  readonly #closed = new AbortController();
  #probing: Promise<void> | undefined;

  private constructor(
    chain: ProviderChain,
    options: LiveModelOptions,
    packer: RowPacker,
    rowOutputs: readonly TensorSpec[],
    warm: WarmUp,
  ) {
    const { session, clock } = options;
    const { seat } = chain;
    this.#options = options;
    this.chain = chain;
    this.interface = seat.interface;
    this.omitted = seat.omitted;
    this.checker = new TensorChecker(seat.interface.inputs);
    this.packer = packer;
    this.rowOutputs = rowOutputs;
    this.rowOutputNames = rowOutputs.map(({ name }) => name);
    this.outputNames = seat.interface.outputs.map(({ name }) => name);
    this.unpack = rowUnpacker(rowOutputs);
    this.statistics = new InferenceStatistics(clock, options.sink);
    this.#batcher = new Batcher({
      target: chain,
      batchable: session.batching !== false,
      fixedShape: isBounded(seat.interface),
      model: chain.answerer.model.name ?? seat.executor.provider,
      options: session.batching === false || session.batching === undefined ? {} : session.batching,
      statistics: this.statistics,
      timings: warm.timings,
      clock,
    });
    const { cache } = session;
    // An answer that is drawn at random is not the answer to the same question.
    if (cache !== undefined && !seat.random) {
      const steps = [session.preprocess?.version ?? "", session.postprocess?.version ?? ""];
      this.#answers = new CachedAnswers(cache, steps, this.statistics);
    }
  }

  /**
   * Loads a model with the first provider that can run it, and warms it up.
   *
   * @throws what {@link ProviderChain.advance}, the samples' rows and the columns have against it
   */
  static async open(options: LiveModelOptions, call: CallOptions | undefined): Promise<LiveModel> {
    const { model, session, clock, onFailure, onFallback } = options;
    const { providers, models: cache, maxModelBytes: maxBytes } = session;
    const opener = new SeatOpener({ model, cache, maxBytes });
    let live: LiveModel | undefined;
    const tookOver = (failure: ProviderFailure) => {
      onFallback(failure);
      if (live !== undefined) live.#probe();
    };
    const chain = new ProviderChain({ providers, opener, clock, onFailure, onFallback: tookOver });
    try {
      await chain.advance(call);
      const { inputs, outputs, columns: recorded } = chain.seat.interface;
      const implied = recorded ?? (session.preprocess === undefined ? schemaColumns(session.input) : undefined);
      const packer = rowPacker(inputs, session.columns, implied);
      const rowOutputs = session.outputs === undefined ? outputs : chosenOutputs(outputs, session.outputs);
      const warm = await warmUpChain(chain, session, packer, clock, call);
      chain.probed(chain.seat, warm.obstacle);
      await settle(chain.seat, warm.timings);
      opener.forget();
      // Nobody waits for it any more.
      call?.signal?.throwIfAborted();
      live = new LiveModel(chain, options, packer, rowOutputs, warm);
      return live;
    } catch (error) {
      // What went wrong first says most.
      await Promise.allSettled([chain[Symbol.asyncDispose]()]);
      throw error;
    }
  }

  /** Runs the model on rows that may share the run with those of others. */
  submit(inputs: Tensors, rows: number, outputs: readonly string[], call: BatchCall | undefined): Promise<JobAnswer> {
    const work = () => this.#submit({ inputs, rows, outputs }, call);
    return this.#answers === undefined ? work() : this.#answers.submit(inputs, rows, outputs, this.chain.answerer, work);
  }

  /** Whether callers share runs on the provider that runs the model. */
  get batching(): BatchingState {
    const { obstacle } = this.chain;
    if (obstacle !== undefined) return { enabled: false, reason: obstacle };
    return { enabled: true, reason: "rows answered the same alone and together" };
  }

  /** Why nothing is kept in the response cache that was given; undefined without one, and where it works. */
  get cacheObstacle(): string | undefined {
    const { seat } = this.chain;
    if (this.#options.session.cache === undefined) return undefined;
    if (seat.random) return "the model draws random numbers";
    return seat.identity.digest === undefined
      ? `${seat.executor.provider} does not say by a digest which model it has`
      : undefined;
  }

  /** See {@link ProviderChain.failure}. */
  get failure(): unknown {
    return this.chain.failure;
  }

  /** What processing steps are told. */
  get context(): StepContext {
    const { model, provider } = this.chain.answerer;
    if (this.#context?.provider !== provider) {
      const { inputs, outputs } = this.interface;
      this.#context = Object.freeze({ inputs, outputs, model, provider });
    }
    return this.#context!;
  }

  /** Jobs that wait for a run. */
  get waiting(): number {
    return this.#batcher.waiting;
  }

  /** Lets the work that was submitted end, then releases the model. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    try {
      await this.#batcher.close();
      await this.#probing;
    } finally {
      await this.chain[Symbol.asyncDispose]();
    }
  }

  /** Parts of a job that a change of providers came between are not one answer. */
  async #submit(job: Job, call: BatchCall | undefined): Promise<JobAnswer> {
    for (;;) {
      const answer = await this.#batcher.submit(job, call);
      if (answer.mixed !== true) return answer;
    }
  }

  /** Finds out about the provider that has taken over, while it answers callers one by one. */
  #probe(): void {
    const { chain } = this;
    const { seat } = chain;
    const { session, clock } = this.#options;
    const probe = async () => {
      const call = { signal: this.#closed.signal };
      const known = chain.obstacle !== UNPROBED;
      const warm = known ? undefined : await warmUpSeat(chain, session, this.packer, clock, call);
      if (warm !== undefined) chain.probed(seat, warm.obstacle);
      await settle(seat, warm?.timings ?? []);
    };
    // Whatever goes wrong in it, callers find out by themselves.
    this.#probing = Promise.all([this.#probing, probe()]).then(
      () => {},
      () => {},
    );
  }
}

/** Warms the first provider up that can run the model; one that loads it and cannot run it is given up while there is another. */
async function warmUpChain(
  chain: ProviderChain,
  session: ParsedSessionOptions,
  packer: RowPacker,
  clock: Clock,
  call: CallOptions | undefined,
): Promise<WarmUp> {
  for (;;) {
    const { seat } = chain;
    const warm = await warmUpSeat(chain, session, packer, clock, call);
    if (chain.seat !== seat) continue;
    if (warm.failure === undefined || !chain.hasNext) return warm;
    try {
      await chain.giveUp(warm.failure, call);
    } catch {
      // No other provider can load it either: this one has, and a caller's rows may suit it better than the samples.
      call?.signal?.throwIfAborted();
      return warm;
    }
  }
}

/** Warms the current provider up, and finds out whether callers may share runs there. */
async function warmUpSeat(
  chain: ProviderChain,
  session: ParsedSessionOptions,
  packer: RowPacker,
  clock: Clock,
  call: CallOptions | undefined,
): Promise<WarmUp> {
  const { seat } = chain;
  const { random, loops, modelBytes, executor } = seat;
  const wanted = session.warmUp !== false && (modelBytes > 0 || session.warmUp !== undefined || isObject(session.batching));
  if (!wanted) return { warm: false, failure: undefined, obstacle: untested(session, executor), timings: [] };
  if (loops && !isObject(session.warmUp)) return { warm: false, failure: undefined, obstacle: mayLoop, timings: [] };
  const outputs = seat.interface.outputs.map(({ name }) => name);
  const warm = await warmUp(
    {
      run: (inputs, options) => chain.run(inputs, outputs, options),
      model: seat.interface,
      samples: samplesOf(session, packer, chain),
      probe: session.batching !== false && !random,
      clock,
    },
    call,
  );
  if (session.batching === false) return { ...warm, obstacle: "it was switched off" };
  if (random) return { ...warm, obstacle: "the model draws random numbers, so that its answers cannot be compared" };
  return warm;
}

async function settle({ executor, interface: model }: Seat, timings: readonly RunTiming[]): Promise<void> {
  if (executor.settle === undefined || settled.has(executor)) return;
  settled.add(executor);
  await executor.settle(timings, isBounded(model));
}

function samplesOf(
  { warmUp: given, preprocess, input, validate: when }: ParsedSessionOptions,
  packer: RowPacker,
  { seat, answerer }: ProviderChain,
): Tensors | undefined {
  if (!isObject(given)) return undefined;
  const { rows, tensors } = given;
  if (rows === undefined) return new TensorChecker(seat.interface.inputs).copies(tensors!);
  const context = { ...seat.interface, ...answerer };
  const checked = input === undefined || when === "never" ? rows : rows.map((row, i) => validate(input, row, `Sample ${i}`));
  return packer.pack(checked.map((row) => (preprocess === undefined ? row : preprocess.run(row as never, context)) as Row));
}

function untested(session: ParsedSessionOptions, { placement, provider }: Executor): string {
  if (session.batching === false) return "it was switched off";
  if (session.warmUp === false) return "warm-up was switched off, so that nothing is known of the model";
  const who = placement === "remote" ? "the server batches by itself" : `${provider} has a model of its own`;
  return `${who}; give batching options to have it probed`;
}

/** Whether the size of an input follows from its number of rows. */
function isBounded({ inputs }: ModelInterface): boolean {
  return inputs.every(({ dims }) => dims?.every((extent, axis) => axis === 0 || typeof extent === "number") === true);
}

function chosenOutputs(outputs: readonly TensorSpec[], names: readonly string[]): readonly TensorSpec[] {
  return names.map((name) => {
    const spec = outputs.find((output) => output.name === name);
    if (spec !== undefined) return spec;
    const known = outputs.map((output) => output.name);
    throw new ModelwrightError(
      "INPUT_UNKNOWN",
      `The model has no tensor output ${JSON.stringify(name)}; it has ${known.join(", ")}`,
      { details: { input: name, known } },
    );
  });
}

function isObject<T>(value: T | false | undefined): value is T & object {
  return typeof value === "object";
}
