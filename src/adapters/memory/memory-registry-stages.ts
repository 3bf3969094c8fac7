import type { AuditEntry, Stamp } from "../../registry/audit-port.ts";
import type { RegistryStore, StageEvent, StageMove, VersionRecord } from "../../registry/port.ts";
import { use } from "../../registry/rules/approvals.ts";
import { approvalDraft, movedDraft } from "../../registry/rules/audit-drafts.ts";
import { alreadyThere, holderConflict, noRollbackTarget, stageConflict } from "../../registry/rules/failures.ts";
import { previousOf, rollbackTarget } from "../../registry/rules/rollback-target.ts";
import type { MemoryLog, Plan } from "./memory-registry-log.ts";
import type { RegistryState } from "./memory-registry-state.ts";

/** A version's change of stage. */
interface Move {
  readonly kind: "moved" | "displaced" | "rolled-back";
  readonly version: VersionRecord;
  readonly to: string;
  readonly exclusive: boolean;
  /** Of an entry into an exclusive stage: the version that a rollback leads to. */
  readonly previous: number | null;
}

type Verbs = Pick<RegistryStore, "moveStage" | "rollBack" | "findRollbackTarget" | "listStageEvents">;

/** The verbs that move versions between stages, and tell what they went through. */
export function memoryStages(state: RegistryState, log: MemoryLog): Verbs {
  /** @param asked - the move, when it may need an approval */
  const enter = (
    kind: "moved" | "rolled-back",
    version: VersionRecord,
    { to, displaceTo }: Pick<StageMove, "to" | "displaceTo">,
    stamp: Stamp,
    asked?: StageMove,
  ): Plan<readonly VersionRecord[]> => {
    const before = state.approvals.get(asked?.approval ?? "");
    const used = asked?.approval === undefined ? undefined : use(before, asked);
    const model = state.modelOf(version);
    const exclusive = displaceTo !== undefined;
    const previous = exclusive ? previousOf(version.version, state.trail(model, to), kind === "rolled-back") : null;
    const displaced = exclusive ? state.existing(model).filter((other) => other.stage === to && other.id !== version.id) : [];
    const moves: readonly Move[] = [
      { kind, version, to, exclusive, previous },
      ...displaced
        .toReversed()
        .map((other): Move => ({ kind: "displaced", version: other, to: displaceTo!, exclusive: false, previous: null })),
    ];
    // Those that make room first: at every entry at most one version holds an exclusive stage.
    const logged = [...moves.slice(1), moves[0]!];
    const drafts = logged.map((move) => movedDraft(`version.${move.kind}`, move.version, move.version.stage, move.to));
    if (used !== undefined) drafts.push(approvalDraft("approval.used", before, used));
    return {
      drafts,
      apply: (entries) => {
        for (const [i, move] of logged.entries()) state.remember(eventOf(move, entries[i]!), move.previous);
        if (used !== undefined) state.approvals.set(used.id, Object.freeze(used));
        return moves.map((move) => state.put({ ...move.version, stage: move.to, stageChangedAt: stamp.at }));
      },
    };
  };

  const target = (name: string, stage: string): VersionRecord | undefined => {
    const model = state.models.get(name);
    const number = model === undefined ? undefined : rollbackTarget(state.trail(model, stage));
    return number === undefined ? undefined : state.get({ name, version: number });
  };

  return {
    moveStage: (given, by, call) => {
      const move = { ...given };
      return log.change(by, call, (stamp) => {
        const version = state.get(move);
        if (version.stage !== move.from) throw stageConflict(move, move.from, version.stage);
        if (move.holder !== undefined) {
          const inStage = state.existing(state.modelOf(version)).filter(({ stage }) => stage === move.to);
          const newest = inStage.length === 0 ? undefined : Math.max(...inStage.map((each) => each.version));
          if ((newest ?? null) !== move.holder) throw holderConflict(move, newest);
        }
        return enter("moved", version, move, stamp, move);
      });
    },

    rollBack: ({ name, stage, displaceTo, version: given }, by, call) =>
      log.change(by, call, (stamp) => {
        const version = given === undefined ? target(name, stage) : state.get({ name, version: given });
        if (version === undefined) throw noRollbackTarget(name, stage);
        if (version.stage === stage) throw alreadyThere(version, stage);
        return enter("rolled-back", version, { to: stage, displaceTo }, stamp);
      }),

    findRollbackTarget: (name, stage, call) => log.step(call, () => target(name, stage)),

    listStageEvents: ({ name, version, stage, until, direction, limit, after }, call) =>
      log.step(call, () => {
        const events = state.models.get(name)?.events ?? [];
        const fits = (event: StageEvent) =>
          (version === undefined || event.version === version) &&
          (stage === undefined || event.from === stage || event.to === stage) &&
          (until === undefined || event.at <= until) &&
          (after === undefined || (direction === "asc" ? event.seq > after : event.seq < after));
        return (direction === "asc" ? events : events.toReversed()).filter(fits).slice(0, limit);
      }),
  };
}

function eventOf({ kind, version, to, exclusive }: Move, entry: AuditEntry): StageEvent {
  const { seq, at, actor, reason, requestId } = entry;
  const { name, version: number, stage } = version;
  return { seq, at, actor, reason, requestId, kind, name, version: number, from: stage, to, exclusive };
}
