import { memoryBlobs } from "../../../src/adapters/memory/memory-blobs.ts";
import type { SqliteStores } from "../../../src/adapters/sqlite/index.ts";
import { seeded } from "../../../src/core/random.ts";
import { ModelRegistry } from "../../../src/registry/index.ts";
import type { Filter } from "../../../src/search/port.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { addModel } from "../../../src/testing/tiny-models.ts";
import { all } from "../../all.ts";

/** The clock that the sample was written under, so that a dump is the same whenever it is made. */
export const sampleClock = () => new FakeClock({ startMs: 1_750_000_000_000 });

const text = new TextEncoder();

/** Other parts of the sample have models of their own. */
const onlyFraud: Filter = { op: "ilike", field: { entity: "attribute", key: "name" }, value: "fraud" };

/** Conditions on everything that a version of the first release can be found by. */
const tagged: Filter = {
  op: "and",
  of: [
    onlyFraud,
    { op: "=", field: { entity: "tag", key: "team" }, value: "risk" },
    { op: ">", field: { entity: "metric", key: "auc" }, value: 0.9 },
    { op: "like", field: { entity: "param", key: "layers" }, value: "[64,%" },
    { op: "=", field: { entity: "attribute", key: "flavor" }, value: "onnx" },
    { op: "exists", field: { entity: "attribute", key: "description" } },
  ],
};

/** Writes the data that every dump of a released schema holds. When a port learns to keep more, add it to a new function. */
export async function writeSample(db: SqliteStores): Promise<void> {
  await using blobs = memoryBlobs();
  await using registry = new ModelRegistry({ store: db.registry, blobs }, { clock: sampleClock(), random: seeded(1) });
  for (const note of ["first", "naïve 模型 'quoted'", "third"]) {
    await registry.register({
      name: "fraud",
      files: { "model.onnx": addModel(), "notes/readme.md": text.encode(note) },
      description: note,
      tags: { team: "risk" },
      metrics: { auc: 0.93, seed: Number.MAX_SAFE_INTEGER },
      hyperparameters: { layers: [64, null, { dropout: 0.5 }] },
      lineage: [{ kind: "parent", ref: "fraud@0" }],
    });
  }
  await registry.register({ name: "Fraud", flavor: "text", files: { "rules.txt": text.encode("amount > 100") } });
  for (const [ref, to] of [
    ["fraud@1", "staging"],
    ["fraud@1", "production"],
    ["fraud@2", "staging"],
    ["fraud@2", "production"],
  ] as const) {
    await registry.transition(ref, to);
  }
  await registry.alias("fraud", "champion", 2);
  await registry.alias("fraud", "shadow", 3);
  await registry.alias("fraud", "eu", 2);
  await db.online.writeMany([
    { view: "spend", key: "u1", eventAtUs: 1_750_000_000_000_001, createdAtUs: 1_750_000_000_000_002, values: { avg: 12.5 } },
    { view: "spend", key: "ключ 🚀", eventAtUs: -1, createdAtUs: 0, values: {} },
    { view: "visits", key: "u1", eventAtUs: 5, createdAtUs: 6, values: { list: [1, null, "x"] } },
  ]);
  await db.keyValues.set("gone", text.encode("deleted"));
  await db.keyValues.set("state/a", text.encode("one"));
  await db.keyValues.set("state/ключ", new Uint8Array([0, 127, 128, 255]));
  await db.keyValues.delete("gone");
}

/** Everything that the ports answer of the sample. */
export async function readSample({ registry, online, keyValues }: SqliteStores) {
  return {
    models: (await registry.searchModels({ limit: 10, where: onlyFraud })).items,
    versions: (await registry.searchVersions({ limit: 10, where: onlyFraud })).items,
    tagged: (await registry.searchVersions({ limit: 10, where: tagged })).items.map(({ version }) => version),
    linked: await registry.findLinksTo([{ kind: "parent", ref: "fraud@0" }]),
    production: await registry.findVersion({ name: "fraud", stage: "production" }),
    champion: await registry.findVersion({ name: "fraud", alias: "champion" }),
    rows: await online.readMany([
      { view: "spend", key: "u1" },
      { view: "spend", key: "ключ 🚀" },
      { view: "visits", key: "u1" },
      { view: "visits", key: "none" },
    ]),
    entries: await all(keyValues.list("")),
  };
}
