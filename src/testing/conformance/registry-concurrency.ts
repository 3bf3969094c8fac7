import { ModelwrightError } from "../../core/errors.ts";
import type { AuditEntry } from "../../registry/audit-port.ts";
import type { RegistryStore } from "../../registry/port.ts";
import type { SuiteTest } from "../suite.ts";
import { attribute, checkLog, draft, insertAll, logOf, parent, promote, stamp } from "./registry-drafts.ts";

/** What a change may meet that others were quicker than. */
const OVERTAKEN = [
  "REGISTRY_CONFLICT",
  "REGISTRY_CYCLE",
  "REGISTRY_LABEL_TAKEN",
  "REGISTRY_PROTECTED",
  "REGISTRY_VERSION_NOT_FOUND",
] as const;

const toProduction = { to: "production", displaceTo: "archived" } as const;

/** A change of some kind; neighbours are of different kinds and concern different versions. */
function mixedWrite(store: RegistryStore, i: number): Promise<unknown> {
  const version = ((i * 7) % 12) + 1;
  const key = { name: "a", version };
  switch (i % 10) {
    case 0:
      return store.insertVersion(draft("a", { label: `1.${i % 4}.0` }), stamp());
    case 1:
      return store.insertVersion(draft("a", { lineage: [parent(`a@${version}`)] }), stamp());
    case 2:
    case 3:
      return store.moveStage({ ...key, from: "staging", ...toProduction }, stamp());
    case 4:
      return store.moveStage({ ...key, from: "archived", to: "staging" }, stamp());
    case 5:
      return store.rollBack({ name: "a", stage: "production", displaceTo: "archived" }, stamp());
    case 6:
      return store.setAlias("a", "champion", version, stamp());
    case 7:
      return store.noteVersion("a", version, { tags: { [`by ${i}`]: "x" } }, stamp());
    case 8:
      return store.addLineage("a", version, [parent(`a@${(version % 12) + 1}`)], stamp());
    default:
      return store.deleteVersion("a", version, "staging", stamp());
  }
}

/** The stages of versions as the log tells them, after each of its entries. */
function* replayed(entries: readonly AuditEntry[]): Generator<ReadonlyMap<number, string>> {
  const stages = new Map<number, string>();
  for (const { version, action, after } of entries) {
    const stage = (after as { readonly stage?: string } | null)?.stage;
    if (version !== null && action === "version.deleted") stages.delete(version);
    else if (version !== null && stage !== undefined) stages.set(version, stage);
    yield stages;
  }
}

const holders = (stages: ReadonlyMap<number, string>) => [...stages].filter(([, stage]) => stage === "production");

/** What the port says of changes that are made at once. */
export const concurrencyTests: Readonly<Record<string, SuiteTest<RegistryStore>>> = {
  "keeps everything in order under 50 changes at once": async (store, check) => {
    await insertAll(
      store,
      "a",
      Array.from({ length: 12 }, () => "staging"),
    );
    await promote(store, "a", 1, 2, 3);
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => mixedWrite(store, i)));
    const unexpected = outcomes.flatMap((outcome) => {
      if (outcome.status === "fulfilled") return [];
      return OVERTAKEN.some((code) => ModelwrightError.is(outcome.reason, code)) ? [] : [String(outcome.reason)];
    });
    check.equal(unexpected, []);
    await checkLog(store, check);

    const entries = await logOf(store);
    const registered = entries.filter(({ action }) => action === "version.registered").map(({ version }) => version);
    check.equal(
      registered,
      registered.map((_, i) => i + 1),
    );
    let last: ReadonlyMap<number, string> = new Map();
    for (const stages of replayed(entries)) {
      if (holders(stages).length > 1) throw new Error("At some entry of the log, two versions hold production");
      last = stages;
    }
    const { items } = await store.searchVersions({ limit: 100 });
    check.equal(items.map(({ version, stage }) => [version, stage]).reverse(), [...last]);
    const { champion } = lastAlias(entries);
    check.equal((await store.findVersion({ name: "a", alias: "champion" }))?.version, champion);
    const events = await store.listStageEvents({ name: "a", direction: "asc", limit: 1000 });
    const staged = entries.filter(({ action }) => /^version\.(registered|moved|displaced|rolled-back|deleted)$/.test(action));
    check.equal(
      events.map(({ seq, kind, version }) => [seq, `version.${kind}`, version]),
      staged.map(({ seq, action, version }) => [seq, action, version]),
    );
    const labels = items.flatMap(({ label }) => label ?? []);
    check.equal(new Set(labels).size, labels.length);
  },

  "shows a move and what it displaces at once": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging", "staging", "staging"]);
    await promote(store, "a", 1);
    const where = { op: "=", field: attribute("stage"), value: "production" } as const;
    const moving = Promise.all([2, 3, 4].map((version) => promote(store, "a", version)));
    const seen: number[] = [];
    for (let i = 0; i < 12; i++) seen.push((await store.searchVersions({ where, limit: 9 })).items.length);
    await moving;
    check.equal([...new Set(seen)], [1]);
  },

  "rejects changes at once when their signal aborts, and makes each of them whole or not at all": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new RangeError("stop");
    const changes = Array.from({ length: 10 }, (_, i) => [
      store.insertVersion(draft("a", { id: `id ${i}` }), stamp(), { signal }),
      store.setAlias("a", `alias-${i}`, 1, stamp(), { signal }),
    ]);
    const settling = Promise.allSettled(changes.flat());
    controller.abort(reason);
    for (const outcome of await settling) check.equal(outcome.status === "rejected" && outcome.reason === reason, true);
    await insertAll(store, "a", ["development"]);
    await checkLog(store, check);
    const entries = await logOf(store);
    const { items } = await store.searchVersions({ limit: 100 });
    check.equal(
      items.map(({ version }) => version).reverse(),
      entries.filter(({ action }) => action === "version.registered").map((_, i) => i + 1),
    );
    const pointed = entries.filter(({ action }) => action === "alias.set").length;
    check.equal((await store.findVersion({ name: "a", version: 1 }))?.aliases.length, pointed);
  },
};

/** Where aliases point as the log tells. */
function lastAlias(entries: readonly AuditEntry[]): Readonly<Record<string, number>> {
  const set = entries.flatMap(({ after }) => {
    const { alias, version } = (after ?? {}) as { readonly alias?: string; readonly version?: number };
    return alias === undefined || version === undefined ? [] : [[alias, version] as const];
  });
  return Object.fromEntries(set);
}
