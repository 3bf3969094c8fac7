import { sorted } from "../sort.ts";

/** How often two samples hold each of their distinct values, ascending: what a test on ranks needs to know of them. */
export interface TieCounts {
  readonly a: Uint32Array;
  readonly b: Uint32Array;
  /** Whether a value occurs twice. */
  readonly ties: boolean;
}

/** Counts of the distinct values of two samples without NaN. */
export function tieCounts(a: ArrayLike<number>, b: ArrayLike<number>): TieCounts {
  const first = sorted(a);
  const second = sorted(b);
  const n = first.length;
  const m = second.length;
  const inA = new Uint32Array(n + m);
  const inB = new Uint32Array(n + m);
  let groups = 0;
  for (let i = 0, j = 0; i < n || j < m; groups++) {
    const value = j === m || (i < n && first[i]! <= second[j]!) ? first[i]! : second[j]!;
    const fromA = i;
    while (i < n && first[i] === value) i += 1;
    const fromB = j;
    while (j < m && second[j] === value) j += 1;
    inA[groups] = i - fromA;
    inB[groups] = j - fromB;
  }
  return { a: inA.subarray(0, groups), b: inB.subarray(0, groups), ties: groups < n + m };
}
