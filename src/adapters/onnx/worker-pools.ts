import { EnginePool } from "../onnxruntime/engine-pool.ts";
import { childProcess } from "./child-process.ts";
import { PEER } from "./import-library.ts";
import type { ParsedOnnxOptions } from "./onnx-options.ts";
import { usableCores } from "./usable-cores.ts";
import { workerThread } from "./worker-thread.ts";

/**
 * The pools of this process. The cores belong to the process, so models of all providers share workers that are alike. A pool without
 * models has no workers, and costs nothing.
 */
const pools = new Map<string, EnginePool>();

/** The workers for a provider, shared with all whose workers would be the same. */
export function workerPool(provider: string, options: ParsedOnnxOptions): EnginePool {
  const { url, device, isolation, hardTimeoutMs, threads } = options;
  const workers = options.workers ?? (device === "cpu" ? Math.max(1, Math.floor(usableCores() / threads)) : 1);
  const key = JSON.stringify([url, device, isolation, hardTimeoutMs, workers]);
  let pool = pools.get(key);
  if (pool === undefined) {
    const connect = isolation === "process" ? childProcess(url) : workerThread(url);
    pool = new EnginePool({ provider, peer: PEER, connect, workers, hardTimeoutMs });
    pools.set(key, pool);
  }
  return pool;
}
