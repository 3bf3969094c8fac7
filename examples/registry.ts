// From experiment to production and back: runs, the best one registered, guards and an approval, a rollback, and the log of it all.
// node examples/registry.ts

import { ModelRegistry, memoryBlobs } from "modelwright";
import { linearModel } from "modelwright/onnx-format";
import { AuditLog, compareVersions, metricGuard, renderComparison } from "modelwright/registry";
import { sqlite } from "modelwright/sqlite";
import { ExperimentTracker } from "modelwright/tracking";

const db = sqlite({ path: ":memory:" });
const blobs = memoryBlobs();
const tracker = new ExperimentTracker({ store: db.tracking, blobs });
const registry = new ModelRegistry({
  store: db.registry,
  blobs,
  stages: {
    initial: "development",
    edges: { development: ["production"], production: ["archived"], archived: ["production"] },
    exclusive: { production: "archived" },
    rules: [{ to: "production", guards: [metricGuard("mae", { worseThanCurrentBy: 0 })], approval: {} }],
  },
});

/** Tries a slope on y = 2x + 1, and registers the best run of the experiment. */
async function train(slopes: readonly number[]): Promise<number> {
  const data = Array.from({ length: 50 }, (_, x) => ({ x, y: 2 * x + 1 }));
  for (const slope of slopes) {
    await tracker.run({ experiment: "price", name: `slope ${slope}`, params: { slope } }, async (run) => {
      const mae = data.reduce((sum, { x, y }) => sum + Math.abs(slope * x + 1 - y), 0) / data.length;
      await run.log({ metrics: { mae } });
      await run.logArtifact("model.onnx", linearModel({ columns: ["x"], weights: [slope], bias: 1 }));
    });
  }
  const best = await tracker.best({ experiment: "price", metric: "mae", direction: "minimize" });
  const { version } = await tracker.register(registry, best!.id, { name: "price", directions: { mae: "minimize" } });
  return version;
}

/** Moves a version to production, with somebody else's approval. */
async function release(version: number): Promise<void> {
  const ref = { name: "price", version };
  const { id } = await registry.approvals.request(ref, "production", { comment: "better than before" }, { actor: "ana" });
  await registry.approvals.approve(id, {}, { actor: "ben" });
  await registry.transition(ref, "production", {}, { actor: "ana" });
}

await release(await train([1, 1.5]));
await release(await train([1.9, 2.4]));

const versions = await Promise.all(["price@1", "price@2"].map((ref) => registry.get(ref)));
console.log(renderComparison(compareVersions(versions), { onlyDifferences: true }));

const { moved } = await registry.rollback("price", {}, { actor: "on-call", reason: "only to show it" });
console.log(`version ${moved.version} is in production again`);

for await (const { seq, actor, action, version } of new AuditLog({ store: db.registry }).entries()) {
  console.log(`${seq} ${actor ?? "nobody"}: ${action} ${version}`);
}
console.log(await new AuditLog({ store: db.registry }).verify());

await Promise.all([tracker.close(), registry.close()]);
await db.close();
