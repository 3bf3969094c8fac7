import { describe, expect, it } from "vitest";
import { memoryTracking } from "../../src/adapters/memory/memory-tracking.ts";
import { trackingReferencesConformance } from "../../src/testing/conformance/tracking-references.ts";
import { trackingStoreConformance } from "../../src/testing/conformance/tracking-store.ts";

trackingStoreConformance({ describe, it, expect }, memoryTracking);

trackingReferencesConformance({ describe, it, expect }, memoryTracking);
