import { describe, expect, it } from "vitest";
import type { Protection } from "../../../src/registry/port.ts";
import {
  alreadyThere,
  labelTaken,
  noRollbackTarget,
  protectedVersion,
  stageConflict,
} from "../../../src/registry/rules/failures.ts";

const version = { name: "fraud", version: 7 };

describe("a refused change", () => {
  it("says everything that protects a version", () => {
    const protections: readonly Protection[] = [
      { kind: "alias", alias: "champion" },
      { kind: "holder", stage: "production" },
      { kind: "rollback-target", stage: "canary" },
      { kind: "parent", of: "fraud@9" },
      { kind: "legal-hold", reason: "case 7" },
      { kind: "approval", id: "r1" },
    ];
    const protectedBy = [
      "the alias champion points to it",
      "it is in production",
      "a rollback of canary would return to it",
      "fraud@9 has it as its parent",
      "it is under legal hold: case 7",
      "the approval request r1 is open",
    ];
    const error = protectedVersion(version, protections);
    expect(error).toMatchObject({ code: "REGISTRY_PROTECTED", details: { ref: "fraud@7", protectedBy } });
    expect(error.message).toBe(`fraud@7 cannot be deleted: ${protectedBy.join("; ")}`);
  });

  it("says where the version is and where it was expected", () => {
    const details = { ref: "fraud@7", expected: "staging", actual: "production" };
    expect(stageConflict(version, "staging", "production").details).toEqual(details);
    expect(alreadyThere(version, "production")).toMatchObject({
      code: "REGISTRY_CONFLICT",
      details: { ref: "fraud@7", actual: "production" },
    });
  });

  it("says which label is whose, and that there is nothing to return to", () => {
    expect(labelTaken(version, "1.0.0")).toMatchObject({ details: { ref: "fraud@7", label: "1.0.0" } });
    expect(noRollbackTarget("fraud", "production").details).toEqual({ ref: "fraud@production" });
  });
});
