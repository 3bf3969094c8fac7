import { afterAll, describe, expect, it } from "vitest";
import type { MariadbStores } from "../../src/adapters/mariadb/index.ts";
import { keyValueStoreConformance } from "../../src/testing/conformance/key-value-store.ts";
import { monitoringStoreConformance } from "../../src/testing/conformance/monitoring-store.ts";
import { onlineStoreConformance } from "../../src/testing/conformance/online-store.ts";
import { registryReferencesConformance } from "../../src/testing/conformance/registry-references.ts";
import { registryStoreConformance } from "../../src/testing/conformance/registry-store.ts";
import { trackingReferencesConformance } from "../../src/testing/conformance/tracking-references.ts";
import { trackingStoreConformance } from "../../src/testing/conformance/tracking-store.ts";
import { requirement } from "../requirement.ts";
import { changesLikeMemory } from "./changes-like-memory.ts";
import { type SharedMariadb, sharedMariadb, whyNoMariadb } from "./fixtures/mariadb-server.ts";
import { logsLikeMemory } from "./logs-like-memory.ts";
import { monitorsLikeMemory } from "./monitors-like-memory.ts";
import { newestRowWins } from "./newest-row-wins.ts";

const onMariadb = await requirement("MariaDB", whyNoMariadb);
const kit = { describe, it, expect };

onMariadb("mariadb", () => {
  let shared: Promise<SharedMariadb> | undefined;
  afterAll(async () => (await shared)?.[Symbol.asyncDispose]());

  /** One store of an empty database. */
  async function open<K extends "registry" | "tracking" | "online" | "keyValues" | "monitoring">(
    port: K,
  ): Promise<MariadbStores[K]> {
    shared ??= sharedMariadb();
    const db = await (await shared).open();
    return { ...db[port], [Symbol.asyncDispose]: () => db.close() };
  }

  registryStoreConformance(kit, () => open("registry"));
  registryReferencesConformance(kit, () => open("registry"));
  trackingStoreConformance(kit, () => open("tracking"));
  trackingReferencesConformance(kit, () => open("tracking"));
  onlineStoreConformance(kit, () => open("online"));
  keyValueStoreConformance(kit, () => open("keyValues"));
  monitoringStoreConformance(kit, () => open("monitoring"));
  // Few runs, since each is hundreds of round trips; test/soak/sql-stores.soak.ts does many.
  newestRowWins("mariadb", () => open("online"), 20);
  logsLikeMemory("mariadb", () => open("tracking"), 15);
  monitorsLikeMemory("mariadb", () => open("monitoring"), 12);
  changesLikeMemory("mariadb", () => open("registry"), 8);
});
