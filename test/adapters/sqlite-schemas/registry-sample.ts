import type { SqliteStores } from "../../../src/adapters/sqlite/index.ts";
import { draft, stamp } from "../fixtures/registry-draft.ts";
import { sampleClock } from "./sample.ts";

/** Writes what the registry keeps since 0002, of a model of its own. */
export async function writeRegistrySample({ registry }: SqliteStores): Promise<void> {
  const at = sampleClock().now();
  const by = (minute: number) => ({ ...stamp(at + minute * 60_000), reason: `minute ${minute}`, requestId: null });
  const digest = `sha256:${"ab".repeat(32)}` as const;
  for (const n of [1, 2, 3]) {
    const given = draft(`churn ${n}`, {
      name: "churn",
      label: `1.${n}.0`,
      framework: "scikit-learn 1.5",
      modelType: "gradient boosting",
      files: [{ path: "model.pkl", digest, sizeBytes: n }],
      metrics: { auc: n / 10 },
      directions: { auc: "maximize" },
      inputSchema: { type: "object" },
      metadata: { note: "naïve \u0000 模型" },
      attestation: { payloadType: "t", payload: "cA==", signatures: [{ keyid: "k", sig: "cw==" }] },
      lineage: n === 1 ? [] : [{ kind: "parent", ref: `churn@${n - 1}` }],
      tags: { team: "risk" },
    });
    await registry.insertVersion(given, by(n));
  }
  const move = { name: "churn", from: "development", to: "production", displaceTo: "archived" };
  await registry.insertApproval(
    { id: "a1", name: "churn", version: 1, from: move.from, to: move.to, needed: 1, comment: "?" },
    by(4),
  );
  await registry.decideApproval("a1", { approved: true, comment: "yes" }, { ...by(5), actor: "bob" });
  await registry.moveStage({ ...move, version: 1, approval: "a1" }, by(6));
  await registry.moveStage({ ...move, version: 2 }, by(7));
  await registry.setAlias("churn", "champion", 2, by(8));
  await registry.noteVersion("churn", 2, { description: "noted", tags: { owner: "ada" }, legalHold: "case 7" }, by(9));
  await registry.noteModel("churn", { description: "who leaves", tags: { area: "crm" } }, by(10));
  await registry.addLineage("churn", 2, [{ kind: "report", ref: "r1" }], by(11));
  await registry.deleteVersion("churn", 3, "development", by(12));
  await registry.moveCursor("webhooks", 5);
  await registry.markUnreferenced([`sha256:${"cd".repeat(32)}`], at);
}

/** Everything that the registry answers of what is kept since 0002. */
export async function readRegistrySample({ registry }: SqliteStores) {
  const { items: versions } = await registry.searchVersions({
    limit: 10,
    where: { op: "=", field: { entity: "attribute", key: "name" }, value: "churn" },
    orderBy: [{ field: { entity: "metric", key: "auc" }, direction: "desc" }],
  });
  return {
    versions,
    model: await registry.findModel("churn"),
    label: await registry.findVersion({ name: "churn", label: "1.2.0" }),
    target: await registry.findRollbackTarget("churn", "production"),
    events: (await registry.listStageEvents({ name: "churn", direction: "asc", limit: 20 })).map(({ seq: _, ...event }) => event),
    links: await registry.findLinksTo([
      { kind: "parent", ref: "churn@1" },
      { kind: "report", ref: "r1" },
    ]),
    protections: await registry.findProtections([1, 2, 3].map((version) => ({ name: "churn", version }))),
    approvals: await registry.listApprovals({ name: "churn", limit: 10 }),
    entries: (await registry.listAudit({ after: 0, limit: 100, name: "churn" })).map(({ action, version }) => ({
      action,
      version,
    })),
    cursor: await registry.findCursor("webhooks"),
  };
}
