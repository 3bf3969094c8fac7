import { invalidConfig } from "../../core/options.ts";
import { chiSquaredSf } from "../../stats/distributions/chi-squared.ts";
import { studentTSf } from "../../stats/distributions/student-t.ts";
import { andersonDarlingFromCounts } from "../../stats/tests/anderson-darling.ts";
import { cramerVonMisesFromCounts } from "../../stats/tests/cramer-von-mises.ts";
import { mannWhitneyFromCounts } from "../../stats/tests/mann-whitney.ts";
import type { DriftLevel, DriftReport, FeatureDrift } from "../port.ts";
import type { Comparison } from "./compare-feature.ts";
import { type Judging, knownEnough, summaryOf, worst } from "./compare-window.ts";
import { adjust } from "./correction.ts";
import { hintsOf } from "./hints.ts";
import type { Ordered } from "./sides.ts";
import { MMD_MODERATE, MMD_SIGNIFICANT } from "./thresholds.ts";

/** A way to compare a feature with its reference. */
export type DriftMethod = keyof typeof METHODS;

/** What one method finds of one feature. */
export interface MethodFinding {
  readonly method: DriftMethod;
  /** As the method defines it. */
  readonly statistic: number;
  /** Size of the difference, in the unit of the method's thresholds: less what chance is expected to add, where that is known. */
  readonly effect: number;
  /** Probability of a statistic at least as great without drift; of the e-value, the bound that it gives. */
  readonly pValue: number;
  /** `pValue` adjusted for the number of features. */
  readonly adjusted: number;
  readonly level: DriftLevel;
}

/** What a method computes before it is judged. */
interface Measure {
  readonly statistic: number;
  readonly effect: number;
  readonly pValue: number;
}

interface Method {
  /**
   * Effects from which on a shift is moderate and significant. They are what a normal variable gives whose mean moves so far that PSI is
   * 0.1 or 0.25, that is by 0.316 or 0.5 standard deviations, so that the methods disagree about shapes rather than about sizes. Those
   * in units of PSI are what the thresholds of the detector say.
   */
  readonly effects: readonly [moderate: number, significant: number] | "psi";
  /** Undefined where the method does not apply. */
  readonly measure: (comparison: Comparison) => Measure | undefined;
}

/** The law of a divergence of two samples: locally each is a multiple of the chi-squared statistic. */
function divergence(term: (p: number, q: number) => number, factor: number, root: boolean): Method["measure"] {
  return ({ joined, sides: { n, m } }) => {
    const [a, b] = [totalOf(joined.reference), totalOf(joined.current)];
    if (a === 0 || b === 0) return undefined;
    let value = 0;
    let cells = 0;
    joined.reference.forEach((count, i) => {
      const [p, q] = [count / a, joined.current[i]! / b];
      if (p + q === 0) return;
      cells += 1;
      value += term(p, q);
    });
    const scale = (factor * n * m) / (n + m);
    const expected = (cells - 1) / scale;
    const statistic = Math.max(0, value);
    const debiased = Math.max(0, statistic - expected);
    return {
      statistic: root ? Math.sqrt(statistic) : statistic,
      effect: root ? Math.sqrt(debiased) : debiased,
      pValue: cells > 1 ? chiSquaredSf(scale * statistic, cells - 1) : 1,
    };
  };
}

/** Standard deviation of the limit of A². */
const ANDERSON_DARLING_DEVIATION = Math.sqrt(2 * (Math.PI ** 2 / 3 - 3));

/** What a statistic that grows with the rows is multiplied by, to be one of the distributions. */
function perRow({ reference, current }: Ordered): number {
  return 1 / totalOf(reference) + 1 / totalOf(current);
}

const plogp = (p: number, q: number) => (p === 0 ? 0 : p * Math.log(p / q));

const METHODS = {
  /** Population stability index, debiased. */
  psi: {
    effects: "psi",
    measure: ({ psi, psiDebiased, pValue }) => ({ statistic: psi, effect: psiDebiased, pValue }),
  },
  /** Square root of the Jensen–Shannon divergence, nats. */
  "jensen-shannon": {
    effects: [0.1118, 0.1768],
    measure: divergence((p, q) => (plogp(p, (p + q) / 2) + plogp(q, (p + q) / 2)) / 2, 8, true),
  },
  /** Kullback–Leibler divergence of the window from the reference, nats, with half a row in each cell. */
  "kullback-leibler": {
    effects: [0.05, 0.125],
    measure: (comparison) => {
      const { n, m } = comparison.sides;
      const smoothing = 0.5 / Math.max(1, Math.min(n, m));
      return divergence((p, q) => plogp(q + smoothing, p + smoothing) + p - q, 2, false)(comparison);
    },
  },
  /** Hellinger distance, in [0, 1]. */
  hellinger: {
    effects: [0.1118, 0.1768],
    measure: divergence((p, q) => (Math.sqrt(p) - Math.sqrt(q)) ** 2 / 2, 8, true),
  },
  /** Pearson's chi-squared statistic of the contingency table; the effect is per row, as PSI. */
  "chi-squared": {
    effects: "psi",
    measure: (comparison) => contingency(comparison, (observed, expected) => (observed - expected) ** 2 / expected),
  },
  /** Likelihood ratio of the contingency table; the effect is per row, as PSI. */
  "g-test": {
    effects: "psi",
    measure: (comparison) =>
      contingency(comparison, (observed, expected) => 2 * (plogp(observed, expected) + expected - observed)),
  },
  /** Total variation distance, in [0, 1]; its evidence is that of the chi-squared test. */
  "total-variation": {
    effects: [0.1256, 0.1974],
    measure: (comparison) => {
      const evidence = contingency(comparison, (observed, expected) => (observed - expected) ** 2 / expected);
      if (evidence === undefined) return undefined;
      const { reference, current } = comparison.joined;
      const [a, b] = [totalOf(reference), totalOf(current)];
      const statistic = reference.reduce((sum, count, i) => sum + Math.abs(count / a - current[i]! / b) / 2, 0);
      return { statistic, effect: statistic, pValue: evidence.pValue };
    },
  },
  /** Logarithm of the Dirichlet e-value; the effect is debiased PSI. */
  "e-value": {
    effects: "psi",
    measure: ({ logEValue, psiDebiased }) => ({
      statistic: logEValue,
      effect: psiDebiased,
      pValue: Math.min(1, Math.exp(-logEValue)),
    }),
  },
  /** Kolmogorov–Smirnov distance. */
  "kolmogorov-smirnov": {
    effects: [0.1256, 0.1974],
    measure: ({ ks }) => ks && { statistic: ks.statistic, effect: ks.statistic, pValue: ks.pValue },
  },
  /** Wasserstein distance in standard deviations of the reference; its evidence is that of the Kolmogorov–Smirnov test. */
  wasserstein: {
    effects: [0.3162, 0.5],
    measure: ({ wasserstein, ks }) =>
      wasserstein && ks && { statistic: wasserstein.statistic, effect: wasserstein.statistic, pValue: ks.pValue },
  },
  /** Cramér–von Mises' T; the effect is the mean squared distance of the distribution functions. */
  "cramer-von-mises": {
    effects: [0.00906, 0.02219],
    measure: ({ sides: { ordered } }) => {
      if (ordered === undefined) return undefined;
      const { statistic, pValue } = cramerVonMisesFromCounts(ordered.reference, ordered.current);
      // Chance alone makes T one sixth, and so does a difference of sizes.
      return { statistic, effect: Math.max(0, statistic - 1 / 6) * perRow(ordered), pValue };
    },
  },
  /** Anderson–Darling's A², standardised; the effect is that mean with more weight on the tails. */
  "anderson-darling": {
    effects: [0.0472, 0.115],
    measure: ({ sides: { ordered } }) => {
      if (ordered === undefined) return undefined;
      const { statistic, pValue } = andersonDarlingFromCounts(ordered.reference, ordered.current);
      return { statistic, effect: Math.max(0, statistic) * ANDERSON_DARLING_DEVIATION * perRow(ordered), pValue };
    },
  },
  /** Mann–Whitney's probability that a value of the window is above one of the reference; the effect is its distance from one half. */
  "mann-whitney": { effects: [0.0885, 0.1382], measure: mannWhitney },
  /** Welch's t; the effect is the difference of the means in standard deviations of the reference. Not for seasons: means have none. */
  welch: { effects: [0.3162, 0.5], measure: welch },
  /** Maximum mean discrepancy of samples of embeddings. */
  mmd: {
    effects: [MMD_MODERATE, MMD_SIGNIFICANT],
    measure: ({ mmd }) => mmd && { statistic: mmd.statistic, effect: mmd.statistic, pValue: mmd.pValue },
  },
} as const satisfies Readonly<Record<string, Method>>;

/** Every method. */
export const DRIFT_METHODS = Object.keys(METHODS) as readonly DriftMethod[];

/**
 * The report with the levels that one method gives. A feature to which the method does not apply has none. P-values are adjusted over
 * the features of all parts.
 *
 * @param compared - features of all rows, then of each segment
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for a method that there is not
 */
export function byMethod(
  report: DriftReport,
  compared: readonly (readonly Comparison[])[],
  method: DriftMethod,
  judging: Judging,
): DriftReport {
  if (!Object.hasOwn(METHODS, method)) {
    throw invalidConfig("DriftDetector", [{ path: ["method"], message: `expected one of ${DRIFT_METHODS.join(", ")}` }]);
  }
  const evidence = method === "e-value" ? "e-value" : "p-value";
  if (report.features.length === 0) return { ...report, evidence };
  const found = findings(compared.flat(), [method], judging).values();
  const judged = (features: readonly FeatureDrift[], comparisons: readonly Comparison[]) =>
    features.map((feature, i): FeatureDrift => {
      const level = found.next().value![0]?.level ?? "none";
      return { ...feature, level, confirmed: level, hints: level === "none" ? [] : hintsOf(comparisons[i]!) };
    });
  const features = judged(report.features, compared[0]!);
  const segments = report.segments.map((segment, i) => {
    const own = judged(segment.features, compared[i + 1]!);
    return { ...segment, features: own, verdict: own.length === 0 ? segment.verdict : worst(own.map(({ level }) => level)) };
  });
  const verdict = worst([...features, ...segments.flatMap((part) => part.features)].map(({ level }) => level));
  return { ...report, evidence, features, segments, verdict, confirmed: verdict, ...summaryOf(features) };
}

/** What each method finds of each feature; p-values are adjusted over the features, method by method. */
export function findings(
  comparisons: readonly Comparison[],
  methods: readonly DriftMethod[],
  { correction, thresholds }: Judging,
): MethodFinding[][] {
  const found = comparisons.map((): MethodFinding[] => []);
  for (const method of methods) {
    const { effects, measure }: Method = METHODS[method];
    const [moderate, significant] = effects === "psi" ? [thresholds.psiModerate, thresholds.psiSignificant] : effects;
    const measured = comparisons.map((comparison) => (knownEnough(comparison) ? measure(comparison) : undefined));
    const adjusted = adjust(
      measured.flatMap((one) => (one === undefined ? [] : [one.pValue])),
      correction,
    ).values();
    measured.forEach((one, i) => {
      if (one === undefined) return;
      const p = adjusted.next().value!;
      const level =
        p >= thresholds.ksAlpha || one.effect < moderate ? "none" : one.effect > significant ? "significant" : "moderate";
      found[i]!.push({ method, ...one, adjusted: p, level });
    });
  }
  return found;
}

function contingency(
  { joined, sides: { n, m } }: Comparison,
  term: (observed: number, expected: number) => number,
): Measure | undefined {
  const [a, b] = [totalOf(joined.reference), totalOf(joined.current)];
  if (a === 0 || b === 0) return undefined;
  let statistic = 0;
  let cells = 0;
  joined.reference.forEach((count, i) => {
    // Shares are brought to the rows that they rest on, which are fewer than were counted where seasons are weighted.
    const observed = [(count / a) * n, (joined.current[i]! / b) * m] as const;
    const both = observed[0] + observed[1];
    if (both === 0) return;
    cells += 1;
    statistic += term(observed[0], (both * n) / (n + m)) + term(observed[1], (both * m) / (n + m));
  });
  const scale = 1 / n + 1 / m;
  return {
    statistic: Math.max(0, statistic),
    effect: Math.max(0, (statistic - (cells - 1)) * scale),
    pValue: cells > 1 ? chiSquaredSf(Math.max(0, statistic), cells - 1) : 1,
  };
}

/** Values of a bin count as ties. */
function mannWhitney({ sides: { ordered } }: Comparison): Measure | undefined {
  if (ordered === undefined) return undefined;
  const { statistic: wins, pValue } = mannWhitneyFromCounts(ordered.current, ordered.reference);
  const statistic = wins / (totalOf(ordered.reference) * totalOf(ordered.current));
  return { statistic, effect: Math.abs(statistic - 0.5), pValue };
}

function welch({ sides: { weighted, moments, n, m, ordered } }: Comparison): Measure | undefined {
  const before = moments?.reference ?? null;
  const now = moments?.current ?? null;
  if (weighted || before === null || now === null || ordered === undefined) return undefined;
  const share = (counts: Float64Array, rows: number) => Math.min(rows, totalOf(counts));
  const [a, b] = [share(ordered.reference, n), share(ordered.current, m)];
  if (a < 2 || b < 2) return undefined;
  // In units of the larger deviation, whose square may leave the range of doubles.
  const unit = Math.max(before.deviation, now.deviation);
  if (unit === 0) return { statistic: 0, effect: now.mean === before.mean ? 0 : 1, pValue: now.mean === before.mean ? 1 : 0 };
  const [va, vb] = [(before.deviation / unit) ** 2 / (a - 1), (now.deviation / unit) ** 2 / (b - 1)];
  const difference = now.mean / unit - before.mean / unit;
  const statistic = difference / Math.sqrt(va + vb);
  if (!Number.isFinite(statistic)) return undefined;
  const df = (va + vb) ** 2 / (va ** 2 / (a - 1) + vb ** 2 / (b - 1));
  const effect = Math.min(Math.abs(difference) * (unit / (before.deviation || unit)), Number.MAX_VALUE);
  return { statistic, effect, pValue: Math.min(1, 2 * studentTSf(Math.abs(statistic), df)) };
}

function totalOf(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
