import type { Digest } from "../../core/digest.ts";
import { uuidv7Generator } from "../../core/ids.ts";
import type { RegistryStore, VersionDraft, VersionQuery, VersionRecord } from "../../registry/port.ts";

const nextId = uuidv7Generator();
export const digest: Digest = `sha256:${"0a".repeat(32)}`;

/** A draft with content of every kind; give what matters to the test. */
export function draft(name: string, given: Partial<VersionDraft> = {}): VersionDraft {
  return {
    name,
    id: nextId(),
    stage: "development",
    createdAt: 1_700_000_000_000,
    files: [{ path: "model.onnx", digest, sizeBytes: 12 }],
    format: "onnx",
    signature: {
      inputs: [{ name: "x", type: "float32", dims: ["batch", 2] }],
      outputs: [{ name: "y", type: "other", dims: null }],
    },
    description: "",
    tags: {},
    metrics: {},
    hyperparameters: {},
    lineage: [],
    ...given,
  };
}

/** Registers versions of a model, one for each stage, in this order. */
export async function insertAll(
  store: RegistryStore,
  name: string,
  stages: readonly string[],
): Promise<readonly VersionRecord[]> {
  const records: VersionRecord[] = [];
  for (const stage of stages) records.push(await store.insertVersion(draft(name, { stage })));
  return records;
}

/** Every page of a listing, joined. */
export async function listAll(store: RegistryStore, query: VersionQuery): Promise<readonly string[]> {
  const found: string[] = [];
  let after = query.after;
  for (;;) {
    const page = await store.listVersions({ ...query, after });
    found.push(...page.map(({ name, version }) => `${name}@${version}`));
    if (page.length < query.limit) return found;
    after = page.at(-1);
  }
}

/** Where the versions of a model stand, newest first. */
export async function stagesOf(store: RegistryStore, name: string): Promise<readonly string[]> {
  const records = await store.listVersions({ name, limit: 100 });
  return records.map(({ version, stage }) => `${version} ${stage}`);
}

/** An object with this one own member, also where a literal would set the prototype. */
export function record<T>(key: string, value: T): Readonly<Record<string, T>> {
  return Object.fromEntries([[key, value]]);
}
