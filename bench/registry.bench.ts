// ModelRegistry on SQLite and a folder against the same work by hand, on the same tables and in the same folder.
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fs } from "../src/adapters/fs/index.ts";
import { sqlite } from "../src/adapters/sqlite/index.ts";
import { uuidv7Generator } from "../src/core/ids.ts";
import { ModelRegistry } from "../src/registry/index.ts";
import { type Comparison, compare, record } from "./measure.ts";
import { byHand, storeByHand } from "./registry-by-hand.ts";

const VERSIONS = 10_000;

const folder = await mkdtemp(join(tmpdir(), "modelwright-bench-"));
await using cleanUp = new AsyncDisposableStack();
cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
const path = join(folder, "models.db");
const stores = cleanUp.use(sqlite({ path }));
const blobs = cleanUp.use(fs(join(folder, "artifacts")));
const registry = cleanUp.use(new ModelRegistry({ store: stores.registry, blobs }));

const { digest, sizeBytes } = await blobs.put(new TextEncoder().encode("amount > 100"));
const stored = {
  name: "fraud",
  flavor: "text",
  files: { "rules.txt": { digest } },
  metrics: { auc: 0.9 },
  tags: { team: "risk" },
};
for (let i = 0; i < VERSIONS; i++) {
  const { version } = await registry.register({ ...stored, metrics: { auc: (i % 100) / 100 } });
  if (version % 10 === 0) await registry.transition(`fraud@${version}`, "staging");
}
await registry.alias("fraud", "champion", VERSIONS / 2);

const db = new DatabaseSync(path);
cleanUp.defer(() => db.close());
const hand = byHand(db);
const nextId = uuidv7Generator();
const other = join(folder, "by-hand");

async function loadByHand(): Promise<Uint8Array> {
  hand.get("fraud", "champion");
  const hex = digest.slice("sha256:".length);
  const bytes = await readFile(join(folder, "artifacts", "sha256", hex.slice(0, 2), hex.slice(2)));
  if (createHash("sha256").update(bytes).digest("hex") !== hex) throw new Error("The bytes are damaged");
  return bytes;
}

async function searched(): Promise<number> {
  const { items } = await registry.searchPage({
    where: {
      op: "and",
      of: [
        { op: ">", field: { entity: "metric", key: "auc" }, value: 0.05 },
        { op: "=", field: { entity: "attribute", key: "stage" }, value: "development" },
      ],
    },
    limit: 100,
  });
  return items.length;
}

/** A version of a new file, against the same file and version by hand. */
function registerNew(name: string, durable: boolean): Promise<Comparison> {
  return compare(name, {
    ours: () => registry.register({ ...stored, files: { "rules.txt": randomBytes(1024) } }),
    reference: async () => {
      const bytes = randomBytes(1024);
      await hand.register("fraud", nextId(), await storeByHand(other, bytes, durable), bytes.length);
    },
    callsPerRound: 20,
  });
}

if ((await searched()) !== hand.search(0.05, "development").length) throw new Error("The searches differ");

await record("registry", [
  await compare("registry.get by alias / the same SQL by hand", {
    ours: () => registry.get("fraud@alias:champion"),
    reference: () => hand.get("fraud", "champion"),
  }),
  await compare("registry.load by alias / SQL, file and hash by hand", {
    ours: () => registry.load("fraud@alias:champion"),
    reference: loadByHand,
  }),
  await compare("registry.register of a stored file / the same SQL by hand", {
    ours: () => registry.register(stored),
    reference: () => hand.register("fraud", nextId(), digest, sizeBytes),
    callsPerRound: 50,
  }),
  await registerNew("registry.register of a new 1 KB file / the same by hand, as durable", true),
  await registerNew("registry.register of a new 1 KB file / by hand, folder not synchronised", false),
  await compare("registry.search, 100 of 10,000 versions / the same SQL by hand", {
    ours: searched,
    reference: () => hand.search(0.05, "development"),
  }),
]);
