import type { Kysely } from "kysely";
import type { VersionContent, VersionRecord } from "../../registry/port.ts";
import { preparedList } from "./prepared-lists.ts";
import { readContent, readLineage, readNotes } from "./registry-json.ts";
import type { VersionRow } from "./registry-tables.ts";
import type { Tables } from "./tables.ts";

/** Most characters of stored text that are kept read, and most of one version. */
const MAX_KEPT = 4_194_304;
const MAX_KEPT_OF_ONE = MAX_KEPT / 16;

/** The columns of a version that are read each time: all but its content, which cannot change. */
export const HEAD_COLUMNS = [
  "v.name",
  "v.version",
  "v.id",
  "v.stage",
  "v.stage_changed_at",
  "v.created_at",
  "v.created_by",
  "v.notes",
  "v.lineage",
] as const;

/** A version without its content. */
export type HeadRow = Omit<VersionRow, "content" | "label">;

/** A version without its content, with its aliases. */
export interface VersionHead {
  readonly row: HeadRow;
  /** In the order of their code units. */
  readonly aliases: readonly string[];
}

/** A version as it was read last. */
interface Kept {
  readonly name: string;
  readonly version: number;
  /** Characters of its content. */
  readonly length: number;
  readonly content: VersionContent;
  head: VersionHead;
  record: VersionRecord;
}

/** Joins rows that differ in the alias only, and stand together. */
export function joinedHeads(rows: readonly (HeadRow & { readonly alias: string | null })[]): readonly VersionHead[] {
  const heads: (VersionHead & { readonly aliases: string[] })[] = [];
  for (const row of rows) {
    if (heads.at(-1)?.row.id !== row.id) heads.push({ row, aliases: [] });
    if (row.alias !== null) heads.at(-1)!.aliases.push(row.alias);
  }
  for (const { aliases } of heads) if (aliases.length > 1) aliases.sort();
  return heads;
}

/**
 * Makes records of rows; they are frozen. Content is read once and kept until that of others fills the room. What else a row says is
 * compared with what it said before: a version that has not changed costs neither reading JSON nor checking it. A number is never
 * given again, so that a version and its id stand for their content.
 */
export class VersionRecords {
  readonly #kept = new Map<string, Kept>();
  readonly #contents = preparedList((db, ids) =>
    db.selectFrom("modelwright_versions as v").select(["v.id", "v.content"]).where("v.id", "in", ids),
  );
  #size = 0;

  /** A record for each version, in the order given; without those that were deleted since their rows were read. */
  async of(db: Kysely<Tables>, heads: readonly VersionHead[]): Promise<readonly VersionRecord[]> {
    const kept = heads.map(({ row }) => this.#touched(row));
    const missing = heads.filter((_, i) => kept[i] === undefined);
    const contents = new Map<string, string>();
    if (missing.length > 0) {
      const ids = missing.map(({ row }) => row.id);
      for (const { id, content } of await this.#contents(db, ids)) contents.set(id, content);
    }
    const records: VersionRecord[] = [];
    for (const [i, head] of heads.entries()) {
      const content = contents.get(head.row.id);
      const version = kept[i];
      if (version !== undefined) records.push(this.#recordOf(version, head));
      else if (content !== undefined) records.push(this.#keep(head, content).record);
    }
    return records;
  }

  /** What is kept of a version, which is then the one used last. */
  #touched({ id, name, version }: HeadRow): Kept | undefined {
    const kept = this.#kept.get(id);
    if (kept?.name !== name || kept.version !== Number(version)) return undefined;
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    return kept;
  }

  /** The record, made anew when the row says something else than the last time. */
  #recordOf(kept: Kept, head: VersionHead): VersionRecord {
    if (!sameHead(kept.head, head)) {
      const before = sizeOf(kept);
      kept.record = assembled(kept.content, head);
      kept.head = head;
      if (this.#kept.get(head.row.id) === kept) this.#makeRoom(sizeOf(kept) - before);
    }
    return kept.record;
  }

  #keep(head: VersionHead, text: string): Kept {
    const { name, version, id } = head.row;
    const content = readContent(text);
    const kept: Kept = {
      name,
      version: Number(version),
      length: text.length,
      content,
      head,
      record: assembled(content, head),
    };
    const replaced = this.#kept.get(id);
    this.#kept.delete(id);
    if (sizeOf(kept) <= MAX_KEPT_OF_ONE) this.#kept.set(id, kept);
    this.#makeRoom((this.#kept.has(id) ? sizeOf(kept) : 0) - (replaced === undefined ? 0 : sizeOf(replaced)));
    return kept;
  }

  /** Lets go of what was not used for the longest time. */
  #makeRoom(added: number): void {
    this.#size += added;
    for (const [id, kept] of this.#kept) {
      if (this.#size <= MAX_KEPT) return;
      this.#kept.delete(id);
      this.#size -= sizeOf(kept);
    }
  }
}

function sizeOf({ length, head: { row } }: Kept): number {
  return length + row.notes.length + row.lineage.length;
}

function sameHead(a: VersionHead, b: VersionHead): boolean {
  return (
    a.row.stage === b.row.stage &&
    a.row.stage_changed_at === b.row.stage_changed_at &&
    a.row.notes === b.row.notes &&
    a.row.lineage === b.row.lineage &&
    a.aliases.length === b.aliases.length &&
    a.aliases.every((alias, i) => alias === b.aliases[i])
  );
}

function assembled(content: VersionContent, { row, aliases }: VersionHead): VersionRecord {
  return Object.freeze({
    ...content,
    ...readNotes(row.notes),
    name: row.name,
    version: Number(row.version),
    id: row.id,
    stage: row.stage,
    aliases: Object.freeze(aliases),
    lineage: readLineage(row.lineage),
    createdAt: Number(row.created_at),
    createdBy: row.created_by,
    stageChangedAt: Number(row.stage_changed_at),
  });
}
