export {
  type ColumnWeight,
  type DomainClassifierOptions,
  type DomainClassifierResult,
  domainClassifier,
} from "./domain-classifier.ts";
export { type Multivariate, multivariateDrift } from "./multivariate-drift.ts";
export { type PcaReconstructionOptions, type PcaReconstructionResult, pcaReconstruction } from "./pca-reconstruction.ts";
export type { Cell, CellRow, Column } from "./rows.ts";
export type { Terms } from "./terms.ts";
