import { isItems } from "./numeric-kind.ts";
import type { NumericArray } from "./row.ts";

/** A plain or a typed array of elements. */
export type Run = readonly unknown[] | NumericArray;

/** Extents of an array by its first elements, outermost first. Looks at one level more than `rank` at most, however deep it is. */
export function nestingOf(array: unknown, rank: number): readonly number[] {
  const extents: number[] = [];
  for (let item = array; isItems(item) && extents.length <= rank; item = item[0]) extents.push(item.length);
  return extents;
}

/**
 * Visits the innermost arrays of a nested one, in order. Not recursive: the rank is that of a model, which may be hostile.
 *
 * @param extents - what each level must have, at least one; only the innermost arrays may be typed
 * @param misfit - makes the error about an item, at these indexes, that is no array of its extent
 */
export function forEachRun(
  array: unknown,
  extents: readonly number[],
  visit: (run: Run) => void,
  misfit: (item: unknown, at: readonly number[]) => Error,
): void {
  const last = extents.length - 1;
  const outer: (readonly unknown[])[] = [];
  const at: number[] = [];
  let item = array;
  for (;;) {
    const depth = outer.length;
    const fits = depth === last ? isItems(item) : Array.isArray(item);
    if (!fits || (item as Run).length !== extents[depth]) throw misfit(item, at);
    if (depth < last && extents[depth]! > 0) {
      outer.push(item as readonly unknown[]);
      at.push(0);
    } else {
      if (depth === last) visit(item as Run);
      while (outer.length > 0 && ++at[outer.length - 1]! === extents[outer.length - 1]) {
        outer.pop();
        at.pop();
      }
      if (outer.length === 0) return;
    }
    item = outer[outer.length - 1]![at[outer.length - 1]!];
  }
}
