import { ModelwrightError, messageOf } from "../core/errors.ts";
import { formatModelRef } from "../core/model.ts";
import type { VersionRecord } from "./port.ts";
import type { RegistryCalls } from "./registry-calls.ts";
import { type GuardedMove, rulesOf, type StagePolicy } from "./stage-policy.ts";

/** Approved requests that are looked through; more of one version are not to be expected. */
const APPROVALS = 100;

/**
 * Sees that the rules of a move hold. Answers the approved request that the move is to use up, when it needs one.
 *
 * @throws a `ModelwrightError` with code `REGISTRY_APPROVAL_REQUIRED`, or `REGISTRY_GUARD_FAILED` with every guard's reason
 */
export async function assertRules(
  policy: StagePolicy,
  { store }: RegistryCalls,
  { version, to, verify }: Pick<GuardedMove, "version" | "to" | "verify">,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const rules = rulesOf(policy, version.stage, to);
  const approval = rules.some((rule) => rule.approval !== undefined)
    ? await approvedRequest(version, to, (query) => store.listApprovals(query, { signal }))
    : undefined;
  const guards = rules.flatMap((rule) => rule.guards ?? []);
  if (guards.length === 0) return approval;
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
  if (failures.length === 0) return approval;
  const ref = formatModelRef({ name: version.name, version: version.version });
  const reasons = failures.map(({ guard, reason }) => `${guard}: ${reason}`).join("; ");
  throw new ModelwrightError("REGISTRY_GUARD_FAILED", `${ref} cannot go to ${to}: ${reasons}`, {
    details: { ref, to, failures },
    ...(cause === undefined ? {} : { cause }),
  });
}

async function approvedRequest(
  { name, version, stage: from }: VersionRecord,
  to: string,
  list: RegistryCalls["store"]["listApprovals"],
): Promise<string> {
  const approved = await list({ name, version, status: "approved", limit: APPROVALS });
  const found = approved.find((request) => request.from === from && request.to === to);
  if (found !== undefined) return found.id;
  const ref = formatModelRef({ name, version });
  throw new ModelwrightError(
    "REGISTRY_APPROVAL_REQUIRED",
    `${ref} cannot go from ${from} to ${to} without an approval; ask for one with approvals.request`,
    { details: { ref, from, to } },
  );
}
