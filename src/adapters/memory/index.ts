/**
 * Every store in this process's memory: for tests, and for what need not outlive the process.
 *
 * @module modelwright/memory
 */

export { memoryBlobs } from "./memory-blobs.ts";
export { memoryKeyValues } from "./memory-key-values.ts";
export { memoryMonitoring } from "./memory-monitoring.ts";
export { memoryOnline } from "./memory-online.ts";
export { memoryRegistry } from "./memory-registry.ts";
export { memoryTracking } from "./memory-tracking.ts";
