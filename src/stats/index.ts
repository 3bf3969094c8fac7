/**
 * Tests, distances and metrics, checked against SciPy and scikit-learn.
 *
 * @module modelwright/stats
 */

export { benjaminiHochberg } from "./benjamini-hochberg.ts";
export { chiSquaredSf } from "./chi-squared.ts";
export { accuracy, brierScore, type ConfusionMatrix, confusionMatrix, logLoss } from "./classification.ts";
export { gammaQ, logGamma } from "./gamma.ts";
export { kolmogorovSf } from "./kolmogorov.ts";
export { type KsTestOptions, type KsTestResult, ksFromCounts, ksTest } from "./ks-test.ts";
export { type DiscordantCounts, type McNemarTestOptions, type McNemarTestResult, mcNemarTest } from "./mc-nemar-test.ts";
export { type PsiOptions, type PsiResult, populationStabilityIndex, psiFromCounts } from "./population-stability-index.ts";
export { quantile } from "./quantile.ts";
export { rocAuc } from "./roc-auc.ts";
