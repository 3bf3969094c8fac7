import { formatModelRef } from "../../core/model.ts";
import type { Protection, RegistryStore } from "../../registry/port.ts";
import { deletedDraft } from "../../registry/rules/audit-drafts.ts";
import { protectedVersion, stageConflict } from "../../registry/rules/failures.ts";
import type { VersionKey } from "../../registry/rules/lineage.ts";
import { rollbackTarget } from "../../registry/rules/rollback-target.ts";
import type { BlobMarks } from "./blob-marks.ts";
import type { MemoryLog } from "./memory-registry-log.ts";
import type { RegistryState } from "./memory-registry-state.ts";

/** Exclusive stages of a model, with the version that a rollback of each leads to. */
type Targets = ReadonlyMap<string, number | undefined>;

/** The verbs that delete a version and say why one cannot be deleted. */
export function memoryDeletion(
  state: RegistryState,
  log: MemoryLog,
  marks: BlobMarks,
): Pick<RegistryStore, "findProtections" | "deleteVersion"> {
  const targetsOf = (name: string): Targets => {
    const model = state.models.get(name);
    const stages = [...(model?.entries.keys() ?? [])].sort();
    return new Map(stages.map((stage) => [stage, rollbackTarget(state.trail(model!, stage))]));
  };

  const protections = ({ name, version }: VersionKey, targets: Targets): readonly Protection[] => {
    const record = state.find({ name, version });
    if (record === undefined) return [];
    const { aliases, stage, legalHold } = record;
    const open = [...state.approvals.values()].filter(
      (approval) =>
        approval.name === name &&
        approval.version === version &&
        (approval.status === "pending" || approval.status === "approved"),
    );
    return [
      ...aliases.map((alias) => ({ kind: "alias" as const, alias })),
      ...(targets.has(stage) ? [{ kind: "holder" as const, stage }] : []),
      ...[...targets].filter(([, target]) => target === version).map(([of]) => ({ kind: "rollback-target" as const, stage: of })),
      ...state
        .linksTo([{ kind: "parent", ref: formatModelRef({ name, version }) }])
        .map((child) => ({ kind: "parent" as const, of: formatModelRef(child) })),
      ...(legalHold === null ? [] : [{ kind: "legal-hold" as const, reason: legalHold }]),
      ...open
        .map(({ id }) => id)
        .sort()
        .map((id) => ({ kind: "approval" as const, id })),
    ];
  };

  return {
    findProtections: (versions, call) =>
      log.step(call, () => {
        const targets = new Map<string, Targets>();
        return versions.map((version) => {
          const known = targets.get(version.name) ?? targetsOf(version.name);
          targets.set(version.name, known);
          return protections(version, known);
        });
      }),

    deleteVersion: (name, version, from, stamp, call) =>
      log.change(stamp, call, () => {
        const record = state.get({ name, version });
        if (record.stage !== from) throw stageConflict(record, from, record.stage);
        const reasons = protections(record, targetsOf(name));
        if (reasons.length > 0) throw protectedVersion(record, reasons);
        return {
          drafts: [deletedDraft(record)],
          apply: ([entry]) => {
            const { seq, at, actor, reason, requestId } = entry!;
            marks.remove(record.files.map(({ digest }) => digest));
            state.remove(record);
            state.remember(
              { seq, at, actor, reason, requestId, kind: "deleted", name, version, from, to: null, exclusive: false },
              null,
            );
            return record;
          },
        };
      }),
  };
}
