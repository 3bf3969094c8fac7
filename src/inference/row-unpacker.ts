import { ModelwrightError } from "../core/errors.ts";
import { formatDims, type Tensor } from "../core/tensor.ts";
import { type ElementCodec, type Elements, elementCodec } from "./element-codec.ts";
import type { TensorSpec, Tensors } from "./port.ts";
import type { Row, RowValue } from "./row.ts";

/**
 * Answers the rows that output tensors hold, in arrays of their own.
 *
 * @param rows - how many to answer, from row `offset` of `total` on
 * @throws a {@link ModelwrightError} with code `MODEL_UNSUPPORTED` when an output does not hold one entry per row
 */
export type RowUnpacker = (tensors: Tensors, rows: number, offset: number, total: number) => Row[];

interface Column {
  readonly name: string;
  readonly scalar: boolean;
  readonly decode: ElementCodec["decode"];
}

/**
 * The unpacker of a model, worked out once. An output that the model declares as [rows] or [rows, 1] gives a scalar, any other the
 * elements of the row in an array.
 */
export function rowUnpacker(outputs: readonly TensorSpec[]): RowUnpacker {
  const columns = outputs.map(({ name, type, dims }): Column => {
    return { name, scalar: isScalarPerRow(dims), decode: elementCodec(type).decode };
  });
  return (tensors, rows, offset, total) => {
    const answer: Row[] = [];
    for (const column of columns) checkEntries(column, tensors[column.name]!, total);
    for (let row = offset; row < offset + rows; row++) answer.push(unpackRow(columns, tensors, row, total));
    return answer;
  };
}

/** Whether a row of an output with such extents is answered as a scalar, not as an array. */
export function isScalarPerRow(dims: TensorSpec["dims"]): boolean {
  return dims !== null && (dims.length < 2 || (dims.length === 2 && dims[1] === 1));
}

function unpackRow(columns: readonly Column[], tensors: Tensors, row: number, rows: number): Row {
  const answer: Record<string, RowValue> = {};
  for (const { name, scalar, decode } of columns) {
    const data = tensors[name]!.data as Elements;
    answer[name] = scalar ? decode(data[row]!) : unpackVector(data, decode, row * (data.length / rows), data.length / rows);
  }
  return answer;
}

function unpackVector(data: Elements, decode: ElementCodec["decode"], start: number, length: number): RowValue {
  const items = [];
  for (let i = start; i < start + length; i++) items.push(decode(data[i]!));
  return items;
}

/** Engines let a model answer other extents than it declares. */
function checkEntries({ name, scalar }: Column, { dims, data }: Tensor, rows: number): void {
  if ((dims[0] ?? 1) === rows && (!scalar || data.length === rows)) return;
  const declared = scalar ? "the one number per row that the model declares" : "one entry per row";
  const reason = `the output ${JSON.stringify(name)} is ${formatDims(dims)} for ${rows} rows, which is not ${declared}`;
  throw new ModelwrightError("MODEL_UNSUPPORTED", `Rows cannot be answered: ${reason}; use run() with tensors`, {
    details: { reason },
  });
}
