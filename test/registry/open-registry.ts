import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryRegistry } from "../../src/adapters/memory/memory-registry.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { seeded } from "../../src/core/random.ts";
import { ModelRegistry, type ModelRegistryOptions, type Registration, type RegistryStore } from "../../src/registry/index.ts";
import type { BlobStore } from "../../src/storage/port.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

/** A registry with what it stands on. Disposing it closes all. */
export interface OpenRegistry extends AsyncDisposable {
  readonly store: RegistryStore;
  readonly blobs: BlobStore;
  readonly clock: FakeClock;
  readonly registry: ModelRegistry;
  /** Registers a version of `fraud` with content of its own. */
  readonly register: (given?: Partial<Registration>) => Promise<number>;
  /** Moves a version of `fraud` to staging and on to production. */
  readonly promote: (version: number) => Promise<void>;
}

/** Opens a registry over memory or an SQLite database in memory, at a fixed time. */
export function openRegistry(kind: string, options: Partial<ModelRegistryOptions> = {}): OpenRegistry {
  const db = kind === "sqlite" ? sqlite({ path: ":memory:" }) : undefined;
  const store = db?.registry ?? memoryRegistry();
  const blobs = memoryBlobs();
  const clock = new FakeClock();
  const registry = new ModelRegistry({ store, blobs, ...options }, { clock, random: seeded(7) });
  let made = 0;
  return {
    store,
    blobs,
    clock,
    registry,
    register: async (given = {}) => {
      const files = { "rules.txt": new TextEncoder().encode(`rules ${++made}`) };
      return (await registry.register({ name: "fraud", flavor: "text", files, ...given })).version;
    },
    promote: async (version) => {
      await registry.transition(`fraud@${version}`, "staging");
      await registry.transition(`fraud@${version}`, "production");
    },
    [Symbol.asyncDispose]: async () => {
      await registry.close();
      await (db ?? store)[Symbol.asyncDispose]();
      await blobs[Symbol.asyncDispose]();
    },
  };
}
