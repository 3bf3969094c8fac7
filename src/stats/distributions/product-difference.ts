/** Splits a double into two of half its digits. */
const SPLITTER = 2 ** 27 + 1;

/**
 * a · b − c, rounded once: the product is kept to twice the digits of a double, so that what is left next to `c` is exact. Where the
 * product has no such form (above 1e290 and below 1e-290), an ordinary a · b − c.
 *
 * @source T. J. Dekker, "A Floating-Point Technique for Extending the Available Precision", Numer. Math. 18 (1971)
 */
export function productDifference(a: number, b: number, c: number): number {
  const product = a * b;
  const size = Math.abs(product);
  if (!(size < 1e290 && size > 1e-290) || Math.abs(a) > 1e290 || Math.abs(b) > 1e290) return product - c;
  const highA = SPLITTER * a - (SPLITTER * a - a);
  const highB = SPLITTER * b - (SPLITTER * b - b);
  const lowA = a - highA;
  const lowB = b - highB;
  const lost = highA * highB - product + highA * lowB + lowA * highB + lowA * lowB;
  return product - c + lost;
}
