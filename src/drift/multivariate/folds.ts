import { type Random, randomInt } from "../../core/random.ts";

/**
 * A fold in [0, `folds`) for each row, by chance: of each class, the folds hold as many rows as can be, to within one.
 *
 * @param classes - one for each row
 */
export function assignFolds(classes: ArrayLike<number>, folds: number, random: Random): Int32Array {
  const assigned = new Int32Array(classes.length);
  const seen = new Map<number, number>();
  for (const i of shuffledIndices(classes.length, random)) {
    const rank = seen.get(classes[i]!) ?? 0;
    assigned[i] = rank % folds;
    seen.set(classes[i]!, rank + 1);
  }
  return assigned;
}

/** At most `limit` of the rows, drawn by chance and in their former order. */
export function sampleRows<T>(rows: readonly T[], limit: number, random: Random): readonly T[] {
  if (rows.length <= limit) return rows;
  return shuffledIndices(rows.length, random)
    .subarray(0, limit)
    .sort()
    .reduce<T[]>((sample, i) => {
      sample.push(rows[i]!);
      return sample;
    }, []);
}

/** The numbers from 0 to `length` − 1 in an order by chance. */
export function shuffledIndices(length: number, random: Random): Uint32Array {
  const indices = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = randomInt(random, i + 1);
    const held = indices[i]!;
    indices[i] = indices[j]!;
    indices[j] = held;
  }
  return indices;
}

/** Indices of the rows for which the fold passes. */
export function rowsWhere(folds: Int32Array, passes: (fold: number) => boolean): Uint32Array {
  const indices = new Uint32Array(folds.length);
  let count = 0;
  for (let i = 0; i < folds.length; i++) if (passes(folds[i]!)) indices[count++] = i;
  return indices.subarray(0, count);
}
