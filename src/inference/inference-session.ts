import type { CallOptions, Runtime } from "../core/call.ts";
import { isBytes } from "../core/chunks.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { sha256 } from "../core/digest.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import { defaultLogger, guarded } from "../core/logger.ts";
import type { LoadedModel, ModelIdentity, ModelSource, Prediction, Predictor } from "../core/model.ts";
import type { InferInput, InferOutput, Schema } from "../core/schema.ts";
import { validate } from "../core/schema.ts";
import { traced } from "../core/trace.ts";
import { checkedCopies, checkOutputs } from "./check-tensors.ts";
import { readModelInterface } from "./model-interface.ts";
import { openExecutor, type ProviderFailure } from "./open-executor.ts";
import type { Executor, TensorSpec, Tensors } from "./port.ts";
import type { Row } from "./row.ts";
import { type RowPacker, rowPacker } from "./row-packer.ts";
import { type RowUnpacker, rowUnpacker } from "./row-unpacker.ts";
import { type InferenceSessionOptions, parseSessionOptions, schemaColumns } from "./session-options.ts";

/** What a session is made of, once its model is loaded. */
interface Loaded {
  readonly name: string;
  readonly identity: ModelIdentity;
  readonly executor: Executor;
  readonly failures: readonly ProviderFailure[];
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly packer: RowPacker;
  readonly input: Schema | undefined;
  readonly output: Schema | undefined;
  readonly clock: Clock;
}

/**
 * A model, loaded and ready to answer: rows of named values with {@link InferenceSession.predict}, or tensors with
 * {@link InferenceSession.run}. Open one with {@link InferenceSession.open}; dispose it to give the engine's memory back.
 *
 * Every method rejects with `CLOSED` after `close()`. An abort or a time limit ends the waiting; an engine that has begun a run
 * finishes it.
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
  /** Which model answers. */
  readonly model: ModelIdentity;
  /** Where it runs, for example `onnxruntime-node/cpu`. */
  readonly provider: string;
  /** The providers before it that could not load the model, and why; empty when the first one could. */
  readonly fallbacks: readonly ProviderFailure[];
  /** What the model takes. */
  readonly inputs: readonly TensorSpec[];
  /** What the model answers. Outputs that are no tensors, such as the maps of scikit-learn's ZipMap, are left out. */
  readonly outputs: readonly TensorSpec[];
  /** The columns that a row must have, in the order in which the model takes them. */
  readonly columns: readonly string[];
  readonly #executor: Executor;
  readonly #outputNames: readonly string[];
  readonly #packer: RowPacker;
  readonly #unpack: RowUnpacker;
  readonly #input: Schema | undefined;
  readonly #output: Schema | undefined;
  readonly #clock: Clock;
  readonly #lifecycle: Lifecycle;

  private constructor(loaded: Loaded) {
    this.name = loaded.name;
    this.model = loaded.identity;
    this.provider = loaded.executor.provider;
    this.fallbacks = loaded.failures;
    this.inputs = loaded.inputs;
    this.outputs = loaded.outputs;
    this.columns = loaded.packer.columns;
    this.#executor = loaded.executor;
    this.#outputNames = loaded.outputs.map(({ name }) => name);
    this.#packer = loaded.packer;
    this.#unpack = rowUnpacker(loaded.outputs);
    this.#input = loaded.input;
    this.#output = loaded.output;
    this.#clock = loaded.clock;
    this.#lifecycle = new Lifecycle(`The session of ${this.name}`, async () => {
      await loaded.executor[Symbol.asyncDispose]();
    });
  }

  /**
   * Loads a model with the first of the providers that can. Those that could not are kept in {@link InferenceSession.fallbacks} and
   * logged as warnings.
   *
   * @throws a `ModelwrightError` with code `CONFIG_INVALID`; `MODEL_INVALID` when the bytes are no model; `MODEL_UNSUPPORTED` when no
   * engine could take it; the provider's own, such as `MISSING_PEER`, when the only provider fails; `MODEL_LOAD_FAILED` with every
   * reason when several do; and what the model's source throws
   */
  static async open<I extends Schema<unknown, Row> = Schema<Row>, O extends Schema = Schema<Row>>(
    options: InferenceSessionOptions<I, O>,
    { clock = systemClock, logger = defaultLogger, signal, timeoutMs }: Runtime & CallOptions = {},
  ): Promise<InferenceSession<InferInput<I>, InferOutput<O>>> {
    const { model: source, providers, columns, input, output, validate } = parseSessionOptions(options);
    const open = async (derived: AbortSignal | undefined) => {
      const call = derived === undefined ? undefined : { signal: derived };
      const { model, name } = await loadModel(source, call);
      const { inputs, outputs, columns: recorded } = readModelInterface(model.bytes);
      const packer = rowPacker(inputs, columns, recorded ?? schemaColumns(input));
      const { executor, failures } = await openExecutor(model, [...inputs, ...outputs], providers, call);
      for (const failure of failures)
        guarded(logger).warn("A provider could not load the model; the next one is used", { model: name, ...failure });
      const checked = validate === "always";
      return new InferenceSession<InferInput<I>, InferOutput<O>>({
        name,
        identity: model.identity,
        executor,
        failures,
        inputs,
        outputs,
        packer,
        clock,
        input: checked ? input : undefined,
        output: checked ? output : undefined,
      });
    };
    return withDeadline({ signal, timeoutMs }, open, clock);
  }

  /**
   * Answers one row.
   *
   * Floats take every number, NaN and infinities too; a boolean counts as 0 or 1 where a number is needed. Integers must be whole and in
   * range; 64-bit ones may be bigints, and come back as numbers where those are exact. An output declared as [rows] or [rows, 1] is
   * answered as a scalar, any other as an array of the row's elements. Members that are no columns are ignored.
   *
   * @throws a `ModelwrightError` with code `INPUT_MISSING` when a column is missing, null or undefined; `INPUT_INVALID` when the row is
   * no object, or the schema or the column's type refuses a value; `INPUT_SHAPE` when an array has not the elements of an input's row,
   * or the model takes another number of rows at once; `UNSUPPORTED` when an input leaves several extents open, so that they do not
   * follow from a row; `MODEL_RUN_FAILED` when the engine fails; `MODEL_UNSUPPORTED` when an output has not what the model declares for
   * each row
   */
  async predict(input: Input, call?: CallOptions): Promise<Prediction<Output>> {
    const inputs = this.#packer.pack(this.#checked([input]));
    const outputs = await this.#run("inference.predict", inputs, this.#outputNames, 1, call);
    return this.#predictions(inputs, outputs, 1)[0]!;
  }

  /** Answers rows in one run of the model, in their order, or rejects as a whole. Otherwise as {@link InferenceSession.predict}. */
  async predictMany(inputs: readonly Input[], call?: CallOptions): Promise<readonly Prediction<Output>[]> {
    const rows = this.#checked(inputs);
    if (rows.length === 0) return [];
    const tensors = this.#packer.pack(rows);
    const outputs = await this.#run("inference.predict", tensors, this.#outputNames, rows.length, call);
    return this.#predictions(tensors, outputs, rows.length);
  }

  /**
   * Runs the model on tensors. They are copied before this returns its promise, so the arrays may be reused at once.
   *
   * @param options - `outputs`: the names to answer. @defaultValue all tensor outputs
   * @throws a `ModelwrightError` with code `INPUT_UNKNOWN`, `INPUT_MISSING`, `INPUT_DTYPE` or `INPUT_SHAPE`, which name the input; with
   * code `MODEL_RUN_FAILED` when the engine fails
   */
  async run(tensors: Tensors, options: { readonly outputs?: readonly string[] } = {}, call?: CallOptions): Promise<Tensors> {
    this.#lifecycle.assertOpen();
    const outputs = options.outputs ?? this.#outputNames;
    checkOutputs(this.outputs, outputs);
    return this.#run("inference.run", checkedCopies(this.inputs, tensors), outputs, undefined, call);
  }

  /** Refuses new work, waits for running work, then releases the model. Idempotent. */
  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checked(inputs: readonly Input[]): readonly Row[] {
    this.#lifecycle.assertOpen();
    const schema = this.#input;
    return (
      schema === undefined
        ? inputs
        : inputs.map((input, i) => validate(schema, input, inputs.length === 1 ? "The input" : `Row ${i}`))
    ) as readonly Row[];
  }

  #predictions(inputs: Tensors, outputs: Tensors, rows: number): Prediction<Output>[] {
    const answers = this.#unpack(outputs, rows);
    this.#packer.reuse(inputs);
    return answers.map((answer) => {
      const output = (this.#output === undefined ? answer : validate(this.#output, answer, "The output")) as Output;
      return { output, model: this.model, provider: this.provider };
    });
  }

  /** The executor's disposal waits for running work, so the session need not count it. */
  #run(
    operation: string,
    inputs: Tensors,
    outputs: readonly string[],
    rows: number | undefined,
    call?: CallOptions,
  ): Promise<Tensors> {
    const work = (signal?: AbortSignal) => this.#executor.run(inputs, outputs, signal === undefined ? undefined : { signal });
    return traced(
      operation,
      () => ({ model: this.name, provider: this.provider, rows }),
      () => (call === undefined ? work() : withDeadline(call, work, this.#clock)),
    );
  }
}

async function loadModel(
  source: Uint8Array | ModelSource,
  call: CallOptions | undefined,
): Promise<{ readonly model: LoadedModel; readonly name: string }> {
  const { identity, bytes }: LoadedModel = isBytes(source) ? { identity: {}, bytes: source } : await source.load(call);
  const digest = identity.digest ?? (await sha256(bytes));
  const name = isBytes(source) ? digest.slice(0, "sha256:".length + 12) : source.name;
  return { model: { identity: { ...identity, digest }, bytes }, name };
}
