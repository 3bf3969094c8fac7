import type { Clock } from "../../core/clock.ts";
import { browserWorker, defaultWorker } from "./browser-worker.ts";
import { isNode } from "./import-library.ts";
import { nodeWorker } from "./node-worker.ts";
import { WebEngine } from "./web-engine.ts";
import type { WorkerStart } from "./worker-start.ts";

/** The engines of this thread, by what they are set up with. A graphics device wants one user, and a worker is dear. */
const engines = new WeakMap<Clock, Map<string, WebEngine>>();

/** The engine with this setup, which all providers share that want the same. */
export function sharedEngine(provider: string, start: WorkerStart, clock: Clock): WebEngine {
  const bySetup = engines.get(clock) ?? new Map<string, WebEngine>();
  engines.set(clock, bySetup);
  const setup = JSON.stringify(start);
  const known = bySetup.get(setup);
  if (known !== undefined) return known;
  const engine = new WebEngine(provider, isNode() ? nodeWorker(start) : browserWorker(defaultWorker, start), clock);
  bySetup.set(setup, engine);
  return engine;
}
