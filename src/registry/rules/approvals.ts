import { ModelwrightError } from "../../core/errors.ts";
import { formatModelRef } from "../../core/model.ts";
import type { Approval } from "../approval-port.ts";
import type { Stamp } from "../audit-port.ts";
import type { StageMove } from "../port.ts";

/**
 * The request after somebody has decided.
 *
 * @throws a `ModelwrightError` with code `REGISTRY_APPROVAL_FORBIDDEN` for the one who made the request or has decided before, and with
 * `REGISTRY_CONFLICT` when it is no longer pending
 */
export function decide(
  approval: Approval,
  { approved, comment }: { readonly approved: boolean; readonly comment: string },
  { actor, at }: Stamp & { readonly actor: string },
): Approval {
  assertStatus(approval, ["pending"]);
  if (actor === approval.requestedBy) throw forbidden(approval.id, actor, "nobody decides a request of their own");
  if (approval.decisions.some((decision) => decision.actor === actor)) {
    throw forbidden(approval.id, actor, "everybody decides a request once");
  }
  const decisions = [...approval.decisions, { actor, approved, comment, at }];
  const enough = decisions.filter((decision) => decision.approved).length >= approval.needed;
  return { ...approval, decisions, status: !approved ? "rejected" : enough ? "approved" : "pending" };
}

/**
 * The request after it was taken back.
 *
 * @throws a `ModelwrightError` with code `REGISTRY_CONFLICT` when it is rejected, used or withdrawn
 */
export function withdraw(approval: Approval): Approval {
  assertStatus(approval, ["pending", "approved"]);
  return { ...approval, status: "withdrawn" };
}

/**
 * The request after a move has used it up.
 *
 * @throws a `ModelwrightError` with code `REGISTRY_APPROVAL_REQUIRED` when it is not an approved and unused one for this very move
 */
export function use(approval: Approval | undefined, { name, version, from, to, approval: id }: StageMove): Approval {
  const sameMove = approval?.name === name && approval.version === version && approval.from === from && approval.to === to;
  if (approval !== undefined && sameMove && approval.status === "approved") return { ...approval, status: "used" };
  const ref = formatModelRef({ name, version });
  const state = approval === undefined ? "does not exist" : sameMove ? `is ${approval.status}` : "is for another move";
  throw new ModelwrightError(
    "REGISTRY_APPROVAL_REQUIRED",
    `${ref} cannot go from ${from} to ${to}: the approval ${id} ${state}; request another one`,
    { details: { ref, from, to } },
  );
}

/** No request has this id. */
export function approvalNotFound(id: string): ModelwrightError<"REGISTRY_APPROVAL_NOT_FOUND"> {
  return new ModelwrightError("REGISTRY_APPROVAL_NOT_FOUND", `There is no approval request ${JSON.stringify(id)}`, {
    details: { id },
  });
}

/** This actor may not decide this request. */
export function forbidden(id: string, actor: string, reason: string): ModelwrightError<"REGISTRY_APPROVAL_FORBIDDEN"> {
  return new ModelwrightError("REGISTRY_APPROVAL_FORBIDDEN", `${actor} cannot decide the request ${id}: ${reason}`, {
    details: { id, actor, reason },
  });
}

function assertStatus({ id, status }: Approval, expected: readonly Approval["status"][]): void {
  if (expected.includes(status)) return;
  throw new ModelwrightError("REGISTRY_CONFLICT", `The approval request ${id} is ${status} already; read it again`, {
    details: { ref: id, expected: expected.join(" or "), actual: status },
  });
}
