import { psiOfCounts } from "../../stats/distances/population-stability-index.ts";
import { chiSquaredSf } from "../../stats/distributions/chi-squared.ts";
import { dirichletLogEValue } from "../../stats/tests/dirichlet-log-e-value.ts";
import { ksAsymptoticSf } from "../../stats/tests/ks-distribution.ts";
import type { DriftBin, Interval } from "../port.ts";
import { OrderedColumn } from "../profile/column.ts";
import { embeddingDiscrepancy } from "./embedding-discrepancy.ts";
import { groupsOf, join } from "./join-sparse.ts";
import type { Ordered, Sides } from "./sides.ts";
import { wassersteinFromCounts } from "./wasserstein-from-counts.ts";

/** How one feature differs, before it is judged beside the others. */
export interface Comparison {
  readonly sides: Sides;
  /** Counts of the joined cells. */
  readonly joined: { readonly reference: Float64Array; readonly current: Float64Array };
  readonly psi: number;
  readonly psiDebiased: number;
  readonly psiInterval: Interval;
  readonly pValue: number;
  readonly logEValue: number;
  readonly ks: { readonly statistic: number; readonly interval: Interval; readonly pValue: number } | undefined;
  readonly wasserstein: { readonly statistic: number; readonly interval: Interval } | undefined;
  /** Of an embedding with rows enough on both sides. */
  readonly mmd: { readonly statistic: number; readonly pValue: number; readonly rows: number } | undefined;
  readonly missing: { readonly reference: number; readonly current: number; readonly pValue: number };
  readonly bins: readonly DriftBin[];
}

/** Compares both sides of a feature. A side without rows differs by nothing. */
export function compareFeature(sides: Sides): Comparison {
  const { column, n, m, ordered, moments } = sides;
  const joined = joinedOf(sides);
  const psi = n > 0 && m > 0 ? psiOfCounts(joined.reference, joined.current, n, m) : NONE;
  const range = moments?.reference ?? null;
  const discrete = column instanceof OrderedColumn && column.profile.coarse === null;
  const mmd = sides.samples && embeddingDiscrepancy(sides.samples.reference, sides.samples.current);
  return {
    sides,
    joined,
    psi: psi.psi,
    psiDebiased: psi.psiDebiased,
    psiInterval: psi.interval,
    pValue: psi.pValue,
    logEValue: n > 0 && m > 0 ? logEValueOf(sides) : 0,
    ks: ordered && ksOf(ordered),
    wasserstein: ordered && range !== null ? wassersteinFromCounts(ordered, range, discrete) : undefined,
    mmd: mmd ? { statistic: mmd.statistic, pValue: mmd.pValue, rows: mmd.rows } : undefined,
    missing: missingOf(sides),
    bins: binsOf(sides),
  };
}

const NONE = { psi: 0, psiDebiased: 0, interval: [0, 0] as const, pValue: 1 };

/**
 * Share of a row for which a row of the reference stands when cells are joined for e-values: with fewer than 20 rows of the reference in a
 * cell, the reference's own luck would look like evidence (see {@link dirichletLogEValue}). Cells depend on the reference alone, for they may
 * not change while a window grows.
 */
const THIN = 0.25;

function logEValueOf({ column, reference, current }: Sides): number {
  const { groups, count } = groupsOf(column, reference, THIN);
  return dirichletLogEValue(join(reference, groups, count), join(current, groups, count));
}

function joinedOf({ column, reference, current, n, m }: Sides): Comparison["joined"] {
  const { groups, count } = groupsOf(column, reference, n > 0 ? Math.min(1, m / n) : 1);
  return { reference: join(reference, groups, count), current: join(current, groups, count) };
}

/**
 * Kolmogorov–Smirnov test on counts. The interval is that of the two empirical distribution functions' bands, so it holds for every
 * sample size.
 *
 * @source P. Massart, "The Tight Constant in the Dvoretzky–Kiefer–Wolfowitz Inequality", Ann. Probab. 18 (1990)
 */
function ksOf({ reference, current }: Ordered): NonNullable<Comparison["ks"]> {
  const n = reference.reduce((sum, count) => sum + count, 0);
  const m = current.reduce((sum, count) => sum + count, 0);
  let below = 0;
  let belowCurrent = 0;
  let statistic = 0;
  for (let i = 0; i < reference.length; i++) {
    below += reference[i]! / n;
    belowCurrent += current[i]! / m;
    // What is left of a sum of shares after the last bin is rounding.
    if (i < reference.length - 1) statistic = Math.max(statistic, Math.abs(below - belowCurrent));
  }
  // 5 % for both bands together: 2 exp(−2 n ε²) = 0.025.
  const half = Math.sqrt(Math.log(80) / (2 * n)) + Math.sqrt(Math.log(80) / (2 * m));
  return {
    statistic,
    interval: [Math.max(0, statistic - half), Math.min(1, statistic + half)],
    pValue: ksAsymptoticSf(n, m, statistic),
  };
}

/** Shares of missing values, with the two-proportion z test, pooled. */
function missingOf({ column, reference, current, n, m }: Sides): Comparison["missing"] {
  const cell = column.cells.findIndex(({ from }) => from === column.missing);
  const [a, b] = [share(reference, cell), share(current, cell)];
  const pooled = (a * n + b * m) / (n + m);
  const variance = pooled * (1 - pooled) * (1 / n + 1 / m);
  return { reference: a, current: b, pValue: variance > 0 ? chiSquaredSf((a - b) ** 2 / variance, 1) : 1 };
}

function binsOf({ column, reference, current, n, m }: Sides): DriftBin[] {
  const smoothing = 0.5 / Math.max(1, Math.min(n, m));
  const all = (counts: Float64Array) =>
    Math.max(
      counts.reduce((sum, count) => sum + count, 0),
      Number.MIN_VALUE,
    );
  const [totalReference, totalCurrent] = [all(reference), all(current)];
  return column.cells.flatMap(({ label }, i) => {
    if (reference[i] === 0 && current[i] === 0) return [];
    const [p, q] = [reference[i]! / totalReference, current[i]! / totalCurrent];
    return [{ label, reference: p, current: q, contribution: (q - p) * Math.log((q + smoothing) / (p + smoothing)) }];
  });
}

function share(counts: Float64Array, cell: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total === 0 ? 0 : counts[cell]! / total;
}
