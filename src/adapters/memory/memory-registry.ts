import type { CallOptions } from "../../core/call.ts";
import { withDeadline } from "../../core/deadline.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { deepFreeze } from "../../core/freeze.ts";
import { type JsonValue, jsonText } from "../../core/json.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { formatModelRef, type ModelRef } from "../../core/model.ts";
import type {
  ModelSummary,
  RegistryStore,
  StageMove,
  VersionContent,
  VersionDraft,
  VersionQuery,
  VersionRecord,
} from "../../registry/port.ts";

const NAME = "memory";

/** A model; the version with number n is at n − 1. */
interface Model {
  readonly createdAt: number;
  readonly versions: VersionRecord[];
  readonly aliases: Map<string, number>;
}

/**
 * A {@link RegistryStore} that keeps versions in this process's memory: for tests, and for registries that need not outlive the
 * process. Drafts are copied.
 *
 * @example
 * ```ts
 * import { memoryBlobs, memoryRegistry, ModelRegistry } from "modelwright";
 *
 * const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
 * await registry.register({ name: "fraud", format: "text", files: { "rules.txt": new TextEncoder().encode("amount > 100") } });
 * ```
 */
export function memoryRegistry(): RegistryStore {
  const models = new Map<string, Model>();
  const ids = new Map<string, { readonly name: string; readonly version: number }>();
  const lifecycle = new Lifecycle(`Registry store ${NAME}`, () => {
    models.clear();
    ids.clear();
  });
  /** No step waits for anything, so every verb is atomic. */
  const step = <T>(call: CallOptions | undefined, work: () => T) => withDeadline(call, () => lifecycle.run(work));
  const find = (name: string, version: number) => copyOf(models.get(name), version);

  return {
    spec: "registry/1",
    name: NAME,
    capabilities: { durable: false, shared: false },

    insertVersion: (draft, call) =>
      step(call, () => {
        const earlier = ids.get(draft.id);
        if (earlier !== undefined) return find(earlier.name, earlier.version) as VersionRecord;
        const content = contentOf(draft);
        const { name, id, stage, createdAt } = draft;
        const model: Model = models.get(name) ?? { createdAt, versions: [], aliases: new Map() };
        models.set(name, model);
        const version = model.versions.length + 1;
        model.versions.push({ name, version, id, stage, aliases: [], createdAt, stageChangedAt: createdAt, ...content });
        ids.set(id, { name, version });
        return find(name, version) as VersionRecord;
      }),

    findVersion: (ref, call) =>
      step(call, () => {
        const version = resolve(models.get(ref.name), ref);
        return version === undefined ? undefined : find(ref.name, version);
      }),

    listVersions: (query, call) => step(call, () => page(models, query)),

    findModel: (name, call) => step(call, () => summary(name, models.get(name))),

    listModels: ({ limit, after }, call) =>
      step(call, () => {
        const names = [...models.keys()].filter((name) => after === undefined || name > after).sort();
        return names.slice(0, limit).map((name) => summary(name, models.get(name)) as ModelSummary);
      }),

    moveStage: (move, call) =>
      step(call, () => {
        const moved = moveStage(models.get(move.name), move);
        return moved.map((version) => find(move.name, version) as VersionRecord);
      }),

    setAlias: (name, alias, version, call) =>
      step(call, () => {
        const model = models.get(name);
        if (model?.versions[version - 1] === undefined) throw versionNotFound(name, version);
        const before = model.aliases.get(alias);
        model.aliases.set(alias, version);
        return before;
      }),

    deleteAlias: (name, alias, call) =>
      step(call, () => {
        const aliases = models.get(name)?.aliases;
        const before = aliases?.get(alias);
        aliases?.delete(alias);
        return before;
      }),

    [Symbol.asyncDispose]: () => lifecycle.close(),
  };
}

/** A copy of what is fixed about the draft, checked as a store that writes JSON checks it. */
function contentOf(draft: VersionDraft): VersionContent {
  const { files, format, signature, description, tags, metrics, hyperparameters, lineage } = draft;
  const fixed = { files, format, signature, description, tags, metrics, hyperparameters, lineage } satisfies VersionContent;
  return deepFreeze(JSON.parse(jsonText(fixed as unknown as JsonValue, `A version of ${draft.name}`)) as VersionContent);
}

function copyOf(model: Model | undefined, version: number): VersionRecord | undefined {
  const record = model?.versions[version - 1];
  if (model === undefined || record === undefined) return undefined;
  const aliases = [...model.aliases].filter(([, target]) => target === version).map(([alias]) => alias);
  return { ...record, aliases: aliases.sort() };
}

function resolve(model: Model | undefined, ref: ModelRef): number | undefined {
  if ("version" in ref) return ref.version;
  return "alias" in ref ? model?.aliases.get(ref.alias) : model?.versions.findLast(({ stage }) => stage === ref.stage)?.version;
}

function page(models: ReadonlyMap<string, Model>, { name, stage, limit, after }: VersionQuery): readonly VersionRecord[] {
  const names = name === undefined ? [...models.keys()].sort() : [name];
  const records: VersionRecord[] = [];
  for (const each of names) {
    const model = models.get(each);
    if (model === undefined || (after !== undefined && each < after.name)) continue;
    const newest = each === after?.name ? Math.min(after.version - 1, model.versions.length) : model.versions.length;
    for (let version = newest; version >= 1 && records.length < limit; version--) {
      const fits = stage === undefined || model.versions[version - 1]?.stage === stage;
      const record = fits ? copyOf(model, version) : undefined;
      if (record !== undefined) records.push(record);
    }
  }
  return records;
}

function summary(name: string, model: Model | undefined): ModelSummary | undefined {
  if (model === undefined) return undefined;
  return { name, createdAt: model.createdAt, versions: model.versions.length, latestVersion: model.versions.length };
}

/** Makes the move; answers the numbers of the versions that it concerned, the moved one first. */
function moveStage(model: Model | undefined, { name, version, from, to, displaceTo, at }: StageMove): readonly number[] {
  const target = model?.versions[version - 1];
  if (model === undefined || target === undefined) throw versionNotFound(name, version);
  if (target.stage !== from) throw conflict(formatModelRef({ name, version }), from, target.stage);
  const displaced = displaceTo === undefined ? [] : model.versions.filter((other) => other.stage === to && other !== target);
  for (const other of displaced) model.versions[other.version - 1] = { ...other, stage: displaceTo ?? to, stageChangedAt: at };
  model.versions[version - 1] = { ...target, stage: to, stageChangedAt: at };
  return [version, ...displaced.map((other) => other.version).reverse()];
}

function versionNotFound(name: string, version: number): ModelwrightError<"REGISTRY_VERSION_NOT_FOUND"> {
  const ref = formatModelRef({ name, version });
  return new ModelwrightError("REGISTRY_VERSION_NOT_FOUND", `There is no model version ${ref}`, { details: { ref } });
}

function conflict(ref: string, expected: string, actual: string): ModelwrightError<"REGISTRY_CONFLICT"> {
  return new ModelwrightError(
    "REGISTRY_CONFLICT",
    `${ref} is in stage ${actual}, not in ${expected}: it was moved meanwhile; read it again and decide again`,
    { details: { ref, expected, actual } },
  );
}
