import { describe, expect, it } from "vitest";
import { type SqliteStores, sqlite } from "../../src/adapters/sqlite/index.ts";
import { keyValueStoreConformance } from "../../src/testing/conformance/key-value-store.ts";
import { onlineStoreConformance } from "../../src/testing/conformance/online-store.ts";
import { registryStoreConformance } from "../../src/testing/conformance/registry-store.ts";
import { newestRowWins } from "./newest-row-wins.ts";

const kit = { describe, it, expect };

/** One store of a database that ends with it. */
function open<K extends "registry" | "online" | "keyValues">(port: K): SqliteStores[K] {
  const db = sqlite({ path: ":memory:" });
  return { ...db[port], [Symbol.asyncDispose]: () => db.close() };
}

registryStoreConformance(kit, () => open("registry"));

onlineStoreConformance(kit, () => open("online"));

keyValueStoreConformance(kit, () => open("keyValues"));

newestRowWins("sqlite", () => open("online"));
