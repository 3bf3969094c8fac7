import type { CallOptions } from "../core/call.ts";
import { formatModelRef, type ModelRef } from "../core/model.ts";
import type { ChangeOptions } from "./change-options.ts";
import type { ModelRegistry } from "./model-registry.ts";
import type { LineageEdge, VersionRecord } from "./port.ts";
import type { Registration } from "./registration.ts";
import { parentOf } from "./rules/lineage.ts";

/** Options of {@link copyVersion}. */
export interface CopyOptions extends ChangeOptions {
  /** Name of the model in the other registry. @defaultValue the same */
  readonly name?: string | undefined;
}

/**
 * Registers a version of one registry in another one, with its bytes: for example from a team's registry in that of production. It gets
 * the other registry's next number, initial stage, signature and audit entry; stage, aliases and legal hold stay behind. Files are
 * streamed and verified. A parent in the first registry becomes a parent elsewhere, `copied:` before its reference, and so does the
 * version itself. Copying again answers the version that was made before.
 *
 * Rejects as {@link ModelRegistry.stream} and {@link ModelRegistry.register} do.
 *
 * @example
 * ```ts
 * import { memoryBlobs, memoryRegistry, ModelRegistry } from "modelwright";
 * import { copyVersion } from "modelwright/registry";
 *
 * const team = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
 * const production = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
 * await team.register({ name: "fraud", flavor: "text", files: { "rules.txt": new TextEncoder().encode("amount > 100") } });
 * const { version } = await copyVersion(team, "fraud@1", production, { actor: "ana" });
 * ```
 */
export async function copyVersion(
  from: Pick<ModelRegistry, "get" | "stream">,
  ref: string | ModelRef,
  to: Pick<ModelRegistry, "register">,
  { name, ...change }: CopyOptions = {},
): Promise<VersionRecord> {
  const version = await from.get(ref, change);
  return to.register(registrationOf(from, version, name ?? version.name, change), change);
}

function registrationOf(
  from: Pick<ModelRegistry, "stream">,
  version: VersionRecord,
  name: string,
  call: CallOptions,
): Registration {
  const ref = { name: version.name, version: version.version };
  const { flavor, framework, modelType, label, description, tags, metrics, directions, hyperparameters } = version;
  const { dataVersion, codeVersion, runId, inputSchema, outputSchema, metadata } = version;
  return {
    name,
    files: Object.fromEntries(version.files.map(({ path }) => [path, from.stream(ref, path, call)])),
    flavor,
    framework: framework ?? undefined,
    modelType: modelType ?? undefined,
    label: label ?? undefined,
    description,
    tags,
    metrics,
    directions,
    hyperparameters,
    dataVersion: dataVersion ?? undefined,
    codeVersion: codeVersion ?? undefined,
    runId: runId ?? undefined,
    inputSchema,
    outputSchema,
    metadata,
    lineage: [...version.lineage.map(elsewhere), { kind: "parent", ref: `copied:${formatModelRef(ref)}` }],
    idempotencyKey: `copied:${version.id}`,
  };
}

function elsewhere(edge: LineageEdge): LineageEdge {
  return parentOf(edge) === undefined ? edge : { kind: edge.kind, ref: `copied:${edge.ref}` };
}
