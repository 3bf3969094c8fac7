/** Mean and variance of a sample. */
export interface SampleMoments {
  /** The mean as the sum of the first value and what the others are on average above it, so that two means differ without cancelling. */
  readonly first: number;
  readonly shift: number;
  /** With n − 1 in the denominator; exactly 0 for a constant. */
  readonly variance: number;
}

/**
 * Mean and variance of finite values, each times `factor`, which keeps the squares of very great or small ones within the range of
 * doubles ({@link safeFactor}). Deviations are taken from the first value, and then from the mean, so that neither cancels.
 *
 * @param values - at least two
 */
export function sampleMoments(values: ArrayLike<number>, factor: number): SampleMoments {
  const n = values.length;
  const first = values[0]! * factor;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i]! * factor - first;
  const shift = sum / n;
  let squares = 0;
  let rest = 0;
  for (let i = 0; i < n; i++) {
    const deviation = values[i]! * factor - first - shift;
    squares += deviation * deviation;
    rest += deviation;
  }
  return { first, shift, variance: Math.max(0, (squares - (rest * rest) / n) / (n - 1)) };
}

/** Mean of the first sample less that of the second. */
export function meanDifference(a: SampleMoments, b: SampleMoments): number {
  return a.first - b.first + (a.shift - b.shift);
}

/** A power of 2 that brings the greatest of some values near 1 when its square could leave the range of doubles; else 1. */
export function safeFactor(...samples: readonly ArrayLike<number>[]): number {
  let greatest = 0;
  for (const sample of samples) for (let i = 0; i < sample.length; i++) greatest = Math.max(greatest, Math.abs(sample[i]!));
  if (greatest === 0 || (greatest > 1e-100 && greatest < 1e100)) return 1;
  return 2 ** -Math.max(-1000, Math.min(1000, Math.round(Math.log2(greatest))));
}
