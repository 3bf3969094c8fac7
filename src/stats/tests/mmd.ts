import * as z from "zod";
import { parseOptions, passed } from "../../core/options.ts";
import { type Random, randomInt, seeded } from "../../core/random.ts";
import { kernelMatrix } from "./kernel-matrix.ts";
import { permutationPValue } from "./permutation-p-value.ts";
import { checkedVectors } from "./vectors.ts";

/** How {@link mmd} compares. */
export interface MmdOptions {
  /** σ of the kernel exp(−|x − y|² / 2σ²), above 0. @defaultValue the median distance of all pairs of rows */
  readonly bandwidth?: number;
  /** Random relabellings that the p-value is taken from, an integer in [1, 100 000]. @defaultValue 199 */
  readonly permutations?: number;
  /** Rows drawn at random from a longer sample, an integer in [2, 4000]; time and memory grow with its square. @defaultValue 1000 */
  readonly maxRows?: number;
  /** Draws rows and relabellings. @defaultValue `seeded(0)`: equal samples give equal results */
  readonly random?: Random;
}

/** What {@link mmd} finds. */
export interface MmdResult {
  /** The unbiased estimate of the squared discrepancy: around 0, and so also below, when both samples come from one distribution. */
  readonly statistic: number;
  /** Share of relabellings with a statistic at least as great, the samples as they are among them. Never below 1 / (permutations + 1). */
  readonly pValue: number;
  /** σ of the kernel. */
  readonly bandwidth: number;
}

const optionsSchema = z.strictObject({
  bandwidth: z.number().positive().optional(),
  permutations: z.int().min(1).max(100_000).default(199),
  maxRows: z.int().min(2).max(4000).default(1000),
  random: passed<Random>(
    "a source of random numbers",
    (value) => typeof (value as Random | null)?.uint32 === "function",
  ).optional(),
});

/**
 * Maximum mean discrepancy between two samples of vectors, with a Gaussian kernel: sees any difference of their joint distributions,
 * not only of each coordinate by itself. Coordinates should have one scale; divide each by its standard deviation otherwise.
 *
 * The kernel is computed once, and each relabelling adds up a quarter of it. Two samples of 1000 rows take about half a second.
 *
 * @param x - one sample: rows of finite numbers, at least two, all of one length
 * @param y - the other sample
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other rows, `CONFIG_INVALID` for wrong options
 * @source A. Gretton et al., "A Kernel Two-Sample Test", J. Mach. Learn. Res. 13 (2012), eq. 3
 *
 * @example
 * ```ts
 * import { mmd } from "modelwright/stats";
 *
 * declare const before: readonly Float32Array[]; // embeddings
 * declare const now: readonly Float32Array[];
 *
 * const { pValue } = mmd(before, now, { permutations: 499, maxRows: 500 });
 * ```
 */
export function mmd(x: readonly ArrayLike<number>[], y: readonly ArrayLike<number>[], options: MmdOptions = {}): MmdResult {
  const { permutations, maxRows, random = seeded(0), ...given } = parseOptions(optionsSchema, options, "mmd");
  const width = checkedVectors("mmd", x, y);
  const rows = [...drawn(Array.from(x), maxRows, random), ...drawn(Array.from(y), maxRows, random)];
  const n = Math.min(x.length, maxRows);
  const m = rows.length - n;
  const kernel = kernelMatrix(rows, width, given.bandwidth);
  const labels = new Uint8Array(n + m).fill(1, n);
  const inX = new Uint32Array(n);
  const statistic = (shuffled: Uint8Array) => {
    let length = 0;
    for (let i = 0; i < shuffled.length; i++) if (shuffled[i] === 0) inX[length++] = i;
    let ofX = 0;
    let touchingX = 0;
    for (let i = 0; i < n; i++) {
      const start = inX[i]! * (n + m);
      touchingX += kernel.sums[inX[i]!]!;
      for (let j = 0; j < i; j++) ofX += kernel.values[start + inX[j]!]!;
    }
    // Each pair once: what touches x counts pairs within x twice.
    const across = touchingX - 2 * ofX;
    const ofY = kernel.total - ofX - across;
    return (2 * ofX) / n / (n - 1) + (2 * ofY) / m / (m - 1) - (2 * across) / n / m;
  };
  const observed = statistic(labels);
  const pValue = permutationPValue(labels, statistic, observed, permutations, random);
  return { statistic: observed, pValue, bandwidth: kernel.bandwidth };
}

/** At most `count` rows, each set of them equally likely. */
function drawn(rows: readonly ArrayLike<number>[], count: number, random: Random): readonly ArrayLike<number>[] {
  if (rows.length <= count) return rows;
  const order = Uint32Array.from(rows, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + randomInt(random, order.length - i);
    const index = order[i]!;
    order[i] = order[j]!;
    order[j] = index;
  }
  return Array.from(order.subarray(0, count), (index) => rows[index]!);
}
