/** Values of a sum that paths to one point can have, ascending, and the share of the paths that has each. */
interface Sums {
  readonly values: Float64Array;
  readonly shares: Float64Array;
}

/** A bound of what {@link exactCramerVonMisesSf} adds up: points of the lattice times values that a sum can have. */
export function cramerVonMisesCells(statistic: number, n: number, m: number): number {
  return n * m * sumOf(statistic, n, m, leastCommonMultiple(n, m));
}

/** The sum over the path's points that T stands for: T = n·m / N² · sum / L². */
function sumOf(statistic: number, n: number, m: number, multiple: number): number {
  return ((statistic * (n + m) ** 2) / (n * m)) * multiple ** 2;
}

/**
 * Probability that T of `cramerVonMises` is at least `statistic` for samples of `n` and `m` values from one continuous
 * distribution. Adds positive terms only.
 *
 * A path from (0, 0) to (n, m) stands for an order of all values. T grows with the sum of (i·L/n − j·L/m)² over its points, L being
 * the least common multiple of n and m, so that the sums are integers; a path is done with once its sum has reached that of T.
 *
 * @source Y. Xiao, A. Gordon, A. Yakovlev, "A C++ Program for the Cramér–von Mises Two-Sample Test", J. Stat. Softw. 17 (2007)
 */
export function exactCramerVonMisesSf(statistic: number, n: number, m: number): number {
  const multiple = leastCommonMultiple(n, m);
  const rise = multiple / n;
  const run = multiple / m;
  // A sum is an integer; what rounding did to it is far less than 1.
  const bound = Math.ceil(sumOf(statistic, n, m, multiple) - 0.25);
  if (bound <= 0) return 1;
  let above: (Sums | undefined)[] = [];
  let reached = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++) {
    const row: (Sums | undefined)[] = [];
    const reachedHere = new Float64Array(m + 1);
    for (let j = 0; j <= m; j++) {
      if (i + j === 0) {
        row.push({ values: Float64Array.of(0), shares: Float64Array.of(1) });
        continue;
      }
      const fromAbove = i / (i + j);
      const step = (i * rise - j * run) ** 2;
      const sums = join(above[j], fromAbove, row[j - 1], 1 - fromAbove, step, bound);
      row.push(sums);
      reachedHere[j] = (reached[j] ?? 0) * fromAbove + (reachedHere[j - 1] ?? 0) * (1 - fromAbove) + sums.over;
    }
    above = row;
    reached = reachedHere;
  }
  return Math.min(1, reached[m]!);
}

/** Both laws, each weighted, moved by `step`; `over` is the share that has reached `bound`, which is left out. */
function join(
  first: Sums | undefined,
  firstWeight: number,
  second: Sums | undefined,
  secondWeight: number,
  step: number,
  bound: number,
): Sums & { readonly over: number } {
  const a = first?.values ?? NONE;
  const b = second?.values ?? NONE;
  const values = new Float64Array(a.length + b.length);
  const shares = new Float64Array(a.length + b.length);
  let length = 0;
  let over = 0;
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const value = j === b.length || (i < a.length && a[i]! <= b[j]!) ? a[i]! : b[j]!;
    let share = 0;
    if (i < a.length && a[i] === value) share += first!.shares[i++]! * firstWeight;
    if (j < b.length && b[j] === value) share += second!.shares[j++]! * secondWeight;
    if (value + step >= bound) {
      over += share;
    } else {
      values[length] = value + step;
      shares[length] = share;
      length += 1;
    }
  }
  return { values: values.subarray(0, length), shares: shares.subarray(0, length), over };
}

const NONE = new Float64Array();

function leastCommonMultiple(n: number, m: number): number {
  let [a, b] = [n, m];
  while (b > 0) [a, b] = [b, a % b];
  return (n / a) * m;
}
