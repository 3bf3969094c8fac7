import { ModelwrightError } from "../../core/errors.ts";
import { formatModelRef } from "../../core/model.ts";
import type { Protection, StageMove } from "../port.ts";
import type { VersionKey } from "./lineage.ts";

/** There is no version with this number. */
export function versionNotFound(version: VersionKey): ModelwrightError<"REGISTRY_VERSION_NOT_FOUND"> {
  const ref = formatModelRef(version);
  return new ModelwrightError("REGISTRY_VERSION_NOT_FOUND", `There is no model version ${ref}`, { details: { ref } });
}

/** There is no model with this name. */
export function modelNotFound(name: string): ModelwrightError<"REGISTRY_MODEL_NOT_FOUND"> {
  return new ModelwrightError("REGISTRY_MODEL_NOT_FOUND", `There is no model ${name}`, { details: { name } });
}

/** No version has held the stage that a rollback could return to. */
export function noRollbackTarget(name: string, stage: string): ModelwrightError<"REGISTRY_VERSION_NOT_FOUND"> {
  const ref = formatModelRef({ name, stage });
  return new ModelwrightError(
    "REGISTRY_VERSION_NOT_FOUND",
    `There is no version of ${name} to return to: none that still exists was in ${stage} before`,
    { details: { ref } },
  );
}

/** The version is in another stage than the caller expects. */
export function stageConflict(version: VersionKey, expected: string, actual: string): ModelwrightError<"REGISTRY_CONFLICT"> {
  const ref = formatModelRef(version);
  return new ModelwrightError(
    "REGISTRY_CONFLICT",
    `${ref} is in stage ${actual}, not in ${expected}: it was moved meanwhile; read it again and decide again`,
    { details: { ref, expected, actual } },
  );
}

/** The version is where it should go already. */
export function alreadyThere(version: VersionKey, stage: string): ModelwrightError<"REGISTRY_CONFLICT"> {
  const ref = formatModelRef(version);
  return new ModelwrightError("REGISTRY_CONFLICT", `${ref} is in stage ${stage} already`, {
    details: { ref, expected: `another stage than ${stage}`, actual: stage },
  });
}

/** Another version is in the target stage than the caller has compared with. */
export function holderConflict(
  { name, version, to, holder }: Pick<StageMove, "name" | "version" | "to" | "holder">,
  actual: number | undefined,
): ModelwrightError<"REGISTRY_CONFLICT"> {
  const ref = formatModelRef({ name, version });
  const [expected, found] = [holder, actual].map((number) => (typeof number === "number" ? `version ${number}` : "no version"));
  return new ModelwrightError(
    "REGISTRY_CONFLICT",
    `${ref} was compared with ${expected} in ${to}, where ${found} is by now: read it again and decide again`,
    { details: { ref, expected: expected!, actual: found! } },
  );
}

/** Another version of the model has the label. */
export function labelTaken(version: VersionKey, label: string): ModelwrightError<"REGISTRY_LABEL_TAKEN"> {
  const ref = formatModelRef(version);
  return new ModelwrightError("REGISTRY_LABEL_TAKEN", `${ref} has the label ${label} already; give the new version another one`, {
    details: { ref, label },
  });
}

/** The version cannot be deleted. */
export function protectedVersion(
  version: VersionKey,
  protections: readonly Protection[],
): ModelwrightError<"REGISTRY_PROTECTED"> {
  const ref = formatModelRef(version);
  const protectedBy = protections.map(protectionText);
  return new ModelwrightError("REGISTRY_PROTECTED", `${ref} cannot be deleted: ${protectedBy.join("; ")}`, {
    details: { ref, protectedBy },
  });
}

/** A reason why a version is kept, for people. */
export function protectionText(protection: Protection): string {
  switch (protection.kind) {
    case "alias":
      return `the alias ${protection.alias} points to it`;
    case "holder":
      return `it is in ${protection.stage}`;
    case "rollback-target":
      return `a rollback of ${protection.stage} would return to it`;
    case "parent":
      return `${protection.of} has it as its parent`;
    case "legal-hold":
      return `it is under legal hold: ${protection.reason}`;
    case "approval":
      return `the approval request ${protection.id} is open`;
  }
}
