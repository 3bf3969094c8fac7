import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import type { CovariateSummary, CupedSample, SampleMoments } from "../../../src/stats/index.ts";

type Limits = readonly [low: number, high: number];
type Counts = readonly [successes: number, n: number];

interface Reference {
  readonly intervals: readonly { k: number; n: number; confidence: number; wilson: Limits; exact: Limits }[];
  readonly differences: readonly { a: Counts; b: Counts; confidence: number; newcombe: Limits; lift: Limits | null }[];
  readonly meanLifts: readonly { a: SampleMoments; b: SampleMoments; interval: Limits }[];
  readonly sampleRatios: readonly {
    observed: readonly number[];
    weights: readonly number[];
    statistic: number;
    pValue: number;
    logEValues: readonly { concentration: number; log: number }[];
  }[];
  readonly mixtures: readonly { difference: number; variance: number; effect: number; log: number; radius: number }[];
  readonly confidenceSequences: readonly { n: number; variance: number; confidence: number; optimalAt: number; radius: number }[];
  readonly groupSequential: readonly {
    looks: readonly number[];
    spending: "obrien-fleming" | "pocock" | "power" | "hwang-shih-decani";
    sides: 1 | 2;
    bounds: readonly number[];
  }[];
  readonly comparisons: {
    readonly uniform: readonly { a: Counts; b: Counts; probability: number; lossA: number; lossB: number; interval: Limits }[];
    readonly jeffreys: { a: Counts; b: Counts; probability: number };
  };
  readonly betaMixtures: readonly { successes: number; failures: number; rate: number; a: number; b: number; log: number }[];
  readonly twoProportions: { readonly blocks: readonly (readonly [Counts, Counts])[]; readonly logs: readonly number[] };
  readonly powers: {
    readonly proportions: readonly Design<{ baseline: number; effect: number }>[];
    readonly proportionSizes: readonly { baseline: number; effect: number; power: number; ratio: number; b: number }[];
    readonly means: readonly Design<{ effect: number }>[];
    readonly meanSizes: readonly { effect: number; power: number; ratio: number; a: number }[];
  };
  readonly cuped: {
    readonly a: CupedSample;
    readonly b: CupedSample;
    readonly theta: number;
    readonly means: Limits;
    readonly variances: Limits;
    readonly reduction: number;
    readonly interval: Limits;
    readonly statistic: number;
    readonly pValue: number;
  };
}

type Design<T> = T & { size: number; alpha: number; sides: 1 | 2; ratio: number; power: number };

/** Values of SciPy, statsmodels and mpmath; `scripts/reference-stats/experiments.py` writes them, with versions and seed. */
export const reference = JSON.parse(
  readFileSync(new URL("../../reference/stats/experiments.json", import.meta.url), "utf8"),
) as Reference;

export const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
export const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

/** Successes of trials, as the functions take them. */
export const of = ([successes, n]: Counts) => ({ successes, n });

/** What no function may take for counts. */
export const IMPOSSIBLE_COUNTS = [
  { successes: 2, n: 1 },
  { successes: -1, n: 5 },
  { successes: 0.5, n: 5 },
  { successes: Number.NaN, n: 5 },
  { successes: 1, n: Number.POSITIVE_INFINITY },
  { successes: 1, n: 2 ** 53 },
];

/** What no function may take for moments or sums. */
export const IMPOSSIBLE_SUMMARIES = [
  { n: 1.5, mean: 0, variance: 0 },
  { n: -1, mean: 0, variance: 0 },
  { n: 200, mean: Number.NaN, variance: 1 },
  { n: 200, mean: 1e200, variance: 1 },
  { n: 200, mean: 0, variance: -1 },
  { n: 200, mean: 0, variance: Number.POSITIVE_INFINITY },
  { n: 200, sum: 200, sumSquares: 100 },
  { n: 200, sum: Number.NaN, sumSquares: 1 },
  { n: 200, sum: 0, sumSquares: Number.NaN },
];

/** Moments of a covariate that says nothing, for the tests of what is refused. */
export const PLAIN: CovariateSummary = {
  n: 10,
  outcomeMean: 0,
  covariateMean: 0,
  outcomeVariance: 1,
  covariateVariance: 1,
  covariance: 0,
};
