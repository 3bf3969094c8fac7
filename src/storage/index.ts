/**
 * Ports of storage, and the collection of what nothing refers to.
 *
 * @module modelwright/storage
 */

export {
  collectGarbage,
  type GarbageCall,
  type GarbageOptions,
  type GarbageReport,
} from "./collect-garbage.ts";
export type {
  BlobContent,
  BlobFence,
  BlobInfo,
  BlobReferences,
  BlobStore,
  GetOptions,
  KeyValueEntry,
  KeyValueStore,
  PutOptions,
  SetOptions,
} from "./port.ts";
export type { FileContent } from "./stored-files.ts";
