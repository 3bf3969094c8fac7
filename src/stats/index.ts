/**
 * Tests, distances and metrics, checked against SciPy and scikit-learn.
 *
 * @module modelwright/stats
 */

export { type BootstrapOptions, type BootstrapResult, bootstrapInterval } from "./bootstrap.ts";
export { energyDistance } from "./distances/energy-distance.ts";
export { hellinger } from "./distances/hellinger.ts";
export { type JensenShannonOptions, jensenShannon } from "./distances/jensen-shannon.ts";
export { type KullbackLeiblerOptions, kullbackLeibler } from "./distances/kullback-leibler.ts";
export {
  type PsiFromCountsOptions,
  type PsiOptions,
  type PsiResult,
  populationStabilityIndex,
  psiFromCounts,
} from "./distances/population-stability-index.ts";
export { totalVariation } from "./distances/total-variation.ts";
export { wasserstein } from "./distances/wasserstein.ts";
export { betaCdf, betaQuantile, betaSf, betaUpperQuantile, logBeta } from "./distributions/beta.ts";
export {
  binomialCdf,
  binomialPmf,
  binomialQuantile,
  binomialSf,
  binomialUpperQuantile,
  logChoose,
} from "./distributions/binomial.ts";
export { chiSquaredCdf, chiSquaredQuantile, chiSquaredSf, chiSquaredUpperQuantile } from "./distributions/chi-squared.ts";
export { erf, erfc } from "./distributions/erf.ts";
export { fCdf, fQuantile, fSf, fUpperQuantile } from "./distributions/f.ts";
export { digamma, gammaP, gammaQ, logGamma } from "./distributions/gamma.ts";
export { gammaCdf, gammaQuantile, gammaSf, gammaUpperQuantile } from "./distributions/gamma-distribution.ts";
export { kolmogorovCdf, kolmogorovQuantile, kolmogorovSf, kolmogorovUpperQuantile } from "./distributions/kolmogorov.ts";
export { normalCdf, normalPdf, normalQuantile, normalSf, normalUpperQuantile } from "./distributions/normal.ts";
export { studentTCdf, studentTQuantile, studentTSf, studentTUpperQuantile } from "./distributions/student-t.ts";
export type { AlphaSpending } from "./experiments/alpha-spending.ts";
export { AlwaysValidPValue, type AlwaysValidPValueState } from "./experiments/always-valid-p-value.ts";
export {
  type ConfidenceSequenceOptions,
  type ConfidenceSequenceResult,
  meanConfidenceSequence,
  meanDifferenceConfidenceSequence,
} from "./experiments/asymptotic-confidence-sequence.ts";
export {
  type BetaBinomialOptions,
  type BetaBinomialResult,
  type BetaPosterior,
  betaBinomialComparison,
} from "./experiments/beta-binomial-comparison.ts";
export { BetaMixtureEProcess, type BetaMixtureOptions, type BetaMixtureState } from "./experiments/beta-mixture-e-process.ts";
export type { ConfidenceOptions } from "./experiments/confidence.ts";
export { CovariateMoments, type CovariateMomentsState, type CovariateSummary } from "./experiments/covariate-moments.ts";
export { type CupedResult, type CupedSample, cuped, cupedFromMoments } from "./experiments/cuped.ts";
export type { EProcessSnapshot } from "./experiments/e-process-snapshot.ts";
export {
  type GroupSequentialDesign,
  type GroupSequentialLook,
  type GroupSequentialOptions,
  groupSequentialBounds,
} from "./experiments/group-sequential-bounds.ts";
export { type GroupSequentialVerdict, groupSequentialLook } from "./experiments/group-sequential-look.ts";
export {
  type MeanMinimumEffectOptions,
  type MeanPowerOptions,
  type MeanSampleSizeOptions,
  meanMinimumEffect,
  meanPower,
  meanSampleSize,
} from "./experiments/mean-power.ts";
export {
  type MixtureSprtOptions,
  type MixtureSprtResult,
  mixtureSprtForMeans,
  mixtureSprtForProportions,
} from "./experiments/mixture-sprt.ts";
export type { PowerDesign, SampleSizes } from "./experiments/power-design.ts";
export { clopperPearsonInterval, newcombeInterval, wilsonInterval } from "./experiments/proportion-intervals.ts";
export {
  type ProportionMinimumEffectOptions,
  type ProportionPowerOptions,
  type ProportionSampleSizeOptions,
  proportionMinimumEffect,
  proportionPower,
  proportionSampleSize,
} from "./experiments/proportion-power.ts";
export { meanLift, proportionLift, type RelativeLift } from "./experiments/relative-lift.ts";
export { type SampleRatioOptions, type SampleRatioResult, sampleRatioTest } from "./experiments/sample-ratio-test.ts";
export type { SampleMoments, SampleSummary, SampleSums } from "./experiments/sample-summary.ts";
export {
  type SequentialSampleRatioOptions,
  type SequentialSampleRatioResult,
  sequentialSampleRatioTest,
} from "./experiments/sequential-sample-ratio-test.ts";
export type { SuccessCounts } from "./experiments/success-counts.ts";
export {
  TwoProportionEProcess,
  type TwoProportionOptions,
  type TwoProportionState,
} from "./experiments/two-proportion-e-process.ts";
export { type TwoProportionTestResult, twoProportionTest } from "./experiments/two-proportion-test.ts";
export { type WangTsiatisOptions, wangTsiatisBounds } from "./experiments/wang-tsiatis-bounds.ts";
export {
  brierScore,
  type CalibrationBin,
  type CalibrationCurveOptions,
  type CalibrationOptions,
  calibrationCurve,
  expectedCalibrationError,
} from "./metrics/calibration.ts";
export type { ClassLabel } from "./metrics/class-labels.ts";
export type { ClassProbabilitiesOptions, ProbabilityRows } from "./metrics/class-probabilities.ts";
export {
  type AveragingOptions,
  accuracy,
  balancedAccuracy,
  f1,
  matthewsCorrelation,
  precision,
  recall,
} from "./metrics/classification.ts";
export {
  type ClassificationSummary,
  type ClassificationSummaryOptions,
  classificationSummary,
} from "./metrics/classification-summary.ts";
export {
  type ConfusionMatrix,
  confusionMatrix,
  type MulticlassConfusionMatrix,
  type MulticlassConfusionMatrixOptions,
  multiclassConfusionMatrix,
} from "./metrics/confusion-matrix.ts";
export { logLoss, multiclassLogLoss } from "./metrics/log-loss.ts";
export type { MetricEstimate, MissingMetricReason } from "./metrics/metric-estimate.ts";
export { type MulticlassRocAucOptions, multiclassRocAuc } from "./metrics/multiclass-roc-auc.ts";
export {
  type ClassSummary,
  type MulticlassSummary,
  type MulticlassSummaryOptions,
  multiclassSummary,
} from "./metrics/multiclass-summary.ts";
export {
  type PairedBootstrapOptions,
  type PairedBootstrapResult,
  type PairedRows,
  pairedBootstrap,
} from "./metrics/paired-bootstrap.ts";
export {
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanError,
  meanSquaredError,
  medianAbsoluteError,
  type PercentageErrorOptions,
  type PinballLossOptions,
  pinballLoss,
  r2Score,
  rootMeanSquaredError,
  symmetricMeanAbsolutePercentageError,
} from "./metrics/regression.ts";
export { type RegressionSummary, regressionSummary } from "./metrics/regression-summary.ts";
export { averagePrecision, gini, ksStatistic, type RocCurve, rocAuc, rocCurve } from "./metrics/roc-auc.ts";
export { quantile } from "./quantile.ts";
export { BinCounts, type BinCountsOptions, type BinCountsState, type LearnBinsOptions } from "./sketches/bin-counts.ts";
export { HyperLogLog, type HyperLogLogOptions, type HyperLogLogState } from "./sketches/hyper-log-log.ts";
export { KllSketch, type KllSketchOptions, type KllSketchState } from "./sketches/kll-sketch.ts";
export {
  type LogBucketsState,
  LogHistogram,
  type LogHistogramOptions,
  type LogHistogramState,
} from "./sketches/log-histogram.ts";
export { Moments, type MomentsState } from "./sketches/moments.ts";
export { type FrequentValue, TopK, type TopKOptions, type TopKState } from "./sketches/top-k.ts";
export { type AndersonDarlingOptions, type AndersonDarlingResult, andersonDarling } from "./tests/anderson-darling.ts";
export { benjaminiHochberg } from "./tests/benjamini-hochberg.ts";
export { bonferroni } from "./tests/bonferroni.ts";
export {
  type ChiSquaredContingencyOptions,
  type ContingencyResult,
  chiSquaredContingency,
} from "./tests/chi-squared-contingency.ts";
export { type CramerVonMisesOptions, type CramerVonMisesResult, cramerVonMises } from "./tests/cramer-von-mises.ts";
export { type CramersVOptions, cramersV } from "./tests/cramers-v.ts";
export { type DeLongTestResult, deLongTest } from "./tests/delong-test.ts";
export { type DirichletLogEValueOptions, dirichletLogEValue } from "./tests/dirichlet-log-e-value.ts";
export { eBenjaminiHochberg } from "./tests/e-benjamini-hochberg.ts";
export { type FisherExactOptions, type FisherExactResult, fisherExact } from "./tests/fisher-exact.ts";
export { gTest } from "./tests/g-test.ts";
export { holm } from "./tests/holm.ts";
export { type KsAlternative, ksTwoSampleSf } from "./tests/ks-distribution.ts";
export { type KsTestOptions, type KsTestResult, ksFromCounts, ksTest } from "./tests/ks-test.ts";
export { type LeveneTestOptions, type LeveneTestResult, leveneTest } from "./tests/levene-test.ts";
export { type MannWhitneyOptions, type MannWhitneyResult, mannWhitney } from "./tests/mann-whitney.ts";
export {
  type DiscordantCounts,
  discordantCounts,
  type McNemarTestOptions,
  type McNemarTestResult,
  mcNemarTest,
} from "./tests/mc-nemar-test.ts";
export { type MmdOptions, type MmdResult, mmd } from "./tests/mmd.ts";
export { type ProportionTestOptions, type ProportionTestResult, proportionTest } from "./tests/proportion-test.ts";
export { type WelchTestOptions, type WelchTestResult, welchTest } from "./tests/welch-test.ts";
