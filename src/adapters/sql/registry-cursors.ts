import type { RegistryStore } from "../../registry/port.ts";
import type { SqlSession } from "./database.ts";
import { prepared } from "./prepared.ts";
import type { AuditLog } from "./registry-audit.ts";

/** The verbs that say how far consumers of the audit log have come. */
export function registryCursors(session: SqlSession, log: AuditLog): Pick<RegistryStore, "findCursor" | "moveCursor"> {
  const find = prepared((db, p) => db.selectFrom("modelwright_cursors").select("seq").where("consumer", "=", p("consumer")));
  const insert = prepared((db, p) => db.insertInto("modelwright_cursors").values({ consumer: p("consumer"), seq: p("seq") }));
  const update = prepared((db, p) =>
    db
      .updateTable("modelwright_cursors")
      .set({ seq: p("seq") })
      .where("consumer", "=", p("consumer")),
  );
  return {
    findCursor: (consumer, call) =>
      session.read("find a cursor", call, async (db) => Number((await find(db, { consumer }))[0]?.seq ?? 0)),
    // With the head taken, because two consumers of one name may begin at once; nothing is logged.
    moveCursor: (consumer, seq, call) =>
      session.write("move a cursor", call, async (db) => {
        await log.takeHead(db);
        const [row] = await find(db, { consumer });
        if (row === undefined) await insert(db, { consumer, seq });
        else if (Number(row.seq) < seq) await update(db, { consumer, seq });
      }),
  };
}
