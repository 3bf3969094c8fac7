import { ModelwrightError, messageOf } from "../core/errors.ts";
import { formatModelRef } from "../core/model.ts";
import type { Approval } from "./approval-port.ts";
import type { StageMove, VersionRecord } from "./port.ts";
import type { RegistryCalls } from "./registry-calls.ts";
import { type GuardedMove, isAmong, rulesOf, type StagePolicy, type StageRule } from "./stage-policy.ts";

/** Approved requests that are read at once. */
const PAGE = 100;

/**
 * Sees that the rules of a move hold. Answers the approved request that the move is to use up, when it needs one,
 * and the version that the guards have compared with.
 *
 * @throws a `ModelwrightError` with code `REGISTRY_APPROVAL_REQUIRED`, or `REGISTRY_GUARD_FAILED` with every guard's reason
 */
export async function assertRules(
  policy: StagePolicy,
  { store }: RegistryCalls,
  { version, to, verify }: Pick<GuardedMove, "version" | "to" | "verify">,
  signal: AbortSignal | undefined,
): Promise<Pick<StageMove, "approval" | "holder">> {
  const rules = rulesOf(policy, version.stage, to);
  const approval = rules.some((rule) => rule.approval !== undefined)
    ? await approvedRequest(rules, version, to, (query) => store.listApprovals(query, { signal }))
    : undefined;
  const guards = rules.flatMap((rule) => rule.guards ?? []);
  if (guards.length === 0) return { approval };
  const current = await store.findVersion({ name: version.name, stage: to }, { signal });
  const failures: { guard: string; reason: string }[] = [];
  let cause: unknown;
  for (const guard of guards) {
    try {
      const reason = await guard.check({ version, to, current, verify }, { signal });
      if (reason !== undefined) failures.push({ guard: guard.name, reason });
    } catch (error) {
      signal?.throwIfAborted();
      failures.push({ guard: guard.name, reason: messageOf(error) });
      cause ??= error;
    }
  }
  // What the guards have compared with must still be there when the version moves.
  if (failures.length === 0) return { approval, holder: current?.version ?? null };
  const ref = formatModelRef({ name: version.name, version: version.version });
  const reasons = failures.map(({ guard, reason }) => `${guard}: ${reason}`).join("; ");
  throw new ModelwrightError("REGISTRY_GUARD_FAILED", `${ref} cannot go to ${to}: ${reasons}`, {
    details: { ref, to, failures },
    ...(cause === undefined ? {} : { cause }),
  });
}

async function approvedRequest(
  rules: readonly StageRule[],
  { name, version, stage: from }: VersionRecord,
  to: string,
  list: RegistryCalls["store"]["listApprovals"],
): Promise<string> {
  let after: string | undefined;
  do {
    const page = await list({ name, version, status: "approved", limit: PAGE, after });
    for (const request of page) {
      if (request.from === from && request.to === to && (await isEnough(rules, request))) return request.id;
    }
    after = page.length < PAGE ? undefined : page.at(-1)?.id;
  } while (after !== undefined);
  const ref = formatModelRef({ name, version });
  throw new ModelwrightError(
    "REGISTRY_APPROVAL_REQUIRED",
    `${ref} cannot go from ${from} to ${to} without an approval; ask for one with approvals.request`,
    { details: { ref, from, to } },
  );
}

/** Whether an approved request is what the rules want now: it may have been decided under a policy that wanted less. */
async function isEnough(rules: readonly StageRule[], { decisions, requestedBy }: Approval): Promise<boolean> {
  for (const { approval } of rules) {
    if (approval === undefined) continue;
    if (!(await isAmong(approval.mayRequest, requestedBy))) return false;
    let count = 0;
    for (const { approved, actor } of decisions) if (approved && (await isAmong(approval.mayDecide, actor))) count += 1;
    if (count < (approval.needed ?? 1)) return false;
  }
  return true;
}
