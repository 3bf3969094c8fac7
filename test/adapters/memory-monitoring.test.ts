import { describe, expect, it } from "vitest";
import { memoryMonitoring } from "../../src/adapters/memory/memory-monitoring.ts";
import { monitoringStoreConformance } from "../../src/testing/conformance/monitoring-store.ts";

monitoringStoreConformance({ describe, it, expect }, memoryMonitoring);
