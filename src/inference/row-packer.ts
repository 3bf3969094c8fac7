import type { ElementData } from "../core/element-type.ts";
import { ModelwrightError } from "../core/errors.ts";
import { invalidConfig } from "../core/options.ts";
import { invalidInput } from "../core/schema.ts";
import type { Tensor } from "../core/tensor.ts";
import { shapeMismatch } from "./check-tensors.ts";
import { type ElementCodec, type Elements, elementCodec, newElements } from "./element-codec.ts";
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
 * input, under the input's name: a scalar where the input is [rows] or [rows, 1], else an array with the elements of the row.
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

function sideBySide(input: TensorSpec, columns: readonly string[]): RowPacker {
  const codec = elementCodec(input.type);
  const { name, type } = input;
  const width = columns.length;
  let spare: Tensors | undefined;
  const tensorsFor = (rows: number): Tensors => {
    const taken = spare;
    if (rows !== 1 || taken === undefined)
      return { [name]: { type, dims: [rows, width], data: newElements(type, rows * width) as ElementData } };
    spare = undefined;
    return taken;
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
      if (dims[0] === 1) spare = tensors;
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
    if (element === undefined) throw badValue(columns, column, codec, value, index);
    data[start + column] = element;
  }
}

function perInput(inputs: readonly TensorSpec[], columns: readonly string[]): RowPacker {
  const codecs = inputs.map(({ type }) => elementCodec(type));
  return {
    columns,
    rowsAtOnce: rowsAtOnce(inputs),
    pack(rows) {
      rows.forEach(checkRow);
      const tensors: Record<string, Tensor> = {};
      inputs.forEach((input, column) => {
        checkRows(input, rows.length);
        tensors[input.name] = packInput(input, codecs[column]!, rows, columns, column);
      });
      return tensors;
    },
    reuse() {},
  };
}

function packInput(
  input: TensorSpec,
  codec: ElementCodec,
  rows: readonly Row[],
  columns: readonly string[],
  column: number,
): Tensor {
  const rest = rowExtents(input, rows[0]?.[input.name]);
  const length = rest.reduce((product, extent) => product * extent, 1);
  const scalar = rest.length === 0 || (rest.length === 1 && input.dims?.[1] === 1);
  const vectors = rows.map((row, index): readonly unknown[] => {
    const value: unknown = row[input.name];
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!scalar && !Array.isArray(value)) throw badValue(columns, column, codec, value, index, true);
    if (items.length !== length) throw shapeMismatch(input.name, `${length} elements in row ${index}`, `${items.length}`);
    return items;
  });
  // Not before: a hostile model may declare any length.
  const data = newElements(input.type, rows.length * length);
  vectors.forEach((items, index) => {
    // Not `forEach`: it passes over holes.
    for (let i = 0; i < length; i++) {
      const element = codec.encode(items[i]);
      if (element === undefined) throw badValue(columns, column, codec, items[i], index);
      data[index * length + i] = element;
    }
  });
  const dims = input.dims?.length === 0 ? [] : [rows.length, ...rest];
  return { type: input.type, dims, data: data as ElementData };
}

/** The extents behind the first; one that the model leaves open follows from the number of elements in the first row. */
function rowExtents({ name, dims }: TensorSpec, sample: unknown): number[] {
  const rest = dims?.slice(1) ?? [];
  const open = rest.filter((extent) => typeof extent === "string").length;
  const closed = rest.reduce<number>((product, extent) => (typeof extent === "number" ? product * extent : product), 1);
  if (open > 1) {
    throw new ModelwrightError(
      "UNSUPPORTED",
      `The shape of ${JSON.stringify(name)} does not follow from a row; use run() with tensors`,
      {
        details: { feature: "rows for several open extents" },
      },
    );
  }
  const length = Array.isArray(sample) ? sample.length : 1;
  return rest.map((extent) => (typeof extent === "number" ? extent : Math.floor(length / Math.max(1, closed))));
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

function badValue(
  columns: readonly string[],
  column: number,
  { expected }: ElementCodec,
  value: unknown,
  row: number,
  array = false,
): ModelwrightError {
  const name = columns[column]!;
  if (value === undefined || value === null) {
    return new ModelwrightError("INPUT_MISSING", `Row ${row} has no value for the column ${JSON.stringify(name)}`, {
      details: { input: name, known: columns },
    });
  }
  const numeric = typeof value === "number" || typeof value === "bigint";
  const given = Array.isArray(value) ? "an array" : numeric ? `another ${typeof value}` : typeof value;
  const message = `expected ${array ? "an array with elements that are each " : ""}${expected}, but got ${given}`;
  return invalidInput("The row", [{ path: [row, name], message }]);
}

/** Whether each input has a column of its name. A schema may have more members than the model takes; named columns may not. */
function isCovered(names: readonly string[], columns: readonly string[], asked: readonly string[] | undefined): boolean {
  return names.every((name) => columns.includes(name)) && (asked === undefined || asked.length === names.length);
}
