import type { Clock } from "../../core/clock.ts";
import { EnginePool } from "../onnxruntime/engine-pool.ts";
import { childProcess } from "./child-process.ts";
import { PEER } from "./import-library.ts";
import type { ParsedOnnxOptions } from "./onnx-options.ts";
import { usableCores } from "./usable-cores.ts";
import { workerThread } from "./worker-thread.ts";

/** How long a worker without a model waits for the next one, ms: a start takes some 100 ms, which would be paid for every model. */
export const LINGER_MS = 5_000;

/**
 * The pools of this process, by their clock. The cores belong to the process, so models of all providers share workers that are alike. A
 * pool that has had no models for a while has no workers, and costs nothing.
 */
const pools = new WeakMap<Clock, Map<string, EnginePool>>();

/** The workers for a provider, shared with all whose workers would be the same. */
export function workerPool(provider: string, options: ParsedOnnxOptions, clock: Clock): EnginePool {
  const { url, device, isolation, hardTimeoutMs, threads } = options;
  const workers = options.workers ?? (device === "cpu" ? Math.max(1, Math.floor(usableCores() / threads)) : 1);
  const prefetch = options.prefetch ?? (isolation === "thread" && device === "cpu" ? 1 : 0);
  const key = JSON.stringify([url, device, isolation, hardTimeoutMs, workers, prefetch]);
  let ofClock = pools.get(clock);
  if (ofClock === undefined) {
    ofClock = new Map();
    pools.set(clock, ofClock);
  }
  let pool = ofClock.get(key);
  if (pool === undefined) {
    const connect = isolation === "process" ? childProcess(url) : workerThread(url);
    pool = new EnginePool({
      provider,
      peer: PEER,
      connect,
      workers,
      hardTimeoutMs,
      lingerMs: LINGER_MS,
      depth: 1 + prefetch,
      clock,
    });
    ofClock.set(key, pool);
  }
  return pool;
}
