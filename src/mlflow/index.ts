/**
 * MLflow model directories: written for a registered version, and read to register one.
 *
 * @module modelwright/mlflow
 */

export { type MlflowOptions, mlflowFiles } from "./mlflow-files.ts";
export { type MlflowModel, type ReadMlflowOptions, readMlflowModel } from "./mlflow-model.ts";
export type { YamlLibrary } from "./mlflow-yaml-reader.ts";
