import type { CallOptions } from "../../core/call.ts";
import type { ElementData } from "../../core/element-type.ts";
import { elementTypes } from "../../core/element-type.ts";
import { sliceRows, type Tensor } from "../../core/tensor.ts";
import type { Tensors } from "../port.ts";
import type { BatchBuffers } from "./batch-buffers.ts";
import type { QueuedJob } from "./queued-job.ts";

/** Rows `start` to `start + rows` of a job, as a run has them. */
export interface Part {
  readonly job: QueuedJob;
  readonly start: number;
  readonly rows: number;
}

/** One run of the model on the rows of one or several jobs. */
export class BatchRun {
  readonly parts: readonly Part[];
  readonly rows: number;
  /** What the sizer counts the rows as. */
  readonly units: number;
  /** Jobs that still wait for it. */
  live: number;
  #controller: AbortController | undefined = undefined;
  /** On the monotonic clock, ms. */
  readonly startedMs: number;
  /** Time that gathering took, ms. */
  inputMs = 0;
  #buffers: ArrayBufferLike[] | undefined;

  constructor(parts: readonly Part[], rows: number, units: number, startedMs: number) {
    this.parts = parts;
    this.rows = rows;
    this.units = units;
    this.startedMs = startedMs;
    this.live = parts.length;
  }

  /** Whether it has the rows of one job only. */
  get lone(): boolean {
    return this.parts.length === 1;
  }

  /** Whether it has all rows of one job, and no others. */
  get whole(): boolean {
    return this.lone && this.rows === this.parts[0]!.job.job.rows;
  }

  /** The call for the target: its signal aborts when no job waits for the run any more. Undefined while some job cannot leave. */
  call(): CallOptions | undefined {
    for (const { job } of this.parts) if (!job.mayLeave) return undefined;
    const { signal, dueMs } = this.parts[0]!.job;
    if (this.lone && dueMs === Number.POSITIVE_INFINITY) return { signal };
    this.#controller = new AbortController();
    return { signal: this.#controller.signal };
  }

  /** Notes that a job has left. */
  leave(reason: unknown): void {
    this.live -= 1;
    if (this.live === 0) this.#controller?.abort(reason);
  }

  /** The inputs of all parts, one after the other: those of the job itself where it is alone and whole. */
  gather(pool: BatchBuffers, shared: boolean): Tensors {
    const [{ job, start, rows }] = this.parts as readonly [Part, ...Part[]];
    const { inputs } = job.job;
    if (this.whole) return inputs;
    const gathered: Record<string, Tensor> = {};
    for (const name in inputs) {
      const tensor = inputs[name]!;
      gathered[name] = this.lone ? sliceRows(tensor, start, start + rows) : this.#merge(name, tensor, pool, shared);
    }
    return gathered;
  }

  /** Gives the buffers back, which nobody may read any more but the owner of `outputs`. */
  release(pool: BatchBuffers, outputs: Tensors): void {
    for (const buffer of this.#buffers ?? []) {
      // A model that is a plain function may answer what it was given; that memory belongs to the callers.
      const kept = Object.values(outputs).some(({ data }) => ArrayBuffer.isView(data) && data.buffer === buffer);
      if (!kept) pool.release(buffer);
    }
  }

  #merge(name: string, { type, dims }: Tensor, pool: BatchBuffers, shared: boolean): Tensor {
    const { array } = elementTypes[type];
    const first = this.parts[0]!.job.job;
    const length = first.inputs[name]!.data.length / first.rows;
    const shape = [this.rows, ...dims.slice(1)];
    if (array === undefined) return { type, dims: shape, data: this.#strings(name, length) as ElementData };
    const buffer = pool.acquire(this.rows * length * array.BYTES_PER_ELEMENT, shared);
    this.#buffers ??= [];
    this.#buffers.push(buffer);
    const data = new array(buffer as ArrayBuffer, 0, this.rows * length) as Uint8Array;
    let at = 0;
    for (const { job, start, rows } of this.parts) {
      const source = job.job.inputs[name]!.data as Uint8Array;
      data.set(rows === job.job.rows ? source : source.subarray(start * length, (start + rows) * length), at);
      at += rows * length;
    }
    return { type, dims: shape, data: data as ElementData };
  }

  #strings(name: string, length: number): string[] {
    const strings: string[] = [];
    for (const { job, start, rows } of this.parts) {
      const source = job.job.inputs[name]!.data as readonly string[];
      for (let i = start * length; i < (start + rows) * length; i++) strings.push(source[i]!);
    }
    return strings;
  }
}

/** Whether rows of the tensors can be put behind each other: those of types below 8 bits may end within a byte. */
export function canMerge(inputs: Tensors): boolean {
  for (const name in inputs) {
    const { bits, array } = elementTypes[inputs[name]!.type];
    if (array !== undefined && bits < 8) return false;
  }
  return true;
}
