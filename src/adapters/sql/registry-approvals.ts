import type { Kysely } from "kysely";
import type { CallOptions } from "../../core/call.ts";
import type { Approval, ApprovalQuery } from "../../registry/approval-port.ts";
import type { Stamp } from "../../registry/audit-port.ts";
import type { RegistryStore, StageMove } from "../../registry/port.ts";
import { approvalNotFound, decide, use, withdraw } from "../../registry/rules/approvals.ts";
import { approvalDraft } from "../../registry/rules/audit-drafts.ts";
import { stageConflict } from "../../registry/rules/failures.ts";
import type { SqlSession } from "./database.ts";
import { prepared } from "./prepared.ts";
import type { AuditLog } from "./registry-audit.ts";
import { type ApprovalRequest, readRequest } from "./registry-json.ts";
import type { ApprovalRow } from "./registry-tables.ts";
import type { RegistryVersions } from "./registry-versions.ts";
import type { Tables } from "./tables.ts";

/** Requests for approval. */
export type RegistryApprovals = ReturnType<typeof registryApprovals>;

/** An approval before and after a change. */
interface Changed {
  readonly before: Approval;
  readonly after: Approval;
}

/** Requests that somebody may move a version. */
export function registryApprovals(session: SqlSession, log: AuditLog, versions: RegistryVersions) {
  const byId = prepared((db, p) => db.selectFrom("modelwright_approvals").selectAll().where("id", "=", p("id")));
  const insert = prepared((db, p) =>
    db.insertInto("modelwright_approvals").values({
      id: p("id"),
      name: p("name"),
      version: p("version"),
      status: p("status"),
      request: p("request"),
    }),
  );
  const update = prepared((db, p) =>
    db
      .updateTable("modelwright_approvals")
      .set({ status: p("status"), request: p("request") })
      .where("id", "=", p("id")),
  );

  const find = async (db: Kysely<Tables>, id: string): Promise<Approval | undefined> => {
    const [row] = await byId(db, { id });
    return row === undefined ? undefined : toApproval(row);
  };
  const changed = async (db: Kysely<Tables>, id: string, rule: (approval: Approval) => Approval): Promise<Changed> => {
    const before = await find(db, id);
    if (before === undefined) throw approvalNotFound(id);
    const after = rule(before);
    await update(db, toRow(after));
    return { before, after };
  };
  const change = <S extends Stamp>(
    action: "approval.decided" | "approval.withdrawn",
    id: string,
    rule: (approval: Approval, stamp: S) => Approval,
    given: S,
    call: CallOptions | undefined,
  ): Promise<Approval> =>
    log.change("change an approval request", given, call, async ({ db, stamp, append }) => {
      const { before, after } = await changed(db, id, (approval) => rule(approval, stamp));
      await append([approvalDraft(action, before, after)]);
      return after;
    });

  return {
    /** Uses an approval up. @throws a `ModelwrightError` with code `REGISTRY_APPROVAL_REQUIRED` when it does not allow the move */
    use: async (db: Kysely<Tables>, move: StageMove): Promise<Changed> => {
      const before = await find(db, move.approval ?? "");
      const after = use(before, move);
      await update(db, toRow(after));
      return { before: before!, after };
    },
    verbs: {
      insertApproval: ({ id, name, version, from, to, needed, comment }, given, call) =>
        log.change("request an approval", given, call, async ({ db, stamp, append }) => {
          const earlier = await find(db, id);
          if (earlier !== undefined) return earlier;
          const { stage } = await versions.get(db, { name, version });
          if (stage !== from) throw stageConflict({ name, version }, from, stage);
          const { actor: requestedBy, at: requestedAt } = stamp;
          const request = { id, name, version, from, to, needed, comment };
          const approval: Approval = { ...request, status: "pending", requestedBy, requestedAt, decisions: [] };
          await insert(db, toRow(approval));
          await append([approvalDraft("approval.requested", undefined, approval)]);
          return approval;
        }),
      decideApproval: (id, { approved, comment }, stamp, call) =>
        change("approval.decided", id, (approval, by) => decide(approval, { approved, comment }, by), stamp, call),
      withdrawApproval: (id, stamp, call) => change("approval.withdrawn", id, withdraw, stamp, call),
      findApproval: (id, call) => session.read("find an approval", call, (db) => find(db, id)),
      listApprovals: (query, call) =>
        session.read("list approvals", call, async (db) => (await listed(db, query).execute()).map(toApproval)),
    } satisfies Pick<RegistryStore, "insertApproval" | "decideApproval" | "withdrawApproval" | "findApproval" | "listApprovals">,
  };
}

function listed(db: Kysely<Tables>, { name, version, status, limit, after }: ApprovalQuery) {
  let requests = db.selectFrom("modelwright_approvals").selectAll();
  if (name !== undefined) requests = requests.where("name", "=", name);
  if (version !== undefined) requests = requests.where("version", "=", version);
  if (status !== undefined) requests = requests.where("status", "=", status);
  if (after !== undefined) requests = requests.where("id", "<", after);
  return requests.orderBy("id", "desc").limit(limit);
}

function toRow({ id, name, version, status, ...request }: Approval): Readonly<Record<keyof ApprovalRow, unknown>> {
  return { id, name, version, status, request: JSON.stringify(request satisfies ApprovalRequest) };
}

function toApproval({ id, name, version, status, request }: ApprovalRow): Approval {
  return Object.freeze({ id, name, version: Number(version), status: status as Approval["status"], ...readRequest(request) });
}
