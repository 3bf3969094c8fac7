import { describe, expect, it } from "vitest";
import { memoryRegistry } from "../../src/adapters/memory/memory-registry.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import type { RegistryStore } from "../../src/registry/port.ts";
import { registryStoreConformance } from "../../src/testing/conformance/registry-store.ts";
import type { TestKit } from "../../src/testing/suite.ts";

/** The tests of the suite by name, over stores that `open` gives. */
function testsOf(open: () => RegistryStore): ReadonlyMap<string, () => Promise<void>> {
  const tests = new Map<string, () => Promise<void>>();
  const it = Object.assign((name: string, body: () => Promise<void>) => void tests.set(name, body), { skip: () => {} });
  const kit: TestKit = { describe: (_, body) => body(), it };
  registryStoreConformance(kit, open);
  return tests;
}

const lowered = (text: string) => text.toLowerCase();

const faults: Readonly<Record<string, readonly [fault: (inner: RegistryStore) => Partial<RegistryStore>, test: string]>> = {
  "takes a second insert for a second version": [
    (inner) => {
      let made = 0;
      return { insertVersion: (draft, stamp, call) => inner.insertVersion({ ...draft, id: `${made++}` }, stamp, call) };
    },
    "answers a second insert of one id with the first record, as it is now",
  ],
  "does not mind the case of names": [
    (inner) => ({ findModel: (name, call) => inner.findModel(lowered(name), call) }),
    "tells names apart that differ only by case",
  ],
  "does not mind the case of labels": [
    (inner) => ({
      findVersion: (ref, call) => inner.findVersion("label" in ref ? { ...ref, label: lowered(ref.label) } : ref, call),
    }),
    "finds a version by its label",
  ],
  "takes a label twice": [
    (inner) => ({
      insertVersion: (draft, stamp, call) =>
        inner.insertVersion(draft, stamp, call).catch((error) => {
          if (!ModelwrightError.is(error, "REGISTRY_LABEL_TAKEN")) throw error;
          return inner.insertVersion({ ...draft, label: null }, stamp, call);
        }),
    }),
    "refuses a label that another version of the model has, and uses up no number",
  ],
  "finds versions without their aliases": [
    (inner) => ({
      searchVersions: async (query, call) => {
        const { items, next } = await inner.searchVersions(query, call);
        return { items: items.map((version) => ({ ...version, aliases: [] })), next };
      },
    }),
    "answers found versions as they are read one by one, aliases included",
  ],
  "begins anew on every page": [
    (inner) => ({
      searchVersions: async ({ after: _, ...query }, call) => ({ ...(await inner.searchVersions(query, call)), next: undefined }),
    }),
    "pages through a filter and an order without loss or repetition",
  ],
  "moves a version wherever it is": [
    (inner) => ({
      moveStage: async (move, stamp, call) => {
        const from = (await inner.findVersion(move))?.stage ?? move.from;
        return inner.moveStage({ ...move, from }, stamp, call);
      },
    }),
    "changes nothing when the version is not in the stage that the move expects",
  ],
  "displaces after it has moved": [
    (inner) => ({
      moveStage: async ({ displaceTo, ...move }, stamp, call) => {
        const others = await inner.searchVersions({ limit: 100 }, call);
        const moved = await inner.moveStage(move, stamp, call);
        if (displaceTo === undefined) return moved;
        for (const { name, version, stage } of others.items) {
          if (name !== move.name || stage !== move.to || version === move.version) continue;
          moved.concat(await inner.moveStage({ name, version, from: stage, to: displaceTo }, stamp, call));
        }
        return moved;
      },
    }),
    "shows a move and what it displaces at once",
  ],
  "asks for no approval": [
    (inner) => ({ moveStage: ({ approval: _, ...move }, stamp, call) => inner.moveStage(move, stamp, call) }),
    "refuses an approval that is not there, not given, or for another move",
  ],
  "promotes where it was to return": [
    (inner) => ({
      rollBack: async ({ name, stage: to, displaceTo, version: given }, stamp, call) => {
        const version = given ?? (await inner.findRollbackTarget(name, to, call))?.version;
        if (version === undefined) return inner.rollBack({ name, stage: to, displaceTo }, stamp, call);
        const from = (await inner.findVersion({ name, version }, call))?.stage ?? "";
        return inner.moveStage({ name, version, from, to, displaceTo }, stamp, call);
      },
    }),
    "goes further back each time",
  ],
  "forgets what deleted versions went through": [
    (inner) => ({
      listStageEvents: async (query, call) => {
        const events = await inner.listStageEvents(query, call);
        const found = await Promise.all(events.map((event) => inner.findVersion(event)));
        return events.filter((_, i) => found[i] !== undefined);
      },
    }),
    "remembers deleted versions, and those of their numbers' models",
  ],
  "leaves out events of the time that is asked for": [
    (inner) => ({
      listStageEvents: ({ until, ...query }, call) =>
        inner.listStageEvents({ ...query, until: until === undefined ? undefined : until - 1 }, call),
    }),
    "lists stage events by version, stage and time, in both directions, in pages",
  ],
  "logs an alias that stays where it is": [
    (inner) => ({
      setAlias: async (name, alias, version, stamp, call) => {
        const previous = await inner.deleteAlias(name, alias, stamp, call);
        await inner.setAlias(name, alias, version, stamp, call);
        return previous;
      },
    }),
    "changes and logs nothing when an alias points there already",
  ],
  "replaces all tags": [
    (inner) => ({
      noteVersion: async (name, version, { tags, ...notes }, stamp, call) => {
        const before = (await inner.findVersion({ name, version }, call))?.tags ?? {};
        const gone = Object.fromEntries(Object.keys(before).map((key) => [key, null]));
        return inner.noteVersion(name, version, { ...notes, tags: { ...gone, ...tags } }, stamp, call);
      },
    }),
    "changes the notes that are given, and only those",
  ],
  "orders links by text": [
    (inner) => ({
      findLinksTo: async (edges, call) => {
        const links = await inner.findLinksTo(edges, call);
        return [...links].sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
      },
    }),
    "orders the edges of version 10 behind those of version 9",
  ],
  "deletes what an alias points to": [
    (inner) => ({
      deleteVersion: async (name, version, from, stamp, call) => {
        const aliases = (await inner.findVersion({ name, version }, call))?.aliases ?? [];
        for (const alias of aliases) await inner.deleteAlias(name, alias, stamp, call);
        return inner.deleteVersion(name, version, from, stamp, call);
      },
    }),
    "protects a version that an alias points to",
  ],
  "knows no protection but aliases": [
    (inner) => ({
      findProtections: async (versions, call) =>
        (await inner.findProtections(versions, call)).map((each) => each.filter(({ kind }) => kind === "alias")),
    }),
    "says everything that protects a version, for many versions in their order",
  ],
  "lets people decide their own requests": [
    (inner) => ({
      decideApproval: (id, decision, stamp, call) =>
        inner.decideApproval(id, decision, { ...stamp, actor: `${stamp.actor} again` }, call),
    }),
    "lets nobody decide a request of their own, or one twice",
  ],
  "lists the oldest requests first": [
    (inner) => ({ listApprovals: async (query, call) => (await inner.listApprovals(query, call)).toReversed() }),
    "lists requests newest first, by what is asked for, in pages",
  ],
  "forgets why": [
    (inner) => ({ insertVersion: (draft, stamp, call) => inner.insertVersion(draft, { ...stamp, reason: null }, call) }),
    "logs who, when, why and for which request",
  ],
  "lets entries be changed": [
    (inner) => ({
      listAudit: async (query, call) =>
        (await inner.listAudit(query, call)).map((entry) => (entry.seq === 2 ? { ...entry, reason: "other" } : entry)),
    }),
    "logs moves, displacements and rollbacks with both stages",
  ],
  "logs what has failed": [
    (inner) => ({
      addLineage: (name, version, edges, stamp, call) =>
        inner.addLineage(name, version, edges, stamp, call).catch(async (error) => {
          await inner.noteVersion(name, version, {}, stamp).catch(() => {});
          throw error;
        }),
    }),
    "refuses a version that is its own ancestor, at any distance",
  ],
  "keeps a part of what it refuses": [
    (inner) => ({
      addLineage: (name, version, edges, stamp, call) =>
        inner.addLineage(name, version, edges, stamp, call).catch(async (error) => {
          await inner.addLineage(name, version, edges.slice(0, 1), stamp).catch(() => {});
          throw error;
        }),
    }),
    "refuses a parent that is not there, and adds nothing",
  ],
  "answers the entries of every model": [
    (inner) => ({ listAudit: ({ after, limit }, call) => inner.listAudit({ after, limit }, call) }),
    "lists entries behind a number, of a model, in pages",
  ],
  "moves cursors back": [
    () => {
      const cursors = new Map<string, number>();
      return {
        findCursor: async (consumer) => cursors.get(consumer) ?? 0,
        moveCursor: async (consumer, seq) => void cursors.set(consumer, seq),
      };
    },
    "moves cursors forward only, each by itself",
  ],
  "does not look at the signal": [
    (inner) => ({ noteModel: (name, notes, stamp) => inner.noteModel(name, notes, stamp) }),
    "rejects with the signal's reason and changes nothing when aborted before",
  ],
  "answers after it was closed": [
    () => ({ findCursor: async () => 0 }),
    "answers CLOSED after it was disposed, and may be disposed twice",
  ],
};

describe("the conformance suite of RegistryStore", () => {
  it.each(Object.entries(faults))("finds a store that %s", async (_, [fault, name]) => {
    const broken = () => {
      const inner = memoryRegistry();
      return { ...inner, ...fault(inner) };
    };
    const test = testsOf(broken).get(name);
    expect(test).toBeDefined();
    await expect(test?.()).rejects.toThrow();
  });

  it("finds no fault in memoryRegistry without the expect of a runner", async () => {
    const failed: string[] = [];
    for (const [name, test] of testsOf(memoryRegistry)) await test().catch(() => failed.push(name));
    expect(failed).toEqual([]);
  });
});
