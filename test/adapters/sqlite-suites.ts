import { describe, expect, it } from "vitest";
import { type SqliteStores, sqlite } from "../../src/adapters/sqlite/index.ts";
import { keyValueStoreConformance } from "../../src/testing/conformance/key-value-store.ts";
import { monitoringStoreConformance } from "../../src/testing/conformance/monitoring-store.ts";
import { onlineStoreConformance } from "../../src/testing/conformance/online-store.ts";
import { registryReferencesConformance } from "../../src/testing/conformance/registry-references.ts";
import { registryStoreConformance } from "../../src/testing/conformance/registry-store.ts";
import { trackingReferencesConformance } from "../../src/testing/conformance/tracking-references.ts";
import { trackingStoreConformance } from "../../src/testing/conformance/tracking-store.ts";

/**
 * The suites of all ports over SQLite.
 *
 * @param place - the path of an empty database, anew for each store
 */
export function sqliteSuites(place: () => string): void {
  const kit = { describe, it, expect };

  /** One store of a database that ends with it. */
  function open<K extends "registry" | "tracking" | "online" | "keyValues" | "monitoring">(port: K): SqliteStores[K] {
    const db = sqlite({ path: place() });
    return { ...db[port], [Symbol.asyncDispose]: () => db.close() };
  }

  registryStoreConformance(kit, () => open("registry"));
  registryReferencesConformance(kit, () => open("registry"));
  trackingStoreConformance(kit, () => open("tracking"));
  trackingReferencesConformance(kit, () => open("tracking"));
  onlineStoreConformance(kit, () => open("online"));
  keyValueStoreConformance(kit, () => open("keyValues"));
  monitoringStoreConformance(kit, () => open("monitoring"));
}
