import * as z from "zod";
import type { CallOptions } from "../core/call.ts";
import { ModelwrightError } from "../core/errors.ts";
import { parseOptions, passed } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import { type Elements, elementCodec } from "./element-codec.ts";
import type { Tensors } from "./port.ts";
import type { Row, Scalar } from "./row.ts";

/** What answers tensors with tensors, as a session does. */
export interface TensorRunner {
  /** Answers the outputs named, or all. */
  run(tensors: Tensors, options?: { readonly outputs?: readonly string[] }, call?: CallOptions): Promise<Tensors>;
}

/** What answers rows with rows, as a session without a postprocessing step does. */
export interface RowRunner<In> {
  /** Answers rows in their order. */
  predictMany(rows: readonly In[], call?: CallOptions): Promise<readonly { readonly output: Row }[]>;
}

/** Options of {@link compareSessions}. */
export interface CompareSessionsOptions {
  /** Outputs to compare. @defaultValue all that the reference answers */
  readonly outputs?: readonly string[] | undefined;
  /**
   * Outputs that hold classes or other labels, which are equal or not.
   *
   * @defaultValue those whose elements are no floats; where rows are compared, those with values that are no numbers
   */
  readonly labels?: readonly string[] | undefined;
  /** Errors relative to smaller numbers are taken relative to this one, greater than 0. @defaultValue 1e-6 */
  readonly relativeFloor?: number | undefined;
  /** How many of the rows that differ most are listed, 0 to 10000. @defaultValue 10 */
  readonly worst?: number | undefined;
  /** Whether the answers to these rows are listed, too, which may be confidential. @defaultValue false */
  readonly values?: boolean | undefined;
  /** Rows that are answered together where rows are compared, at least 1. @defaultValue 64 */
  readonly chunk?: number | undefined;
}

/** How an output of the candidate differs from that of the reference. */
export interface OutputComparison {
  readonly name: string;
  /** Numbers that were compared. */
  readonly count: number;
  /** Of these, those of which one is NaN or infinite and the other is not the same. They are in no error. */
  readonly nonFinite: number;
  /** Greatest distance of two numbers; null without numbers. */
  readonly maxAbsoluteError: number | null;
  readonly meanAbsoluteError: number | null;
  /** Greatest distance in relation to the reference's number, or to `relativeFloor` where that is greater; null without numbers. */
  readonly maxRelativeError: number | null;
  /**
   * Share of the rows with the same label, in [0, 1]: the label itself, or the position of the greatest of several numbers, the first
   * one of equal ones. Null for a single number per row, and without rows.
   */
  readonly labelAgreement: number | null;
}

/** A row whose answers differ. */
export interface DifferingRow {
  /** Index of the row, from 0, counted through everything that was compared. */
  readonly row: number;
  /** Greatest distance of its numbers; infinite where labels differ, or one number is NaN or infinite and the other is not the same. */
  readonly absoluteError: number;
  readonly reference?: Row;
  readonly candidate?: Row;
}

/** What {@link compareSessions} found. */
export interface SessionComparison {
  /** Rows that were compared. */
  readonly rows: number;
  readonly outputs: readonly OutputComparison[];
  /** Rows that differ, the most different one first; of equal ones the first. */
  readonly worst: readonly DifferingRow[];
}

type Source<T> = Iterable<T> | AsyncIterable<T>;

const iterable = passed<Source<unknown>>(
  "an iterable",
  (value) => typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value),
);

const optionsSchema = z
  .strictObject({
    rows: iterable.optional(),
    tensors: iterable.optional(),
    outputs: z.array(z.string()).min(1).optional(),
    labels: z.array(z.string()).optional(),
    relativeFloor: z.number().positive().default(1e-6),
    worst: z.int().min(0).max(10_000).default(10),
    values: z.boolean().default(false),
    chunk: z.int().min(1).default(64),
  })
  .refine(({ rows, tensors }) => (rows === undefined) !== (tensors === undefined), "expected either rows or tensors");

/**
 * How far the answers of two models are apart, for example of a half-precision or a quantised variant from the original one: run it on
 * data as the model will see it before the variant is used, and hold the errors and the agreement of labels against what the application
 * allows. Both are asked at once, one batch after the other.
 *
 * Rows are answered by `predictMany`, tensors by `run`: an iterable of inputs, samples along the first axis. An output whose first axis is
 * not the samples counts as one row.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID`; `MODEL_UNSUPPORTED` when the two answer other outputs or shapes; what the
 * models throw
 *
 * @example
 * ```ts
 * import type { InferenceSession } from "modelwright";
 * import { compareSessions } from "modelwright/inference";
 *
 * async function isAccurate(fp32: InferenceSession, int8: InferenceSession, rows: Iterable<Record<string, number>>): Promise<boolean> {
 *   const { outputs } = await compareSessions(fp32, int8, { rows });
 *   return outputs.every(({ maxAbsoluteError, labelAgreement }) => (maxAbsoluteError ?? 0) < 0.05 && (labelAgreement ?? 1) > 0.99);
 * }
 * ```
 */
export function compareSessions<In>(
  reference: RowRunner<In>,
  candidate: RowRunner<NoInfer<In>>,
  options: CompareSessionsOptions & { readonly rows: Source<NoInfer<In>> },
  call?: CallOptions,
): Promise<SessionComparison>;
export function compareSessions(
  reference: TensorRunner,
  candidate: TensorRunner,
  options: CompareSessionsOptions & { readonly tensors: Source<Tensors> },
  call?: CallOptions,
): Promise<SessionComparison>;
export async function compareSessions(
  reference: TensorRunner | RowRunner<unknown>,
  candidate: TensorRunner | RowRunner<unknown>,
  options: CompareSessionsOptions & { readonly rows?: Source<unknown>; readonly tensors?: Source<Tensors> },
  call?: CallOptions,
): Promise<SessionComparison> {
  const { rows, tensors, chunk, outputs, ...measured } = parseOptions(optionsSchema, options, "compareSessions");
  const comparison = new Comparison(measured);
  if (rows !== undefined) {
    const answer = async (runner: RowRunner<unknown>, items: readonly unknown[]) =>
      columnsOfRows(await runner.predictMany(items, call), outputs);
    for await (const items of chunksOf(rows, chunk)) {
      call?.signal?.throwIfAborted();
      const [left, right] = await Promise.all([
        answer(reference as RowRunner<unknown>, items),
        answer(candidate as RowRunner<unknown>, items),
      ]);
      comparison.add(items.length, left, right);
    }
    return comparison.result();
  }
  for await (const inputs of tensors as Source<Tensors>) {
    call?.signal?.throwIfAborted();
    const count = Object.values(inputs)[0]?.dims[0] ?? 1;
    const asked = outputs && { outputs };
    const answers = [reference, candidate].map((runner) => (runner as TensorRunner).run(inputs, asked, call));
    const [left, right] = (await Promise.all(answers)).map((answer) => columnsOfTensors(answer, count));
    comparison.add(count, left!, right!);
  }
  return comparison.result();
}

/** What an output holds for each row. */
interface Column {
  readonly rows: readonly (readonly Scalar[])[];
  /** Whether its values are no numbers. */
  readonly label: boolean;
  /** Whether its rows are not those of the batch. */
  readonly whole: boolean;
}

type Columns = ReadonlyMap<string, Column>;

function columnsOfRows(answers: readonly { readonly output: Row }[], outputs: readonly string[] | undefined): Columns {
  const names = outputs ?? Object.keys(answers[0]?.output ?? {});
  const column = (name: string): Column => {
    const rows = answers.map(({ output }) => {
      const value = Object.hasOwn(output, name) ? output[name] : undefined;
      if (value === undefined) throw unknownOutput(name, Object.keys(output));
      return (Array.isArray(value) ? value : [value]) as readonly Scalar[];
    });
    return { rows, label: rows.some((row) => row.some((value) => typeof value !== "number")), whole: false };
  };
  return new Map(names.map((name) => [name, column(name)]));
}

function unknownOutput(name: string, known: readonly string[]): ModelwrightError<"INPUT_UNKNOWN"> {
  return new ModelwrightError("INPUT_UNKNOWN", `The model has no output ${JSON.stringify(name)}; it has ${known.join(", ")}`, {
    details: { input: name, known },
  });
}

function columnsOfTensors(answer: Tensors, count: number): Columns {
  return new Map(Object.entries(answer).map(([name, tensor]) => [name, columnOfTensor(tensor, count)]));
}

function columnOfTensor({ type, dims, data }: Tensor, count: number): Column {
  const decode = type === "bfloat16" ? fromBfloat16 : elementCodec(type).decode;
  const whole = dims[0] !== count;
  const rows = whole ? 1 : count;
  const width = rows === 0 ? 0 : data.length / rows;
  const row = (index: number) => Array.from({ length: width }, (_, i) => decode((data as Elements)[index * width + i]!));
  return { rows: Array.from({ length: rows }, (_, i) => row(i)), label: !floats.has(type), whole };
}

const floats: ReadonlySet<string> = new Set(["float16", "bfloat16", "float32", "float64"]);
const scratch = new DataView(new ArrayBuffer(4));

/** A bfloat16 is the upper half of a float32. */
function fromBfloat16(bits: number | bigint | string): number {
  scratch.setUint32(0, (bits as number) << 16);
  return scratch.getFloat32(0);
}

async function* chunksOf<T>(items: Source<T>, size: number): AsyncGenerator<readonly T[], void> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

type Measured = Pick<z.output<typeof optionsSchema>, "labels" | "relativeFloor" | "worst" | "values">;

interface Sums {
  count: number;
  nonFinite: number;
  maxAbsolute: number;
  sumAbsolute: number;
  maxRelative: number;
  labels: number;
  agreeing: number;
}

class Comparison {
  readonly #options: Measured;
  readonly #sums = new Map<string, Sums>();
  readonly #worst: DifferingRow[] = [];
  #rows = 0;

  constructor(options: Measured) {
    this.#options = options;
  }

  /** Adds the answers to a batch of rows. */
  add(count: number, reference: Columns, candidate: Columns): void {
    assertAlike([...reference.keys()].sort(), [...candidate.keys()].sort(), "outputs");
    const errors = new Float64Array(count);
    for (const [name, left] of reference) {
      const right = candidate.get(name)!;
      assertAlike(
        left.rows.map(({ length }) => length),
        right.rows.map(({ length }) => length),
        `numbers of elements in ${name}`,
      );
      const isLabel = this.#options.labels?.includes(name) ?? (left.label || right.label);
      const sums = this.#sumsOf(name);
      left.rows.forEach((row, i) => {
        const error = isLabel
          ? this.#addLabel(sums, row, right.rows[i]!)
          : this.#addNumbers(sums, row, right.rows[i]!, left.whole);
        if (i < count) errors[i] = Math.max(errors[i]!, error);
      });
    }
    errors.forEach((absoluteError, i) => {
      this.#note(this.#rows + i, absoluteError, () => ({ reference: rowOf(reference, i), candidate: rowOf(candidate, i) }));
    });
    this.#rows += count;
  }

  result(): SessionComparison {
    const outputs = [...this.#sums].map(([name, sums]): OutputComparison => {
      const { count, nonFinite, labels, agreeing } = sums;
      const measured = count > nonFinite;
      return {
        name,
        count,
        nonFinite,
        maxAbsoluteError: measured ? sums.maxAbsolute : null,
        meanAbsoluteError: measured ? sums.sumAbsolute / (count - nonFinite) : null,
        maxRelativeError: measured ? sums.maxRelative : null,
        labelAgreement: labels > 0 ? agreeing / labels : null,
      };
    });
    return { rows: this.#rows, outputs, worst: this.#worst };
  }

  #sumsOf(name: string): Sums {
    let sums = this.#sums.get(name);
    if (sums === undefined) {
      sums = { count: 0, nonFinite: 0, maxAbsolute: 0, sumAbsolute: 0, maxRelative: 0, labels: 0, agreeing: 0 };
      this.#sums.set(name, sums);
    }
    return sums;
  }

  #addLabel(sums: Sums, left: readonly Scalar[], right: readonly Scalar[]): number {
    const equal = left.every((value, i) => Object.is(value, right[i]) || value === right[i]);
    sums.labels += 1;
    if (equal) sums.agreeing += 1;
    return equal ? 0 : Number.POSITIVE_INFINITY;
  }

  /** Answers the greatest error of the row. */
  #addNumbers(sums: Sums, left: readonly Scalar[], right: readonly Scalar[], whole: boolean): number {
    let worst = 0;
    left.forEach((value, i) => {
      const a = Number(value);
      const b = Number(right[i]);
      sums.count += 1;
      // The same NaN or infinity on both sides; the difference would be NaN.
      const error = Object.is(a, b) ? 0 : Math.abs(b - a);
      if (Number.isFinite(error)) {
        sums.sumAbsolute += error;
        sums.maxAbsolute = Math.max(sums.maxAbsolute, error);
        sums.maxRelative = Math.max(
          sums.maxRelative,
          error === 0 ? 0 : error / Math.max(Math.abs(a), this.#options.relativeFloor),
        );
        worst = Math.max(worst, error);
      } else {
        sums.nonFinite += 1;
        worst = Number.POSITIVE_INFINITY;
      }
    });
    if (left.length > 1 && !whole) {
      sums.labels += 1;
      if (greatest(left) === greatest(right)) sums.agreeing += 1;
    }
    return worst;
  }

  #note(row: number, absoluteError: number, answers: () => Pick<DifferingRow, "reference" | "candidate">): void {
    const { worst, values } = this.#options;
    if (
      !(absoluteError > 0) ||
      (this.#worst.length === worst && !(absoluteError > (this.#worst.at(-1)?.absoluteError ?? Infinity)))
    )
      return;
    const at = this.#worst.findIndex((other) => other.absoluteError < absoluteError);
    this.#worst.splice(at < 0 ? this.#worst.length : at, 0, { row, absoluteError, ...(values && answers()) });
    this.#worst.length = Math.min(this.#worst.length, worst);
  }
}

/** Index of the greatest number, the first of equal ones; −1 for what has NaN. */
function greatest(row: readonly Scalar[]): number {
  return row.some((value) => Number.isNaN(value))
    ? -1
    : row.reduce<number>((best, value, i) => (value > row[best]! ? i : best), 0);
}

function rowOf(columns: Columns, index: number): Row {
  const values = [...columns].map(([name, { rows, whole }]) => [name, rows[whole ? 0 : index] ?? []] as const);
  return Object.fromEntries(values.map(([name, row]) => [name, row.length === 1 ? row[0]! : row]));
}

function assertAlike<T extends string | number>(reference: readonly T[], candidate: readonly T[], what: string): void {
  if (reference.length === candidate.length && reference.every((each, i) => each === candidate[i])) return;
  const reason = `the ${what} differ: ${reference.slice(0, 10).join(", ")} and ${candidate.slice(0, 10).join(", ")}`;
  throw new ModelwrightError("MODEL_UNSUPPORTED", `The models cannot be compared: ${reason}`, { details: { reason } });
}
