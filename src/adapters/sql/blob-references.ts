import type { Kysely } from "kysely";
import type { Digest } from "../../core/digest.ts";
import { blobsFenced } from "../../storage/blobs-fenced.ts";
import type { BlobReferences } from "../../storage/port.ts";
import type { SqlSession } from "./database.ts";
import { locked } from "./portable.ts";
import { prepared } from "./prepared.ts";
import { preparedInsert, preparedList } from "./prepared-lists.ts";
import type { Tables } from "./tables.ts";

/** The references of a database's records to blobs, which its stores share: each store adds its own under owners of its own. */
export type BlobRefs = ReturnType<typeof blobRefs>;

/**
 * Why this is safe with row locks, where transactions see only what others have committed:
 *
 * A blob can be fenced only by way of its mark, and both who fences and who adds a reference first locks the marks of the blobs, in the
 * order of their digests, so that two that want the same ones wait instead of locking each other out. If the fence comes first, the
 * other finds it and is refused. If the reference comes first, it removes the mark, and the fence does not find it any more. Where
 * there is no mark, nobody can fence before somebody has marked and a grace period has passed, which is longer than a transaction
 * may take; so a reference that was added unseen by the marking is seen by the fencing, which looks for references again, after it has
 * locked the marks. That also heals a mark that was made while the reference was not yet committed.
 *
 * `claimBlobs` opens no transaction where a read finds no mark. One that did would find none either and lock nothing: what it says is
 * that at a moment after the call began nobody had fenced the blobs and that the grace period of any fence to come has not begun, and
 * the read, which sees what was committed before it, says the same.
 *
 * Marks are inserted by `markUnreferenced` alone, which takes the head of the audit log as changes of the registry do, so that no two
 * insert the same one. Nothing that locks marks waits for the head afterwards, and rows are locked in one order: head, then marks.
 */
export function blobRefs() {
  const referenced = preparedList((db, digests) =>
    db.selectFrom("modelwright_blob_refs").select("digest").distinct().where("digest", "in", digests),
  );
  const ownRefs = preparedList((db, digests, p) =>
    db.selectFrom("modelwright_blob_refs").select("digest").where("owner", "=", p("owner")).where("digest", "in", digests),
  );
  const anyMarked = preparedList((db, digests) =>
    db.selectFrom("modelwright_blob_marks").select("digest").where("digest", "in", digests),
  );
  const lockedMarks = preparedList((db, digests) => locked(marksOf(db, digests)));
  const insertRefs = preparedInsert("modelwright_blob_refs", ["digest", "owner"]);
  const removeOwner = prepared((db, p) => db.deleteFrom("modelwright_blob_refs").where("owner", "=", p("owner")));
  const insertMarks = preparedInsert("modelwright_blob_marks", ["digest", "since"]);
  const removeMarks = preparedList((db, digests) => db.deleteFrom("modelwright_blob_marks").where("digest", "in", digests));
  const fence = preparedList((db, digests, p) =>
    db
      .updateTable("modelwright_blob_marks")
      .set({ collector: p("collector"), fenced_at: p("at") })
      .where("digest", "in", digests),
  );
  const head = prepared((db) => locked(db.selectFrom("modelwright_audit_head").select("seq").where("id", "=", 1)));

  /** Marks that there are, locked until the transaction ends. */
  const lock = async (db: Kysely<Tables>, digests: readonly Digest[]) => {
    const marks = await lockedMarks(db, [...digests].sort());
    return new Map(marks.map((mark) => [mark.digest as Digest, mark]));
  };
  const unreferenced = async (db: Kysely<Tables>, digests: readonly Digest[]) => {
    const known = new Set((await referenced(db, digests)).map(({ digest }) => digest));
    return digests.filter((digest) => !known.has(digest));
  };
  /** Clears the marks of those that nobody has fenced; answers the others. */
  const claim = async (db: Kysely<Tables>, digests: readonly Digest[]) => {
    const marks = await lock(db, digests);
    if (marks.size === 0) return [];
    const isFenced = (digest: Digest) => typeof marks.get(digest)?.collector === "string";
    await removeMarks(
      db,
      digests.filter((digest) => marks.has(digest) && !isFenced(digest)),
    );
    return digests.filter(isFenced);
  };

  return {
    /**
     * Notes that a record refers to blobs, within the transaction that writes the record, and clears their marks. Call it once in a
     * transaction: it locks marks in the order of their digests. What the owner refers to already is passed over.
     *
     * @param store - the store's name, for the message
     * @throws a `ModelwrightError` with code `STORE_BLOB_FENCED`, retryable, when one is being collected
     */
    add: async (db: Kysely<Tables>, store: string, owner: string, digests: readonly Digest[]): Promise<void> => {
      const unique = [...new Set(digests)];
      const fenced = await claim(db, unique);
      if (fenced.length > 0) throw blobsFenced(store, fenced);
      const own = new Set((await ownRefs(db, unique, { owner })).map(({ digest }) => digest));
      await insertRefs(
        db,
        unique.filter((digest) => !own.has(digest)).map((digest) => ({ digest, owner })),
      );
    },
    /** Notes that a record refers to nothing any more. */
    remove: async (db: Kysely<Tables>, owner: string): Promise<void> => {
      await removeOwner(db, { owner });
    },
    /** The verbs of the port, for a store whose records refer to blobs. */
    verbs: (session: SqlSession): BlobReferences => ({
      markUnreferenced: (digests, at, call) =>
        session.write("mark blobs", call, async (db) => {
          await head(db, {});
          const free = await unreferenced(db, [...new Set(digests)]);
          const marks = await lock(db, free);
          await insertMarks(
            db,
            free.filter((digest) => !marks.has(digest)).map((digest) => ({ digest, since: at })),
          );
          return free.map((digest) => ({ digest, since: Number(marks.get(digest)?.since ?? at) }));
        }),
      fenceBlobs: (digests, { collector, at, markedBefore, takeOverBefore }, call) =>
        session.write("fence blobs", call, async (db) => {
          const unique = [...new Set(digests)];
          const marks = await lock(db, unique);
          const free = (await unreferenced(db, unique)).filter((digest) => {
            const mark = marks.get(digest);
            if (mark === undefined || Number(mark.since) > markedBefore) return false;
            return mark.collector === null || mark.collector === collector || Number(mark.fenced_at) < takeOverBefore;
          });
          await fence(db, free, { collector, at });
          return free;
        }),
      releaseBlobs: (digests, call) =>
        session.write("release blobs", call, async (db) => {
          const unique = [...new Set(digests)];
          await lock(db, unique);
          await removeMarks(db, unique);
        }),
      claimBlobs: async (digests, call) => {
        const unique = [...new Set(digests)];
        const marked = await session.read("claim blobs", call, (db) => anyMarked(db, unique));
        return marked.length === 0 ? [] : session.write("claim blobs", call, (db) => claim(db, unique));
      },
    }),
  };
}

function marksOf(db: Kysely<Tables>, digests: readonly never[]) {
  return db
    .selectFrom("modelwright_blob_marks")
    .select(["digest", "since", "collector", "fenced_at"])
    .where("digest", "in", digests)
    .orderBy("digest");
}
