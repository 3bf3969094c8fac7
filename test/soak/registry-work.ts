import { randomBytes, randomInt } from "node:crypto";
import { join } from "node:path";
import { fs } from "../../src/adapters/fs/index.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { ModelRegistry, type RegistryStore, Retention } from "../../src/registry/index.ts";
import { collectGarbage } from "../../src/storage/index.ts";
import type { BlobStore } from "../../src/storage/port.ts";

/** Where the records of a soak are kept: an SQLite file in its folder, or a schema of a PostgreSQL database. */
export type Records = { readonly kind: "sqlite" } | { readonly kind: "postgres"; readonly url: string; readonly schema: string };

/** A registry that several processes work on, with what it stands on. */
export interface Work extends AsyncDisposable {
  readonly store: RegistryStore;
  readonly blobs: BlobStore;
  readonly registry: ModelRegistry;
}

const NAMES = ["fraud", "churn"] as const;
const STAGES = ["development", "staging", "production", "archived", "deprecated"] as const;

/** What may be refused when several people work at once: all else is a fault. */
const REFUSED = [
  "REGISTRY_CONFLICT",
  "REGISTRY_MODEL_NOT_FOUND",
  "REGISTRY_PROTECTED",
  "REGISTRY_TRANSITION_FORBIDDEN",
  "REGISTRY_VERSION_NOT_FOUND",
  "STORE_BLOB_FENCED",
] as const;

/** Opens the registry in a folder. */
export async function openWork(folder: string, records: Records): Promise<Work> {
  const db = await openDatabase(folder, records);
  const blobs = fs(join(folder, "blobs"));
  const store = db.registry;
  const registry = new ModelRegistry({ store, blobs, actor: `process ${process.pid}` });
  return {
    store,
    blobs,
    registry,
    [Symbol.asyncDispose]: async () => {
      await registry.close();
      await db[Symbol.asyncDispose]();
      await blobs[Symbol.asyncDispose]();
    },
  };
}

async function openDatabase(folder: string, records: Records) {
  if (records.kind === "sqlite") return sqlite({ path: join(folder, "models.db"), busyTimeoutMs: 60_000 });
  const { postgres } = await import("../../src/adapters/postgres/index.ts");
  return postgres({ url: records.url, schema: records.schema });
}

/**
 * Does one thing at random. Answers which, and whether it was done or refused.
 *
 * @param graceMs - grace of garbage collection: longer than a registration takes
 */
export async function workOnce(work: Work, graceMs: number): Promise<string> {
  const { kind, run } = pick(operations(work, graceMs));
  try {
    await run();
    return kind;
  } catch (error) {
    if (REFUSED.some((code) => ModelwrightError.is(error, code))) return `${kind} refused`;
    throw error;
  }
}

interface Operation {
  readonly kind: string;
  readonly run: () => Promise<unknown>;
}

function operations({ store, blobs, registry }: Work, graceMs: number): readonly Operation[] {
  const name = pick(NAMES);
  const some = async () => {
    const model = await store.findModel(name);
    return `${name}@${randomInt(Math.max(1, (model?.latestVersion ?? 1) - 20), (model?.latestVersion ?? 1) + 1)}`;
  };
  const register: Operation = {
    kind: "register",
    // Half of the content is shared with other versions, also with deleted ones.
    run: () =>
      registry.register({
        name,
        flavor: "text",
        files: { "weights.bin": randomInt(2) === 0 ? randomBytes(randomInt(1, 20_000)) : Buffer.from(`shared ${randomInt(20)}`) },
        tags: { process: `${process.pid}` },
      }),
  };
  const promote: Operation = {
    kind: "transition",
    run: async () => {
      const ref = await some();
      const { stage } = await registry.get(ref);
      if (stage === "development" || stage === "archived") await registry.transition(ref, "staging");
      await registry.transition(ref, "production");
    },
  };
  const move: Operation = { kind: "transition", run: async () => registry.transition(await some(), pick(STAGES)) };
  return [
    register,
    register,
    register,
    promote,
    promote,
    move,
    { kind: "rollback", run: () => registry.rollback(name) },
    { kind: "alias", run: async () => registry.alias(name, pick(["champion", "shadow"]), await some()) },
    { kind: "unalias", run: () => registry.unalias(name, pick(["champion", "shadow"])) },
    { kind: "update", run: async () => registry.update(await some(), { tags: { touched: `${process.pid}` } }) },
    { kind: "link", run: async () => registry.link(await some(), [{ kind: "report", ref: `r-${randomInt(1000)}` }]) },
    { kind: "delete", run: async () => registry.delete(await some()) },
    {
      kind: "retention",
      run: async () => {
        // Versions that have been in development for longer than three seconds, and archived ones for longer than one.
        const day = 86_400_000;
        const retention = new Retention({ store, policy: { days: { development: 3000 / day, archived: 1000 / day } } });
        const plan = await retention.plan();
        await retention.apply({ ...plan, delete: plan.delete.slice(0, 5) }, { actor: "retention" });
      },
    },
    { kind: "garbage", run: () => collectGarbage({ blobs, references: [store], graceMs }) },
  ];
}

function pick<T>(items: readonly T[]): T {
  return items[randomInt(items.length)]!;
}
