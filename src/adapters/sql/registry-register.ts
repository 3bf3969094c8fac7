import { type JsonValue, jsonText } from "../../core/json.ts";
import type { RegistryStore, VersionDraft, VersionNotes } from "../../registry/port.ts";
import { registeredDraft } from "../../registry/rules/audit-drafts.ts";
import { labelTaken } from "../../registry/rules/failures.ts";
import { newEdges } from "../../registry/rules/lineage.ts";
import { contentOf } from "../../registry/rules/version-content.ts";
import type { BlobRefs } from "./blob-references.ts";
import { prepared } from "./prepared.ts";
import type { AuditLog } from "./registry-audit.ts";
import type { RegistryEvents } from "./registry-events.ts";
import type { RegistryFacts } from "./registry-facts.ts";
import { readContent, readLineage, readNotes } from "./registry-json.ts";
import type { RegistryLineage } from "./registry-lineage.ts";
import type { RegistryModels } from "./registry-models.ts";
import type { VersionRow } from "./registry-tables.ts";
import type { RegistryVersions } from "./registry-versions.ts";

/** What a registration writes to. */
interface Parts {
  readonly log: AuditLog;
  readonly versions: RegistryVersions;
  readonly models: RegistryModels;
  readonly events: RegistryEvents;
  readonly facts: RegistryFacts;
  readonly lineage: RegistryLineage;
  readonly refs: BlobRefs;
}

/** Who refers to the blobs of a version. */
export function ownerOf(id: string): string {
  return `version/${id}`;
}

/** The verb that registers a version. */
export function registryRegister(store: string, parts: Parts): Pick<RegistryStore, "insertVersion"> {
  const { log, versions, models, events, facts, lineage: edges, refs } = parts;
  const labelled = prepared((db, p) =>
    db.selectFrom("modelwright_versions").select("version").where("name", "=", p("name")).where("label", "=", p("label")),
  );
  const insert = prepared((db, p) =>
    db.insertInto("modelwright_versions").values({
      name: p("name"),
      version: p("version"),
      id: p("id"),
      label: p("label"),
      stage: p("stage"),
      stage_changed_at: p("at"),
      created_at: p("at"),
      created_by: p("actor"),
      content: p("content"),
      notes: p("notes"),
      lineage: p("lineage"),
    }),
  );
  return {
    insertVersion: async (draft, given, call) => {
      // Read before anything is waited for: the caller may change the draft afterwards.
      const { name, id, stage, label } = draft;
      const text = textsOf(draft);
      return log.change("register a version", given, call, async ({ db, stamp, append }) => {
        const earlier = await versions.findById(db, id);
        if (earlier !== undefined) return earlier;
        if (label !== null) {
          const [other] = await labelled(db, { name, label });
          if (other !== undefined) throw labelTaken({ name, version: Number(other.version) }, label);
        }
        const lineage = readLineage(text.lineage);
        await edges.assertParents(db, lineage);
        const version = await models.nextVersion(db, name, stamp.at);
        const { at, actor } = stamp;
        await insert(db, { name, version, id, label, stage, at, actor, ...text });
        const record = Object.freeze({
          ...readContent(text.content),
          ...readNotes(text.notes),
          name,
          version,
          id,
          stage,
          aliases: Object.freeze([]),
          lineage,
          createdAt: at,
          createdBy: actor,
          stageChangedAt: at,
        });
        await facts.add(db, record);
        await edges.add(db, record, 0, lineage);
        await refs.add(
          db,
          store,
          ownerOf(id),
          record.files.map(({ digest }) => digest),
        );
        const entries = await append([await registeredDraft(record)]);
        await events.add(db, entries, [{ kind: "registered", from: null, to: stage, exclusive: false, previous: null }]);
        return record;
      });
    },
  };
}

/** What is stored as JSON, as text. */
function textsOf(draft: VersionDraft): Pick<VersionRow, "content" | "notes" | "lineage"> {
  const { name, description, tags } = draft;
  const notes: VersionNotes = { description, tags, legalHold: null };
  const lineage = newEdges([], draft.lineage).map(({ kind, ref }) => ({ kind, ref }));
  const subject = `A version of ${name}`;
  return {
    content: jsonText(contentOf(draft) as unknown as JsonValue, subject),
    notes: jsonText(notes as unknown as JsonValue, subject),
    lineage: jsonText(lineage, subject),
  };
}
