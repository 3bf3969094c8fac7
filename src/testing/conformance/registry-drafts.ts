import type { Digest } from "../../core/digest.ts";
import { uuidv7Generator } from "../../core/ids.ts";
import type { ApprovalDraft } from "../../registry/approval-port.ts";
import type { AuditEntry, Stamp } from "../../registry/audit-port.ts";
import type { LineageEdge, RegistryStore, VersionDraft, VersionRecord } from "../../registry/port.ts";
import { auditHash, emptyAuditHead } from "../../registry/rules/audit-chain.ts";
import type { Filter, Page, SearchField, SearchOrder, SearchQuery } from "../../search/port.ts";
import type { Check } from "../suite.ts";

export const nextId = uuidv7Generator();

/** When things happen unless a test says otherwise, ms. */
export const START = 1_700_000_000_000;

/** A digest that begins with these hexadecimal digits. */
export function digestOf(digits: string): Digest {
  return `sha256:${digits.padEnd(64, "0")}`;
}

/** Who changes something; give what matters to the test. */
export function stamp(given: Partial<Stamp & { readonly actor: string }> = {}): Stamp & { readonly actor: string } {
  return { at: START, actor: "ada", reason: null, requestId: null, ...given };
}

/** A draft of a version; give what matters to the test. */
export function draft(name: string, given: Partial<VersionDraft> = {}): VersionDraft {
  return {
    name,
    id: nextId(),
    stage: "development",
    files: [{ path: "model.onnx", digest: digestOf("0a"), sizeBytes: 12 }],
    flavor: "onnx",
    framework: null,
    modelType: null,
    label: null,
    signature: {
      inputs: [{ name: "x", type: "float32", dims: ["batch", 2] }],
      outputs: [{ name: "y", type: "other", dims: null }],
    },
    description: "",
    tags: {},
    metrics: {},
    directions: {},
    hyperparameters: {},
    dataVersion: null,
    codeVersion: null,
    runId: null,
    inputSchema: null,
    outputSchema: null,
    metadata: {},
    attestation: null,
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
  for (const stage of stages) records.push(await store.insertVersion(draft(name, { stage }), stamp()));
  return records;
}

/** Moves a version of a model from wherever it is into production, which holds one. */
export async function promote(store: RegistryStore, name: string, ...versions: readonly number[]): Promise<void> {
  for (const version of versions) {
    const from = (await store.findVersion({ name, version }))?.stage ?? "";
    await store.moveStage({ name, version, from, to: "production", displaceTo: "archived" }, stamp());
  }
}

/** A request to move the first version of `a` to production; give what matters to the test. */
export function approvalDraft(given: Partial<ApprovalDraft> = {}): ApprovalDraft {
  return { id: nextId(), name: "a", version: 1, from: "staging", to: "production", needed: 1, comment: "", ...given };
}

/** An edge to a parent. */
export function parent(ref: string): LineageEdge {
  return { kind: "parent", ref };
}

export const attribute = (key: string): SearchField => ({ entity: "attribute", key });
export const tag = (key: string): SearchField => ({ entity: "tag", key });
export const metric = (key: string): SearchField => ({ entity: "metric", key });
export const param = (key: string): SearchField => ({ entity: "param", key });
export const alias: SearchField = { entity: "alias", key: "name" };

/** An order by one field. */
export function by(field: SearchField, direction: SearchOrder["direction"]): Pick<SearchQuery, "orderBy"> {
  return { orderBy: [{ field, direction }] };
}

/** What a search of versions finds, over all pages. */
export async function searchRefs(store: RegistryStore, query: Partial<SearchQuery> = {}): Promise<readonly string[]> {
  const found = await pages(query, (page) => store.searchVersions(page));
  return found.map(({ name, version }) => `${name}@${version}`);
}

/** What a search of models finds, over all pages. */
export async function searchModelNames(store: RegistryStore, query: Partial<SearchQuery> = {}): Promise<readonly string[]> {
  return (await pages(query, (page) => store.searchModels(page))).map(({ name }) => name);
}

async function pages<T>(given: Partial<SearchQuery>, read: (query: SearchQuery) => Promise<Page<T>>): Promise<readonly T[]> {
  const items: T[] = [];
  const query: SearchQuery = { limit: 100, ...given };
  let { after } = query;
  do {
    const page = await read({ ...query, after });
    if (page.items.length > query.limit) throw new Error(`A page has more items than its limit of ${query.limit}`);
    if (page.items.length === 0 && page.next !== undefined) throw new Error("A page is empty, but says that more follow");
    items.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return items;
}

/** Where the versions of a model stand, newest first. */
export async function stagesOf(store: RegistryStore, name: string): Promise<readonly string[]> {
  const where: Filter = { op: "=", field: attribute("name"), value: name };
  const { items } = await store.searchVersions({ where, limit: 100 });
  return items.map(({ version, stage }) => `${version} ${stage}`);
}

/** The whole log. */
export async function logOf(store: RegistryStore): Promise<readonly AuditEntry[]> {
  return store.listAudit({ after: 0, limit: 10_000 });
}

/** The log behind a number, in short: what was done to what. */
export async function actionsOf(store: RegistryStore, after = 0): Promise<readonly string[]> {
  const entries = await store.listAudit({ after, limit: 10_000 });
  return entries.map(({ action, name, version }) => `${action} ${name}${version === null ? "" : `@${version}`}`);
}

/** Checks that the log has no gap and that every entry is bound to the one before. */
export async function checkLog(store: RegistryStore, check: Check): Promise<void> {
  let head = emptyAuditHead;
  for (const entry of await logOf(store)) {
    check.equal([entry.seq, entry.previousHash, entry.hash], [head.seq + 1, head.hash, await auditHash(entry)]);
    head = { seq: entry.seq, hash: entry.hash };
  }
  check.equal(await store.auditHead(), head);
}

/** Checks that the work fails with this code, and that nothing was logged or changed of the versions, models and approvals. */
export async function refuses(
  store: RegistryStore,
  check: Check,
  code: Parameters<Check["fails"]>[0],
  work: () => Promise<unknown>,
): Promise<void> {
  const seen = async () => [
    await store.auditHead(),
    await store.searchVersions({ limit: 100 }),
    await store.searchModels({ limit: 100 }),
    await store.listApprovals({ limit: 100 }),
  ];
  const before = await seen();
  await check.fails(code, work);
  check.equal(await seen(), before);
}

/** An object with these members, also where a literal would set the prototype. */
export function record<T>(keys: readonly string[], valueFor: (key: string) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(keys.map((key) => [key, valueFor(key)]));
}
