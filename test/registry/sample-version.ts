import type { VersionRecord } from "../../src/registry/port.ts";

/** Id of a version by its number. */
export const idOf = (version: number) => `0190a1b2-c3d4-7abc-8def-${String(version).padStart(12, "0")}`;

/** A version as a store answers it. */
export function sampleVersion(version = 1, given: Partial<VersionRecord> = {}): VersionRecord {
  return {
    name: "fraud",
    version,
    id: idOf(version),
    stage: "development",
    aliases: [],
    lineage: [],
    createdAt: Date.UTC(2026, 0, version, 5, 17, 31, 634),
    createdBy: "ann",
    stageChangedAt: Date.UTC(2026, 0, version),
    description: "",
    tags: {},
    legalHold: null,
    files: [{ path: "model.onnx", digest: `sha256:${"a".repeat(64)}`, sizeBytes: 100 }],
    flavor: "onnx",
    framework: "scikit-learn 1.5",
    modelType: null,
    label: null,
    signature: {
      inputs: [{ name: "features", type: "float32", dims: ["batch", 2] }],
      outputs: [{ name: "score", type: "float32", dims: ["batch", 1] }],
    },
    metrics: { auc: 0.9 },
    directions: { auc: "maximize" },
    hyperparameters: { depth: 3 },
    dataVersion: null,
    codeVersion: null,
    runId: null,
    inputSchema: null,
    outputSchema: null,
    metadata: {},
    attestation: null,
    ...given,
  };
}
