import { describe, expect, it } from "vitest";
import { memoryOnline } from "../../src/adapters/memory/memory-online.ts";
import { onlineStoreConformance } from "../../src/testing/conformance/online-store.ts";
import { newestRowWins } from "./newest-row-wins.ts";

onlineStoreConformance({ describe, it, expect }, memoryOnline);

newestRowWins("memoryOnline", memoryOnline);
