// ModelRegistry on SQLite against the same statement by hand on node:sqlite: finding a version by its stage, and loading its
// verified bytes from a folder.
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fs } from "../src/adapters/fs/index.ts";
import { sqlite } from "../src/adapters/sqlite/index.ts";
import { logisticModel } from "../src/onnx-format/index.ts";
import { ModelRegistry } from "../src/registry/index.ts";
import { compare, record } from "./measure.ts";

const folder = await mkdtemp(join(tmpdir(), "modelwright-bench-"));
await using cleanUp = new AsyncDisposableStack();
cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
const path = join(folder, "models.db");
const stores = cleanUp.use(sqlite({ path }));
const registry = cleanUp.use(new ModelRegistry({ store: stores.registry, blobs: cleanUp.use(fs(join(folder, "artifacts"))) }));

const columns = Array.from({ length: 30 }, (_, i) => `feature_${i}`);
for (let version = 1; version <= 200; version++) {
  const bytes = logisticModel({ columns, weights: columns.map((_, i) => i / version), bias: 0 });
  await registry.register({ name: "fraud", files: { "model.onnx": bytes }, metrics: { auc: 0.9 }, tags: { team: "risk" } });
}
await registry.transition("fraud@120", "staging");
await registry.transition("fraud@120", "production");

const raw = new DatabaseSync(path);
cleanUp.defer(() => raw.close());
const byStage = raw.prepare(`
  select v.*, a.alias from modelwright_versions as v
  left join modelwright_aliases as a on a.name = v.name and a.version = v.version
  where v.name = ? and v.version =
    (select max(newest.version) from modelwright_versions as newest where newest.name = ? and newest.stage = ?)
  order by a.alias`);

interface Content {
  readonly files: readonly { readonly digest: string }[];
}

function find(): Content {
  const [row] = byStage.all("fraud", "fraud", "production");
  return JSON.parse(row!["content"] as string);
}

async function load(): Promise<Uint8Array> {
  const { digest } = find().files[0]!;
  const hex = digest.slice("sha256:".length);
  const bytes = await readFile(join(folder, "artifacts", "sha256", hex.slice(0, 2), hex.slice(2)));
  if (createHash("sha256").update(bytes).digest("hex") !== hex) throw new Error("The bytes are damaged");
  return bytes;
}

await record("registry", [
  await compare("registry.get by stage against the same SQL by hand", {
    ours: () => registry.get("fraud@production"),
    reference: find,
  }),
  await compare("registry.load by stage against SQL, file and hash by hand", {
    ours: () => registry.load("fraud@production"),
    reference: load,
  }),
]);
