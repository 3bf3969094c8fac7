/** A single value of a row. */
export type Scalar = number | bigint | boolean | string;

/** A value of a row: a scalar, or the elements of a vector or a larger tensor, row-major. */
export type RowValue = Scalar | readonly Scalar[];

/** What a model takes or answers for one sample: a value for each column. */
export type Row = Readonly<Record<string, RowValue>>;
