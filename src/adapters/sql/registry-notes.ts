import { type JsonValue, jsonText } from "../../core/json.ts";
import type { NotesChange, RegistryStore, VersionNotes } from "../../registry/port.ts";
import { notedDraft } from "../../registry/rules/audit-drafts.ts";
import { modelNotFound } from "../../registry/rules/failures.ts";
import { changedNotes } from "../../registry/rules/notes.ts";
import { prepared } from "./prepared.ts";
import type { AuditLog } from "./registry-audit.ts";
import type { RegistryFacts } from "./registry-facts.ts";
import type { RegistryModels } from "./registry-models.ts";
import type { RegistryVersions } from "./registry-versions.ts";

/** The verbs that change what is noted of versions and models. */
export function registryNotes(
  log: AuditLog,
  versions: RegistryVersions,
  models: RegistryModels,
  facts: RegistryFacts,
): Pick<RegistryStore, "noteVersion" | "noteModel"> {
  const setNotes = prepared((db, p) =>
    db
      .updateTable("modelwright_versions")
      .set({ notes: p("notes") })
      .where("name", "=", p("name"))
      .where("version", "=", p("version")),
  );
  const setModelNotes = prepared((db, p) =>
    db
      .updateTable("modelwright_models")
      .set({ notes: p("notes") })
      .where("name", "=", p("name")),
  );
  return {
    noteVersion: (name, version, given, stamp, call) => {
      const change = copyOf(given);
      return log.change("note something of a version", stamp, call, async ({ db, append }) => {
        const before = await versions.get(db, { name, version });
        const { description, tags, legalHold } = before;
        const notes = changedNotes<VersionNotes>({ description, tags, legalHold }, change);
        const after = Object.freeze({ ...before, ...notes });
        await setNotes(db, { name, version, notes: jsonText(notes as unknown as JsonValue, `A note of ${name}`) });
        await facts.renote(db, after);
        await append([notedDraft(name, version, change, before, after)]);
        return after;
      });
    },
    noteModel: (name, { description, tags }, stamp, call) => {
      const change = copyOf({ description, tags });
      return log.change("note something of a model", stamp, call, async ({ db, append }) => {
        const before = await models.find(db, name);
        if (before === undefined) throw modelNotFound(name);
        const notes = changedNotes({ description: before.description, tags: before.tags }, change);
        const after = Object.freeze({ ...before, ...notes });
        await setModelNotes(db, { name, notes: jsonText(notes as unknown as JsonValue, `A note of ${name}`) });
        await facts.setModel(db, name, notes);
        await append([notedDraft(name, null, change, before, after)]);
        return after;
      });
    },
  };
}

function copyOf({ tags, ...change }: NotesChange): NotesChange {
  return { ...change, tags: tags && { ...tags } };
}
