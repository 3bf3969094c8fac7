import { dataLength, type ElementData, type ElementType, elementTypes } from "./element-type.ts";
import { ModelwrightError } from "./errors.ts";

/** A dense array of one element type, row-major. Make one with {@link tensor}, which checks it. */
export interface Tensor<T extends ElementType = ElementType> {
  readonly type: T;
  /** Extent of each axis; `[]` is a scalar. */
  readonly dims: readonly number[];
  /** The elements, in the layout that `elementTypes` states. */
  readonly data: ElementData<T>;
}

/**
 * A tensor over `data`, which is kept, not copied.
 *
 * @param dims - extents, non-negative integers whose product is the number of elements. @defaultValue one axis
 * @throws a {@link ModelwrightError} with code `INPUT_DTYPE` when the array is of another kind than the type
 * @throws a {@link ModelwrightError} with code `INPUT_SHAPE` when the extents do not fit the array
 *
 * @example
 * ```ts
 * import { tensor } from "modelwright";
 *
 * const rows = tensor("float32", Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
 * const ids = tensor("int64", BigInt64Array.of(9007199254740993n));
 * ```
 */
export function tensor<T extends ElementType>(type: T, data: NoInfer<ElementData<T>>, dims?: readonly number[]): Tensor<T> {
  assertData(type, data);
  const shape = dims === undefined ? [elementsIn(type, data)] : [...dims];
  const count = elementCount(shape);
  if (data.length !== dataLength(type, count)) {
    throw shapeError(`${count} elements for dims ${formatDims(shape)}`, `${elementsIn(type, data)} elements`);
  }
  return { type, dims: shape, data };
}

/**
 * Number of elements of a shape; 1 for a scalar.
 *
 * @throws a {@link ModelwrightError} with code `INPUT_SHAPE` for an extent that is not a non-negative integer, or a product
 * beyond 2^53 − 1
 */
export function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const extent of dims) {
    if (!Number.isSafeInteger(extent) || extent < 0) throw shapeError("extents that are non-negative integers", formatDims(dims));
    count *= extent;
  }
  if (!Number.isSafeInteger(count)) throw shapeError("at most 2^53 - 1 elements", formatDims(dims));
  return count;
}

/** The same elements under other extents, without a copy. @throws a {@link ModelwrightError} with code `INPUT_SHAPE` */
export function reshape<T extends ElementType>(source: Tensor<T>, dims: readonly number[]): Tensor<T> {
  return tensor(source.type, source.data, dims);
}

/**
 * Rows `start` to `end` (exclusive) of the first axis, without a copy where the platform has views (all types but strings).
 *
 * @throws a {@link ModelwrightError} with code `INPUT_SHAPE` when the rows are not there, the tensor is a scalar, or a row of a
 * packed type does not begin on a byte
 */
export function sliceRows<T extends ElementType>(source: Tensor<T>, start: number, end: number): Tensor<T> {
  const [rows, ...rest] = source.dims;
  const whole = Number.isInteger(start) && Number.isInteger(end);
  if (rows === undefined || !(whole && start >= 0 && start <= end && end <= rows)) {
    throw shapeError(`rows within 0 to ${rows ?? 0}`, `rows ${start} to ${end}`);
  }
  const rowLength = dataLength(source.type, elementCount(rest));
  if (dataLength(source.type, elementCount(source.dims)) !== rowLength * rows) {
    throw shapeError("rows of whole bytes", `${source.type} rows of ${elementCount(rest)} elements`);
  }
  const view = viewOf(source.data, start * rowLength, end * rowLength);
  return { type: source.type, dims: [end - start, ...rest], data: view as ElementData<T> };
}

/**
 * A tensor over little-endian bytes: a view when the bytes are aligned for the type, a copy when not.
 *
 * @throws a {@link ModelwrightError} with code `INPUT_SHAPE` when the number of bytes does not fit
 * @throws a {@link ModelwrightError} with code `INPUT_DTYPE` when there is no such element type
 * @throws a {@link ModelwrightError} with code `UNSUPPORTED` for strings, which have no fixed width
 */
export function tensorFromBytes<T extends ElementType>(type: T, bytes: Uint8Array, dims: readonly number[]): Tensor<T> {
  const Constructor = arrayOf(type);
  if (Constructor === undefined) throw noBytes();
  const length = dataLength(type, elementCount(dims));
  const width = Constructor.BYTES_PER_ELEMENT;
  if (bytes.byteLength !== length * width) throw shapeError(`${length * width} bytes`, `${bytes.byteLength} bytes`);
  // Not `slice()`: that of a Node Buffer is a view.
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  const data = new Constructor(aligned.buffer as ArrayBuffer, aligned.byteOffset, length);
  return { type, dims: [...dims], data: data as unknown as ElementData<T> };
}

/** The elements as bytes in platform order (little-endian on every platform that runs JavaScript engines today), without a copy. */
export function tensorBytes(source: Tensor): Uint8Array {
  if (!ArrayBuffer.isView(source.data)) throw noBytes();
  return new Uint8Array(source.data.buffer, source.data.byteOffset, source.data.byteLength);
}

/** Extents for a message, for example `[2, 3]`. */
export function formatDims(dims: readonly (number | string)[]): string {
  return `[${dims.join(", ")}]`;
}

function arrayOf(type: ElementType) {
  if (!Object.hasOwn(elementTypes, type)) {
    throw typeError("type", `an element type of ${Object.keys(elementTypes).join(", ")}`, String(type));
  }
  return elementTypes[type].array;
}

function assertData(type: ElementType, data: unknown): asserts data is { readonly length: number } {
  const array = arrayOf(type);
  // By tag, because `instanceof` fails for arrays of another realm (jest runs tests in one). A Buffer is bytes, too.
  const fits =
    array === undefined
      ? Array.isArray(data) && data.every((item) => typeof item === "string")
      : ArrayBuffer.isView(data) && Object.prototype.toString.call(data) === `[object ${array.name}]`;
  if (fits) return;
  const given = (data as object | null | undefined)?.constructor?.name ?? String(data);
  throw typeError("data", `${array?.name ?? "string[]"} for ${type}`, given);
}

function elementsIn(type: ElementType, data: { readonly length: number }): number {
  const { bits, array } = elementTypes[type];
  return array === undefined ? data.length : (data.length * array.BYTES_PER_ELEMENT * 8) / bits;
}

function viewOf(data: ElementData, start: number, end: number): ElementData {
  return ArrayBuffer.isView(data) ? data.subarray(start, end) : data.slice(start, end);
}

function typeError(input: string, expected: string, given: string): ModelwrightError<"INPUT_DTYPE"> {
  return new ModelwrightError("INPUT_DTYPE", `A tensor needs ${expected}, but got ${given}`, {
    details: { input, expected, given },
  });
}

function shapeError(expected: string, given: string): ModelwrightError<"INPUT_SHAPE"> {
  return new ModelwrightError("INPUT_SHAPE", `A tensor needs ${expected}, but got ${given}`, {
    details: { input: "dims", expected, given },
  });
}

function noBytes(): ModelwrightError<"UNSUPPORTED"> {
  return new ModelwrightError("UNSUPPORTED", "A string tensor has no fixed-width bytes; read its data instead", {
    details: { feature: "bytes of a string tensor" },
  });
}
