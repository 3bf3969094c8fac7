import type { VersionContent } from "../port.ts";

/** What is immutable about a version, without the rest of its record. */
export function contentOf(version: VersionContent): VersionContent {
  const { files, flavor, framework, modelType, label, signature, metrics, directions, hyperparameters } = version;
  const { dataVersion, codeVersion, runId, inputSchema, outputSchema, metadata, attestation } = version;
  return {
    files,
    flavor,
    framework,
    modelType,
    label,
    signature,
    metrics,
    directions,
    hyperparameters,
    dataVersion,
    codeVersion,
    runId,
    inputSchema,
    outputSchema,
    metadata,
    attestation,
  };
}
