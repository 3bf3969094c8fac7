import { describe, expect, it } from "vitest";
import { type Approval, defaultStages, ModelRegistry, type StagePolicy } from "../../src/registry/index.ts";
import { all } from "../all.ts";
import { openRegistry } from "./open-registry.ts";

const stages: StagePolicy = {
  ...defaultStages,
  rules: [
    {
      from: "staging",
      to: "production",
      approval: { needed: 2, mayRequest: ["ana", "ben"], mayDecide: (actor) => actor !== "eve" },
    },
  ],
};
const by = (actor: string, reason?: string) => ({ actor, ...(reason === undefined ? {} : { reason }) });

describe.each(["memory", "sqlite"])("approvals over %s", (kind) => {
  async function staged() {
    const open = openRegistry(kind, { stages });
    await open.register();
    await open.registry.transition("fraud@1", "staging");
    return open;
  }

  it("let a version move after as many people as the policy wants have approved", async () => {
    await using open = await staged();
    const { registry } = open;
    await expect(registry.transition("fraud@1", "production")).rejects.toMatchObject({ code: "REGISTRY_APPROVAL_REQUIRED" });
    const { id, status, needed } = await registry.approvals.request("fraud@1", "production", { comment: "auc 0.93" }, by("ana"));
    expect([status, needed]).toEqual(["pending", 2]);
    expect((await registry.approvals.approve(id, { comment: "ok" }, by("ben"))).status).toBe("pending");
    await expect(registry.transition("fraud@1", "production")).rejects.toMatchObject({ code: "REGISTRY_APPROVAL_REQUIRED" });
    const approved = await registry.approvals.approve(id, {}, by("cem"));
    expect(approved.decisions.map(({ actor, approved: yes, comment }) => [actor, yes, comment])).toEqual([
      ["ben", true, "ok"],
      ["cem", true, ""],
    ]);
    await registry.transition("fraud@1", "production", {}, by("ana"));
    expect((await registry.approvals.get(id)).status).toBe("used");
    expect((await registry.get("fraud@production")).version).toBe(1);
  });

  it("are used up by one move", async () => {
    await using open = await staged();
    const { registry } = open;
    const { id } = await registry.approvals.request("fraud@1", "production", {}, by("ana"));
    for (const actor of ["ben", "cem"]) await registry.approvals.approve(id, {}, by(actor));
    await registry.transition("fraud@1", "production");
    await registry.transition("fraud@1", "staging");
    await expect(registry.transition("fraud@1", "production")).rejects.toMatchObject({ code: "REGISTRY_APPROVAL_REQUIRED" });
  });

  it("are not given by whoever asks, twice by one, or by whom the policy excludes", async () => {
    await using open = await staged();
    const { approvals } = open.registry;
    await expect(approvals.request("fraud@1", "production", {}, by("cem"))).rejects.toMatchObject({
      code: "REGISTRY_APPROVAL_FORBIDDEN",
    });
    const { id } = await approvals.request("fraud@1", "production", {}, by("ana"));
    await expect(approvals.approve(id, {}, by("ana"))).rejects.toThrow(/nobody decides a request of their own/);
    await expect(approvals.approve(id, {}, by("eve"))).rejects.toThrow(/does not let them decide/);
    await approvals.approve(id, {}, by("ben"));
    await expect(approvals.approve(id, {}, by("ben"))).rejects.toThrow(/once/);
    await expect(approvals.approve(id)).rejects.toThrow(/expected who asks for it/);
    await expect(approvals.approve("none", {}, by("ben"))).rejects.toMatchObject({ code: "REGISTRY_APPROVAL_NOT_FOUND" });
  });

  it("are refused by one rejection, and can be taken back", async () => {
    await using open = await staged();
    const { approvals } = open.registry;
    const first = await approvals.request("fraud@1", "production", {}, by("ana"));
    await approvals.approve(first.id, {}, by("ben"));
    expect((await approvals.reject(first.id, { comment: "drift" }, by("cem"))).status).toBe("rejected");
    await expect(approvals.approve(first.id, {}, by("dan"))).rejects.toMatchObject({ code: "REGISTRY_CONFLICT" });
    const second = await approvals.request("fraud@1", "production", {}, by("ana"));
    for (const actor of ["ben", "cem"]) await approvals.approve(second.id, {}, by(actor));
    expect((await approvals.withdraw(second.id, by("ana"))).status).toBe("withdrawn");
    await expect(open.registry.transition("fraud@1", "production")).rejects.toMatchObject({ code: "REGISTRY_APPROVAL_REQUIRED" });
    expect((await all(approvals.list({ name: "fraud", pageSize: 1 }))).map(({ status }) => status)).toEqual([
      "withdrawn",
      "rejected",
    ]);
    expect((await all(approvals.list({ status: "rejected" }))).map(({ id }) => id)).toEqual([first.id]);
  });

  it("cannot be asked for along an edge that there is not", async () => {
    await using open = await staged();
    const request = () => open.registry.approvals.request("fraud@1", "deprecated", {}, by("ana"));
    await expect(request()).rejects.toMatchObject({ code: "REGISTRY_TRANSITION_FORBIDDEN" });
  });

  it("count only while they are enough for the policy, which may have become stricter", async () => {
    await using open = openRegistry(kind);
    await open.register();
    await open.registry.transition("fraud@1", "staging");
    const lax = open.registry.approvals;
    const { id } = await lax.request("fraud@1", "production", {}, by("ana"));
    expect((await lax.approve(id, {}, by("eve"))).status).toBe("approved");
    const registry = new ModelRegistry({ store: open.store, blobs: open.blobs, stages }, { clock: open.clock });
    const refused = { code: "REGISTRY_APPROVAL_REQUIRED" };
    await expect(registry.transition("fraud@1", "production")).rejects.toMatchObject(refused);
    const { id: enough } = await registry.approvals.request("fraud@1", "production", {}, by("ana"));
    for (const actor of ["ben", "cem"]) await registry.approvals.approve(enough, {}, by(actor));
    await registry.transition("fraud@1", "production");
    expect((await registry.approvals.get(enough)).status).toBe("used");
    expect((await registry.approvals.get(id)).status).toBe("approved");
    await registry.close();
  });

  it("are found however many there are of other edges", async () => {
    await using open = await staged();
    const { approvals } = open.registry;
    const { id } = await approvals.request("fraud@1", "production", {}, by("ana"));
    for (const actor of ["ben", "cem"]) await approvals.approve(id, {}, by(actor));
    for (let i = 0; i < 101; i++) {
      open.clock.advance(1);
      const other = await approvals.request("fraud@1", "archived", {}, by("ana"));
      await approvals.approve(other.id, {}, by("ben"));
    }
    await open.registry.transition("fraud@1", "production");
    expect((await approvals.get(id)).status).toBe("used");
  });

  it("that are withdrawn while a guard looks do not let the version move", async () => {
    const id: string[] = [];
    const withdrawing: StagePolicy = {
      ...stages,
      rules: [
        ...stages.rules!,
        {
          to: "production",
          guards: [
            {
              name: "slow",
              check: async () => void (await open.registry.approvals.withdraw(id[0]!, by("ana"))),
            },
          ],
        },
      ],
    };
    await using open = openRegistry(kind, { stages: withdrawing });
    await open.register();
    await open.registry.transition("fraud@1", "staging");
    id.push((await open.registry.approvals.request("fraud@1", "production", {}, by("ana"))).id);
    for (const actor of ["ben", "cem"]) await open.registry.approvals.approve(id[0]!, {}, by(actor));
    const moved = open.registry.transition("fraud@1", "production");
    await expect(moved).rejects.toMatchObject({ code: "REGISTRY_APPROVAL_REQUIRED" });
    expect((await open.registry.get("fraud@1")).stage).toBe("staging");
  });

  it("are taken back by somebody who is named, with comments that every store can hold, and answer CLOSED after close", async () => {
    await using open = await staged();
    const { approvals } = open.registry;
    const { id, comment } = await approvals.request("fraud@1", "production", { comment: "a\u0000\ud800b" }, by("ana"));
    expect(comment).toBe("a\ufffd\ufffdb");
    await expect(approvals.withdraw(id)).rejects.toThrow(/expected who asks for it/);
    await open.registry.close();
    for (const work of [() => approvals.get(id), () => approvals.withdraw(id, by("ana")), () => all(approvals.list())]) {
      await expect(work()).rejects.toMatchObject({ code: "CLOSED" });
    }
  });

  it("are told, and are not needed for a rollback", async () => {
    await using open = await staged();
    const { registry } = open;
    const seen: Approval["status"][] = [];
    registry.onApprovalChanged(({ status }) => seen.push(status));
    const approve = async (version: number) => {
      const { id } = await registry.approvals.request(`fraud@${version}`, "production", {}, by("ana"));
      for (const actor of ["ben", "cem"]) await registry.approvals.approve(id, {}, by(actor));
      await registry.transition(`fraud@${version}`, "production");
    };
    await approve(1);
    await open.register();
    await registry.transition("fraud@2", "staging");
    await approve(2);
    expect(seen).toEqual(["pending", "pending", "approved", "pending", "pending", "approved"]);
    expect((await registry.rollback("fraud", {}, by("dan", "errors"))).moved.version).toBe(1);
  });
});
