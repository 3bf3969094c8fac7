import type { Stamp } from "../../registry/audit-port.ts";
import type { RegistryStore, StageMove, VersionRecord } from "../../registry/port.ts";
import { approvalDraft, movedDraft } from "../../registry/rules/audit-drafts.ts";
import { alreadyThere, noRollbackTarget, stageConflict } from "../../registry/rules/failures.ts";
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
  const enter = async (change: Change, { version, to, displaceTo, back }: Entry, stamp: Stamp, asked?: StageMove) => {
    const { db } = change;
    const { name } = version;
    const used = asked?.approval === undefined ? undefined : await approvals.use(db, asked);
    const entry = { version, to, kind: back ? "rolled-back" : "moved" } as const;
    const moves: Move[] = [];
    if (displaceTo === undefined) moves.push({ ...entry, exclusive: false, previous: null });
    else {
      const previous = previousOf(version.version, await events.trail(db, name, to, version.version), back);
      moves.push({ ...entry, exclusive: true, previous });
      for (const other of await versions.inStage(db, name, to)) {
        if (other.id === version.id) continue;
        moves.push({ version: other, to: displaceTo, kind: "displaced", exclusive: false, previous: null });
      }
    }
    for (const move of moves) await setStage(db, { name, version: move.version.version, stage: move.to, at: stamp.at });
    // Those that make room first: at every entry at most one version holds an exclusive stage.
    const logged = [...moves.slice(1), ...moves.slice(0, 1)];
    const drafts = logged.map((move) => movedDraft(`version.${move.kind}`, move.version, move.version.stage, move.to));
    if (used !== undefined) drafts.push(approvalDraft("approval.used", used.before, used.after));
    const entries = await change.append(drafts, stamp);
    await events.add(
      db,
      entries,
      logged.map(({ version: { stage: from }, ...move }) => ({ ...move, from })),
    );
    return moves.map((move) => Object.freeze({ ...move.version, stage: move.to, stageChangedAt: stamp.at }));
  };

  return {
    moveStage: (move, stamp, call) =>
      log.change("move a version", call, async (change) => {
        const version = await versions.get(change.db, move);
        if (version.stage !== move.from) throw stageConflict(move, move.from, version.stage);
        return enter(change, { version, to: move.to, displaceTo: move.displaceTo, back: false }, stamp, move);
      }),
    rollBack: ({ name, stage, displaceTo, version: given }, stamp, call) =>
      log.change("roll a stage back", call, async (change) => {
        const number = given ?? (await events.target(change.db, name, stage));
        if (number === undefined) throw noRollbackTarget(name, stage);
        const version = await versions.get(change.db, { name, version: number });
        if (version.stage === stage) throw alreadyThere(version, stage);
        return enter(change, { version, to: stage, displaceTo, back: true }, stamp);
      }),
  };
}
