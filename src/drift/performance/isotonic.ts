import { sortOrder } from "../../stats/sort.ts";

/** Points that share one value of a function that never falls. */
export interface PooledBlock {
  /** Least x of the points. */
  readonly first: number;
  /** Greatest x of the points. */
  readonly last: number;
  /** Weighted mean of x. */
  readonly center: number;
  /** Weighted mean of y: the function at these points. */
  readonly value: number;
  readonly weight: number;
}

/**
 * Isotonic regression by pooling of adjacent violators: the function that never falls and is nearest to the points in weighted least
 * squares, as blocks of equal value, growing in x and in value. Points of equal x are one block. O(n log n).
 *
 * @param x - finite, in any order
 * @param y - finite, as many
 * @param weights - above 0, as many; all 1 unless told
 * @source M. Ayer, H. D. Brunk, G. M. Ewing, W. T. Reid, E. Silverman, "An Empirical Distribution Function for Sampling with Incomplete
 * Information", Ann. Math. Statist. 26 (1955)
 */
export function poolViolators(x: ArrayLike<number>, y: ArrayLike<number>, weights?: ArrayLike<number>): readonly PooledBlock[] {
  const order = sortOrder(x);
  const blocks: PooledBlock[] = [];
  for (let i = 0; i < order.length; ) {
    const at = x[order[i]!]!;
    let block = pointOf(at, y[order[i]!]!, weights?.[order[i]!] ?? 1);
    for (i += 1; i < order.length && x[order[i]!] === at; i++) {
      block = pool(block, pointOf(at, y[order[i]!]!, weights?.[order[i]!] ?? 1));
    }
    while (blocks.length > 0 && blocks.at(-1)!.value >= block.value) block = pool(blocks.pop()!, block);
    blocks.push(block);
  }
  return blocks;
}

function pointOf(x: number, value: number, weight: number): PooledBlock {
  return { first: x, last: x, center: x, value, weight };
}

function pool(a: PooledBlock, b: PooledBlock): PooledBlock {
  const weight = a.weight + b.weight;
  const part = b.weight / weight;
  return {
    first: a.first,
    last: b.last,
    center: a.center * (1 - part) + b.center * part, // the difference might leave the range of doubles
    value: a.value + (b.value - a.value) * part,
    weight,
  };
}
