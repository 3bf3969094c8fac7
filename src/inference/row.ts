/** A single value of a row. */
export type Scalar = number | bigint | boolean | string;

/** Elements of a vector or a larger tensor as numbers. The quickest way to give many: those of the input's own kind are copied at once. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/**
 * A value of a row: a scalar; the elements of a vector or a larger tensor, row-major; or arrays in arrays, nested as the axes behind the
 * first one are, for example `[[1, 2], [3, 4]]` for an input [rows, 2, 2]. The innermost arrays may be typed.
 *
 * The elements of a typed array are numbers: those of a `Uint16Array` are no bits of float16.
 */
export type RowValue = Scalar | NumericArray | readonly RowValue[];

/**
 * What a model takes or answers for one sample: a value for each column.
 *
 * A model answers scalars and flat arrays, row-major, whatever the rank of the output; `session.outputs` has its extents.
 */
export type Row = Readonly<Record<string, RowValue>>;
