import { ModelwrightError } from "../core/errors.ts";
import { formatModelRef, type ModelRef } from "../core/model.ts";
import type { Stamp } from "./audit-port.ts";
import type { RegistryStore, StageReturn, VersionRecord } from "./port.ts";
import type { RegistryCalls } from "./registry-calls.ts";

/**
 * Returns a stage to the version that held it before, or to the one that a reference points to. Answers the records that have moved, and
 * the stage that the first of them came from.
 *
 * @throws a `ModelwrightError` with code `REGISTRY_TRANSITION_FORBIDDEN` for a version that has never been in the stage, and what
 * `RegistryStore.rollBack` throws
 */
export async function rollBack(
  calls: RegistryCalls,
  move: Omit<StageReturn, "version">,
  to: ModelRef | undefined,
  stamp: Stamp,
  signal: AbortSignal | undefined,
): Promise<{ readonly moved: readonly VersionRecord[]; readonly from: string }> {
  const { store } = calls;
  const { name, stage, displaceTo } = move;
  const asked = to === undefined ? undefined : await calls.find(to, signal);
  if (asked !== undefined) await assertHeld(store, asked, stage, signal);
  const seen = asked ?? (await store.findRollbackTarget(name, stage, { signal }));
  const moved = await store.rollBack({ ...move, version: asked?.version }, stamp, { signal });
  return { moved, from: (await stageBefore(store, moved[0]!)) ?? seen?.stage ?? displaceTo };
}

/** A rollback passes over the rules, so that it must not bring in what they have never let pass. */
async function assertHeld(
  store: RegistryStore,
  { name, version, stage: from }: VersionRecord,
  stage: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const query = { name, version, stage, direction: "desc", limit: 1 } as const;
  if ((await store.listStageEvents(query, { signal })).length > 0) return;
  const ref = formatModelRef({ name, version });
  throw new ModelwrightError(
    "REGISTRY_TRANSITION_FORBIDDEN",
    `${ref} cannot return to ${stage}, because it has never been there; bring it there with transition`,
    { details: { ref, from, to: stage, allowed: [] } },
  );
}

/**
 * The stage that a version has just been rolled back from; it may have moved on meanwhile. Undefined when the store cannot say, because
 * a rollback that was made must not seem to have failed.
 */
async function stageBefore(
  store: RegistryStore,
  { name, version, stage, stageChangedAt }: VersionRecord,
): Promise<string | undefined> {
  const query = { name, version, stage, direction: "desc", limit: 10 } as const;
  const events = await store.listStageEvents(query).catch(() => []);
  const event = events.find(({ kind, to, at }) => kind === "rolled-back" && to === stage && at === stageChangedAt);
  return event?.from ?? undefined;
}
