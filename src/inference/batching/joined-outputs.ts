import type { ElementData } from "../../core/element-type.ts";
import { dataLength, elementTypes } from "../../core/element-type.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { elementCount, formatDims, type Tensor } from "../../core/tensor.ts";
import type { Tensors } from "../port.ts";

/** The outputs of a job that ran in parts, put together in the order of its rows. */
export class JoinedOutputs {
  readonly #rows: number;
  readonly #outputs: Record<string, Tensor> = {};

  /** @param rows - rows of the whole job */
  constructor(rows: number) {
    this.#rows = rows;
  }

  /** The outputs, complete when every row was added. */
  get outputs(): Tensors {
    return this.#outputs;
  }

  /**
   * Copies `rows` rows, from row `offset` of the outputs of a run, to row `start` of the job.
   *
   * @throws a `ModelwrightError` with code `MODEL_UNSUPPORTED` when a part is of another shape than the first one
   */
  add(outputs: Tensors, offset: number, start: number, rows: number): void {
    for (const name of Object.keys(outputs)) {
      const { type, dims, data } = outputs[name]!;
      const rest = dims.slice(1);
      const length = dataLength(type, elementCount(rest));
      this.#outputs[name] ??= { type, dims: [this.#rows, ...rest], data: emptyData(type, this.#rows * length) };
      const joined = this.#outputs[name];
      if (joined.type !== type || joined.data.length !== this.#rows * length || !sameExtents(joined.dims, dims))
        throw notApart(name, formatDims(joined.dims.slice(1)), formatDims(rest));
      if (Array.isArray(data)) {
        for (let i = 0; i < rows * length; i++) (joined.data as string[])[start * length + i] = data[offset * length + i]!;
      } else {
        const source = (data as Uint8Array).subarray(offset * length, (offset + rows) * length);
        (joined.data as Uint8Array).set(source, start * length);
      }
    }
  }
}

/** @throws a `ModelwrightError` with code `MODEL_UNSUPPORTED` unless the first extent of each output is `rows`, in whole bytes for each */
export function assertRowsApart(outputs: Tensors, rows: number): void {
  for (const name of Object.keys(outputs)) {
    const { type, dims } = outputs[name]!;
    if (dims[0] !== rows) throw notApart(name, `[${rows}, …]`, formatDims(dims));
    const { bits, array } = elementTypes[type];
    if (array !== undefined && bits < 8) throw notApart(name, "rows of whole bytes", `rows of ${type}`);
  }
}

function notApart(output: string, expected: string, given: string): ModelwrightError<"MODEL_UNSUPPORTED"> {
  const reason = `the model does not keep rows apart: of its output ${JSON.stringify(output)}, ${expected} was expected, but it gave ${given}`;
  return new ModelwrightError(
    "MODEL_UNSUPPORTED",
    `Rows of several calls cannot share a run, because ${reason}; switch batching off`,
    {
      details: { reason },
    },
  );
}

function sameExtents(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => axis === 0 || extent === b[axis]);
}

function emptyData(type: Tensor["type"], length: number): ElementData {
  const { array } = elementTypes[type];
  return (array === undefined ? new Array<string>(length).fill("") : new array(length)) as ElementData;
}
