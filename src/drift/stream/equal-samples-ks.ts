/** Greatest gap of the counts below a value in two sorted samples of one length n: n times the Kolmogorov–Smirnov statistic. */
export function gapOfSorted(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  let i = 0;
  let j = 0;
  let gap = 0;
  while (i < n && j < n) {
    const x = a[i]!;
    const y = b[j]!;
    const value = x < y ? x : y;
    while (i < n && a[i] === value) i += 1;
    while (j < n && b[j] === value) j += 1;
    const here = i > j ? i - j : j - i;
    if (here > gap) gap = here;
  }
  return gap;
}

/**
 * Probability that two samples of n values each from one continuous distribution have a gap of at least `gap`: with
 * h = `gap`, 2 · (C(2n, n − h) − C(2n, n − 2h) + C(2n, n − 3h) − …) / C(2n, n).
 *
 * @source B. V. Gnedenko, V. S. Korolyuk, "On the Maximum Discrepancy Between Two Empirical Distributions", Dokl. Akad. Nauk SSSR 80
 * (1951)
 */
export function gapPValue(n: number, gap: number): number {
  if (gap <= 0) return 1;
  let sum = 0;
  let ratio = 1;
  let done = 0;
  for (let j = 1; j * gap <= n; j++) {
    // C(2n, n − k) / C(2n, n) is the product of (n − i + 1) / (n + i) over i up to k.
    for (; done < j * gap; done++) ratio *= (n - done) / (n + done + 1);
    sum += j % 2 === 1 ? ratio : -ratio;
  }
  return Math.min(1, 2 * sum);
}

/** The least gap whose p-value is at most `alpha`; n + 1 where there is none. */
export function criticalGap(n: number, alpha: number): number {
  let low = 1;
  let high = n + 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (gapPValue(n, middle) <= alpha) high = middle;
    else low = middle + 1;
  }
  return low;
}
