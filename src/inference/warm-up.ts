import type { CallOptions } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { ModelwrightError, messageOf } from "../core/errors.ts";
import { seeded } from "../core/random.ts";
import { sliceRows, type Tensor } from "../core/tensor.ts";
import type { ExecutionRun, ModelInterface, RunTiming, Tensors } from "./port.ts";
import { rowDifference, signatureObstacle } from "./row-independence.ts";
import { sampleTensors } from "./sample-tensors.ts";

/** What came of warming up. */
export interface WarmUp {
  /** Whether a run has succeeded, so that the first caller does not pay for what engines do at first. */
  readonly warm: boolean;
  /** Why not, when not. */
  readonly failure: ModelwrightError | undefined;
  /** Why rows of several callers may not share a run; undefined when they may. */
  readonly obstacle: string | undefined;
  /** How long runs took when warm, by rising number of rows. */
  readonly timings: readonly RunTiming[];
}

/** Runs a model. */
type Run = (inputs: Tensors, call: CallOptions | undefined) => Promise<ExecutionRun>;

/** What to warm up with. */
export interface WarmUpOptions {
  readonly run: Run;
  readonly model: ModelInterface;
  /** Rows of samples by the host, side by side. @defaultValue made up from the signature */
  readonly samples?: Tensors | undefined;
  /** Whether to find out if rows may share a run. */
  readonly probe: boolean;
  readonly clock: Clock;
}

/**
 * What samples are made up with, in the order of trying: the extent of axes that a model leaves open, besides the first, because
 * convolutions need more than a few; the least integer, because a table may have two rows only, and to divide by 0 fails.
 */
const attempts = [
  { extent: 1, least: 0 },
  { extent: 1, least: 1 },
  { extent: 8, least: 0 },
  { extent: 32, least: 0 },
  { extent: 224, least: 0 },
];
const probeRows = 5;
/** A model whose run takes longer, ms, is not run more often than needed. */
const slowMs = 50;
const timingRows = 16;
const timingRuns = 3;

/**
 * Runs a model with samples until it is warm, finds out whether rows answer the same alone and together, and measures how long runs take.
 *
 * The samples of the signature may be refused by a model that a caller's rows would not be; then it is not warm, and that is told.
 */
export async function warmUp(options: WarmUpOptions, call: CallOptions | undefined): Promise<WarmUp> {
  const { run, model, samples, probe, clock } = options;
  const declared = probe ? signatureObstacle(model.inputs, model.outputs) : "it was not asked for";
  const rows = declared === undefined ? probeRows : 1;
  let failure: ModelwrightError | undefined;
  for (const attempt of samples === undefined ? attemptsFor(model) : attempts.slice(0, 1)) {
    const all = samples ?? sampleTensors(model.inputs, rows, attempt, seeded(attempt.extent));
    if (all === undefined) break;
    const first = declared === undefined ? rowsOf(all, 0, 1) : all;
    try {
      await run(first, call);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      failure = error;
      continue;
    }
    const one = await timed(run, first, 1, clock, call);
    const slow = one.inferMs > slowMs;
    if (declared !== undefined) return { warm: true, failure: undefined, obstacle: declared, timings: [one] };
    const count = Math.min(slow ? 2 : probeRows, extentOf(all));
    // The last ones: the first row that is made up is zeros, which many a mixture leaves as they are.
    const start = Math.min(probeRows, extentOf(all)) - count;
    const obstacle = await compare(run, rowsOf(all, start, start + count), count, slow, call);
    const many =
      slow || obstacle !== undefined ? undefined : await timed(run, repeated(all, timingRows), timingRows, clock, call);
    return { warm: true, failure: undefined, obstacle, timings: many === undefined ? [one] : [one, many] };
  }
  const reason = failure === undefined ? "its inputs are too big to make up" : messageOf(failure);
  const obstacle = declared ?? `no sample could be run to find out whether rows are independent: ${reason}`;
  return { warm: false, failure, obstacle, timings: [] };
}

function attemptsFor({ inputs }: ModelInterface) {
  const isOpen = inputs.some(({ dims }) => dims?.some((extent, axis) => axis > 0 && typeof extent === "string"));
  const hasIntegers = inputs.some(({ type }) => /^u?int/.test(type));
  return attempts.filter(({ extent, least }) => (extent === 1 || isOpen) && (least === 0 || hasIntegers));
}

/** Compares rows alone, all together, some in another company, and, unless runs are slow, many. */
async function compare(
  run: Run,
  all: Tensors,
  count: number,
  slow: boolean,
  call: CallOptions | undefined,
): Promise<string | undefined> {
  if (count < 2) return "one sample is too few to compare with others";
  if (sameRows(all, count)) return "the samples are all the same, so that it would not show if the model mixed them";
  try {
    const alone: Tensors[] = [];
    for (let row = 0; row < count; row++) alone.push((await run(rowsOf(all, row, row + 1), call)).outputs);
    const merged = rowDifference((await run(all, call)).outputs, alone);
    if (merged !== undefined || slow) return merged;
    const some = rowDifference((await run(rowsOf(all, 1, count), call)).outputs, alone.slice(1));
    if (some !== undefined) return some;
    const many = Array.from({ length: timingRows }, (_, row) => alone[row % count]!);
    return rowDifference((await run(repeated(all, timingRows), call)).outputs, many);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return `a run with several rows failed: ${messageOf(error)}`;
  }
}

/** Whether it is the samples that a model, or a function in its place, has something against. */
function isRefusal(error: unknown): error is ModelwrightError {
  return ModelwrightError.is(error) && (error.code === "MODEL_RUN_FAILED" || error.code.startsWith("INPUT_"));
}

function sameRows(tensors: Tensors, rows: number): boolean {
  return Object.values(tensors).every(({ data }) => {
    const rowLength = data.length / rows;
    return (data as ArrayLike<unknown> as readonly unknown[]).every((item, i) => Object.is(item, data[i % rowLength]));
  });
}

async function timed(run: Run, inputs: Tensors, rows: number, clock: Clock, call: CallOptions | undefined): Promise<RunTiming> {
  let best: RunTiming | undefined;
  for (let i = 0; i < timingRuns; i++) {
    const startedAt = clock.monotonic();
    const { inferMs } = await run(inputs, call);
    const roundTripMs = clock.monotonic() - startedAt;
    if (best === undefined || inferMs < best.inferMs) best = { rows, inferMs, roundTripMs };
    if (inferMs > slowMs) break;
  }
  return best!;
}

function extentOf(tensors: Tensors): number {
  return Object.values(tensors)[0]?.dims[0] ?? 1;
}

function rowsOf(tensors: Tensors, start: number, end: number): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, sliceRows(value, start, end)]));
}

/** The rows over and over, to `rows` of them. */
function repeated(tensors: Tensors, rows: number): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, repeatedTensor(value, rows)]));
}

function repeatedTensor({ type, dims, data }: Tensor, rows: number): Tensor {
  const [extent = 1, ...rest] = dims;
  const rowLength = data.length / extent;
  if (!ArrayBuffer.isView(data)) {
    const texts = Array.from({ length: rows * rowLength }, (_, i) => data[i % data.length]!);
    return { type, dims: [rows, ...rest], data: texts } as Tensor;
  }
  const copy = new (data.constructor as Float32ArrayConstructor)(rows * rowLength);
  for (let at = 0; at < copy.length; at += data.length)
    copy.set((data as Float32Array).subarray(0, Math.min(data.length, copy.length - at)), at);
  return { type, dims: [rows, ...rest], data: copy } as Tensor;
}
