/** The memory of a process after so many operations. */
export interface MemorySample {
  readonly operations: number;
  readonly rssMib: number;
}

/** How memory grows with what is done. */
export interface RssSlope {
  /** MiB in a thousand operations. */
  readonly mibPerThousand: number;
  /** MiB over all operations that were looked at, on the line. */
  readonly growthMib: number;
  /** Mean of the memory, MiB. */
  readonly meanMib: number;
}

/**
 * The line through samples of memory, by least squares. The first third is left out: there, what is kept on purpose fills up, such as
 * compiled code, pools and the free lists of the allocator.
 */
export function rssSlope(samples: readonly MemorySample[]): RssSlope {
  const steady = samples.slice(Math.ceil(samples.length / 3));
  if (steady.length < 5) throw new RangeError(`A line needs at least 8 samples, but got ${samples.length}`);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(steady.map(({ operations }) => operations));
  const y = mean(steady.map(({ rssMib }) => rssMib));
  const covariance = mean(steady.map(({ operations, rssMib }) => (operations - x) * (rssMib - y)));
  const slope = covariance / mean(steady.map(({ operations }) => (operations - x) ** 2));
  const span = steady.at(-1)!.operations - steady[0]!.operations;
  return { mibPerThousand: 1000 * slope, growthMib: slope * span, meanMib: y };
}
