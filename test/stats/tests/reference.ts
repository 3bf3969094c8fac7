import { readFileSync } from "node:fs";
import { uniforms } from "../uniforms.ts";

type Alternative = "two-sided" | "less" | "greater";
type MaybeInfinite = number | "Infinity" | "-Infinity";

interface TwoSamples {
  readonly name: string;
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly ties: boolean;
  readonly ks: readonly {
    readonly alternative: Alternative;
    readonly statistic: number;
    readonly location: number;
    readonly exact: number;
    readonly asymptotic: number;
  }[];
  readonly mannWhitney: readonly {
    readonly alternative: Alternative;
    readonly continuity: boolean;
    readonly statistic: number;
    readonly asymptotic: number;
    readonly exact: number | null;
  }[];
  readonly cramerVonMises?: { readonly statistic: number; readonly asymptotic: number; readonly exact: number | null };
  readonly andersonDarling: { readonly statistic: number; readonly clipped: number };
  readonly welch: readonly { readonly alternative: Alternative; readonly statistic: number; readonly pValue: number }[];
  readonly welchInterval: { readonly df: number; readonly low: number; readonly high: number };
  readonly "levene median": { readonly statistic: number; readonly pValue: number };
  readonly "levene mean": { readonly statistic: number; readonly pValue: number };
  readonly wasserstein: number;
  readonly energyDistance: number;
}

/** The numbers themselves, or how to make them of uniforms: floor(u · levels), or shift + scale · u. */
type GivenSample =
  | readonly (number | "Infinity" | "-Infinity")[]
  | { readonly n: number; readonly seed: number; readonly levels: number }
  | { readonly n: number; readonly seed: number; readonly scale: number; readonly shift: number };

/** Null where SciPy has no answer; without finite samples, some tests have none at all. */
interface Edge {
  readonly name: string;
  readonly a: GivenSample;
  readonly b: GivenSample;
  readonly untied: boolean;
  readonly ks: { readonly statistic: number; readonly exact: number | null; readonly asymptotic: number };
  readonly mannWhitney: readonly {
    readonly alternative: Alternative;
    readonly statistic: number;
    readonly asymptotic: number | null;
    readonly exact: number | null;
  }[];
  readonly cramerVonMises: { readonly statistic: number; readonly asymptotic: number | null };
  readonly andersonDarling: number | null;
  readonly welch?: { readonly statistic: MaybeInfinite | null; readonly pValue: number | null } | null;
  readonly levene?: { readonly statistic: MaybeInfinite | null; readonly pValue: number | null } | null;
  readonly wasserstein?: number;
  readonly energyDistance?: number;
  readonly psi?: { readonly psi: number; readonly pValue: number; readonly bins: number };
}

/** The numbers of a sample. */
export function sampleOf(given: GivenSample): Float64Array {
  if (!("n" in given)) return Float64Array.from(given, Number);
  const values = uniforms(given.n, given.seed);
  return "levels" in given ? values.map((u) => Math.floor(u * given.levels)) : values.map((u) => given.shift + given.scale * u);
}

interface Reference {
  readonly edges: readonly Edge[];
  readonly exactKs: readonly { readonly n: number; readonly m: number; readonly statistic: number; readonly pValue: number }[];
  readonly longDivergences: readonly ({ readonly n: number; readonly seeds: readonly [number, number] } & {
    readonly [K in "jensenShannon" | "kullbackLeibler" | "hellinger" | "totalVariation"]: number;
  })[];
  readonly twoSamples: readonly TwoSamples[];
  readonly contingency: readonly {
    readonly table: readonly (readonly number[])[];
    readonly df: number;
    readonly expected: readonly (readonly number[])[];
    readonly statistic: number;
    readonly pValue: number;
    readonly yates: { readonly statistic: number; readonly pValue: number };
    readonly g: { readonly statistic: number; readonly pValue: number };
    readonly cramersV: number;
    readonly corrected: number;
  }[];
  readonly fisherExact: readonly {
    readonly table: readonly (readonly number[])[];
    readonly alternative: Alternative;
    readonly statistic: MaybeInfinite;
    readonly pValue: number;
  }[];
  readonly divergences: {
    readonly cases: readonly {
      readonly p: readonly number[];
      readonly q: readonly number[];
      readonly jensenShannon: number;
      readonly base2: number;
      readonly kullbackLeibler: MaybeInfinite;
      readonly smoothed: number;
      readonly hellinger: number;
      readonly totalVariation: number;
    }[];
    readonly tiny: { readonly p: readonly number[]; readonly q: readonly number[]; readonly jensenShannon: number };
  };
  readonly proportionTest: readonly ({
    readonly a: number;
    readonly n: number;
    readonly b: number;
    readonly m: number;
    readonly statistic: number;
    readonly low: number;
    readonly high: number;
  } & { readonly [K in Alternative]: number })[];
  readonly adjusted: {
    readonly pValues: readonly number[];
    readonly bonferroni: readonly number[];
    readonly holm: readonly number[];
  };
  readonly mmd: {
    readonly x: readonly (readonly number[])[];
    readonly y: readonly (readonly number[])[];
    readonly bandwidth: number;
    readonly statistic: number;
    readonly narrow: number;
  };
  readonly limitLaws: {
    readonly [K in "cramerVonMises" | "andersonDarling"]: readonly { readonly x: number; readonly sf: number }[];
  };
}

/** Values of SciPy, scikit-learn, statsmodels and mpmath; `scripts/reference-stats/tests.py` writes them, with versions and seed. */
export const reference = JSON.parse(
  readFileSync(new URL("../../reference/stats/tests.json", import.meta.url), "utf8"),
) as Reference;

/** What every test says to a sample that it refuses. */
export const INVALID_SAMPLES = [[], [1, Number.NaN], [1, "2" as unknown as number], [null as unknown as number, 1]];
