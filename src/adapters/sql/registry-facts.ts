import type { Kysely } from "kysely";
import type { ModelSummary, VersionRecord } from "../../registry/port.ts";
import type { VersionKey } from "../../registry/rules/lineage.ts";
import { modelFacts, type SearchFact, versionFacts } from "../../registry/rules/search-fields.ts";
import { prepared } from "./prepared.ts";
import { preparedInsert } from "./prepared-lists.ts";
import type { Tables } from "./tables.ts";

/** What versions and models can be found by beside the columns of their rows. */
export type RegistryFacts = ReturnType<typeof registryFacts>;

/** Attributes that are notes. */
const NOTED = ["description", "legal_hold"];

/** Writes the facts of versions; those of a model are under version 0. */
export function registryFacts() {
  const insert = preparedInsert("modelwright_version_facts", ["name", "version", "kind", "key", "text", "number"]);
  const removeAll = prepared((db, p) => ofVersion(db, p));
  const removeNotes = prepared((db, p) =>
    ofVersion(db, p).where(({ eb, or, and }) =>
      or([eb("kind", "=", "tag"), and([eb("kind", "=", "attribute"), eb("key", "in", NOTED)])]),
    ),
  );
  const write = (db: Kysely<Tables>, { name, version }: VersionKey, facts: readonly SearchFact[]) =>
    insert(
      db,
      facts.map((fact) => ({ name, version, ...fact })),
    );
  return {
    /** Of a version that is new. */
    add: (db: Kysely<Tables>, version: VersionRecord) => write(db, version, versionFacts(version)),
    /** Of a version whose notes have changed. */
    renote: async (db: Kysely<Tables>, { name, version, ...record }: VersionRecord): Promise<void> => {
      await removeNotes(db, { name, version });
      const facts = versionFacts({ name, version, ...record });
      await write(
        db,
        { name, version },
        facts.filter(({ kind, key }) => kind === "tag" || (kind === "attribute" && NOTED.includes(key))),
      );
    },
    /** Of a model that is new or whose notes have changed. */
    setModel: async (db: Kysely<Tables>, name: string, notes: Pick<ModelSummary, "description" | "tags">): Promise<void> => {
      await removeAll(db, { name, version: 0 });
      await write(db, { name, version: 0 }, modelFacts(notes));
    },
    /** Of a version that is gone. */
    remove: async (db: Kysely<Tables>, { name, version }: VersionKey): Promise<void> => {
      await removeAll(db, { name, version });
    },
  };
}

function ofVersion(db: Kysely<Tables>, p: (name: string) => never) {
  return db.deleteFrom("modelwright_version_facts").where("name", "=", p("name")).where("version", "=", p("version"));
}
