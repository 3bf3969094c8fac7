import type { Kysely } from "kysely";
import type { LineageEdge, LineageLink, RegistryStore } from "../../registry/port.ts";
import { linkedDraft } from "../../registry/rules/audit-drafts.ts";
import { versionNotFound } from "../../registry/rules/failures.ts";
import { assertAcyclic, newEdges, parentOf, type VersionKey } from "../../registry/rules/lineage.ts";
import type { SqlSession } from "./database.ts";
import { prepared } from "./prepared.ts";
import { preparedInsert } from "./prepared-lists.ts";
import type { AuditLog } from "./registry-audit.ts";
import type { RegistryVersions } from "./registry-versions.ts";
import type { Tables } from "./tables.ts";

/** Edges or versions that one statement asks for. */
const MAX_ASKED = 100;

/** Where versions come from. */
export type RegistryLineage = ReturnType<typeof registryLineage>;

/** Edges of versions, and the table that finds them from their other end. */
export function registryLineage(session: SqlSession, log: AuditLog, versions: RegistryVersions) {
  const insert = preparedInsert("modelwright_lineage", ["name", "version", "position", "kind", "ref"]);
  const setLineage = prepared((db, p) =>
    db
      .updateTable("modelwright_versions")
      .set({ lineage: p("lineage") })
      .where("name", "=", p("name"))
      .where("version", "=", p("version")),
  );
  const removeAll = prepared((db, p) =>
    db.deleteFrom("modelwright_lineage").where("name", "=", p("name")).where("version", "=", p("version")),
  );

  /** @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND` for a parent of this registry that is not there */
  const assertParents = async (db: Kysely<Tables>, edges: readonly LineageEdge[]): Promise<void> => {
    const parents = new Map<string, number[]>();
    for (const parent of edges.map(parentOf)) {
      if (parent !== undefined) parents.set(parent.name, [...(parents.get(parent.name) ?? []), parent.version]);
    }
    for (const [name, numbers] of parents) {
      const existing = await versions.existing(db, name, numbers);
      const lost = numbers.find((number) => !existing.has(number));
      if (lost !== undefined) throw versionNotFound({ name, version: lost });
    }
  };
  const add = (db: Kysely<Tables>, { name, version }: VersionKey, position: number, edges: readonly LineageEdge[]) =>
    insert(
      db,
      edges.map(({ kind, ref }, i) => ({ name, version, position: position + i, kind, ref })),
    );

  return {
    assertParents,
    /** Writes edges of a version, the first of them at a position. */
    add,
    /** Edges that point to any of these, in the order of name, version and position. */
    linksTo,
    /** Removes the edges of a version. */
    remove: async (db: Kysely<Tables>, { name, version }: VersionKey): Promise<void> => {
      await removeAll(db, { name, version });
    },
    verbs: {
      addLineage: (name, version, edges, stamp, call) => {
        const given = edges.map(({ kind, ref }) => Object.freeze({ kind, ref }));
        return log.change("add lineage", stamp, call, async ({ db, append }) => {
          const before = await versions.get(db, { name, version });
          const added = newEdges(before.lineage, given);
          if (added.length === 0) return before;
          await assertAcyclic(before, added, (generation) => parentsOf(db, generation));
          await assertParents(db, added);
          const lineage = Object.freeze([...before.lineage, ...added]);
          await setLineage(db, { name, version, lineage: JSON.stringify(lineage) });
          await add(db, before, before.lineage.length, added);
          await append([linkedDraft(name, version, added)]);
          return Object.freeze({ ...before, lineage });
        });
      },
      findLinksTo: (edges, call) => session.read("find lineage", call, (db) => linksTo(db, edges)),
    } satisfies Pick<RegistryStore, "addLineage" | "findLinksTo">,
  };
}

async function linksTo(db: Kysely<Tables>, edges: readonly LineageEdge[]): Promise<readonly LineageLink[]> {
  const wanted = newEdges([], edges);
  const found: (LineageLink & { readonly position: number })[] = [];
  for (let at = 0; at < wanted.length; at += MAX_ASKED) {
    const rows = await db
      .selectFrom("modelwright_lineage")
      .selectAll()
      .where(({ eb, or, and }) =>
        or(wanted.slice(at, at + MAX_ASKED).map(({ kind, ref }) => and([eb("kind", "=", kind), eb("ref", "=", ref)]))),
      )
      .execute();
    for (const { name, version, position, kind, ref } of rows) {
      found.push({
        name,
        version: Number(version),
        kind: kind as LineageLink["kind"],
        ref,
        position: Number(position),
      });
    }
  }
  found.sort((a, b) => byText(a.name, b.name) || a.version - b.version || a.position - b.position);
  return found.map(({ position: _, ...link }) => link);
}

async function parentsOf(db: Kysely<Tables>, versions: readonly VersionKey[]): Promise<readonly VersionKey[]> {
  const parents: VersionKey[] = [];
  for (let at = 0; at < versions.length; at += MAX_ASKED) {
    const rows = await db
      .selectFrom("modelwright_lineage")
      .select("ref")
      .distinct()
      .where("kind", "=", "parent")
      .where(({ eb, or, and }) =>
        or(
          versions
            .slice(at, at + MAX_ASKED)
            .map(({ name, version }) => and([eb("name", "=", name), eb("version", "=", version)])),
        ),
      )
      .execute();
    for (const { ref } of rows) {
      const parent = parentOf({ kind: "parent", ref });
      if (parent !== undefined) parents.push(parent);
    }
  }
  return parents;
}

/** Names are ASCII: their order by code units is that of every binary collation. */
function byText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
