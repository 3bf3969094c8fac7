import type { ElementData } from "../core/element-type.ts";
import { ModelwrightError } from "../core/errors.ts";
import { formatDims, type Tensor } from "../core/tensor.ts";
import { badValue } from "./bad-value.ts";
import { shapeMismatch } from "./check-tensors.ts";
import { type ElementCodec, type Elements, elementCodec, newElements } from "./element-codec.ts";
import { forEachRun, nestingOf, type Run } from "./nested-array.ts";
import { isItems, numericKind } from "./numeric-kind.ts";
import type { TensorSpec } from "./port.ts";
import { propertyName } from "./property-name.ts";
import type { Row } from "./row.ts";

/** Most elements of an input. An array may be in another many times over, so that its size says nothing of what it cost its sender. */
const maxElements = 2 ** 31 - 1;

/**
 * Makes the tensor of one input out of the values that rows have under its name.
 *
 * @throws a {@link ModelwrightError} with code `INPUT_MISSING`, `INPUT_INVALID` or `INPUT_SHAPE`; `UNSUPPORTED` for values that do not
 * say which shape they have
 */
export type InputPacker = (rows: readonly Row[]) => Tensor;

/** What is known of an input before there is a row. */
interface Plan {
  readonly input: TensorSpec;
  readonly codec: ElementCodec;
  /** The input's name, quick to look up. */
  readonly name: string;
  /** All that a row must have, for messages. */
  readonly columns: readonly string[];
  /** The declared extents behind the first. */
  readonly rest: readonly (number | string)[];
  /** How many of them the model leaves open. */
  readonly open: number;
}

/**
 * The packer of an input: of scalars where it is [rows] or [rows, 1], else of arrays, flat or nested.
 *
 * @param columns - all that a row must have, for messages
 */
export function inputPacker(input: TensorSpec, columns: readonly string[]): InputPacker {
  const rest = input.dims?.slice(1) ?? [];
  const open = rest.filter((extent) => typeof extent === "string").length;
  const plan = { input, codec: elementCodec(input.type), name: propertyName(input.name), columns, rest, open };
  const scalar = rest.length === 0 || (rest.length === 1 && rest[0] === 1);
  return scalar ? (rows) => packScalars(plan, rows) : (rows) => packArrays(plan, rows);
}

function packScalars(plan: Plan, rows: readonly Row[]): Tensor {
  const { input, codec, name, rest } = plan;
  const { encode } = codec;
  const data = newElements(input.type, rows.length);
  for (let row = 0; row < rows.length; row++) {
    const value = rows[row]![name];
    const element = encode(value);
    if (element !== undefined) data[row] = element;
    else if (!isItems(value)) throw badValue(name, plan.columns, codec, value, row);
    else forEachRun(value, [1], (run) => fill(plan, value, run, row, data, row), misfit(plan, value, [1], row));
  }
  const dims = input.dims?.length === 0 ? [] : rest.length === 0 ? [rows.length] : [rows.length, 1];
  return { type: input.type, dims, data: data as ElementData };
}

function packArrays(plan: Plan, rows: readonly Row[]): Tensor {
  const { input, name } = plan;
  // Each once: getters could change them between the checks and the copy.
  const values: readonly unknown[] = rows.map((row) => row[name]);
  const rest = extentsOf(plan, values[0]);
  const length = rest.reduce((product, extent) => product * extent, 1);
  // Arrays without elements are walked, too.
  const walked = rest.slice(0, rest.includes(0) ? rest.indexOf(0) : undefined).reduce((product, extent) => product * extent, 1);
  if (!(rows.length * walked <= maxElements))
    throw shapeMismatch(name, `at most ${maxElements} elements`, formatDims([rows.length, ...rest]));
  const flat = [length];
  const forEach = (visit: (run: Run, row: number, value: unknown) => void) => {
    values.forEach((value, row) => {
      const extents = isNested(plan, value) ? rest : flat;
      if (extents === flat) checkFlat(plan, value, row);
      forEachRun(value, extents, (run) => visit(run, row, value), misfit(plan, value, extents, row));
    });
  };
  // Not before all lengths are known: a hostile model may declare any extent, and holes give an array any length.
  forEach((run, row) => checkHoles(plan, run, row));
  const data = newElements(input.type, rows.length * length);
  let start = 0;
  forEach((run, row, value) => {
    fill(plan, value, run, row, data, start);
    start += run.length;
  });
  return { type: input.type, dims: [rows.length, ...rest], data: data as ElementData };
}

function isNested({ rest }: Plan, value: unknown): boolean {
  return rest.length > 1 && Array.isArray(value) && isItems(value[0]);
}

/** The extents behind the first; those that the model leaves open follow from the first row. */
function extentsOf(plan: Plan, sample: unknown): readonly number[] {
  const { name, rest } = plan;
  if (isNested(plan, sample)) {
    const extents = nestingOf(sample, rest.length);
    // Nothing is nested in an empty array.
    const implied = extents.at(-1) === 0 ? rest.slice(extents.length) : [];
    const whole = [...extents, ...implied].filter((extent) => typeof extent === "number");
    if (whole.length === rest.length && rest.every((extent, axis) => typeof extent === "string" || extent === whole[axis]))
      return whole;
    throw shapeMismatch(name, `${formatDims(rest)} in row 0`, formatDims(extents));
  }
  checkFlat(plan, sample, 0);
  const closed = rest.reduce<number>((product, extent) => (typeof extent === "number" ? product * extent : product), 1);
  const length = (sample as Run).length;
  return rest.map((extent) => (typeof extent === "number" ? extent : Math.floor(length / Math.max(1, closed))));
}

/** Refuses a value that is no array, and one whose shape does not follow from the number of its elements. */
function checkFlat({ name, columns, codec, open }: Plan, value: unknown, row: number): void {
  if (!isItems(value)) throw badValue(name, columns, codec, value, row, true);
  if (open <= 1) return;
  throw new ModelwrightError(
    "UNSUPPORTED",
    `The shape of ${JSON.stringify(name)} does not follow from a flat array in row ${row}; nest arrays as its axes are, or use run() with tensors`,
    { details: { feature: "flat rows for several open extents" } },
  );
}

function checkHoles({ name, columns, codec }: Plan, run: Run, row: number): void {
  if (!Array.isArray(run)) return;
  for (let i = 0; i < run.length; i++) if (run[i] === undefined) throw badValue(name, columns, codec, undefined, row);
}

function fill(plan: Plan, value: unknown, run: Run, row: number, data: Elements, start: number): void {
  const { name, columns, codec } = plan;
  const kind = numericKind(run);
  if (kind !== undefined && codec.copies(kind)) {
    (data as unknown as Uint8Array).set(run as Uint8Array, start);
    return;
  }
  const { encode } = codec;
  // Not `forEach`: it passes over holes.
  for (let i = 0; i < run.length; i++) {
    const item: unknown = run[i];
    const element = encode(item);
    if (element !== undefined) data[start + i] = element;
    else throw isItems(item) ? tooDeep(plan, value, row) : badValue(name, columns, codec, item, row);
  }
}

function tooDeep({ name, rest }: Plan, value: unknown, row: number): ModelwrightError<"INPUT_SHAPE"> {
  const expected = rest.length === 0 ? "1 elements" : formatDims(rest);
  const nesting = nestingOf(value, Math.max(1, rest.length));
  const given = nesting.length > Math.max(1, rest.length) ? formatDims(nesting) : "an array among the elements";
  return shapeMismatch(name, `${expected} in row ${row}`, given);
}

/** Makes the error about an item of a value, at some indexes, that has not the extent of its axis. */
function misfit({ name, columns, codec }: Plan, value: unknown, extents: readonly number[], row: number) {
  return (item: unknown, at: readonly number[]): Error => {
    if (item === undefined || item === null) return badValue(name, columns, codec, item, row);
    const count = isItems(item) ? `${item.length}` : typeof item;
    if (extents.length === 1) return shapeMismatch(name, `${extents[0]} elements in row ${row}`, count);
    const nesting = nestingOf(value, extents.length);
    const alike = nesting.length === extents.length && nesting.every((extent, axis) => extent === extents[axis]);
    const given = alike ? `${isItems(item) ? `${count} elements` : count} at ${formatDims(at)}` : formatDims(nesting);
    return shapeMismatch(name, `${formatDims(extents)} in row ${row}`, given);
  };
}
