import type { ElementData } from "../core/element-type.ts";
import { invalidConfig } from "../core/options.ts";
import { invalidInput } from "../core/schema.ts";
import type { Tensor } from "../core/tensor.ts";
import { badValue } from "./bad-value.ts";
import { shapeMismatch } from "./check-tensors.ts";
import { type ElementCodec, type Elements, elementCodec, newElements } from "./element-codec.ts";
import { inputPacker } from "./input-packer.ts";
import type { TensorSpec, Tensors } from "./port.ts";
import { propertyName } from "./property-name.ts";
import type { Row } from "./row.ts";

/** How rows become the input tensors of a model; worked out once, when the model is opened. */
export interface RowPacker {
  /** The columns that a row must have. */
  readonly columns: readonly string[];
  /** 1 for a model that takes one row at a time; undefined for any other. */
  readonly rowsAtOnce: 1 | undefined;
  /**
   * Tensors of `rows.length` rows, in memory of their own. Other members of a row are ignored.
   *
   * @throws a {@link ModelwrightError} with code `INPUT_MISSING`, `INPUT_INVALID` or `INPUT_SHAPE`
   */
  pack(rows: readonly Row[]): Tensors;
  /** Takes tensors back that {@link RowPacker.pack} gave and nobody reads any more, to spare the next call their allocation. */
  reuse(tensors: Tensors): void;
}

/**
 * The packer of a model.
 *
 * A model with one input of rank 2 and known columns takes them side by side, in their order. Any other model takes one column per
 * input, under the input's name: a scalar where the input is [rows] or [rows, 1], else an array with the elements of the row, flat or nested.
 *
 * @param asked - the columns that the user names
 * @param implied - the columns that the model or a schema names; used where they fit
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` when the columns do not fit the model
 */
export function rowPacker(
  inputs: readonly TensorSpec[],
  asked: readonly string[] | undefined,
  implied: readonly string[] | undefined,
): RowPacker {
  const names = inputs.map(({ name }) => name);
  const columns = (asked ?? implied)?.map(propertyName);
  const [input] = inputs;
  if (columns === undefined || input === undefined || isCovered(names, columns, asked)) return perInput(inputs, names);
  const width = inputs.length === 1 && input.dims?.length === 2 ? input.dims[1]! : undefined;
  if (width !== undefined && (typeof width === "string" || width === columns.length)) return sideBySide(input, columns);
  const expected =
    width === undefined
      ? `the names of the model's inputs: ${names.join(", ")}`
      : `${width} columns, as many as ${input.name} has`;
  throw invalidConfig("InferenceSession", [
    { path: ["columns"], message: `expected ${expected}, but got ${columns.join(", ")}` },
  ]);
}

/** Most elements that are kept for rows to come. */
const MAX_SPARE_ELEMENTS = 2 ** 16;

function sideBySide(input: TensorSpec, columns: readonly string[]): RowPacker {
  const codec = elementCodec(input.type);
  const { name, type } = input;
  const width = columns.length;
  const spares: Tensors[] = [];
  const maxSpares = Math.min(256, Math.floor(MAX_SPARE_ELEMENTS / width));
  const tensorsFor = (rows: number): Tensors =>
    (rows === 1 ? spares.pop() : undefined) ?? {
      [name]: { type, dims: [rows, width], data: newElements(type, rows * width) as ElementData },
    };
  return {
    columns,
    rowsAtOnce: rowsAtOnce([input]),
    pack(rows) {
      checkRows(input, rows.length);
      const tensors = tensorsFor(rows.length);
      const data = tensors[name]!.data as Elements;
      for (let row = 0; row < rows.length; row++) packColumns(rows[row]!, row, columns, codec, data, row * width);
      return tensors;
    },
    reuse(tensors) {
      // One row is the case where the allocation is a good part of the cost.
      const { dims } = tensors[name]!;
      if (dims[0] === 1 && spares.length < maxSpares) spares.push(tensors);
    },
  };
}

function packColumns(
  row: Row,
  index: number,
  columns: readonly string[],
  codec: ElementCodec,
  data: Elements,
  start: number,
): void {
  checkRow(row, index);
  const { encode } = codec;
  let column = 0;
  // Most rows have their members in the order of the columns, and to walk them costs a third of looking each up by name.
  for (const name in row) {
    if (name !== columns[column]) break;
    const element = encode(row[name]);
    if (element === undefined) break;
    data[start + column++] = element;
  }
  for (; column < columns.length; column++) {
    const value = row[columns[column]!];
    const element = encode(value);
    if (element === undefined) throw badValue(columns[column]!, columns, codec, value, index);
    data[start + column] = element;
  }
}

function perInput(inputs: readonly TensorSpec[], columns: readonly string[]): RowPacker {
  const packers = inputs.map((input) => inputPacker(input, columns));
  return {
    columns,
    rowsAtOnce: rowsAtOnce(inputs),
    pack(rows) {
      rows.forEach(checkRow);
      const tensors: Record<string, Tensor> = {};
      inputs.forEach((input, i) => {
        checkRows(input, rows.length);
        tensors[input.name] = packers[i]!(rows);
      });
      return tensors;
    },
    reuse() {},
  };
}

function rowsAtOnce(inputs: readonly TensorSpec[]): 1 | undefined {
  return inputs.some(({ dims }) => dims?.length === 0 || dims?.[0] === 1) ? 1 : undefined;
}

function checkRows({ name, dims }: TensorSpec, rows: number): void {
  const expected = dims?.length === 0 ? 1 : dims?.[0];
  if (typeof expected === "number" && expected !== rows) throw shapeMismatch(name, `${expected} rows at once`, `${rows}`);
}

function checkRow(row: unknown, index: number): void {
  if (typeof row === "object" && row !== null) return;
  const given = row === null ? "null" : typeof row;
  throw invalidInput("The row", [{ path: [index], message: `expected an object with a value per column, but got ${given}` }]);
}

/** Whether each input has a column of its name. A schema may have more members than the model takes; named columns may not. */
function isCovered(names: readonly string[], columns: readonly string[], asked: readonly string[] | undefined): boolean {
  return names.every((name) => columns.includes(name)) && (asked === undefined || asked.length === names.length);
}
