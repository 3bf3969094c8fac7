/**
 * The area between two empirical distribution functions: ∫ |F − G| (`power` 1), or ∫ (F − G)² (`power` 2).
 *
 * @param a - finite, ascending
 * @param b - finite, ascending
 */
export function distributionGap(a: Float64Array, b: Float64Array, power: 1 | 2): number {
  const n = a.length;
  const m = b.length;
  let area = 0;
  let i = 0;
  let j = 0;
  let last = Math.min(a[0]!, b[0]!);
  while (i < n || j < m) {
    const fromA = j === m || (i < n && a[i]! <= b[j]!);
    const value = fromA ? a[i]! : b[j]!;
    // As an integer first, so that no gap is left of two equal shares.
    const gap = Math.abs(i * m - j * n) / n / m;
    if (value > last && gap > 0) {
      const height = power === 1 ? gap : gap * gap;
      const width = value - last;
      // Only the distance of two doubles of unlike sign and great size leaves their range.
      area += width < Number.POSITIVE_INFINITY ? height * width : height * value - height * last;
    }
    last = value;
    if (fromA) i += 1;
    else j += 1;
  }
  return area;
}
