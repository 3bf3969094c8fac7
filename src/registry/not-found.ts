import { ModelwrightError } from "../core/errors.ts";
import { formatModelRef, type ModelRef } from "../core/model.ts";
import type { Filter } from "../search/port.ts";
import type { RegistryStore, VersionRecord } from "./port.ts";

/** Most names or versions that a message lists. */
const SHOWN = 10;

/**
 * The error for a reference that leads to nothing; its message lists what there is instead.
 *
 * @returns `REGISTRY_MODEL_NOT_FOUND` when there is no such model, else `REGISTRY_VERSION_NOT_FOUND`
 */
export async function notFound(
  store: RegistryStore,
  ref: ModelRef,
  signal: AbortSignal | undefined,
): Promise<ModelwrightError<"REGISTRY_MODEL_NOT_FOUND"> | ModelwrightError<"REGISTRY_VERSION_NOT_FOUND">> {
  const { name } = ref;
  const call = { signal };
  const where: Filter = { op: "=", field: { entity: "attribute", key: "name" }, value: name };
  const { items: newest } = await store.searchVersions({ where, limit: SHOWN + 1 }, call);
  if (newest.length === 0) {
    const { items: models } = await store.searchModels({ limit: SHOWN + 1 }, call);
    const message =
      models.length === 0
        ? `There is no model ${name}: nothing has been registered yet`
        : `There is no model ${name}; there is ${enumerate(models, (model) => model.name)}`;
    return new ModelwrightError("REGISTRY_MODEL_NOT_FOUND", message, { details: { name } });
  }
  const text = formatModelRef(ref);
  return new ModelwrightError("REGISTRY_VERSION_NOT_FOUND", `There is no ${text}; there is ${enumerate(newest, describe)}`, {
    details: { ref: text },
  });
}

function describe({ name, version, label, stage, aliases }: VersionRecord): string {
  const called = label === null ? "" : `, ${label}`;
  const named = aliases.slice(0, SHOWN).map((alias) => `, alias:${alias}`);
  return `${name}@${version} (${stage}${called}${named.join("")})`;
}

function enumerate<T>(items: readonly T[], text: (item: T) => string): string {
  const shown = items.slice(0, SHOWN).map(text).join(", ");
  return items.length > SHOWN ? `${shown} and more` : shown;
}
