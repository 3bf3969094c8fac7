import type { MetricPoint } from "../../tracking/port.ts";
import { damaged } from "./stored-json.ts";

/** What `special` says of a value: that it is finite, or which one it is. */
const FINITE = 0;
const POSITIVE_INFINITY = 1;
const NEGATIVE_INFINITY = -1;
const NOT_A_NUMBER = 2;

/** The columns of a point; integers may be text in databases whose integers are greater than a double holds. */
interface PointColumns {
  readonly step: number;
  readonly at: number;
  readonly special: number;
  readonly value: number | null;
}

/** What a value is in the column `special`. */
export function specialOf(value: number): number {
  if (Number.isFinite(value)) return FINITE;
  return Number.isNaN(value) ? NOT_A_NUMBER : value > 0 ? POSITIVE_INFINITY : NEGATIVE_INFINITY;
}

/** What a value is in the column `value` of a point: part of a key, so that it is never null, and -0 is 0. */
export function finiteOf(value: number): number {
  return Number.isFinite(value) ? value + 0 : 0;
}

/** What a value is in the column `value` of a latest point, which searches compare with finite numbers. */
export function comparableOf(value: number): number | null {
  if (Number.isNaN(value)) return null;
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value)) + 0;
}

/** The point of a row. @throws a `TypeError` for a row that no store has written */
export function toPoint(row: PointColumns): MetricPoint {
  const step = toInteger(row.step);
  const at = toInteger(row.at);
  switch (Number(row.special)) {
    case FINITE:
      if (typeof row.value !== "number" || !Number.isFinite(row.value)) break;
      return { value: row.value, step, at };
    case POSITIVE_INFINITY:
      return { value: Number.POSITIVE_INFINITY, step, at };
    case NEGATIVE_INFINITY:
      return { value: Number.NEGATIVE_INFINITY, step, at };
    case NOT_A_NUMBER:
      return { value: Number.NaN, step, at };
  }
  throw damaged("a stored metric");
}

/** An integer of a row. @throws a `TypeError` for one that no store has written */
export function toInteger(stored: number): number {
  const number = Number(stored);
  if (!Number.isSafeInteger(number)) throw damaged("a stored number");
  return number;
}

/** As {@link toInteger}, where null is nothing. */
export function toIntegerOrNull(stored: number | null): number | null {
  return stored === null ? null : toInteger(stored);
}
