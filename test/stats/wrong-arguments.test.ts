import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import * as stats from "../../src/stats/index.ts";

/** What an argument is: each kind has its own values that are refused, and the code that says so. */
interface Argument {
  readonly valid: unknown;
  readonly wrong: readonly unknown[];
  readonly code: "INPUT_INVALID" | "CONFIG_INVALID";
}

const NOT_A_LIST = [undefined, null, 7, Number.NaN, {}, "text", "", true, () => 1, new Map(), { length: -1 }, 10n];

/** Numbers or texts. */
const list = (valid: readonly (number | string)[]): Argument => ({
  valid,
  wrong: [...NOT_A_LIST, ...[null, undefined, true, [1], 1n, Number.NaN].map((item) => valid.with(1, item as number))],
  code: "INPUT_INVALID",
});

const numbers = (valid: readonly number[]): Argument => {
  const { wrong, code } = list(valid);
  return { valid, wrong: [...wrong, [], valid.map(String), valid.with(-1, "1" as unknown as number)], code };
};

const lists = (valid: readonly ArrayLike<number>[]): Argument => ({
  valid,
  wrong: [...NOT_A_LIST, ...NOT_A_LIST.map((row) => [row, ...valid.slice(1)]), ...NOT_A_LIST.map((row) => [valid[0], row])],
  code: "INPUT_INVALID",
});

const number = (valid: number): Argument => ({
  valid,
  wrong: [undefined, null, {}, "text", "1", true, [valid], () => 1, Number.NaN, BigInt(1)],
  code: "INPUT_INVALID",
});

/** An object of data, such as counts. */
const object = (valid: object): Argument => ({
  valid,
  wrong: [undefined, null, 7, {}, "text", true, [], () => 1],
  code: "INPUT_INVALID",
});

const callback = (valid: (...items: never[]) => number): Argument => ({
  valid,
  wrong: [undefined, null, 7, {}, "text", []],
  code: "INPUT_INVALID",
});

/** Options that may be left out. */
const options = (valid?: object): Argument => ({
  valid,
  wrong: [null, 7, "text", true, [], () => 1, { nosuch: 1 }],
  code: "CONFIG_INVALID",
});

/** Options that may not. */
const design = (valid: object): Argument => ({ valid, wrong: [undefined, {}, ...options().wrong], code: "CONFIG_INVALID" });

const A = [0.5, 1.5, 2.25, 4, 3];
const B = [1, 2, 2.5, 7];
const LABELS = [0, 1, 1, 0, 1, 0];
const SCORES = [0.1, 0.8, 0.3, 0.35, 0.9, 0.2];
const GUESSES = [0, 1, 0, 0, 1, 1];
const COUNTS = { successes: 12, n: 40 };
const MOMENTS = { n: 40, mean: 2, variance: 1.5 };
const COVARIATES = {
  n: 40,
  outcomeMean: 1,
  covariateMean: 2,
  outcomeVariance: 3,
  covariateVariance: 4,
  covariance: 1,
};
const ARM = { outcome: A, covariate: [1, 2, 3, 4, 5] };
const TABLE = [
  [10, 20],
  [30, 25],
];
const DESIGN = stats.groupSequentialBounds({ looks: [0.5, 1] });

/** None at all are fine. */
const pValues: Argument = {
  ...numbers([0.1, 0.2]),
  wrong: numbers([0.1, 0.2]).wrong.filter((value) => !Array.isArray(value) || value.length > 0),
};

const samples = [numbers(A), numbers(B)];
const bins = [numbers([5, 6, 7]), numbers([7, 6, 5])];
const binary = [numbers(LABELS), numbers(SCORES)];
const classes = [list(LABELS), list(GUESSES)];
const regression = [numbers(A), numbers([...B, 3])];
const arms = [object(COUNTS), object(COUNTS)];
const summaries = [object(MOMENTS), object(MOMENTS)];
const probabilityRows = lists(SCORES.map((p) => [1 - p, p]));

/** Valid arguments of every function, in order. */
const FUNCTIONS: Readonly<Record<string, readonly Argument[]>> = {
  accuracy: classes,
  andersonDarling: [...samples, options()],
  averagePrecision: binary,
  balancedAccuracy: classes,
  benjaminiHochberg: [pValues],
  betaBinomialComparison: [...arms, options()],
  bonferroni: [pValues],
  bootstrapInterval: [numbers(A), callback((sample: Float64Array) => sample[0]!), options()],
  brierScore: binary,
  calibrationCurve: [...binary, options()],
  chiSquaredContingency: [lists(TABLE), options()],
  classificationSummary: [...binary, options()],
  clopperPearsonInterval: [number(3), number(9), options()],
  confusionMatrix: classes,
  cramerVonMises: [...samples, options()],
  cramersV: [lists(TABLE), options()],
  cuped: [object(ARM), object(ARM), options()],
  cupedFromMoments: [object(COVARIATES), object(COVARIATES), options()],
  deLongTest: [...binary, numbers(SCORES.toReversed()), options()],
  dirichletLogEValue: [...bins, options()],
  discordantCounts: [...classes, list(GUESSES)],
  eBenjaminiHochberg: [pValues],
  energyDistance: samples,
  expectedCalibrationError: [...binary, options()],
  f1: [...classes, options()],
  fisherExact: [lists(TABLE), options()],
  gTest: [lists(TABLE)],
  gini: binary,
  groupSequentialBounds: [design({ looks: [0.5, 1] })],
  groupSequentialLook: [object(DESIGN), number(1), number(2.1)],
  hellinger: bins,
  holm: [pValues],
  jensenShannon: [...bins, options()],
  ksFromCounts: bins,
  ksStatistic: binary,
  ksTest: [...samples, options()],
  ksTwoSampleSf: [number(0.5), number(5), number(4), options()],
  kullbackLeibler: [...bins, options()],
  leveneTest: [...samples, options()],
  logChoose: [number(9), number(3)],
  logLoss: binary,
  mannWhitney: [...samples, options()],
  matthewsCorrelation: classes,
  mcNemarTest: [object({ b: 10, c: 20 }), options()],
  meanConfidenceSequence: [object(MOMENTS), options()],
  meanDifferenceConfidenceSequence: [...summaries, options()],
  meanLift: [...summaries, options()],
  meanMinimumEffect: [design({ size: 20 })],
  meanPower: [design({ effect: 1, size: 20 })],
  meanSampleSize: [design({ effect: 1 })],
  mixtureSprtForMeans: [...summaries, design({ expectedEffect: 0.1 })],
  mixtureSprtForProportions: [...arms, design({ expectedEffect: 0.1 })],
  mmd: [lists(TABLE), lists(TABLE), options({ permutations: 1 })],
  multiclassConfusionMatrix: [...classes, options()],
  multiclassLogLoss: [list(LABELS), probabilityRows, options()],
  multiclassRocAuc: [list(LABELS), probabilityRows, options()],
  multiclassSummary: [...classes, options()],
  newcombeInterval: [...arms, options()],
  pairedBootstrap: [callback(stats.accuracy), object({ labels: LABELS, a: GUESSES, b: LABELS }), options({ resamples: 100 })],
  pinballLoss: [...regression, options()],
  populationStabilityIndex: [...samples, options()],
  precision: [...classes, options()],
  proportionLift: [...arms, options()],
  proportionMinimumEffect: [design({ baseline: 0.1, size: 500 })],
  proportionPower: [design({ baseline: 0.1, effect: 0.05, size: 500 })],
  proportionSampleSize: [design({ baseline: 0.1, effect: 0.05 })],
  proportionTest: [number(3), number(9), number(4), number(8), options()],
  psiFromCounts: [...bins, options()],
  quantile: [numbers(A), number(0.5)],
  recall: [...classes, options()],
  regressionSummary: [...regression, options()],
  rocAuc: binary,
  rocCurve: binary,
  sampleRatioTest: [...bins, options()],
  sequentialSampleRatioTest: [...bins, options()],
  totalVariation: bins,
  twoProportionTest: [...arms, options()],
  wangTsiatisBounds: [design({ looks: [0.5, 1] })],
  wasserstein: samples,
  welchTest: [...samples, options()],
  wilsonInterval: [number(3), number(9), options()],
  ...Object.fromEntries(
    [
      "meanAbsoluteError",
      "meanError",
      "meanSquaredError",
      "medianAbsoluteError",
      "r2Score",
      "rootMeanSquaredError",
      "symmetricMeanAbsolutePercentageError",
    ].map((name) => [name, regression]),
  ),
  meanAbsolutePercentageError: [...regression, options()],
  ...distribution("normal", [], ["Cdf", "Pdf", "Sf", "Quantile", "UpperQuantile"]),
  ...distribution("kolmogorov", [], ["Cdf", "Sf", "Quantile", "UpperQuantile"]),
  ...distribution("binomial", [10, 0.5], ["Cdf", "Pmf", "Sf", "Quantile", "UpperQuantile"]),
  ...distribution("chiSquared", [3]),
  ...distribution("studentT", [3]),
  ...distribution("f", [3, 4]),
  ...distribution("beta", [3, 4]),
  ...distribution("gamma", [3], undefined, [{ ...number(4), wrong: number(4).wrong.slice(1) }]),
  ...Object.fromEntries(["erf", "erfc", "digamma", "logGamma"].map((name) => [name, [number(1)]])),
  ...Object.fromEntries(["logBeta", "gammaP", "gammaQ"].map((name) => [name, [number(1), number(1)]])),
};

/** Functions of 1 or ½, of parameters, and of some that may be left out. */
function distribution(
  name: string,
  parameters: readonly number[],
  ends = ["Cdf", "Sf", "Quantile", "UpperQuantile"],
  optional: readonly Argument[] = [],
) {
  const rest = [...parameters.map(number), ...optional];
  return Object.fromEntries(ends.map((end) => [`${name}${end}`, [number(end.endsWith("Quantile") ? 0.5 : 1), ...rest]] as const));
}

interface Stateful {
  readonly create: () => object;
  /** Constructor options that may not be left out. */
  readonly options?: Argument;
  /** Methods with arguments. */
  readonly methods: Readonly<Record<string, readonly Argument[]>>;
  readonly statics?: Readonly<Record<string, readonly Argument[]>>;
}

/** Whatever is no finite number is counted apart. */
const anything: Argument = { valid: 1, wrong: [], code: "INPUT_INVALID" };
const item: Argument = { valid: "a", wrong: [undefined, null, {}, [1], true, () => 1, 10n], code: "INPUT_INVALID" };
const taken = { add: [anything], addAll: [{ valid: A, wrong: NOT_A_LIST, code: "INPUT_INVALID" } satisfies Argument] };

const CLASSES: Readonly<Record<string, Stateful>> = {
  AlwaysValidPValue: { create: () => new stats.AlwaysValidPValue(), methods: { update: [number(0.5)] } },
  BetaMixtureEProcess: {
    create: () => new stats.BetaMixtureEProcess({ nullRate: 0.1 }),
    options: design({ nullRate: 0.1 }),
    methods: { update: [object(COUNTS)], changeNullRate: [{ ...number(0.2), code: "CONFIG_INVALID" }] },
  },
  BinCounts: {
    create: () => new stats.BinCounts({ edges: [1, 2] }),
    options: design({ edges: [1, 2] }),
    methods: { ...taken, merge: [object(new stats.BinCounts({ edges: [1, 2] }))], quantile: [number(0.5)] },
    statics: { learn: [numbers(A), options()] },
  },
  CovariateMoments: {
    create: () => new stats.CovariateMoments(),
    methods: { add: [number(1), number(2)], merge: [object(new stats.CovariateMoments())] },
  },
  HyperLogLog: {
    create: () => new stats.HyperLogLog(),
    options: options(),
    methods: { add: [item], addAll: [{ ...list(["a", "b"]), wrong: NOT_A_LIST }], merge: [object(new stats.HyperLogLog())] },
  },
  KllSketch: {
    create: () => new stats.KllSketch(),
    options: options(),
    methods: {
      ...taken,
      merge: [object(new stats.KllSketch())],
      rank: [number(1)],
      cdf: [numbers([1, 2])],
      quantile: [number(0.5)],
    },
  },
  LogHistogram: {
    create: () => new stats.LogHistogram(),
    options: options(),
    methods: { ...taken, merge: [object(new stats.LogHistogram())], quantile: [number(0.5)] },
  },
  Moments: { create: () => new stats.Moments(), methods: { ...taken, merge: [object(new stats.Moments())] } },
  TopK: {
    create: () => new stats.TopK(),
    options: options(),
    methods: {
      // Left out, `times` is 1 and `limit` the capacity.
      add: [item, { ...number(2), wrong: number(2).wrong.slice(1) }],
      addAll: [{ ...list(["a", "b"]), wrong: NOT_A_LIST }],
      merge: [object(new stats.TopK())],
      top: [{ ...number(2), wrong: number(2).wrong.slice(1) }],
    },
  },
  TwoProportionEProcess: {
    create: () => new stats.TwoProportionEProcess(),
    options: options(),
    methods: { update: [object(COUNTS), object(COUNTS)] },
  },
};

type Call = (...given: readonly unknown[]) => unknown;

const exported = Object.entries(stats) as readonly (readonly [string, Call])[];
const isClass = (value: Call) => /^class\b/.test(String(value));

/** Calls with one wrong argument each that are not refused as they should be. */
function accepted(name: string, call: Call, given: readonly Argument[]): string[] {
  expect(() => call(...given.map(({ valid }) => valid)), name).not.toThrow();
  return given.flatMap(({ wrong, code }, place) =>
    wrong.flatMap((value) => {
      const values = given.map((argument, i) => (i === place ? value : argument.valid));
      try {
        call(...values);
      } catch (error) {
        if (ModelwrightError.is(error, code)) return [];
        return [`${name}, argument ${place + 1} ${describeValue(value)}: ${error}`];
      }
      return [`${name}, argument ${place + 1} ${describeValue(value)}: accepted`];
    }),
  );
}

function describeValue(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : `${typeof value} ${String(value)}`;
}

describe("every function of modelwright/stats", () => {
  it("is in the table of this test", () => {
    const functions = exported.filter(([, value]) => !isClass(value)).map(([name]) => name);
    const found = exported.filter(([, value]) => isClass(value)).map(([name]) => name);
    expect(Object.keys(FUNCTIONS).toSorted()).toEqual(functions.toSorted());
    expect(Object.keys(CLASSES).toSorted()).toEqual(found.toSorted());
  });

  it("refuses a missing or wrong argument with INPUT_INVALID, and wrong options with CONFIG_INVALID", () => {
    const failures = exported.flatMap(([name, call]) => {
      const given = FUNCTIONS[name];
      if (given === undefined) return [];
      expect(given.length, name).toBeGreaterThanOrEqual(call.length);
      return accepted(name, call, given);
    });
    expect(failures).toEqual([]);
  });
});

describe("every class of modelwright/stats", () => {
  it("has each of its methods with arguments in the table of this test", () => {
    for (const [name, { create, methods }] of Object.entries(CLASSES)) {
      const own = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(create())));
      const expected = own.filter(([key, { value }]) => key !== "constructor" && typeof value === "function" && value.length > 0);
      expect(Object.keys(methods), name).toEqual(expect.arrayContaining(expected.map(([key]) => key)));
    }
  });

  it("refuses wrong arguments of its constructor, its methods and fromJSON", () => {
    const failures = Object.entries(CLASSES).flatMap(([name, { create, options, methods, statics = {} }]) => {
      const Type = (stats as Record<string, unknown>)[name] as { new (...given: readonly unknown[]): object } & Record<
        string,
        Call
      >;
      const state = object((create() as { toJSON(): object }).toJSON());
      return [
        ...(options ? accepted(name, (...given) => new Type(...given), [options]) : []),
        ...accepted(`${name}.fromJSON`, (given) => Type["fromJSON"]!(given), [state]),
        ...Object.entries(statics).flatMap(([key, given]) =>
          accepted(`${name}.${key}`, (...values) => Type[key]!(...values), given),
        ),
        ...Object.entries(methods).flatMap(([key, given]) =>
          accepted(`${name}.${key}`, (...values) => (create() as Record<string, Call>)[key]!(...values), given),
        ),
      ];
    });
    expect(failures).toEqual([]);
  });

  it("refuses a sketch of another class for a merge, and stays as it was", () => {
    for (const [name, { create, methods }] of Object.entries(CLASSES)) {
      if (!("merge" in methods)) continue;
      const sketch = create() as { merge(other: unknown): void; toJSON(): object };
      const before = sketch.toJSON();
      for (const other of Object.values(CLASSES).map((entry) => entry.create())) {
        if (other.constructor === sketch.constructor) continue;
        expect(() => sketch.merge(other), name).toThrow(expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID")));
      }
      expect(sketch.toJSON()).toEqual(before);
    }
  });
});
