import { describe, expect, it } from "vitest";
import type { Approval } from "../../../src/registry/approval-port.ts";
import { decide, use, withdraw } from "../../../src/registry/rules/approvals.ts";

const approval = (given: Partial<Approval> = {}): Approval => ({
  id: "r1",
  name: "fraud",
  version: 3,
  from: "staging",
  to: "production",
  needed: 2,
  comment: "",
  status: "pending",
  requestedBy: "ada",
  requestedAt: 1,
  decisions: [],
  ...given,
});
const by = (actor: string) => ({ at: 5, actor, reason: null, requestId: null });
const yes = { approved: true, comment: "fine" };
const move = { name: "fraud", version: 3, from: "staging", to: "production", approval: "r1" };

describe("a request for approval", () => {
  it("is approved with the last approval that it needs, and keeps who said what", () => {
    const once = decide(approval(), yes, by("eve"));
    expect(once).toEqual(approval({ decisions: [{ actor: "eve", approved: true, comment: "fine", at: 5 }] }));
    expect(decide(once, yes, by("bob"))).toMatchObject({ status: "approved", decisions: [{ actor: "eve" }, { actor: "bob" }] });
  });

  it("is rejected with one rejection, however many have approved", () => {
    const once = decide(approval({ needed: 9 }), yes, by("eve"));
    expect(decide(once, { approved: false, comment: "" }, by("bob")).status).toBe("rejected");
  });

  it("is not changed by what becomes of it", () => {
    const before = approval();
    decide(before, yes, by("eve"));
    withdraw(before);
    expect(before).toEqual(approval());
  });

  it.each([
    ["who made it", approval(), "ada", "nobody decides a request of their own"],
    ["who has decided", decide(approval(), yes, by("eve")), "eve", "everybody decides a request once"],
  ])("cannot be decided by the one %s", (_, given, actor, reason) => {
    expect(() => decide(given, yes, by(actor))).toThrow(
      expect.objectContaining({ code: "REGISTRY_APPROVAL_FORBIDDEN", details: { id: "r1", actor, reason } }),
    );
  });

  it.each(["approved", "rejected", "used", "withdrawn"] as const)("that is %s cannot be decided", (status) => {
    expect(() => decide(approval({ status }), yes, by("eve"))).toThrow(
      expect.objectContaining({ code: "REGISTRY_CONFLICT", details: { ref: "r1", expected: "pending", actual: status } }),
    );
  });

  it("can be withdrawn while it is pending or approved", () => {
    for (const status of ["pending", "approved"] as const) expect(withdraw(approval({ status })).status).toBe("withdrawn");
    for (const status of ["rejected", "used", "withdrawn"] as const) {
      expect(() => withdraw(approval({ status }))).toThrow(expect.objectContaining({ code: "REGISTRY_CONFLICT" }));
    }
  });

  it("is used up by its own move alone, and only when it is approved", () => {
    const approved = approval({ status: "approved" });
    expect(use(approved, move)).toEqual({ ...approved, status: "used" });
    const others = [{ name: "Fraud" }, { version: 4 }, { from: "archived" }, { to: "archived" }];
    for (const other of others) expect(() => use(approved, { ...move, ...other })).toThrow("is for another move");
    for (const status of ["pending", "rejected", "used", "withdrawn"] as const) {
      expect(() => use(approval({ status }), move)).toThrow(`the approval r1 is ${status}`);
    }
    expect(() => use(undefined, move)).toThrow(
      expect.objectContaining({
        code: "REGISTRY_APPROVAL_REQUIRED",
        details: { ref: "fraud@3", from: "staging", to: "production" },
      }),
    );
  });
});
