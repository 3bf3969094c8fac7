import type { CallOptions, Runtime } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { messageOf } from "../core/errors.ts";
import type { Event } from "../core/events.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import { defaultLogger, guarded, type Logger } from "../core/logger.ts";
import type { ModelIdentity, Prediction, Predictor } from "../core/model.ts";
import type { InferInput, InferOutput, Schema } from "../core/schema.ts";
import { invalidInput, validate } from "../core/schema.ts";
import { traced } from "../core/trace.ts";
import { answerInto } from "./answer-into.ts";
import type { BatchCall } from "./batching/batch-call.ts";
import type { JobAnswer } from "./batching/job.ts";
import { checkFinite } from "./check-tensors.ts";
import { collectUnreleased } from "./collect-unreleased.ts";
import type { BatchingState, LiveModel } from "./live-model.ts";
import { ModelFollower, type ModelStatistics, type ModelSwap, type ModelSwapFailure, SessionEvents } from "./model-follower.ts";
import { namedModel } from "./named-model.ts";
import type { Placement, TensorSpec, Tensors } from "./port.ts";
import type { OmittedOutput } from "./prepare-model.ts";
import type { Answerer, ProviderFailure } from "./provider-chain.ts";
import type { Row } from "./row.ts";
import { checkRunOptions, type RunOptions } from "./run-options.ts";
import { type ScoreStreamOptions, scoreStream } from "./score-stream.ts";
import type { SessionHealth } from "./session-health.ts";
import { answerSubject, SessionMetrics } from "./session-metrics.ts";
import { type InferenceSessionOptions, type ParsedSessionOptions, parseSessionOptions } from "./session-options.ts";

/** What a session is started with. */
interface Started {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: SessionEvents;
  readonly metrics: SessionMetrics | undefined;
}

/**
 * A model, loaded and ready to answer: rows of named values with {@link InferenceSession.predict}, or tensors with
 * {@link InferenceSession.run}. Open one with {@link InferenceSession.open}; dispose it to give the engine's memory back.
 *
 * Calls that arrive together share a run of the model where that is known to give the same answers, see
 * {@link InferenceSession.batching}. Every method rejects with `CLOSED` after `close()`. An abort or a time limit takes a call that waits
 * out of the queue; an engine that has begun a run finishes it.
 *
 * @example
 * ```ts
 * import { InferenceSession } from "modelwright";
 * import { onnx } from "modelwright/onnx";
 * import { logisticModel } from "modelwright/onnx-format";
 * import { z } from "zod";
 *
 * await using session = await InferenceSession.open({
 *   model: logisticModel({ columns: ["age", "income"], weights: [0.5, 2], bias: -3 }),
 *   providers: [onnx()],
 *   input: z.object({ age: z.number(), income: z.number() }),
 *   output: z.object({ probability: z.number() }),
 * });
 * const { output } = await session.predict({ age: 41, income: 3.2 });
 * console.log(output.probability);
 * ```
 */
export class InferenceSession<Input = Row, Output = Row> implements Predictor<Input, Output>, AsyncDisposable {
  readonly spec = "predictor/1";
  /** Name of the model's source; the first digits of the digest for a model that was opened from bytes. */
  readonly name: string;
  readonly #follower: ModelFollower;
  /** Held here: the follower refers to them weakly, so that a listener that refers to the session does not keep it. */
  readonly #events: SessionEvents;
  readonly #options: ParsedSessionOptions;
  readonly #checksInput: boolean;
  readonly #checksOutput: boolean;
  readonly #metrics: SessionMetrics | undefined;
  readonly #clock: Clock;
  readonly #lifecycle: Lifecycle;

  private constructor(
    name: string,
    follower: ModelFollower,
    options: ParsedSessionOptions,
    { clock, logger, events, metrics }: Started,
  ) {
    this.name = name;
    this.#follower = follower;
    this.#options = options;
    this.#checksInput = options.validate === "always" && options.input !== undefined;
    this.#checksOutput = options.validate === "always" && options.output !== undefined;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#events = events;
    const collected = collectUnreleased(this, follower, name, logger);
    this.#lifecycle = new Lifecycle(`The session of ${name}`, () => {
      collected[Symbol.dispose]();
      return follower[Symbol.asyncDispose]();
    });
  }

  /**
   * Loads a model with the first of the providers that can, and warms it up. Those that could not are kept in
   * {@link InferenceSession.fallbacks} and logged as warnings.
   *
   * @throws a `ModelwrightError` with code `CONFIG_INVALID`; `MODEL_INVALID` when the bytes are no model; `MODEL_UNSUPPORTED` when no
   * engine could take it; the provider's own, such as `MISSING_PEER`, when the only provider fails; `MODEL_LOAD_FAILED` with every
   * reason when several do; `INPUT_UNKNOWN` when `outputs` names none of the model; what a row of samples is refused with; and what the
   * model's source throws
   */
  static async open<In = Row, I extends Schema<unknown, In> = Schema<In>, Out = Row, O extends Schema = Schema<Out>>(
    options: InferenceSessionOptions<In, I, Out, O>,
    { clock = systemClock, logger = defaultLogger, signal, timeoutMs }: Runtime & CallOptions = {},
  ): Promise<InferenceSession<InferInput<I>, InferOutput<O>>> {
    const session = parseSessionOptions(options);
    const open = async (derived: AbortSignal | undefined) => {
      const call = derived === undefined ? undefined : { signal: derived };
      const { model, name } = await namedModel(session);
      const events = new SessionEvents(logger);
      const providers = session.providers.map((provider) => provider.name);
      const metrics = session.metrics === undefined ? undefined : new SessionMetrics(session.metrics, providers, clock);
      const follower = await ModelFollower.open({ model, name, session, clock, logger, events, metrics }, call);
      try {
        // Nobody waits for it any more.
        derived?.throwIfAborted();
        const { answerer } = follower.current.chain;
        const shown = name ?? answerer.model.name ?? answerer.provider;
        metrics?.named(shown, follower);
        const runtime = { clock, logger: guarded(logger), events, metrics };
        return new InferenceSession<InferInput<I>, InferOutput<O>>(shown, follower, session, runtime);
      } catch (error) {
        await follower[Symbol.asyncDispose]();
        throw error;
      }
    };
    return withDeadline({ signal, timeoutMs }, open, clock);
  }

  /** Fires after the session has gone over to another version of the model. */
  get onSwapped(): Event<ModelSwap> {
    return this.#events.swapped.event;
  }

  /** Fires after another version could not take over; the session answers from the one that it has. */
  get onSwapFailed(): Event<ModelSwapFailure> {
    return this.#events.swapFailed.event;
  }

  /** Fires after a provider could not go on with the model; {@link InferenceSession.provider} is the one that took over. */
  get onFallback(): Event<ProviderFailure> {
    return this.#events.fellBack.event;
  }

  /** Which model answers. */
  get model(): ModelIdentity {
    return this.#live.chain.answerer.model;
  }

  /** Where it runs, for example `onnxruntime-node/cpu`. */
  get provider(): string {
    return this.#live.chain.answerer.provider;
  }

  /** The providers before it that could not load or run the model, and why; empty when the first one runs it. */
  get fallbacks(): readonly ProviderFailure[] {
    return this.#live.chain.failures;
  }

  /** On which thread or machine runs take place, why there, and how many at once. */
  get placement(): { readonly where: Placement; readonly instances: number; readonly reason: string | undefined } {
    const { placement, instances, seat } = this.#live.chain;
    return { where: placement, instances, reason: seat.executor.placementReason };
  }

  /** Whether rows of several calls share a run, and why not if not. */
  get batching(): BatchingState {
    return this.#live.batching;
  }

  /** What the model takes. */
  get inputs(): readonly TensorSpec[] {
    return this.#live.interface.inputs;
  }

  /** What the model answers. */
  get outputs(): readonly TensorSpec[] {
    return this.#live.interface.outputs;
  }

  /** Outputs of the model that are no tensors and cannot be answered, and why. */
  get omittedOutputs(): readonly OmittedOutput[] {
    return this.#live.omitted;
  }

  /** The columns that a row must have, in the order in which the model takes them. */
  get columns(): readonly string[] {
    return this.#live.packer.columns;
  }

  /**
   * Answers one row.
   *
   * Floats take every number, NaN and infinities too; a boolean counts as 0 or 1 where a number is needed. Integers must be whole and in
   * range; 64-bit ones may be bigints, and come back as numbers where those are exact. An output declared as [rows] or [rows, 1] is
   * answered as a scalar, any other as an array of the row's elements. Members that are no columns are ignored.
   * Arrays are flat, nested as the input's axes behind the first, or typed.
   *
   * @param call - also `priority`, where the batching options have levels; 1 is the most urgent
   * @throws a `ModelwrightError` with code `INPUT_MISSING` when a column is missing, null or undefined; `INPUT_INVALID` when the row is
   * no object, or the schema or the column's type refuses a value; `INPUT_SHAPE` when an array has not the elements of an input's row,
   * is nested otherwise, or the model takes another number of rows at once; `UNSUPPORTED` for a flat array where an input leaves several
   * extents open; `MODEL_OVERLOADED` when too many calls wait; `MODEL_RUN_FAILED` when the engine fails; `MODEL_EXECUTOR_LOST` when
   * it ends; `MODEL_UNSUPPORTED` when an output has not what the model declares for each row
   */
  predict(input: Input, call?: BatchCall): Promise<Prediction<Output>> {
    return this.#metrics === undefined ? this.#one(input, call) : this.#metrics.measure(() => this.#one(input, call), call);
  }

  /**
   * Answers rows in their order, or rejects as a whole. They are one run of the model, unless it keeps rows apart and they are more than
   * it should take at once. Otherwise as {@link InferenceSession.predict}.
   */
  predictMany(inputs: readonly Input[], call?: BatchCall): Promise<readonly Prediction<Output>[]> {
    return this.#metrics === undefined ? this.#many(inputs, call) : this.#metrics.measure(() => this.#many(inputs, call), call);
  }

  /**
   * Runs the model on tensors. They are copied before this returns its promise, so the arrays may be reused at once; the answer's memory
   * is the caller's own. No names of outputs are all of them.
   *
   * @throws a `TypeError` for options of another form; a `ModelwrightError` with code `INPUT_UNKNOWN`, `INPUT_MISSING`, `INPUT_DTYPE` or
   * `INPUT_SHAPE`, which name the input or the tensor in `into`; with `INPUT_INVALID` for tensors that are no object, and where
   * `nonFinite` is refused; with `MODEL_RUN_FAILED` when the engine fails; otherwise as {@link InferenceSession.predict}
   */
  run(tensors: Tensors, options: RunOptions = {}, call?: BatchCall): Promise<Tensors> {
    const metrics = this.#metrics;
    return metrics === undefined
      ? this.#run(tensors, options, call)
      : metrics.measure(() => this.#run(tensors, options, call), call);
  }

  /**
   * Answers rows as they come, in their order, while it reads a bounded number ahead.
   *
   * @example
   * ```ts
   * import type { InferenceSession } from "modelwright";
   *
   * export async function total(session: InferenceSession, rows: AsyncIterable<{ amount: number }>): Promise<number> {
   *   let sum = 0;
   *   for await (const { output } of session.score(rows, { chunk: 256, concurrency: 2 })) sum += Number(output["probability"]);
   *   return sum;
   * }
   * ```
   */
  score(
    inputs: Iterable<Input> | AsyncIterable<Input>,
    options?: ScoreStreamOptions,
  ): AsyncGenerator<Prediction<Output>, void, undefined> {
    return scoreStream((rows, call) => this.predictMany(rows, call), inputs, options, { clock: this.#clock });
  }

  /** Loads the version that the model's source points to, unless it is the one in use, and goes over to it without losing a call. */
  async refresh(call?: CallOptions): Promise<ModelIdentity> {
    this.#lifecycle.assertOpen();
    return withDeadline(call, () => this.#follower.refresh(), this.#clock);
  }

  /** What the version in use has done, then what those before it did, newest first. */
  statistics(): readonly ModelStatistics[] {
    return this.#follower.statistics();
  }

  /** For a health endpoint; never rejects. */
  health(): SessionHealth {
    const { chain, waiting, failure } = this.#live;
    const working = failure === undefined ? "ready" : "failed";
    const state = this.#lifecycle.open ? working : this.#closed ? "closed" : "draining";
    const { model, provider } = chain.answerer;
    return {
      state,
      ready: state === "ready",
      reason: state === "failed" ? messageOf(failure) : undefined,
      model,
      provider,
      placement: chain.placement,
      instances: chain.instances,
      waiting,
    };
  }

  /** Refuses new work, waits for running work, then releases the model. Idempotent. */
  async close(): Promise<void> {
    try {
      await this.#lifecycle.close();
    } finally {
      this.#closed = true;
    }
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #closed = false;

  get #live(): LiveModel {
    return this.#follower.current;
  }

  async #one(input: Input, call: BatchCall | undefined): Promise<Prediction<Output>> {
    this.#lifecycle.assertOpen();
    const live = this.#live;
    const inputs = this.#packed(live, [this.#row(input, 0, 1)]);
    const answer = await this.#submit("inference.predict", live, inputs, 1, live.rowOutputNames, call);
    return this.#predictions(live, inputs, answer)[0]!;
  }

  async #many(inputs: readonly Input[], call: BatchCall | undefined): Promise<readonly Prediction<Output>[]> {
    this.#lifecycle.assertOpen();
    if (!Array.isArray(inputs)) throw invalidInput("The rows", [{ path: [], message: "expected an array" }]);
    if (inputs.length === 0) return [];
    const live = this.#live;
    // Not `map`: it passes over holes.
    const rows = Array.from(inputs, (input, i) => this.#row(input, i, inputs.length));
    const jobs = rows.length > 1 && live.packer.rowsAtOnce === 1 ? rows.map((row) => [row]) : [rows];
    const packed = jobs.map((job) => this.#packed(live, job));
    const submit = (tensors: Tensors, i: number) =>
      this.#submit("inference.predict", live, tensors, jobs[i]!.length, live.rowOutputNames, call);
    const answers = await Promise.all(packed.map(submit));
    return answers.flatMap((answer, i) => this.#predictions(live, packed[i]!, answer));
  }

  async #run(tensors: Tensors, options: RunOptions, call: BatchCall | undefined): Promise<Tensors> {
    this.#lifecycle.assertOpen();
    const live = this.#live;
    const { outputs, into } = checkRunOptions(options, live.interface.outputs, live.outputNames);
    const inputs = live.checker.copies(tensors);
    this.#checkFinite(inputs);
    const first = live.interface.inputs[0];
    const rows = (first === undefined ? undefined : inputs[first.name]!.dims[0]) ?? 1;
    const answer = await this.#submit("inference.run", live, inputs, rows, outputs, call);
    const answered = answerInto(answer, outputs, into);
    live.checker.reuse(inputs, answer.outputs);
    this.#metrics?.answered(rows);
    return answered;
  }

  /** The model's row. Checked once, here. */
  #row(input: Input, index: number, of: number): Row {
    const { input: schema, preprocess } = this.#options;
    const checked = this.#checksInput ? validate(schema!, input, of === 1 ? "The input" : `Row ${index}`) : input;
    return (preprocess === undefined ? checked : preprocess.run(checked as never, this.#live.context)) as Row;
  }

  #packed(live: LiveModel, rows: readonly Row[]): Tensors {
    const inputs = live.packer.pack(rows);
    this.#checkFinite(inputs);
    return inputs;
  }

  #predictions(live: LiveModel, inputs: Tensors, answer: JobAnswer): Prediction<Output>[] {
    const answers = live.unpack(answer.outputs, answer.rows, answer.offset, answer.totalRows);
    live.packer.reuse(inputs);
    const { model, provider } = answer.by as Answerer;
    const predictions = answers.map((row) => ({ output: this.#output(row, live), model, provider }));
    this.#metrics?.answered(answer.rows);
    return predictions;
  }

  #output(row: Row, live: LiveModel): Output {
    const { output: schema, postprocess } = this.#options;
    const answer = postprocess === undefined ? row : postprocess.run(row as never, live.context);
    return (this.#checksOutput ? validate(schema!, answer, answerSubject) : answer) as Output;
  }

  #checkFinite(inputs: Tensors): void {
    if (this.#options.nonFinite === "reject") checkFinite(inputs);
  }

  #submit(
    operation: string,
    live: LiveModel,
    inputs: Tensors,
    rows: number,
    outputs: readonly string[],
    call: BatchCall | undefined,
  ): Promise<JobAnswer> {
    return traced(
      operation,
      () => ({ model: this.name, provider: live.chain.answerer.provider, rows }),
      () => live.submit(inputs, rows, outputs, call),
    );
  }
}
