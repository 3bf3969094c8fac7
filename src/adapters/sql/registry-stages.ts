import type { RegistryStore, StageMove, VersionRecord } from "../../registry/port.ts";
import { approvalDraft, movedDraft } from "../../registry/rules/audit-drafts.ts";
import { alreadyThere, holderConflict, noRollbackTarget, stageConflict } from "../../registry/rules/failures.ts";
import { previousOf } from "../../registry/rules/rollback-target.ts";
import { prepared } from "./prepared.ts";
import type { RegistryApprovals } from "./registry-approvals.ts";
import type { AuditLog, Change } from "./registry-audit.ts";
import type { EventDraft, RegistryEvents } from "./registry-events.ts";
import type { RegistryVersions } from "./registry-versions.ts";

/** A version's way into a stage. */
interface Entry {
  readonly version: VersionRecord;
  readonly to: string;
  /** Where others in the stage go; undefined when it holds several. */
  readonly displaceTo: string | undefined;
  /** Whether it comes back by a rollback. */
  readonly back: boolean;
}

/** A version's change of stage. */
interface Move extends Omit<EventDraft, "kind" | "from"> {
  readonly kind: "moved" | "displaced" | "rolled-back";
  readonly version: VersionRecord;
  readonly to: string;
}

/** The verbs that move versions between stages. */
export function registryStages(
  log: AuditLog,
  versions: RegistryVersions,
  events: RegistryEvents,
  approvals: RegistryApprovals,
): Pick<RegistryStore, "moveStage" | "rollBack"> {
  const setStage = prepared((db, p) =>
    db
      .updateTable("modelwright_versions")
      .set({ stage: p("stage"), stage_changed_at: p("at") })
      .where("name", "=", p("name"))
      .where("version", "=", p("version")),
  );

  /** Moves a version, displaces the others, and uses up the approval of `asked`. */
  const enter = async ({ db, stamp, append }: Change, { version, to, displaceTo, back }: Entry, asked?: StageMove) => {
    const { name } = version;
    const used = asked?.approval === undefined ? undefined : await approvals.use(db, asked);
    const exclusive = displaceTo !== undefined;
    const previous = exclusive ? previousOf(version.version, await events.trail(db, name, to, version.version), back) : null;
    const moved: Move = { version, to, kind: back ? "rolled-back" : "moved", exclusive, previous };
    const displaced = (exclusive ? await versions.inStage(db, name, to) : [])
      .filter(({ id }) => id !== version.id)
      .map((other): Move => ({ version: other, to: displaceTo!, kind: "displaced", exclusive: false, previous: null }));
    // Those that make room first: at every entry at most one version holds an exclusive stage.
    const moves = [...displaced, moved];
    for (const move of moves) await setStage(db, { name, version: move.version.version, stage: move.to, at: stamp.at });
    const drafts = moves.map((move) => movedDraft(`version.${move.kind}`, move.version, move.version.stage, move.to));
    if (used !== undefined) drafts.push(approvalDraft("approval.used", used.before, used.after));
    const entries = await append(drafts);
    await events.add(
      db,
      entries,
      moves.map(({ version: { stage: from }, ...move }) => ({ ...move, from })),
    );
    const answered = [moved, ...displaced];
    return answered.map((move) => Object.freeze({ ...move.version, stage: move.to, stageChangedAt: stamp.at }));
  };

  return {
    moveStage: (given, stamp, call) => {
      const move = { ...given };
      const { from, to, displaceTo } = move;
      return log.change("move a version", stamp, call, async (change) => {
        const version = await versions.get(change.db, move);
        if (version.stage !== from) throw stageConflict(version, from, version.stage);
        if (move.holder !== undefined) {
          const [newest] = await versions.inStage(change.db, move.name, to);
          if ((newest?.version ?? null) !== move.holder) throw holderConflict(move, newest?.version);
        }
        return enter(change, { version, to, displaceTo, back: false }, move);
      });
    },
    rollBack: ({ name, stage, displaceTo, version: given }, stamp, call) =>
      log.change("roll a stage back", stamp, call, async (change) => {
        const number = given ?? (await events.target(change.db, name, stage));
        if (number === undefined) throw noRollbackTarget(name, stage);
        const version = await versions.get(change.db, { name, version: number });
        if (version.stage === stage) throw alreadyThere(version, stage);
        return enter(change, { version, to: stage, displaceTo, back: true });
      }),
  };
}
