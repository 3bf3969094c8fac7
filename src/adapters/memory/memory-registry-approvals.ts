import type { CallOptions } from "../../core/call.ts";
import { deepFreeze } from "../../core/freeze.ts";
import type { Approval } from "../../registry/approval-port.ts";
import type { Stamp } from "../../registry/audit-port.ts";
import type { RegistryStore } from "../../registry/port.ts";
import { approvalNotFound, decide, withdraw } from "../../registry/rules/approvals.ts";
import { approvalDraft } from "../../registry/rules/audit-drafts.ts";
import { stageConflict } from "../../registry/rules/failures.ts";
import { type MemoryLog, unchanged } from "./memory-registry-log.ts";
import type { RegistryState } from "./memory-registry-state.ts";

type Verbs = Pick<RegistryStore, "insertApproval" | "decideApproval" | "withdrawApproval" | "findApproval" | "listApprovals">;

/** The verbs of approvals. */
export function memoryApprovals(state: RegistryState, log: MemoryLog): Verbs {
  const { approvals } = state;
  const write = (approval: Approval): Approval => {
    approvals.set(approval.id, deepFreeze(approval));
    return approval;
  };
  const change = <S extends Stamp>(
    action: "approval.decided" | "approval.withdrawn",
    id: string,
    rule: (approval: Approval, stamp: S) => Approval,
    given: S,
    call: CallOptions | undefined,
  ): Promise<Approval> =>
    log.change(given, call, (stamp) => {
      const before = approvals.get(id);
      if (before === undefined) throw approvalNotFound(id);
      const after = rule(before, stamp);
      return { drafts: [approvalDraft(action, before, after)], apply: () => write(after) };
    });

  return {
    insertApproval: ({ id, name, version, from, to, needed, comment }, given, call) =>
      log.change(given, call, (stamp) => {
        const earlier = approvals.get(id);
        if (earlier !== undefined) return unchanged(earlier);
        const { stage } = state.get({ name, version });
        if (stage !== from) throw stageConflict({ name, version }, from, stage);
        const { actor: requestedBy, at: requestedAt } = stamp;
        const request = { id, name, version, from, to, needed, comment };
        const approval: Approval = { ...request, status: "pending", requestedBy, requestedAt, decisions: [] };
        return { drafts: [approvalDraft("approval.requested", undefined, approval)], apply: () => write(approval) };
      }),

    decideApproval: (id, { approved, comment }, stamp, call) =>
      change("approval.decided", id, (approval, by) => decide(approval, { approved, comment }, by), stamp, call),

    withdrawApproval: (id, stamp, call) => change("approval.withdrawn", id, withdraw, stamp, call),

    findApproval: (id, call) => log.step(call, () => approvals.get(id)),

    listApprovals: ({ name, version, status, limit, after }, call) =>
      log.step(call, () =>
        [...approvals.values()]
          .filter(
            (approval) =>
              (name === undefined || approval.name === name) &&
              (version === undefined || approval.version === version) &&
              (status === undefined || approval.status === status) &&
              (after === undefined || approval.id < after),
          )
          .sort((a, b) => (a.id < b.id ? 1 : -1))
          .slice(0, limit),
      ),
  };
}
