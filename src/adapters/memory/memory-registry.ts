import { Lifecycle } from "../../core/lifecycle.ts";
import type { RegistryStore } from "../../registry/port.ts";
import { modelFields, modelValues, versionFields, versionValues } from "../../registry/rules/search-fields.ts";
import { searchArray } from "../../search/match.ts";
import { BlobMarks } from "./blob-marks.ts";
import { memoryApprovals } from "./memory-registry-approvals.ts";
import { memoryDeletion } from "./memory-registry-deletion.ts";
import { MemoryLog } from "./memory-registry-log.ts";
import { memoryStages } from "./memory-registry-stages.ts";
import { RegistryState } from "./memory-registry-state.ts";
import { memoryVersions } from "./memory-registry-versions.ts";

const NAME = "memory";

const searchableVersions = { ...versionFields, values: versionValues };
const searchableModels = { ...modelFields, values: modelValues };

/**
 * A {@link RegistryStore} that keeps versions in this process's memory: for tests, and for registries that need not outlive the
 * process. What is given is copied, what is answered is frozen.
 *
 * @example
 * ```ts
 * import { memoryBlobs, memoryRegistry, ModelRegistry } from "modelwright";
 *
 * const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
 * await registry.register({ name: "fraud", flavor: "text", files: { "rules.txt": new TextEncoder().encode("amount > 100") } });
 * ```
 */
export function memoryRegistry(): RegistryStore {
  const state = new RegistryState();
  const marks = new BlobMarks(NAME);
  const lifecycle = new Lifecycle(`Registry store ${NAME}`, () => {
    for (const each of [state, marks, log]) each.clear();
  });
  const log = new MemoryLog(lifecycle);
  const { step } = log;

  return {
    spec: "registry/1",
    name: NAME,
    capabilities: { durable: false, shared: false },
    ...memoryVersions(state, log, marks),
    ...memoryStages(state, log),
    ...memoryDeletion(state, log, marks),
    ...memoryApprovals(state, log),
    ...log.verbs,
    ...marks.verbs(step),

    findVersion: (ref, call) => step(call, () => state.find(ref)),

    searchVersions: (query, call) =>
      step(call, () => {
        const versions = [...state.models.values()].flatMap((model) => state.existing(model));
        return searchArray(versions, query, searchableVersions);
      }),

    findModel: (name, call) => step(call, () => state.summary(name)),

    searchModels: (query, call) =>
      step(call, () => {
        const models = [...state.models.keys()].map((name) => state.summary(name)!);
        return searchArray(models, query, searchableModels);
      }),

    findCursor: (consumer, call) => step(call, () => state.cursors.get(consumer) ?? 0),

    moveCursor: (consumer, seq, call) =>
      step(call, () => {
        if (seq > (state.cursors.get(consumer) ?? 0)) state.cursors.set(consumer, seq);
      }),

    [Symbol.asyncDispose]: () => lifecycle.close(),
  };
}
