import { deepFreeze } from "../../core/freeze.ts";
import { type JsonValue, jsonText } from "../../core/json.ts";
import type {
  NotesChange,
  RegistryStore,
  VersionContent,
  VersionDraft,
  VersionNotes,
  VersionRecord,
} from "../../registry/port.ts";
import { aliasDraft, linkedDraft, notedDraft, registeredDraft } from "../../registry/rules/audit-drafts.ts";
import { labelTaken, modelNotFound } from "../../registry/rules/failures.ts";
import { assertAcyclic, newEdges, parentOf } from "../../registry/rules/lineage.ts";
import { changedNotes } from "../../registry/rules/notes.ts";
import { contentOf } from "../../registry/rules/version-content.ts";
import type { BlobMarks } from "./blob-marks.ts";
import { type MemoryLog, unchanged } from "./memory-registry-log.ts";
import type { RegistryState } from "./memory-registry-state.ts";

type Verbs = Pick<
  RegistryStore,
  "insertVersion" | "setAlias" | "deleteAlias" | "noteVersion" | "noteModel" | "addLineage" | "findLinksTo"
>;

/** The verbs that register versions and change what may change of them, but their stages. */
export function memoryVersions(state: RegistryState, log: MemoryLog, marks: BlobMarks): Verbs {
  return {
    insertVersion: async (draft, given, call) => {
      const { name, id, stage } = draft;
      const copy = copyOf(draft);
      return log.change(given, call, async ({ at, actor }) => {
        const earlier = state.ids.get(id);
        if (earlier !== undefined) return unchanged(state.get(earlier));
        const { label, lineage, files } = copy;
        const other = label === null ? undefined : state.find({ name, label });
        if (label !== null && other !== undefined) throw labelTaken(other, label);
        state.assertParents(lineage);
        const version: VersionRecord = {
          ...copy,
          name,
          version: (state.models.get(name)?.versions.length ?? 0) + 1,
          id,
          stage,
          aliases: deepFreeze([]),
          createdAt: at,
          createdBy: actor,
          stageChangedAt: at,
        };
        return {
          drafts: [await registeredDraft(version)],
          apply: ([entry]) => {
            marks.add(files.map(({ digest }) => digest));
            const { seq, reason, requestId } = entry!;
            const by = { seq, at, actor, reason, requestId };
            state.put(version);
            state.remember(
              { ...by, kind: "registered", name, version: version.version, from: null, to: stage, exclusive: false },
              null,
            );
            return version;
          },
        };
      });
    },

    setAlias: (name, alias, version, stamp, call) =>
      log.change(stamp, call, () => {
        const record = state.get({ name, version });
        const previous = state.modelOf(record).aliases.get(alias);
        if (previous === version) return unchanged<number | undefined>(previous);
        return {
          drafts: [aliasDraft(name, alias, previous, version)],
          apply: () => {
            state.point(name, alias, version);
            return previous;
          },
        };
      }),

    deleteAlias: (name, alias, stamp, call) =>
      log.change(stamp, call, () => {
        const previous = state.models.get(name)?.aliases.get(alias);
        if (previous === undefined) return unchanged<number | undefined>(undefined);
        return {
          drafts: [aliasDraft(name, alias, previous, undefined)],
          apply: () => {
            state.point(name, alias, undefined);
            return previous;
          },
        };
      }),

    noteVersion: (name, version, notes, stamp, call) => {
      const change = changeOf(notes);
      return log.change(stamp, call, () => {
        const before = state.get({ name, version });
        const { description, tags, legalHold } = before;
        const after = { ...before, ...deepFreeze(changedNotes<VersionNotes>({ description, tags, legalHold }, change)) };
        return { drafts: [notedDraft(name, version, change, before, after)], apply: () => state.put(after) };
      });
    },

    noteModel: (name, { description, tags }, stamp, call) => {
      const change = changeOf({ description, tags });
      return log.change(stamp, call, () => {
        const model = state.models.get(name);
        if (model === undefined) throw modelNotFound(name);
        const after = deepFreeze(changedNotes(model.notes, change));
        return {
          drafts: [notedDraft(name, null, change, model.notes, after)],
          apply: () => {
            model.notes = after;
            return state.summary(name)!;
          },
        };
      });
    },

    addLineage: (name, version, edges, stamp, call) => {
      const given = edges.map(({ kind, ref }) => ({ kind, ref }));
      return log.change(stamp, call, async () => {
        const before = state.get({ name, version });
        const added = newEdges(before.lineage, given);
        if (added.length === 0) return unchanged(before);
        await assertAcyclic(before, added, async (versions) =>
          versions.flatMap((each) => state.find(each)?.lineage.flatMap((edge) => parentOf(edge) ?? []) ?? []),
        );
        state.assertParents(added);
        return {
          drafts: [linkedDraft(name, version, added)],
          apply: () => state.put({ ...before, lineage: deepFreeze([...before.lineage, ...added]) }),
        };
      });
    },

    findLinksTo: (edges, call) => log.step(call, () => state.linksTo(edges)),
  };
}

/** A frozen copy of what a draft says, checked as a store that writes JSON checks it. */
function copyOf(draft: VersionDraft): VersionContent & VersionNotes & Pick<VersionRecord, "lineage"> {
  const { name, description, tags } = draft;
  const lineage = newEdges([], draft.lineage).map(({ kind, ref }) => ({ kind, ref }));
  const fixed = { ...contentOf(draft), description, tags, legalHold: null, lineage };
  return deepFreeze(JSON.parse(jsonText(fixed as unknown as JsonValue, `A version of ${name}`)));
}

function changeOf({ tags, ...change }: NotesChange): NotesChange {
  return { ...change, tags: tags && { ...tags } };
}
