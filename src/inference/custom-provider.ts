import * as z from "zod";
import type { CallOptions, Runtime } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { type Digest, isDigest } from "../core/digest.ts";
import { dataLength, type ElementData, type ElementType, elementTypes } from "../core/element-type.ts";
import { ModelwrightError, messageOf } from "../core/errors.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import { Limiter } from "../core/limiter.ts";
import type { ModelIdentity } from "../core/model.ts";
import { parseOptions, passed } from "../core/options.ts";
import { formatDims, type Tensor } from "../core/tensor.ts";
import type { ExecutionProvider, ExecutionRun, Executor, ModelInterface, TensorSpec, Tensors } from "./port.ts";
import { propertyName } from "./property-name.ts";

/** What the function of a {@link customProvider} is told beside the inputs. */
export interface CustomRun {
  /** The outputs to answer; others may be left out. */
  readonly outputs: readonly string[];
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal | undefined;
}

/** Options of {@link customProvider}. */
export interface CustomProviderOptions {
  /** Shown in errors, traces and predictions, for example `tfjs/wasm` or `rules`. */
  readonly name: string;
  /** What the function takes. */
  readonly inputs: readonly TensorSpec[];
  /** What it answers. A symbolic extent is the same wherever its name occurs, in inputs and outputs. */
  readonly outputs: readonly TensorSpec[];
  /** Names of the feature columns of the one input. @defaultValue none */
  readonly columns?: readonly string[] | undefined;
  /** Which model it is. @defaultValue an unknown one */
  readonly model?: ModelIdentity | undefined;
  /**
   * Calls of the function that run at once, at least 1; others wait. One lets batches form meanwhile, and asks no function to be
   * re-entrant; a function that waits for something else, such as another machine, wants more.
   *
   * @defaultValue 1
   */
  readonly concurrency?: number | undefined;
  /**
   * The model. It neither changes the inputs nor keeps them beyond its answer, which is checked and copied.
   *
   * @throws what a session's caller is to get: a {@link ModelwrightError} as it is, anything else as the cause of `MODEL_RUN_FAILED`
   */
  readonly run: (inputs: Tensors, run: CustomRun) => Tensors | Promise<Tensors>;
}

const extent = z.union([z.int().min(0), z.string().min(1)], "expected an extent or the name of one");

const tensorSpec = z
  .strictObject({
    // Tensors are kept by name in plain objects, where this name is the prototype.
    name: z
      .string()
      .min(1)
      .refine((name) => name !== "__proto__", "expected another name than __proto__"),
    type: z.enum(Object.keys(elementTypes) as [ElementType, ...ElementType[]]),
    dims: z.array(extent).nullable(),
    classes: z
      .array(z.union([z.string(), z.number()]))
      .min(1)
      .optional(),
  })
  .transform((spec): TensorSpec => ({ ...spec, name: propertyName(spec.name) }));

const distinct = (specs: readonly TensorSpec[]) => new Set(specs.map(({ name }) => name)).size === specs.length;

const optionsSchema = z.strictObject({
  name: z.string().min(1).max(200),
  inputs: z.array(tensorSpec).refine(distinct, "expected distinct names"),
  outputs: z.array(tensorSpec).min(1).refine(distinct, "expected distinct names"),
  columns: z.array(z.string()).min(1).optional(),
  model: z
    .strictObject({
      name: z.string().optional(),
      version: z.int().min(1).optional(),
      digest: passed<Digest>("sha256: and 64 lower-case hexadecimal digits", (value) => isDigest(value as string)).optional(),
    })
    .default({}),
  concurrency: z.int().min(1).default(1),
  run: passed<CustomProviderOptions["run"]>("a function", (value) => typeof value === "function"),
});

type Parsed = z.output<typeof optionsSchema>;

/**
 * A plain function as a model: another framework, a set of rules, a stand-in for tests. It runs on the thread that calls.
 *
 * The function's answer is checked against `outputs`: what is missing, unknown, of another type or shape fails the run with
 * `MODEL_RUN_FAILED`, which names it. An abort or a time limit ends the waiting; the place of a call is free when the function has ended.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID`
 *
 * @example
 * ```ts
 * import { InferenceSession, tensor } from "modelwright";
 * import { customProvider } from "modelwright/inference";
 *
 * const rules = customProvider({
 *   name: "rules",
 *   inputs: [{ name: "amount", type: "float32", dims: ["batch"] }],
 *   outputs: [{ name: "risk", type: "float32", dims: ["batch"] }],
 *   run: ({ amount }) => ({ risk: tensor("float32", (amount!.data as Float32Array).map((each) => (each > 1_000 ? 1 : 0))) }),
 * });
 * await using session = await InferenceSession.open({ providers: [rules] });
 * ```
 */
export function customProvider(options: CustomProviderOptions, { clock = systemClock }: Runtime = {}): ExecutionProvider {
  const parsed = parseOptions(optionsSchema, options, "customProvider");
  const types = new Set([...parsed.inputs, ...parsed.outputs].map(({ type }) => type));
  return {
    spec: "execution/1",
    name: parsed.name,
    capabilities: { elementTypes: [...types], model: "own" },
    async load(_model, call) {
      call?.signal?.throwIfAborted();
      return new CustomExecutor(parsed, clock);
    },
  };
}

class CustomExecutor implements Executor {
  readonly provider: string;
  readonly placement = "inline";
  readonly concurrency: number;
  /** What the function calls may refuse shared memory, as many platform functions do. */
  readonly sharedMemory = false;
  readonly interface: ModelInterface;
  readonly model: ModelIdentity;
  readonly #run: CustomProviderOptions["run"];
  readonly #names: readonly string[];
  readonly #clock: Clock;
  readonly #limiter: Limiter;
  readonly #lifecycle: Lifecycle;

  constructor({ name, inputs, outputs, columns, model, concurrency, run }: Parsed, clock: Clock) {
    this.provider = name;
    this.concurrency = concurrency;
    this.interface = { inputs, outputs, columns };
    this.model = model;
    this.#run = run;
    this.#names = outputs.map((output) => output.name);
    this.#clock = clock;
    this.#limiter = new Limiter({ concurrency });
    this.#lifecycle = new Lifecycle(`The model on ${name}`);
  }

  run(inputs: Tensors, outputs: readonly string[], call?: CallOptions): Promise<ExecutionRun> {
    const asked = outputs.length === 0 ? this.#names : outputs;
    // The place and the disposal wait for the function, the caller for no longer than it wants.
    const work = (signal: AbortSignal | undefined) =>
      this.#lifecycle.run(() => this.#limiter.run(() => this.#answer(inputs, { outputs: asked, signal }), { signal }));
    return withDeadline(call, work, this.#clock);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifecycle.close();
  }

  async #answer(inputs: Tensors, run: CustomRun): Promise<ExecutionRun> {
    const startedAt = this.#clock.monotonic();
    let answer: Tensors;
    try {
      answer = await this.#run(inputs, run);
    } catch (cause) {
      if (ModelwrightError.is(cause)) throw cause;
      throw this.#failed(`failed to run the model: ${messageOf(cause)}`, cause);
    }
    const inferMs = this.#clock.monotonic() - startedAt;
    return { outputs: this.#checked(inputs, answer, run.outputs), inferMs };
  }

  #checked(inputs: Tensors, answer: Tensors, asked: readonly string[]): Tensors {
    if (typeof answer !== "object" || answer === null) throw this.#failed(`answered ${shown(answer)} instead of tensors by name`);
    const unknown = Object.keys(answer).find((name) => !this.#names.includes(name));
    if (unknown !== undefined)
      throw this.#failed(`answered ${JSON.stringify(unknown)}, which is not among its outputs ${this.#names.join(", ")}`);
    const extents = new Map<string, number>();
    for (const { name, dims } of this.interface.inputs) {
      dims?.forEach((symbol, axis) => {
        const given = inputs[name]?.dims[axis];
        if (typeof symbol === "string" && given !== undefined) extents.set(symbol, given);
      });
    }
    const copies: Record<string, Tensor> = {};
    for (const spec of this.interface.outputs) {
      if (!asked.includes(spec.name)) continue;
      const given = Object.hasOwn(answer, spec.name) ? answer[spec.name] : undefined;
      copies[spec.name] = this.#checkedOutput(spec, given, extents);
    }
    return copies;
  }

  #checkedOutput(spec: TensorSpec, given: unknown, extents: Map<string, number>): Tensor {
    const output = `the output ${JSON.stringify(spec.name)}`;
    if (typeof given !== "object" || given === null) throw this.#failed(`answered ${shown(given)} as ${output}, not a tensor`);
    const { type, dims, data } = given as Partial<Tensor>;
    if (type !== spec.type) throw this.#failed(`answered ${output} as ${shown(type)}, not as ${spec.type}`);
    const shape = Array.isArray(dims) ? [...(dims as readonly number[])] : undefined;
    if (shape === undefined || !fits(spec.dims, shape, extents)) {
      const expected = spec.dims === null ? "extents" : expectedDims(spec.dims, extents);
      const actual = shape === undefined ? shown(dims) : formatDims(shape);
      throw this.#failed(`answered ${output} with the dims ${actual}, not ${expected}`);
    }
    const { array } = elementTypes[spec.type];
    const copy = copyOf(spec.type, data);
    if (copy === undefined) throw this.#failed(`answered ${output} in ${shown(data)}, not in ${array?.name ?? "string[]"}`);
    const length = dataLength(
      spec.type,
      shape.reduce((product, each) => product * each, 1),
    );
    if (copy.length !== length)
      throw this.#failed(`answered ${output} with ${copy.length} elements, not the ${length} that ${formatDims(shape)} has`);
    return { type: spec.type, dims: shape, data: copy };
  }

  #failed(what: string, cause?: unknown): ModelwrightError<"MODEL_RUN_FAILED"> {
    return new ModelwrightError("MODEL_RUN_FAILED", `${this.provider} ${what}`, {
      details: { provider: this.provider },
      ...(cause !== undefined && { cause }),
    });
  }
}

/** Whether extents are those of a spec; a symbolic one that is not known yet becomes known. */
function fits(expected: TensorSpec["dims"], dims: readonly number[], extents: Map<string, number>): boolean {
  if (!dims.every((each) => Number.isSafeInteger(each) && each >= 0)) return false;
  if (expected === null) return true;
  if (expected.length !== dims.length) return false;
  return expected.every((each, axis) => {
    const given = dims[axis]!;
    if (typeof each === "number" || each === "?") return each === "?" || each === given;
    const known = extents.get(each) ?? given;
    extents.set(each, known);
    return known === given;
  });
}

function expectedDims(dims: readonly (number | string)[], extents: ReadonlyMap<string, number>): string {
  return formatDims(
    dims.map((each) => (typeof each === "string" && extents.has(each) ? `${each} = ${extents.get(each)}` : each)),
  );
}

/** A copy, because the function may answer its inputs or an array that it keeps; undefined for another kind of array. */
function copyOf(type: ElementType, data: unknown): ElementData | undefined {
  const { array } = elementTypes[type];
  if (array === undefined) return Array.isArray(data) && data.every((item) => typeof item === "string") ? [...data] : undefined;
  // By tag, because `instanceof` fails for arrays of another realm. Not `slice()`: that of a Node Buffer is a view.
  const same = ArrayBuffer.isView(data) && Object.prototype.toString.call(data) === `[object ${array.name}]`;
  return same ? new array(data as never) : undefined;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return JSON.stringify(value.slice(0, 100));
  return typeof value === "object" ? (value.constructor?.name ?? "an object") : `a ${typeof value}`;
}
