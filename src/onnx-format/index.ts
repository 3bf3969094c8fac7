/**
 * Reads an ONNX file without a runtime; writes small models from plain arrays.
 *
 * @module modelwright/onnx-format
 */

export type { Activation, DenseLayer, Scaling } from "./dense-graph.ts";
export type { ExternalData } from "./external-data.ts";
export { type LinearModelOptions, linearModel } from "./linear-model.ts";
export { type LogisticModelOptions, logisticModel } from "./logistic-model.ts";
export { type MlpModelOptions, mlpModel } from "./mlp-model.ts";
export { modelColumns } from "./model-columns.ts";
export type { OnnxValue } from "./onnx-value.ts";
export { type OnnxModelInfo, readOnnxModel } from "./read-model.ts";
export { OnnxSkimmer } from "./skim-model.ts";
export { type TreeEnsembleModelOptions, type TreeNode, treeEnsembleModel } from "./tree-ensemble-model.ts";
