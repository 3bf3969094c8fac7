import { describe, expect, it } from "vitest";
import { memoryRegistry } from "../../src/adapters/memory/memory-registry.ts";
import { registryReferencesConformance } from "../../src/testing/conformance/registry-references.ts";
import { registryStoreConformance } from "../../src/testing/conformance/registry-store.ts";

registryStoreConformance({ describe, it, expect }, memoryRegistry);

registryReferencesConformance({ describe, it, expect }, memoryRegistry);
