import { afterAll, describe, expect, it } from "vitest";
import type { PostgresStores } from "../../src/adapters/postgres/index.ts";
import { keyValueStoreConformance } from "../../src/testing/conformance/key-value-store.ts";
import { monitoringStoreConformance } from "../../src/testing/conformance/monitoring-store.ts";
import { onlineStoreConformance } from "../../src/testing/conformance/online-store.ts";
import { registryReferencesConformance } from "../../src/testing/conformance/registry-references.ts";
import { registryStoreConformance } from "../../src/testing/conformance/registry-store.ts";
import { trackingReferencesConformance } from "../../src/testing/conformance/tracking-references.ts";
import { trackingStoreConformance } from "../../src/testing/conformance/tracking-store.ts";
import { requirement } from "../requirement.ts";
import { changesLikeMemory } from "./changes-like-memory.ts";
import { type SharedPostgres, sharedPostgres, whyNoPostgres } from "./fixtures/postgres-server.ts";
import { logsLikeMemory } from "./logs-like-memory.ts";
import { monitorsLikeMemory } from "./monitors-like-memory.ts";
import { newestRowWins } from "./newest-row-wins.ts";

const onPostgres = await requirement("PostgreSQL", whyNoPostgres);
const kit = { describe, it, expect };

onPostgres("postgres", () => {
  let shared: Promise<SharedPostgres> | undefined;
  afterAll(async () => (await shared)?.[Symbol.asyncDispose]());

  /** One store of an empty schema. */
  async function open<K extends "registry" | "tracking" | "online" | "keyValues" | "monitoring">(
    port: K,
  ): Promise<PostgresStores[K]> {
    shared ??= sharedPostgres();
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
  newestRowWins("postgres", () => open("online"), 20);
  logsLikeMemory("postgres", () => open("tracking"), 15);
  monitorsLikeMemory("postgres", () => open("monitoring"), 12);
  changesLikeMemory("postgres", () => open("registry"), 8);
});
